// SPDX-License-Identifier: GPL-2.0

//! A list of open blocks under a lock, by generation, which `mutex`, `spin` and `spin-percpu`
//! share.
//!
//! Blocks are numbered by *generation*, each one more than the youngest that is open. The list is
//! sorted by it. `done` is the generation up to which all blocks are finished:
//!
//! - the oldest block, when it finishes, publishes its generation as `done`;
//! - any other block gives its generation to the next older one, which will publish it in turn.
//!
//! A block leaves its generation at each page that it unmaps; generations of pages are kept by hash
//! of the page's key. A wait for a page lasts until `done` reaches the page's generation, which
//! costs nothing if it already has.
//!
//! A block leaves at a page the generation that it started with. Another block may have given it a
//! higher one since. The lower one is enough: every older block has a still lower one until this
//! block is finished, so `done` cannot reach it earlier.
//!
//! As little as possible is done with the lock held: the block's entry is known before, and waiters
//! are checked after. The critical section writes one cache line, and the entries.
//!
//! Source: FreeBSD r299788 (b4ddfd616790) by Konstantin Belousov, `sys/amd64/amd64/pmap.c`. There a
//! block's entry is part of its thread; here it is that of the place of a worker or of a hooked
//! call. FreeBSD's waiter looks at the page's generation again each time it wakes, and may so wait
//! for younger blocks too; this one does not.

use super::{
    pages::Pages,
    waiters::Waiters,
    Context,
    Counters,
    SAMPLED, //
};
use core::{
    cell::UnsafeCell,
    marker::PhantomPinned,
    ptr, //
};
use kernel::{
    prelude::*,
    str::CStr,
    sync::{
        lock::Backend,
        LockClassKey, //
    },
    types::Opaque, //
};
use kernel_ext::once::{
    OnceWord,
    Published, //
};

/// An entry of the list of open blocks, on a cache line of its own.
///
/// # Invariants
///
/// While a block is open in it, `older` and `younger` point to entries of the same tracker, or are
/// null.
#[repr(align(64))]
pub(crate) struct Entry {
    generation: u64,
    older: *mut Entry,
    younger: *mut Entry,
}

/// Head of the list.
///
/// # Invariants
///
/// From `youngest` on, `older` leads through the entries of all open blocks, by falling generation,
/// to null, and `younger` back.
struct Blocks {
    youngest: *mut Entry,
    /// Number of open blocks.
    open: usize,
}

impl Blocks {
    /// Opens a block. `done` is the generation that is done. Returns the block's generation.
    ///
    /// # Safety
    ///
    /// The lock is held, and no block is open in `entry`, which is one of the tracker's.
    #[inline(always)]
    unsafe fn insert(&mut self, entry: *mut Entry, done: u64) -> u64 {
        let older = self.youngest;
        let last = match older.is_null() {
            true => done,
            // SAFETY: By the type invariants it points to an entry, and the lock is held.
            false => unsafe {
                (*older).younger = entry;
                (*older).generation
            },
        };
        let generation = last.wrapping_add(1);
        // SAFETY: It points to an entry, as this function requires, and the lock is held.
        // INVARIANT: `older` is that of another open block, or null.
        unsafe {
            *entry = Entry {
                generation,
                older,
                younger: ptr::null_mut(),
            }
        };
        // INVARIANT: The new block has the highest generation, and comes first.
        self.youngest = entry;
        self.open = self.open.wrapping_add(1);
        generation
    }

    /// Closes a block. Returns the generation that is now done, if it was the oldest.
    ///
    /// # Safety
    ///
    /// The lock is held, and a block is open in `entry`.
    #[inline(always)]
    unsafe fn remove(&mut self, entry: *mut Entry) -> Option<u64> {
        // SAFETY: It points to an entry, as this function requires, and the lock is held.
        let (generation, older, younger) =
            unsafe { ((*entry).generation, (*entry).older, (*entry).younger) };
        self.open = self.open.wrapping_sub(1);
        // INVARIANT: The two that were next to it are next to each other.
        match younger.is_null() {
            true => self.youngest = older,
            // SAFETY: By the type invariants it points to an entry, and the lock is held.
            false => unsafe { (*younger).older = older },
        }
        if older.is_null() {
            return Some(generation);
        }
        // SAFETY: By the type invariants `older` points to an entry, and the lock is held.
        // INVARIANT: Still lower than that of the next younger block.
        unsafe {
            (*older).younger = younger;
            (*older).generation = generation;
        }
        None
    }
}

/// A lock for the list.
pub(crate) trait ListLock: Backend {
    /// Context in which the lock may be taken.
    const CONTEXT: Context;

    /// Returns the lock's name and class for lockdep.
    fn class() -> (&'static CStr, Pin<&'static LockClassKey>);
}

/// The entries of all places of a tracker.
pub(super) struct Entries(KVVec<UnsafeCell<Entry>>);

// SAFETY: While a block is open in it, an entry is accessed with the lock of that block's list
// held; otherwise by the owner of its place, and a place changes owners with an ordering.
unsafe impl Send for Entries {}
// SAFETY: As for `Send`: the list's lock, or the place, excludes concurrent accesses.
unsafe impl Sync for Entries {}

impl Entries {
    /// Allocates the entries of `places` places.
    pub(super) fn new(places: usize) -> Result<Self> {
        let mut entries = KVVec::with_capacity(places, GFP_KERNEL)?;
        for _ in 0..places {
            let entry = Entry {
                generation: 0,
                older: ptr::null_mut(),
                younger: ptr::null_mut(),
            };
            entries.push(UnsafeCell::new(entry), GFP_KERNEL)?;
        }
        Ok(Self(entries))
    }

    /// Returns the entry of a place.
    #[inline(always)]
    pub(super) fn get(&self, place: u32) -> *mut Entry {
        self.0[place as usize].get()
    }
}

/// Fields that blocks write: one cache line, unless the lock takes more.
#[pin_data]
#[repr(C, align(64))]
struct Hot<L: ListLock> {
    #[pin]
    lock: Opaque<L::State>,
    /// Head of the list. Accessed with the lock held.
    blocks: UnsafeCell<Blocks>,
    /// Generations up to this one are finished. Written with the lock held.
    done: Published,
    // The lock stays where it is.
    #[pin]
    _pinned: PhantomPinned,
}

/// Statistics of one block in [`SAMPLED`], which checks whether the lock is free, and how long the
/// list is; and of the first block in each place. Written with the lock held, and read without: a
/// reader may be hooked, and must not hold a lock that a handler takes.
#[repr(align(64))]
struct Statistics {
    /// Maximum number of blocks open at the same time.
    longest: OnceWord,
    /// Number of blocks that found the lock taken when they began, each of which stands for
    /// [`SAMPLED`].
    contended: OnceWord,
}

/// Open blocks under a lock, and the pages that blocks have unmapped.
#[pin_data]
#[repr(C)]
pub(super) struct List<L: ListLock> {
    #[pin]
    hot: Hot<L>,
    pages: Pages,
    statistics: Statistics,
}

// SAFETY: What is not atomic is accessed with the lock held.
unsafe impl<L: ListLock> Send for List<L> {}
// SAFETY: What is not atomic is accessed with the lock held.
unsafe impl<L: ListLock> Sync for List<L> {}

/// An open block, which must be passed to [`List::finish`].
pub(crate) struct Block {
    /// The entry in which the block is open.
    entry: *mut Entry,
    generation: u64,
}

impl<L: ListLock> Hot<L> {
    /// Creates a head without blocks.
    fn new() -> impl PinInit<Self> {
        let (name, class) = L::class();
        // INVARIANT: No block is open.
        pin_init!(Self {
            // SAFETY: `slot` is valid while the closure is called; name and class live for ever.
            lock <- Opaque::ffi_init(|slot| unsafe {
                L::init(slot, name.as_char_ptr(), class.as_ptr())
            }),
            blocks: UnsafeCell::new(Blocks {
                youngest: ptr::null_mut(),
                open: 0,
            }),
            done: Published::new(0),
            _pinned: PhantomPinned,
        })
    }

    /// Calls `f` with the head of the list while its lock is held, which `lock` takes.
    #[inline(always)]
    fn locked<R>(
        &self,
        lock: impl FnOnce() -> L::GuardState,
        f: impl FnOnce(&mut Blocks) -> R,
    ) -> R {
        let state = lock();
        // SAFETY: The lock is held, so that nobody else has a reference.
        let result = f(unsafe { &mut *self.blocks.get() });
        // SAFETY: `lock` has taken it, in this task.
        unsafe { L::unlock(self.lock.get(), &state) };
        result
    }

    #[inline(always)]
    fn lock(&self) -> L::GuardState {
        // SAFETY: The lock is initialised, and stays where it is.
        unsafe { L::lock(self.lock.get()) }
    }
}

impl<L: ListLock> List<L> {
    /// Creates a list without blocks.
    pub(super) fn new() -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            hot <- Hot::new(),
            pages: Pages::new(0)?,
            statistics: Statistics {
                longest: OnceWord::new(0),
                contended: OnceWord::new(0),
            },
        })
    }

    /// Opens a block.
    ///
    /// # Safety
    ///
    /// `entry` is that of a place of the tracker; the place is the caller's, and no block is open
    /// there, in any list.
    #[inline(always)]
    pub(super) unsafe fn start(&self, entry: *mut Entry) -> Block {
        // SAFETY: No block is open in the place, as this function requires: nobody writes it.
        let last = unsafe { (*entry).generation };
        let generation = match last % SAMPLED as u64 {
            // SAFETY: By the caller's promise no block is open in `entry`, and its place is the
            // caller's.
            0 => unsafe { self.start_sampled(entry) },
            _ => self.hot.locked(
                || self.hot.lock(),
                // SAFETY: The lock is held, and no block is open in the place.
                |blocks| unsafe { blocks.insert(entry, self.hot.done.read()) },
            ),
        };
        Block { entry, generation }
    }

    /// Opens a block, and updates the statistics.
    ///
    /// # Safety
    ///
    /// As for [`List::start`].
    #[cold]
    unsafe fn start_sampled(&self, entry: *mut Entry) -> u64 {
        let statistics = &self.statistics;
        let lock = || {
            // SAFETY: The lock is initialised, and stays where it is.
            unsafe { L::try_lock(self.hot.lock.get()) }.unwrap_or_else(|| {
                let state = self.hot.lock();
                let contended = statistics.contended.read().wrapping_add(SAMPLED);
                statistics.contended.write(contended);
                state
            })
        };
        self.hot.locked(lock, |blocks| {
            // SAFETY: The lock is held, and no block is open in the place, as this function
            // requires.
            let generation = unsafe { blocks.insert(entry, self.hot.done.read()) };
            if blocks.open > statistics.longest.read() {
                statistics.longest.write(blocks.open);
            }
            generation
        })
    }

    /// Notes that a block has unmapped the page that `key` names.
    pub(super) fn page(&self, block: &Block, key: usize) {
        self.pages.raise(key, block.generation);
    }

    /// Closes a block. Returns whether more generations are done now: then waiters must be
    /// notified.
    ///
    /// # Safety
    ///
    /// `block` was opened in this list.
    #[inline(always)]
    pub(super) unsafe fn finish(&self, block: Block) -> bool {
        self.hot.locked(
            || self.hot.lock(),
            |blocks| {
                // SAFETY: The lock is held, and the block is open there, as this function requires.
                let done = unsafe { blocks.remove(block.entry) };
                if let Some(done) = done {
                    // Pairs with the acquire in `is_done`.
                    self.hot.done.write_release(done);
                }
                done.is_some()
            },
        )
    }

    /// Returns when no block is open here that was opened, and has noted `key`, before the call.
    /// Returns whether it had to wait. `waiters` are notified as [`List::finish`] says.
    pub(super) fn wait(&self, key: usize, waiters: &Waiters) -> bool {
        // Blocks that note the page later are not waited for.
        let generation = self.pages.number(key);
        if self.is_done(generation) {
            return false;
        }
        waiters.wait_until(|| self.is_done(generation));
        true
    }

    /// Returns whether a generation is done.
    fn is_done(&self, generation: u64) -> bool {
        // Pairs with the release in `finish`: what finished blocks did is visible.
        let done = self.hot.done.read_acquire();
        done.wrapping_sub(generation) as isize >= 0
    }

    pub(super) fn counters(&self) -> Counters {
        Counters {
            longest_queue: self.statistics.longest.read() as u64,
            restarts: 0,
            contended: self.statistics.contended.read() as u64,
        }
    }
}
