// SPDX-License-Identifier: GPL-2.0

//! Epochs that are statics: they need no initialisation, and no memory at run time.
//!
//! A static is all zeroes except for the beginning of its domain, so that C can define one, too:
//! `DEFINE_EPOCH()` in `include/epoch.h`. It is registered when it is first used, and shut down
//! when its module is unloaded.

use crate::{
    domain::Domain,
    platform::{
        CpuSide,
        KernelPlatform,
        KernelWord, //
    },
    Epoch, //
};
use core::{
    mem::{
        offset_of,
        MaybeUninit, //
    },
    ops::Deref, //
};
use kernel::{
    prelude::*,
    str::{
        CStr,
        CString, //
    }, //
};
use kernel_ext::{
    kobject::DirectoryOf,
    lockdep::Class, //
};

// These types are empty when zeroed.
const _: () = {
    // SAFETY: This is evaluated at compile time, which fails if zeroes are no value of the type.
    unsafe {
        assert!(MaybeUninit::<Option<CString>>::zeroed()
            .assume_init_ref()
            .is_none());
        assert!(MaybeUninit::<Option<Class>>::zeroed()
            .assume_init_ref()
            .is_none());
        assert!(MaybeUninit::<Option<DirectoryOf<Epoch>>>::zeroed()
            .assume_init_ref()
            .is_none());
    }
};

/// The per-CPU data of a [`StaticEpoch`], for [`static_epoch!`](crate::static_epoch), which puts it
/// in the section of per-CPU data.
#[doc(hidden)]
#[repr(transparent)]
pub struct StaticCpus(CpuSide);

impl StaticCpus {
    /// Creates zeroed data.
    #[expect(clippy::new_without_default)]
    pub const fn new() -> Self {
        // SAFETY: `CpuSide` is `Zeroable`.
        unsafe { MaybeUninit::zeroed().assume_init() }
    }
}

/// An [`Epoch`] that is a static; see [`static_epoch!`](crate::static_epoch).
#[repr(transparent)]
pub struct StaticEpoch(Epoch);

impl StaticEpoch {
    /// # Safety
    ///
    /// The result is for a static. `cpus` is a static in the section of per-CPU data, and of this
    /// epoch only.
    #[doc(hidden)]
    pub const unsafe fn new(cpus: *const StaticCpus, name: &'static CStr) -> Self {
        let cpus = cpus.cast::<CpuSide>().cast_mut();
        // SAFETY: `cpus` is a static of this epoch in the section of per-CPU data, zeroed by
        // `StaticCpus::new`; the result is for a static.
        let platform = unsafe { KernelPlatform::from_static(cpus, name) };
        let mut epoch = MaybeUninit::<Epoch>::zeroed();
        // SAFETY: The pointer is that of a field. `first_pair` locates the counters of slot 0,
        // which `pair` returns; the rest is valid when zeroed, as asserted above.
        unsafe {
            let active = KernelWord::from_address(KernelPlatform::first_pair(cpus));
            (&raw mut (*epoch.as_mut_ptr()).domain).write(Domain::from_zeroes(active, platform));
            Self(epoch.assume_init())
        }
    }
}

impl StaticEpoch {
    /// Registers the epoch before its first use, so that its directory appears. Process context.
    pub fn register(&self) {
        self.register_static();
    }
}

impl Deref for StaticEpoch {
    type Target = Epoch;

    #[inline(always)]
    fn deref(&self) -> &Epoch {
        &self.0
    }
}

/// Defines an epoch that needs no initialisation and may be used as soon as the module's code runs.
///
/// The epoch is shut down when the module is unloaded, which waits for its callbacks.
///
/// # Examples
///
/// ```
/// epoch::static_epoch! {
///     /// Protects the table.
///     static TABLE_EPOCH = c"table";
/// }
///
/// let guard = TABLE_EPOCH.enter();
/// drop(guard);
/// # Ok::<(), Error>(())
/// ```
#[macro_export]
macro_rules! static_epoch {
    ($(#[$attribute:meta])* $visibility:vis static $epoch:ident = $name:expr;) => {
        $(#[$attribute])*
        $visibility static $epoch: $crate::StaticEpoch = {
            #[cfg_attr(CONFIG_SMP, link_section = ".data..percpu")]
            static CPUS: $crate::StaticCpus = $crate::StaticCpus::new();
            // SAFETY: The result is for a static, and `CPUS` is in the section of per-CPU data.
            unsafe { $crate::StaticEpoch::new(&raw const CPUS, $name) }
        };
    };
}

// Layouts that C relies on, of `struct epoch` and `struct epoch_cpu`, and their sizes there.
const _: () = {
    const EPOCH_SIZE: usize = 1536;
    const EPOCH_CPU_SIZE: usize = 512;
    assert!(size_of::<Epoch>() <= EPOCH_SIZE);
    assert!(size_of::<CpuSide>() <= EPOCH_CPU_SIZE);
    assert!(align_of::<Epoch>() == 64);
    assert!(align_of::<CpuSide>() == 64);
    assert!(Domain::<KernelPlatform>::OFFSET_OF_PLATFORM == 0);
    assert!(offset_of!(KernelPlatform, cpus) == 0);
    assert!(offset_of!(KernelPlatform, flavour) == size_of::<usize>());
    assert!(offset_of!(KernelPlatform, is_static) == size_of::<usize>() + 4);
    assert!(offset_of!(KernelPlatform, name) == size_of::<usize>() + 8);
};
