// SPDX-License-Identifier: GPL-2.0

//! Who is in a section, and since when: for the report of a stall, while `track_readers` is set.
//!
//! Each section that is entered gets a record in a table, which it loses when it is left. That happens
//! in any context, NMI included: no lock, and no memory but the table's. Where there is no room, the
//! section goes without; it is counted, so that a report can say so.
//!
//! A section does not know its record. Whoever leaves one takes the youngest record of the same task and
//! context in the same slot of the same epoch: the right one if sections nest. If there is none, the
//! section was handed over, or has no record; and in the first case there is one that nobody will take.
//! It goes when a grace period ends that began after it was made, since no section is that old then;
//! until then a report says how many of those that it names may be over.

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
    sync::{
        atomic::{
            Acquire,
            Atomic,
            Full,
            Relaxed,
            Release, //
        },
        barrier::{
            smp_mb,
            Read, //
        }, //
    }, //
};
use kernel_ext::{
    symbol::Symbol,
    task::Comm, //
};

const NS_PER_MS: u64 = 1_000_000;

/// How many records there are; a power of 2.
const SIZE: usize = 1024;

/// How many of them there are for one task, context and slot.
pub(crate) const ROOM: usize = 32;

static TABLE: [Record; SIZE] = [const { Record::new() }; SIZE];

/// Who is in a section.
#[repr(C, align(64))]
struct Record {
    /// See [`State`].
    state: Atomic<usize>,
    // The rest is written by whoever found it free.
    owner: Atomic<usize>,
    pair: Atomic<usize>,
    since_ns: Atomic<u64>,
    ip: Atomic<usize>,
    /// Of the task, and, in the lower half, the CPU.
    pid: Atomic<u64>,
    comm: [Atomic<u64>; 2],
}

/// Goes up by one from a free record to one that is being written, to one that is used, and to a free one
/// again: whoever finds the same state again knows that nothing has changed.
#[derive(Clone, Copy, Eq, PartialEq)]
struct State(usize);

impl State {
    const FREE: usize = 0;
    const USED: usize = 2;
    /// One more than there are: a power of 2, for when it wraps around.
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

    /// Makes it that of a section which the caller has entered. Returns whether it was free.
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

    /// What it says, if it is that of a section in `pair`. It is the record at `index`.
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
            // Once, since it is formatted more than once.
            age_ms: now_ns().saturating_sub(since_ns) / NS_PER_MS,
            ip: Symbol(self.ip.load(Relaxed)),
            index,
        };
        // Pairs with the full ordering of the exchange in `change`: who reads what was written after
        // that finds another state.
        smp_mb(Read);
        (self.state.load(Relaxed) == state.0).then_some(reader)
    }
}

/// Where a section was entered, besides the task that ran.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Context {
    Task,
    SoftIrq,
    HardIrq,
    Nmi,
}

impl Context {
    /// The owner of a section: the current task, and in the lower bits, which are 0 in its address, the
    /// context as `interrupt_context_level()` has it.
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

/// Who is in a section, as far as a record says.
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
    /// When it entered the section, and what tells it from others who did so at that time: the less, the
    /// longer ago.
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

/// Nanoseconds of `CLOCK_MONOTONIC`, in any context; in an NMI, somewhat less exact.
fn now_ns() -> u64 {
    // SAFETY: No requirements.
    unsafe { bindings::ktime_get_mono_fast_ns() }
}

/// The records in which a section may have its own.
fn room(owner: usize, pair: usize) -> impl Iterator<Item = &'static Record> {
    // What differs is in the middle of either word; the multiplication brings it to the top.
    let mixed = (owner ^ pair.rotate_left(usize::BITS / 2)) as u64;
    let start = mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - SIZE.ilog2());
    (0..ROOM).map(move |next| &TABLE[(start as usize + next) % SIZE])
}

/// The slot of an epoch that `pair` belongs to.
fn slot_of(domain: &Domain<KernelPlatform>, pair: usize) -> Slot {
    let [first, second] = Slot::BOTH;
    match domain.platform().pair(first) == pair {
        true => first,
        false => second,
    }
}

/// How many are in sections in `slot`.
pub(crate) fn count(domain: &Domain<KernelPlatform>, slot: Slot) -> usize {
    let pair = domain.platform().pair(slot);
    let records = TABLE.iter().enumerate();
    records
        .filter(|(index, record)| record.read(pair, *index).is_some())
        .count()
}

/// Of those who are in sections in `slot`, the one who comes next after `since` (see [`Reader::since`]).
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

/// Forgets those who have entered a section before `since_ns`: none is that old.
fn forget_older(domain: &Domain<KernelPlatform>, since_ns: u64) {
    let pairs = Slot::BOTH.map(|slot| domain.platform().pair(slot));
    for record in &TABLE {
        let state = record.state();
        if state.is(State::USED)
            && pairs.contains(&record.pair.load(Relaxed))
            && record.since_ns.load(Relaxed) < since_ns
        {
            // If it has changed meanwhile, it is another's.
            record.change(state, state.next());
        }
    }
}

/// Forgets all.
#[no_mangle]
extern "C" fn __epoch_forget_readers() {
    for record in &TABLE {
        let state = record.state();
        if state.is(State::USED) {
            record.change(state, state.next());
        }
    }
}

/// What the table does not say of an epoch.
pub(crate) struct Gaps {
    /// Sections that were left and had no record there: since the last grace period, and in the one
    /// before.
    without: [[Atomic<usize>; 2]; 2],
    /// Those that were entered and got none, ever.
    no_room: Atomic<usize>,
}

impl Gaps {
    pub(crate) fn new() -> Self {
        Self {
            without: [const { [const { Atomic::new(0) }; 2] }; 2],
            no_room: Atomic::new(0),
        }
    }

    /// The most records in `slot` whose sections may be over.
    pub(crate) fn over(&self, slot: Slot) -> usize {
        let [now, before] = &self.without[slot.index()];
        now.load(Relaxed).wrapping_add(before.load(Relaxed))
    }

    /// How many sections found no room.
    pub(crate) fn no_room(&self) -> usize {
        self.no_room.load(Relaxed)
    }

    /// Notes that a grace period has ended which began at `begun_ns`, with the detector's lock held.
    pub(crate) fn grace_period(&self, domain: &Domain<KernelPlatform>, begun_ns: u64) {
        if !are_tracked() {
            return;
        }
        forget_older(domain, begun_ns);
        // A record without a section that was left before this goes with the next one.
        for [now, before] in &self.without {
            before.store(now.xchg(0, Relaxed), Relaxed);
        }
    }
}

/// Whether `track_readers` is set.
pub(crate) fn are_tracked() -> bool {
    // SAFETY: No requirements.
    unsafe { crate::helpers::epoch_readers_tracked() }
}

/// Has the key on while `epoch_track_readers` is.
#[repr(transparent)]
struct Key {
    key: bindings::static_key_false,
}

// SAFETY: It is for the kernel's functions only.
unsafe impl Sync for Key {}

extern "C" {
    static epoch_debug_key: Key;

    fn epoch_section_entered(epoch: *const c_void, pair: usize);
    fn epoch_section_left(epoch: *const c_void, pair: usize);
}

/// Whether anybody wants to know of each section: a branch that is patched.
#[inline(always)]
fn are_watched() -> bool {
    // SAFETY: It is a static key that C defines.
    unsafe { kernel::jump_label::static_branch_unlikely!(epoch_debug_key, Key, key) }
}

/// Tells those who want to know that a section has been entered. Any context.
#[inline(always)]
pub(crate) fn entered(domain: &Domain<KernelPlatform>, pair: usize) {
    if are_watched() {
        // SAFETY: It is an epoch's, and the section keeps it.
        unsafe { epoch_section_entered(ptr::from_ref(domain).cast(), pair) };
    }
}

/// The same of one that is going to be left.
#[inline(always)]
pub(crate) fn leaves(domain: &Domain<KernelPlatform>, pair: usize) {
    if are_watched() {
        // SAFETY: It is an epoch's, and the section keeps it.
        unsafe { epoch_section_left(ptr::from_ref(domain).cast(), pair) };
    }
}

/// Records a section that was entered at `ip`. Any context.
///
/// # Safety
///
/// `epoch` is an epoch's domain, and `pair` that of a section in it.
#[no_mangle]
unsafe extern "C" fn __epoch_reader_entered(
    epoch: *const Domain<KernelPlatform>,
    pair: usize,
    level: c_uint,
    ip: c_ulong,
) {
    let owner = Context::owner(level);
    if !room(owner, pair).any(|record| record.claim(owner, pair, ip)) {
        // SAFETY: By the caller's promise.
        let epoch = unsafe { Epoch::from_domain_ptr(epoch) };
        epoch.watch().gaps.no_room.fetch_add(1, Relaxed);
    }
}

/// Takes the record of a section that is about to be left. Any context.
///
/// # Safety
///
/// As for `__epoch_reader_entered`.
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
    // Nobody but this task and context takes it, if not as one whose section is over.
    if !youngest.is_some_and(|(record, state)| record.change(state, state.next())) {
        // SAFETY: By the caller's promise.
        let epoch = unsafe { Epoch::from_domain_ptr(epoch) };
        let slot = slot_of(&epoch.domain, pair);
        epoch.watch().gaps.without[slot.index()][0].fetch_add(1, Relaxed);
    }
}

/// What people know the epoch as, for the tracepoints.
///
/// # Safety
///
/// `epoch` is an epoch's domain. The name stays as long as the epoch.
#[no_mangle]
unsafe extern "C" fn __epoch_name(epoch: *const Domain<KernelPlatform>) -> *const c_char {
    // SAFETY: By the caller's promise.
    unsafe { Epoch::from_domain_ptr(epoch) }
        .name()
        .as_char_ptr()
}

/// Sets `track_readers`, for tests.
#[cfg(CONFIG_KUNIT = "y")]
pub(crate) fn track(on: bool) {
    // SAFETY: Nobody else does at the same time.
    unsafe { crate::helpers::epoch_track_readers(on) };
}
