// SPDX-License-Identifier: GPL-2.0

//! Open blocks in a list under one lock, and generations: what `mutex` and `spin` share.
//!
//! Blocks are numbered by *generation*, each one more than the youngest that is open. The list is
//! sorted by it. `done` is the generation up to which all blocks are finished:
//!
//! - the oldest block, when it finishes, publishes its generation as `done`;
//! - any other gives its generation to the next older one, which will publish it in its turn.
//!
//! A block leaves its generation at each page that it unmaps; generations of pages are kept by hash
//! of the page's key. To wait for a page is to wait until `done` has come up to the page's
//! generation, which costs nothing if it has already.
//!
//! What a block leaves at a page is the generation it started with. Another block may have given it
//! a higher one since; the lower one does as well, for every older block has a still lower one until
//! this block is finished: so `done` cannot reach it earlier.
//!
//! Nothing is done with the lock held that can be done without: the block's entry is known before,
//! and waiters are looked for after. What is written there is one cache line, and the entries.
//!
//! Source: FreeBSD r299788 (b4ddfd616790) by Konstantin Belousov, `sys/amd64/amd64/pmap.c`. There a
//! block's entry is part of its thread; here it is that of the place which a worker or a hooked call
//! has. FreeBSD's waiter looks at the page's generation again each time it wakes, and may so wait
//! for younger blocks too; this one does not.

use super::{
    pages::Pages,
    waiters::Waiters,
    Context,
    Counters,
    Tracker,
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
    Once,
    Published, //
};

/// An entry of the list of open blocks, on a cache line of its own.
///
/// # Invariants
///
/// While a block is open in it, `older` and `younger` point to entries of the same tracker, or are null.
#[repr(align(64))]
struct Entry {
    generation: u64,
    older: *mut Entry,
    younger: *mut Entry,
}

/// Where the list begins.
///
/// # Invariants
///
/// From `youngest` on, `older` leads through the entries of all open blocks, by falling generation, to
/// null, and `younger` back.
struct Blocks {
    youngest: *mut Entry,
    /// How many there are.
    open: usize,
}

impl Blocks {
    /// Opens a block. `done` is the generation that is done. Returns its generation.
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
        // SAFETY: As above.
        // INVARIANT: Still lower than that of the next younger block.
        unsafe {
            (*older).younger = younger;
            (*older).generation = generation;
        }
        None
    }
}

/// The lock that the list is under.
pub(crate) trait ListLock: Backend {
    /// Where it may be taken.
    const CONTEXT: Context;

    /// What lockdep knows it as, and by.
    fn class() -> (&'static CStr, Pin<&'static LockClassKey>);
}

/// What blocks write: one cache line, unless the lock takes more.
#[pin_data]
#[repr(C, align(64))]
struct List<L: ListLock> {
    #[pin]
    lock: Opaque<L::State>,
    /// Accessed with the lock held.
    blocks: UnsafeCell<Blocks>,
    /// Generations up to this one are finished. Written with the lock held.
    done: Published,
    // The lock stays where it is.
    #[pin]
    _pinned: PhantomPinned,
}

/// What blocks read, and waiters write.
#[pin_data]
#[repr(align(64))]
struct Rest {
    /// Accessed with the lock held; one in which no block is open, by whoever has the place, too.
    entries: KVVec<UnsafeCell<Entry>>,
    pages: Pages,
    #[pin]
    waiters: Waiters,
    statistics: Statistics,
}

/// Of one block in [`SAMPLED`], which looks whether the lock is free, and how long the list is; and of the
/// first in each place. Written with the lock held, and read without: whoever reads may be
/// hooked, and must not have a lock that a handler takes.
#[repr(align(64))]
struct Statistics {
    /// The most blocks that were open at the same time.
    longest: Once,
    /// How many blocks found the lock taken when they began, each of which stands for all that did not look.
    contended: Once,
}

/// Tracks blocks in a list under a lock.
#[pin_data]
pub(crate) struct Generations<L: ListLock> {
    #[pin]
    list: List<L>,
    #[pin]
    rest: Rest,
}

// SAFETY: What is not atomic is accessed with the lock held, or is the entry of a place that is the
// caller's, and handed on with an order by those who hand places on.
unsafe impl<L: ListLock> Send for Generations<L> {}
// SAFETY: As for `Send`.
unsafe impl<L: ListLock> Sync for Generations<L> {}

/// An open block; not to be lost.
pub(crate) struct Block {
    /// One of the tracker's, in which it is open.
    entry: *mut Entry,
    generation: u64,
}

impl<L: ListLock> List<L> {
    /// Without blocks.
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
}

impl<L: ListLock> Generations<L> {
    pub(crate) fn new(places: usize) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            list <- List::new(),
            rest <- try_pin_init!(Rest {
                entries: {
                    let mut entries = KVVec::with_capacity(places, GFP_KERNEL)?;
                    for _ in 0..places {
                        let entry = Entry {
                            generation: 0,
                            older: ptr::null_mut(),
                            younger: ptr::null_mut(),
                        };
                        entries.push(UnsafeCell::new(entry), GFP_KERNEL)?;
                    }
                    entries
                },
                pages: Pages::new(0)?,
                waiters <- Waiters::new(),
                statistics: Statistics {
                    longest: Once::new(0),
                    contended: Once::new(0),
                },
            }? Error),
        })
    }

    /// Does something with the list, and its lock held, which `lock` takes.
    #[inline(always)]
    fn locked<R>(
        &self,
        lock: impl FnOnce() -> L::GuardState,
        f: impl FnOnce(&mut Blocks) -> R,
    ) -> R {
        let list = &self.list;
        let state = lock();
        // SAFETY: The lock is held, so that nobody else has a reference.
        let result = f(unsafe { &mut *list.blocks.get() });
        // SAFETY: It is held, by this task.
        unsafe { L::unlock(list.lock.get(), &state) };
        result
    }

    #[inline(always)]
    fn lock(&self) -> L::GuardState {
        // SAFETY: The lock is initialised, and stays where it is.
        unsafe { L::lock(self.list.lock.get()) }
    }

    /// Opens a block, for the statistics, too.
    ///
    /// # Safety
    ///
    /// As for `start`; `entry` is that of the place.
    #[cold]
    unsafe fn start_sampled(&self, entry: *mut Entry) -> u64 {
        let statistics = &self.rest.statistics;
        let lock = || {
            // SAFETY: The lock is initialised, and stays where it is.
            unsafe { L::try_lock(self.list.lock.get()) }.unwrap_or_else(|| {
                let state = self.lock();
                let contended = statistics.contended.read().wrapping_add(SAMPLED);
                statistics.contended.write(contended);
                state
            })
        };
        self.locked(lock, |blocks| {
            // SAFETY: The lock is held, and no block is open in the place, as this function requires.
            let generation = unsafe { blocks.insert(entry, self.list.done.read()) };
            if blocks.open > statistics.longest.read() {
                statistics.longest.write(blocks.open);
            }
            generation
        })
    }

    fn is_done(&self, generation: u64) -> bool {
        // Pairs with the release in `finish`: what finished blocks did is visible.
        let done = self.list.done.read_acquire();
        done.wrapping_sub(generation) as isize >= 0
    }
}

impl<L: ListLock> Tracker for Generations<L> {
    type Block<'a>
        = Block
    where
        Self: 'a;

    const CONTEXT: Context = L::CONTEXT;
    const HAS_PLACES: bool = true;

    #[inline(always)]
    unsafe fn start(&self, place: u32) -> Block {
        let list = &self.list;
        let entry = self.rest.entries[place as usize].get();
        // SAFETY: No block is open in the place, as this function requires, so that nobody writes it.
        let last = unsafe { (*entry).generation };
        let generation = match last % SAMPLED as u64 {
            // SAFETY: As this function requires.
            0 => unsafe { self.start_sampled(entry) },
            _ => self.locked(
                || self.lock(),
                // SAFETY: The lock is held, and no block is open in the place.
                |blocks| unsafe { blocks.insert(entry, list.done.read()) },
            ),
        };
        Block { entry, generation }
    }

    fn page(&self, block: &Block, key: usize) {
        self.rest.pages.raise(key, block.generation);
    }

    #[inline(always)]
    unsafe fn finish(&self, block: Block) {
        let list = &self.list;
        let remove = |blocks: &mut Blocks| {
            // SAFETY: The lock is held, and the block is open there, as this function requires.
            let done = unsafe { blocks.remove(block.entry) };
            if let Some(done) = done {
                // Pairs with the acquire in `is_done`.
                list.done.write_release(done);
            }
            done.is_some()
        };
        if self.locked(|| self.lock(), remove) {
            self.rest.waiters.notify();
        }
    }

    fn wait(&self, key: usize) -> bool {
        // Blocks that note the page later are not waited for.
        let generation = self.rest.pages.number(key);
        if self.is_done(generation) {
            return false;
        }
        self.rest.waiters.wait_until(|| self.is_done(generation));
        true
    }

    fn counters(&self) -> Counters {
        Counters {
            longest_queue: self.rest.statistics.longest.read() as u64,
            restarts: 0,
            contended: self.rest.statistics.contended.read() as u64,
        }
    }
}
