// SPDX-License-Identifier: GPL-2.0

//! Misuses an epoch on purpose, in the way that `misuse=` names, to see that the kernel's debugging aids
//! report it. For tests only: built for a kernel with KUnit.
//!
//! `tools/vm/misuses` says which report each is to get.

use epoch::{
    Epoch,
    Guard, //
};
use kernel::{
    prelude::*,
    str::BStr,
    sync::{
        new_mutex,
        new_spinlock,
        Arc, //
    },
    time::Delta, //
};
use kernel_ext::{
    module_param::Named,
    named_param,
    threads::spawn, //
};

module! {
    type: EpochMisuseModule,
    name: "epoch_misuse",
    authors: ["The epoch project"],
    description: "Misuse of an epoch, to be reported",
    license: "GPL",
}

named_param!(
    misuse: Misuse = Misuse("none", |_| Ok(())),
    "What to do that must not be done (default: none)"
);

/// Something that must not be done, and its name.
#[derive(Clone, Copy)]
struct Misuse(&'static str, fn(Arc<Epoch>) -> Result);

static MISUSES: [Misuse; 7] = [
    Misuse("none", |epoch| {
        drop(epoch.enter());
        epoch.synchronize();
        Ok(())
    }),
    Misuse("synchronize_in_section", |epoch| {
        let _section = epoch.enter();
        let _ = epoch.synchronize_timeout(MOMENT);
        Ok(())
    }),
    Misuse("barrier_in_section", |epoch| {
        let _section = epoch.enter();
        // It would wait if there were a callback.
        epoch.barrier();
        Ok(())
    }),
    Misuse("lock_inversion", |epoch| {
        let lock = KBox::pin_init(new_mutex!((), "epoch_misuse"), GFP_KERNEL)?;
        {
            let _locked = lock.lock();
            epoch.synchronize();
        }
        let _section = epoch.enter();
        drop(lock.lock());
        Ok(())
    }),
    Misuse("synchronize_in_atomic_context", |epoch| {
        let lock = KBox::pin_init(new_spinlock!((), "epoch_misuse"), GFP_KERNEL)?;
        let _locked = lock.lock();
        epoch.synchronize();
        Ok(())
    }),
    Misuse("task_ends_in_section", |epoch| {
        spawn(move || {
            core::mem::forget(epoch.enter());
            // It cannot be dropped any more.
            core::mem::forget(epoch);
        })?
        .join();
        Ok(())
    }),
    Misuse("section_ends_in_another_task", |epoch| {
        /// Tells the compiler what is not so.
        struct Smuggled(Guard<'static>);

        // SAFETY: None: it is the misuse.
        unsafe impl Send for Smuggled {}

        // SAFETY: The thread ends the section, and is waited for before the epoch goes.
        let section = unsafe { core::mem::transmute::<Guard<'_>, Guard<'static>>(epoch.enter()) };
        let section = Smuggled(section);
        spawn(move || {
            // The whole of it is moved here, and not only what cannot be.
            let section = section;
            drop(section.0);
        })?
        .join();
        Ok(())
    }),
];

/// Long enough for a report.
const MOMENT: Delta = Delta::from_millis(1);

impl Named for Misuse {
    fn from_name(name: &BStr) -> Result<Self> {
        MISUSES
            .iter()
            .find(|Misuse(known, _)| **name == *known.as_bytes())
            .copied()
            .ok_or(EINVAL)
    }
}

struct EpochMisuseModule;

impl kernel::Module for EpochMisuseModule {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let Misuse(name, run) = misuse.value();
        pr_info!("misuse: {name}\n");
        run(Arc::pin_init(Epoch::new(c"misuse"), GFP_KERNEL)?)?;
        Ok(Self)
    }
}
