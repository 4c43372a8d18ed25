// SPDX-License-Identifier: GPL-2.0

//! Lockdep annotations of something that is no lock, but is entered, left and waited for.
//!
//! C header: [`include/linux/lockdep.h`](srctree/include/linux/lockdep.h)

use crate::helpers;
use kernel::{
    bindings,
    prelude::*,
    str::{
        CStr,
        CString, //
    },
    sync::LockClassKey,
    types::Opaque, //
};

/// An address in the code.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ip(usize);

impl Ip {
    /// Returns an address in the caller.
    #[inline(always)]
    pub fn here() -> Self {
        // SAFETY: No requirements.
        Self(unsafe { helpers::kernel_ext_this_ip() })
    }

    /// Creates an address from `_THIS_IP_` or `_RET_IP_` of C.
    pub fn from_c(ip: c_ulong) -> Self {
        Self(ip)
    }
}

/// A lock class for locks that are created at run time.
///
/// On the heap: lockdep accepts no dynamic key in memory that may be a module's own.
pub struct Class {
    // Dropped in this order: lockdep forgets the class, and with it the name.
    key: Pin<KBox<LockClassKey>>,
    name: CString,
}

impl Class {
    /// Creates a class that lockdep reports as `name`. May sleep.
    pub fn new(name: &CStr) -> Result<Self> {
        Ok(Self {
            key: KBox::pin_init(LockClassKey::new_dynamic(), GFP_KERNEL)?,
            name: CString::try_from(name)?,
        })
    }

    /// Returns the class's key for C; valid as long as the class.
    pub(crate) fn key(&self) -> *mut bindings::lock_class_key {
        self.key.as_ptr()
    }

    /// Returns the class's name for C; valid as long as the class.
    pub(crate) fn name(&self) -> *const c_char {
        self.name.as_char_ptr()
    }
}

/// A lockdep map in a class of its own, for readers that may be nested.
///
/// Without `CONFIG_DEBUG_LOCK_ALLOC`, its methods do nothing.
///
/// # Invariants
///
/// `map` is initialised, with `class`, or is all zeroes and part of a static: lockdep makes a class
/// of its address then.
#[pin_data]
pub struct Map {
    #[pin]
    map: Opaque<bindings::lockdep_map>,
    class: Option<Class>,
}

// SAFETY: No method gives access to the map, and lockdep does its own locking.
unsafe impl Send for Map {}
// SAFETY: Methods only pass the map to lockdep, which does its own locking.
unsafe impl Sync for Map {}

impl Map {
    /// Creates a map that lockdep reports as `name`. May sleep.
    pub fn new(name: &CStr) -> impl PinInit<Self, Error> + use<'_> {
        try_pin_init!(Self {
            class: match cfg!(CONFIG_DEBUG_LOCK_ALLOC) {
                true => Some(Class::new(name)?),
                false => None,
            },
            // INVARIANT: It is initialised here, or nothing uses it.
            map <- Opaque::ffi_init(|map: *mut bindings::lockdep_map| {
                if let Some(class) = class {
                    // SAFETY: The class stays as long as the map.
                    unsafe {
                        helpers::kernel_ext_lockdep_init(
                            map.cast(),
                            class.name(),
                            class.key().cast(),
                        )
                    };
                }
            }),
        })
    }

    /// Tells lockdep that the task, or whatever has interrupted it, begins to read. Any context.
    #[inline(always)]
    pub fn enter(&self, ip: Ip) {
        if cfg!(CONFIG_DEBUG_LOCK_ALLOC) {
            // SAFETY: By the type invariant the map is initialised.
            unsafe { helpers::kernel_ext_lockdep_enter(self.map.get().cast(), ip.0) };
        }
    }

    /// Tells lockdep that reading ends, in the context where it began. Any context.
    #[inline(always)]
    pub fn leave(&self, ip: Ip) {
        if cfg!(CONFIG_DEBUG_LOCK_ALLOC) {
            // SAFETY: By the type invariant the map is initialised.
            unsafe { helpers::kernel_ext_lockdep_leave(self.map.get().cast(), ip.0) };
        }
    }

    /// Tells lockdep that the task is about to wait for readers.
    #[inline(always)]
    pub fn wait(&self) {
        if cfg!(CONFIG_DEBUG_LOCK_ALLOC) {
            // SAFETY: By the type invariant the map is initialised.
            unsafe { helpers::kernel_ext_lockdep_wait(self.map.get().cast(), Ip::here().0) };
        }
    }

    /// Returns whether the task, or whatever has interrupted it, reads; also `true` if lockdep does
    /// not know.
    pub fn may_be_in(&self) -> bool {
        if !cfg!(CONFIG_DEBUG_LOCK_ALLOC) {
            return true;
        }
        // SAFETY: By the type invariant the map is initialised.
        unsafe { helpers::kernel_ext_lockdep_may_be_in(self.map.get().cast()) }
    }
}
