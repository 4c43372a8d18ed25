// SPDX-License-Identifier: GPL-2.0

//! Records of open sections and their readers, for stall reports while `track_readers` is set.
//!
//! Each section gets a record in a table when it is entered, and releases it when it is left. That
//! happens in any context, NMI included, without locks or other memory than the table. If there is
//! no room, the section has no record; it is counted, for reports.
//!
//! A section does not know its record. Its exit releases the newest record of the same task and
//! context in the same slot of the same epoch: the right one if sections nest. If there is none,
//! the section was handed over, or has no record. A section that was handed over leaves its record
//! behind; it is dropped at the end of a grace period that began after it was made, since no
//! section is that old then. Until then a report says how many of its records may be stale.

use crate::{
    domain::{
        Domain,
        Platform,
        Slot, //
    },
    platform::KernelPlatform,
    Epoch, //
};
use core::ptr;
use kernel::{
    bindings,
    cpu::CpuId,
    fmt,
    prelude::*,
    sync::atomic::{
        Acquire,
        Atomic,
        Full,
        Relaxed,
        Release, //
    }, //
};
use kernel_ext::{
    compat::smp_rmb,
    symbol::Symbol,
    task::Comm, //
};

const NS_PER_MS: u64 = 1_000_000;

/// The number of records; a power of 2.
const SIZE: usize = 1024;

/// The number of records that one task, context and slot may use.
pub(crate) const ROOM: usize = 32;

static TABLE: [Record; SIZE] = [const { Record::new() }; SIZE];

/// The record of a section and its reader.
#[repr(C, align(64))]
struct Record {
    /// See [`State`].
    state: Atomic<usize>,
    // The rest is written by the reader that claimed the record.
    owner: Atomic<usize>,
    pair: Atomic<usize>,
    since_ns: Atomic<u64>,
    ip: Atomic<usize>,
    /// The PID of the task, and, in the lower half, the CPU.
    pid: Atomic<u64>,
    comm: [Atomic<u64>; 2],
}

/// The state of a record: free, being written, used, and free again. Each step increments it, so
/// that the same state read twice means that nothing has changed in between.
#[derive(Clone, Copy, Eq, PartialEq)]
struct State(usize);

impl State {
    const FREE: usize = 0;
    const USED: usize = 2;
    /// The modulus of the kinds: a power of 2, for wraparound; 3 is skipped.
    const KINDS: usize = 4;

    fn is(self, kind: usize) -> bool {
        self.0 % Self::KINDS == kind
    }

    fn next(self) -> Self {
        let next = self.0.wrapping_add(1);
        match next % Self::KINDS {
            3 => Self(next.wrapping_add(1)),
            _ => Self(next),
        }
    }
}

impl Record {
    const fn new() -> Self {
        Self {
            state: Atomic::new(State::FREE),
            owner: Atomic::new(0),
            pair: Atomic::new(0),
            since_ns: Atomic::new(0),
            ip: Atomic::new(0),
            pid: Atomic::new(0),
            comm: [const { Atomic::new(0) }; 2],
        }
    }

    fn state(&self) -> State {
        // Acquire: pairs with the release in `claim`, for the rest of the record.
        State(self.state.load(Acquire))
    }

    /// Changes the state if it is still `from`. Returns whether it was.
    fn change(&self, from: State, to: State) -> bool {
        self.state.cmpxchg(from.0, to.0, Full).is_ok()
    }

    /// Claims the record for a section that the caller has entered. Returns whether it was free.
    fn claim(&self, owner: usize, pair: usize, ip: usize) -> bool {
        let state = self.state();
        if !state.is(State::FREE) || !self.change(state, state.next()) {
            return false;
        }
        let task = current!();
        let [first, second] = Comm::current().to_words();
        self.owner.store(owner, Relaxed);
        self.pair.store(pair, Relaxed);
        self.since_ns.store(now_ns(), Relaxed);
        self.ip.store(ip, Relaxed);
        let pid = u64::from(task.pid() as u32) << 32 | u64::from(CpuId::current().as_u32());
        self.pid.store(pid, Relaxed);
        self.comm[0].store(first, Relaxed);
        self.comm[1].store(second, Relaxed);
        // Release: pairs with the acquire in `state`.
        self.state.store(state.next().next().0, Release);
        true
    }

    /// Returns the reader, if this is the record of a section in `pair`. `index` is that of the
    /// record.
    fn read(&self, pair: usize, index: usize) -> Option<Reader> {
        let state = self.state();
        if !state.is(State::USED) || self.pair.load(Relaxed) != pair {
            return None;
        }
        let pid = self.pid.load(Relaxed);
        let since_ns = self.since_ns.load(Relaxed);
        let reader = Reader {
            comm: Comm::from_words([self.comm[0].load(Relaxed), self.comm[1].load(Relaxed)]),
            pid: (pid >> 32) as i32,
            cpu: pid as u32,
            context: Context::of(self.owner.load(Relaxed)),
            since_ns,
            // Computed once, since it is formatted more than once.
            age_ms: now_ns().saturating_sub(since_ns) / NS_PER_MS,
            ip: Symbol(self.ip.load(Relaxed)),
            index,
        };
        // Pairs with the full ordering of the exchange in `change`: a task that reads values
        // written after that finds another state.
        smp_rmb();
        (self.state.load(Relaxed) == state.0).then_some(reader)
    }
}

/// The context in which a section was entered, apart from the current task.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Context {
    Task,
    SoftIrq,
    HardIrq,
    Nmi,
}

impl Context {
    /// Returns the owner of a section: the current task, and in the lower bits, which are 0 in its
    /// address, the context that `interrupt_context_level()` returned.
    fn owner(level: c_uint) -> usize {
        current!().as_ptr() as usize | (level as usize & 3)
    }

    fn of(owner: usize) -> Self {
        match owner & 3 {
            0 => Self::Task,
            1 => Self::SoftIrq,
            2 => Self::HardIrq,
            _ => Self::Nmi,
        }
    }
}

/// The contents of a record: a reader in a section.
pub(crate) struct Reader {
    comm: Comm,
    pid: i32,
    cpu: u32,
    context: Context,
    since_ns: u64,
    age_ms: u64,
    ip: Symbol,
    index: usize,
}

impl Reader {
    /// Returns the time of entry, and a number that distinguishes readers of the same time. Smaller
    /// is older.
    pub(crate) fn since(&self) -> (u64, usize) {
        (self.since_ns, self.index)
    }
}

impl fmt::Display for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let context = match self.context {
            Context::Task => "",
            Context::SoftIrq => " in softirq",
            Context::HardIrq => " in hardirq",
            Context::Nmi => " in NMI",
        };
        let Self {
            comm,
            pid,
            cpu,
            age_ms,
            ip,
            ..
        } = self;
        f.write_fmt(fmt!(
            "{comm}, pid {pid}, entered on CPU {cpu}{context} {age_ms} ms ago at {ip}"
        ))
    }
}

/// Returns nanoseconds of `CLOCK_MONOTONIC`. Any context; in an NMI, slightly less exact.
fn now_ns() -> u64 {
    // SAFETY: No requirements.
    unsafe { bindings::ktime_get_mono_fast_ns() }
}

/// Returns the records that a section may use.
fn room(owner: usize, pair: usize) -> impl Iterator<Item = &'static Record> {
    // The bits that differ are in the middle of either word; the multiplication moves them to the
    // top.
    let mixed = (owner ^ pair.rotate_left(usize::BITS / 2)) as u64;
    let start = mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - SIZE.ilog2());
    (0..ROOM).map(move |next| &TABLE[(start as usize + next) % SIZE])
}

/// Returns the slot of an epoch that `pair` belongs to.
fn slot_of(domain: &Domain<KernelPlatform>, pair: usize) -> Slot {
    let [first, second] = Slot::BOTH;
    match domain.platform().pair(first) == pair {
        true => first,
        false => second,
    }
}

/// Returns the number of records of sections in `slot`.
pub(crate) fn count(domain: &Domain<KernelPlatform>, slot: Slot) -> usize {
    let pair = domain.platform().pair(slot);
    let records = TABLE.iter().enumerate();
    records
        .filter(|(index, record)| record.read(pair, *index).is_some())
        .count()
}

/// Returns the oldest reader in `slot` that is younger than `since` (see [`Reader::since`]).
pub(crate) fn next(
    domain: &Domain<KernelPlatform>,
    slot: Slot,
    since: (u64, usize),
) -> Option<Reader> {
    let pair = domain.platform().pair(slot);
    let mut next: Option<Reader> = None;
    for (index, record) in TABLE.iter().enumerate() {
        let Some(reader) = record.read(pair, index) else {
            continue;
        };
        let nearer = next
            .as_ref()
            .is_none_or(|next| reader.since() < next.since());
        if reader.since() > since && nearer {
            next = Some(reader);
        }
    }
    next
}

/// Drops records of sections entered before `since_ns`: no open section is that old.
fn forget_older(domain: &Domain<KernelPlatform>, since_ns: u64) {
    let pairs = Slot::BOTH.map(|slot| domain.platform().pair(slot));
    for record in &TABLE {
        let state = record.state();
        if state.is(State::USED)
            && pairs.contains(&record.pair.load(Relaxed))
            && record.since_ns.load(Relaxed) < since_ns
        {
            // If the record has changed, it belongs to another section.
            record.change(state, state.next());
        }
    }
}

/// Drops all records.
#[no_mangle]
extern "C" fn __epoch_forget_readers() {
    for record in &TABLE {
        let state = record.state();
        if state.is(State::USED) {
            record.change(state, state.next());
        }
    }
}

/// Numbers of sections of an epoch that the table does not account for.
pub(crate) struct Gaps {
    /// Sections that had no record when they were left: since the last grace period ended, and
    /// between the ends of the last two.
    without: [[Atomic<usize>; 2]; 2],
    /// Sections that found no room for a record, since the epoch was created.
    no_room: Atomic<usize>,
}

impl Gaps {
    pub(crate) fn new() -> Self {
        Self {
            without: [const { [const { Atomic::new(0) }; 2] }; 2],
            no_room: Atomic::new(0),
        }
    }

    /// Returns the highest number of records in `slot` whose sections may be over.
    pub(crate) fn over(&self, slot: Slot) -> usize {
        let [now, before] = &self.without[slot.index()];
        now.load(Relaxed).wrapping_add(before.load(Relaxed))
    }

    /// Returns the number of sections that found no room for a record.
    pub(crate) fn no_room(&self) -> usize {
        self.no_room.load(Relaxed)
    }

    /// Notes the end of a grace period that began at `begun_ns`. For the detector.
    pub(crate) fn grace_period(&self, domain: &Domain<KernelPlatform>, begun_ns: u64) {
        if !are_tracked() {
            return;
        }
        forget_older(domain, begun_ns);
        // A stale record of a section left before this is dropped with the next grace period.
        for [now, before] in &self.without {
            before.store(now.xchg(0, Relaxed), Relaxed);
        }
    }
}

/// Returns whether `track_readers` is set.
pub(crate) fn are_tracked() -> bool {
    // SAFETY: No requirements.
    unsafe { crate::helpers::epoch_readers_tracked() }
}

/// A static key that C defines.
#[repr(transparent)]
struct Key {
    key: bindings::static_key_false,
}

// SAFETY: Only the kernel's static-key code accesses it, which synchronizes itself.
unsafe impl Sync for Key {}

extern "C" {
    static epoch_debug_key: Key;

    fn epoch_section_entered(epoch: *const c_void, pair: usize);
    fn epoch_section_left(epoch: *const c_void, pair: usize);
}

/// Returns whether sections are tracked or traced: a patched branch.
#[inline(always)]
fn are_watched() -> bool {
    // SAFETY: `epoch_debug_key` is a static key that C defines.
    unsafe { kernel::jump_label::static_branch_unlikely!(epoch_debug_key, Key, key) }
}

/// Reports to tracking and tracepoints that a section has been entered. Any context.
#[inline(always)]
pub(crate) fn entered(domain: &Domain<KernelPlatform>, pair: usize) {
    if are_watched() {
        // SAFETY: `domain` is that of an epoch, which the section keeps valid.
        unsafe { epoch_section_entered(ptr::from_ref(domain).cast(), pair) };
    }
}

/// Reports to tracking and tracepoints that a section is about to be left. Any context.
#[inline(always)]
pub(crate) fn leaves(domain: &Domain<KernelPlatform>, pair: usize) {
    if are_watched() {
        // SAFETY: `domain` is that of an epoch, which the section keeps valid.
        unsafe { epoch_section_left(ptr::from_ref(domain).cast(), pair) };
    }
}

/// Records a section that was entered at `ip`. Any context.
///
/// # Safety
///
/// `epoch` is the domain of a live epoch, and `pair` that of a section in it.
#[no_mangle]
unsafe extern "C" fn __epoch_reader_entered(
    epoch: *const Domain<KernelPlatform>,
    pair: usize,
    level: c_uint,
    ip: c_ulong,
) {
    let owner = Context::owner(level);
    if !room(owner, pair).any(|record| record.claim(owner, pair, ip)) {
        // SAFETY: `epoch` is the domain of a live epoch, as this function requires.
        let epoch = unsafe { Epoch::from_domain_ptr(epoch) };
        epoch.watch().gaps.no_room.fetch_add(1, Relaxed);
    }
}

/// Releases the record of a section that is about to be left. Any context.
///
/// # Safety
///
/// `epoch` is the domain of a live epoch, and `pair` that of a section in it.
#[no_mangle]
unsafe extern "C" fn __epoch_reader_leaves(
    epoch: *const Domain<KernelPlatform>,
    pair: usize,
    level: c_uint,
) {
    let owner = Context::owner(level);
    let own =
        |record: &&Record| record.pair.load(Relaxed) == pair && record.owner.load(Relaxed) == owner;
    let youngest = room(owner, pair)
        .map(|record| (record, record.state()))
        .filter(|(record, state)| state.is(State::USED) && own(record))
        .max_by_key(|(record, _)| record.since_ns.load(Relaxed));
    // Only this task and context releases it, unless it is dropped as a stale record.
    if !youngest.is_some_and(|(record, state)| record.change(state, state.next())) {
        // SAFETY: `epoch` is the domain of a live epoch, as this function requires.
        let epoch = unsafe { Epoch::from_domain_ptr(epoch) };
        let slot = slot_of(&epoch.domain, pair);
        epoch.watch().gaps.without[slot.index()][0].fetch_add(1, Relaxed);
    }
}

/// Returns the name of an epoch, for the tracepoints.
///
/// # Safety
///
/// `epoch` is the domain of a live epoch. The name stays as long as the epoch.
#[no_mangle]
unsafe extern "C" fn __epoch_name(epoch: *const Domain<KernelPlatform>) -> *const c_char {
    // SAFETY: `epoch` is the domain of a live epoch, as this function requires.
    unsafe { Epoch::from_domain_ptr(epoch) }
        .name()
        .as_char_ptr()
}

/// Sets `track_readers`, for tests.
#[cfg(CONFIG_KUNIT = "y")]
pub(crate) fn track(on: bool) {
    // SAFETY: `epoch_track_readers` has no requirements but process context, which tests run in.
    unsafe { crate::helpers::epoch_track_readers(on) };
}
