// SPDX-License-Identifier: GPL-2.0

//! A shared word without a function call for each access.
//!
//! `kernel::sync::atomic` goes through C helpers, which only a kernel built with
//! `CONFIG_RUST_INLINE_HELPERS` inlines; a read-side fast path cannot afford the call.

#[cfg(CONFIG_X86_64)]
use crate::barrier::compiler_barrier;
#[cfg(not(CONFIG_64BIT))]
use kernel::sync::atomic::Relaxed;
#[cfg(not(CONFIG_X86_64))]
use kernel::sync::atomic::{
    Acquire,
    Release, //
};
use kernel::sync::atomic::{
    Atomic,
    Full, //
};

/// A word that tasks may read and write concurrently, each access being single-copy atomic.
///
/// C: `READ_ONCE()` and `WRITE_ONCE()`.
#[repr(transparent)]
pub struct OnceWord(Atomic<usize>);

/// A 64-bit value, such as a generation, with one writer at a time and concurrent readers.
#[repr(transparent)]
pub struct Published(Atomic<u64>);

impl Published {
    /// Creates an object that holds `value`.
    pub const fn new(value: u64) -> Self {
        Self(Atomic::new(value))
    }

    /// Reads the value, without ordering. C: `READ_ONCE()`, or `atomic64_read()`.
    #[inline(always)]
    pub fn read(&self) -> u64 {
        #[cfg(CONFIG_64BIT)]
        // SAFETY: The pointer is that of a live, aligned word, and the access a marked one.
        unsafe {
            self.0.as_ptr().read_volatile()
        }
        #[cfg(not(CONFIG_64BIT))]
        self.0.load(Relaxed)
    }

    /// Reads the value. An acquire. C: `smp_load_acquire()`.
    #[inline(always)]
    pub fn read_acquire(&self) -> u64 {
        #[cfg(CONFIG_X86_64)]
        {
            let value = self.read();
            // A load is an acquire there, if the compiler moves nothing before it. Pairs with
            // `write_release`.
            compiler_barrier();
            value
        }
        #[cfg(not(CONFIG_X86_64))]
        self.0.load(Acquire)
    }

    /// Writes the value. A release. C: `smp_store_release()`.
    #[inline(always)]
    pub fn write_release(&self, value: u64) {
        #[cfg(CONFIG_X86_64)]
        {
            // A store is a release there, if the compiler moves nothing behind it. Pairs with
            // `read_acquire`.
            compiler_barrier();
            // SAFETY: The pointer is that of a live, aligned word, and the access a marked one.
            unsafe { self.0.as_ptr().write_volatile(value) };
        }
        #[cfg(not(CONFIG_X86_64))]
        self.0.store(value, Release);
    }
}

impl OnceWord {
    /// Creates a word that holds `value`.
    pub const fn new(value: usize) -> Self {
        Self(Atomic::new(value))
    }

    /// Reads the word, without ordering. C: `READ_ONCE()`.
    #[inline(always)]
    pub fn read(&self) -> usize {
        // SAFETY: The pointer is that of a live, aligned word. A volatile access of one is a marked
        // access in the kernel's memory model: it does not race with others.
        unsafe { self.0.as_ptr().read_volatile() }
    }

    /// Writes the word, without ordering. C: `WRITE_ONCE()`.
    #[inline(always)]
    pub fn write(&self, value: usize) {
        // SAFETY: The pointer is that of a live, aligned word, and the access a marked one.
        unsafe { self.0.as_ptr().write_volatile(value) };
    }

    /// Writes the word. A release. C: `smp_store_release()`.
    #[inline(always)]
    pub fn write_release(&self, value: usize) {
        #[cfg(CONFIG_X86_64)]
        {
            // A store is a release there, if the compiler moves nothing behind it.
            compiler_barrier();
            self.write(value);
        }
        #[cfg(not(CONFIG_X86_64))]
        self.0.store(value, Release);
    }

    /// Adds to the word, wrapping around. C: `atomic_long_add_return()`.
    pub fn add(&self, value: usize) {
        self.0.fetch_add(value, Full);
    }

    /// Writes `new` and returns what was there before. C: `atomic_long_xchg()`.
    pub fn exchange(&self, new: usize) -> usize {
        self.0.xchg(new, Full)
    }

    /// Writes `new` if the word is `old`; otherwise fails with its value. C:
    /// `atomic_long_cmpxchg()`.
    pub fn compare_exchange(&self, old: usize, new: usize) -> Result<(), usize> {
        self.0.cmpxchg(old, new, Full).map(|_| ())
    }
}
