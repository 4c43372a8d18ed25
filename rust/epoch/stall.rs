// SPDX-License-Identifier: GPL-2.0

//! How long grace periods take, and a report of one that does not come to its end.
//!
//! No timer is needed: the detector looks at the time while it polls for the last section.

use crate::{
    domain::{
        Domain,
        Pace,
        Slot, //
    },
    platform::KernelPlatform,
    trace,
    tracking::{
        self,
        Gaps, //
    },
    Epoch, //
};
use kernel::{
    fmt,
    prelude::*,
    str::CStr,
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};
use kernel_ext::{
    clock::monotonic_fast_ns as monotonic_ns,
    cpu, //
};

const NS_PER_MS: u64 = 1_000_000;

/// Times the grace periods of an epoch.
///
/// All but `timeout_ms` and `gaps` is written by the detector only.
pub(crate) struct Watch {
    /// The timeout, xor [`Watch::DEFAULT_TIMEOUT_MS`].
    timeout_ms: Atomic<u32>,
    stalls: Atomic<usize>,
    expedited: Atomic<usize>,
    /// When the grace period in progress has begun.
    begun_ns: Atomic<u64>,
    /// When the sections that it waits for were first found open.
    open_since_ns: Atomic<u64>,
    /// For how long they may be open until they are reported, once more.
    report_after_ns: Atomic<u64>,
    last_ns: Atomic<u64>,
    max_ns: Atomic<u64>,
    /// What is not known of readers. Written by them.
    pub(crate) gaps: Gaps,
}

impl Watch {
    /// As RCU's.
    const DEFAULT_TIMEOUT_MS: u32 = 21_000;

    /// One that has seen nothing: all zeroes.
    pub(crate) fn new() -> Self {
        Self {
            timeout_ms: Atomic::new(0),
            stalls: Atomic::new(0),
            expedited: Atomic::new(0),
            begun_ns: Atomic::new(0),
            open_since_ns: Atomic::new(0),
            report_after_ns: Atomic::new(0),
            last_ns: Atomic::new(0),
            max_ns: Atomic::new(0),
            gaps: Gaps::new(),
        }
    }

    /// How long the last grace period took.
    pub(crate) fn last_ns(&self) -> u64 {
        self.last_ns.load(Relaxed)
    }

    /// How long the longest one took.
    pub(crate) fn max_ns(&self) -> u64 {
        self.max_ns.load(Relaxed)
    }

    /// The number of reports.
    pub(crate) fn stalls(&self) -> usize {
        self.stalls.load(Relaxed)
    }

    /// The number of expedited grace periods.
    pub(crate) fn expedited(&self) -> usize {
        self.expedited.load(Relaxed)
    }

    /// How long a grace period may take before it is reported; 0 for any time.
    pub(crate) fn timeout_ms(&self) -> u32 {
        self.timeout_ms.load(Relaxed) ^ Self::DEFAULT_TIMEOUT_MS
    }

    /// Sets the timeout, for a grace period that is running, too.
    pub(crate) fn set_timeout_ms(&self, timeout_ms: u32) {
        self.timeout_ms
            .store(timeout_ms ^ Self::DEFAULT_TIMEOUT_MS, Relaxed);
    }

    /// Records the beginning of a grace period of that number.
    pub(crate) fn begins(&self, name: &CStr, number: usize, pace: Pace) {
        trace::gp_start(name, number, pace);
        self.begun_ns.store(monotonic_ns(), Relaxed);
    }

    /// Records its end.
    pub(crate) fn ends(&self, name: &CStr, domain: &Domain<KernelPlatform>, pace: Pace) {
        let begun = self.begun_ns.load(Relaxed);
        // The clock may go back a little from one CPU to another.
        let took = monotonic_ns().saturating_sub(begun);
        self.last_ns.store(took, Relaxed);
        if took > self.max_ns() {
            self.max_ns.store(took, Relaxed);
        }
        if pace == Pace::Expedited {
            self.expedited
                .store(self.expedited().wrapping_add(1), Relaxed);
        }
        self.gaps.grace_period(domain, begun);
        trace::gp_end(name, domain.grace_periods(), pace, took);
    }

    /// Looks at the time, since sections are open in `slot`, which is not the active one. Reports them
    /// when they have been for `timeout_ms`, and again whenever that has tripled.
    ///
    /// The clock is that of the sections, not of the tasks that wait for them: it goes on if the grace
    /// period is abandoned and resumed.
    pub(crate) fn check(&self, epoch: &Epoch, slot: Slot) {
        let timeout_ns = u64::from(self.timeout_ms()) * NS_PER_MS;
        let now = monotonic_ns();
        if epoch.domain.polls() <= 1 {
            self.open_since_ns.store(now, Relaxed);
            self.report_after_ns.store(0, Relaxed);
        }
        let open_ns = now.saturating_sub(self.open_since_ns.load(Relaxed));
        if timeout_ns == 0 || open_ns < timeout_ns.max(self.report_after_ns.load(Relaxed)) {
            return;
        }
        self.report_after_ns
            .store(open_ns.saturating_mul(3), Relaxed);
        self.stalls.store(self.stalls().wrapping_add(1), Relaxed);
        self.report(epoch, slot, open_ns);
    }

    fn report(&self, epoch: &Epoch, slot: Slot, open_ns: u64) {
        let domain = &epoch.domain;
        let number = domain.grace_periods().wrapping_add(1);
        trace::stall(epoch.name(), number, open_ns, domain.readers_in(slot));
        let name = epoch.name();
        self.describe(epoch, slot, open_ns, &mut |line| {
            pr_err!("{name}: {line}\n")
        });
    }

    /// Describes, line by line, what a grace period waits for: sections in `slot`, found open that long
    /// ago.
    pub(crate) fn describe(
        &self,
        epoch: &Epoch,
        slot: Slot,
        open_ns: u64,
        say: &mut dyn FnMut(fmt::Arguments<'_>),
    ) {
        let domain = &epoch.domain;
        let (waited_ms, index) = (open_ns / NS_PER_MS, slot.index());
        let open = domain.readers_in(slot);
        say(fmt!(
            "grace period stalls: {waited_ms} ms so far, {open} section(s) open in slot {index}"
        ));
        let (tasks, callbacks) = (domain.waiting(), epoch.pending());
        say(fmt!("waiting: {tasks} task(s), {callbacks} callback(s)"));
        for (cpu, (entered, left)) in cpu::possible().zip(domain.platform().each_cpu(slot)) {
            let (cpu, open) = (cpu.as_u32(), entered.wrapping_sub(left) as isize);
            if open != 0 {
                say(fmt!("CPU {cpu}: {entered} entered, {left} left: {open:+}"));
            }
        }
        say(fmt!(
            "a section may have moved to another CPU since it was entered"
        ));
        self.describe_readers(domain, slot, open, say);
    }

    /// Says who is in the sections that are `open`, as far as that is known.
    fn describe_readers(
        &self,
        domain: &Domain<KernelPlatform>,
        slot: Slot,
        open: usize,
        say: &mut dyn FnMut(fmt::Arguments<'_>),
    ) {
        const MOST: usize = 16;

        if !tracking::are_tracked() {
            return say(fmt!("set track_readers to have later reports name readers"));
        }
        // The oldest first, without memory to sort them in.
        let mut said = 0;
        let mut after = (0, 0);
        while said < MOST {
            let Some(reader) = tracking::next(domain, slot, after) else {
                break;
            };
            after = reader.since();
            said += 1;
            say(fmt!("section: {reader}"));
        }
        let known = tracking::count(domain, slot);
        if known > said {
            say(fmt!("{} younger section(s)", known - said));
        }
        let over = self.gaps.over(slot);
        if over > 0 {
            say(fmt!(
                "{over} section(s) left elsewhere than entered: so many of these may be over"
            ));
        }
        if open > known {
            let (unknown, no_room) = (open - known, self.gaps.no_room());
            say(fmt!(
                "{unknown} section(s) unknown: at their beginning or end, older than track_readers, or no room ({no_room} so far)"
            ));
        }
    }
}
