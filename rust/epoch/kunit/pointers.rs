// SPDX-License-Identifier: GPL-2.0

//! KUnit tests of pointers that readers dereference inside sections.

use super::new;
use crate::{
    EpochPtr,
    Owned,
    Unlinked, //
};
use kernel::{
    macros::kunit_tests,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc, //
    }, //
};
use kernel_ext::testing::{
    a_while,
    shared, //
};

#[kunit_tests(epoch_pointers)]
mod tests {
    use super::*;

    #[test]
    fn pointer_keeps_object_as_long_as_the_guard() -> Result {
        /// An object that sets a flag when it is freed.
        struct Noisy(Arc<Atomic<u32>>);

        impl Drop for Noisy {
            fn drop(&mut self) {
                self.0.store(1, Relaxed);
            }
        }

        let epoch = new()?;
        let freed = shared()?;
        let pointer = EpochPtr::new(
            epoch.clone(),
            Some(Owned::new(Noisy(freed.clone()), GFP_KERNEL)?),
        );
        let guard = epoch.enter();
        let object = pointer.load(&guard);
        assert!(object.is_some());
        drop(pointer.swap(None));
        assert!(pointer.load(&guard).is_none());
        a_while();
        assert_eq!(object.map_or(1, |object| object.0.load(Relaxed)), 0);
        drop(guard);
        epoch.barrier();
        assert_eq!(freed.load(Relaxed), 1);

        // `synchronize` returns the object.
        drop(pointer.swap(Some(Owned::new(Noisy(shared()?), GFP_KERNEL)?)));
        let object = pointer.swap(None).map(Unlinked::synchronize);
        assert_eq!(object.map_or(1, |object| object.0.load(Relaxed)), 0);

        // The object of a pointer that is dropped is freed, too.
        let freed = shared()?;
        drop(pointer.swap(Some(Owned::new(Noisy(freed.clone()), GFP_KERNEL)?)));
        drop(pointer);
        epoch.barrier();
        assert_eq!(freed.load(Relaxed), 1);
        Ok(())
    }
}
