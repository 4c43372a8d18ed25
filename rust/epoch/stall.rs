// SPDX-License-Identifier: GPL-2.0

//! Durations of grace periods, and reports of stalls.
//!
//! No timer is needed: the detector looks at the time while it polls for the last section.

use crate::{
    domain::{
        Domain,
        Pace,
        Slot, //
    },
    histogram::Histogram,
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
/// Only the detector writes fields other than `timeout_ms` and `gaps`.
pub(crate) struct Watch {
    /// The timeout, xor [`Watch::DEFAULT_TIMEOUT_MS`].
    timeout_ms: Atomic<u32>,
    stalls: Atomic<usize>,
    expedited: Atomic<usize>,
    /// The time at which the grace period in progress began.
    begun_ns: Atomic<u64>,
    /// The time at which the sections that it waits for were first found open.
    open_since_ns: Atomic<u64>,
    /// The time for which they may be open before the next report.
    report_after_ns: Atomic<u64>,
    last_ns: Atomic<u64>,
    max_ns: Atomic<u64>,
    durations: Histogram,
    /// The gaps in the records of readers.
    pub(crate) gaps: Gaps,
}

impl Watch {
    /// The default timeout, the same as RCU's.
    const DEFAULT_TIMEOUT_MS: u32 = 21_000;

    /// Creates a watch that has seen nothing: all zeroes.
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
            durations: Histogram::new(),
            gaps: Gaps::new(),
        }
    }

    /// Returns the duration of the last grace period.
    pub(crate) fn last_ns(&self) -> u64 {
        self.last_ns.load(Relaxed)
    }

    /// Returns the duration of the longest grace period.
    pub(crate) fn max_ns(&self) -> u64 {
        self.max_ns.load(Relaxed)
    }

    /// Returns the durations of all grace periods.
    pub(crate) fn durations(&self) -> &Histogram {
        &self.durations
    }

    /// Returns the number of stall reports.
    pub(crate) fn stalls(&self) -> usize {
        self.stalls.load(Relaxed)
    }

    /// Returns the number of expedited grace periods.
    pub(crate) fn expedited(&self) -> usize {
        self.expedited.load(Relaxed)
    }

    /// Returns the time for which sections may be open before a report; 0 for no reports.
    pub(crate) fn timeout_ms(&self) -> u32 {
        self.timeout_ms.load(Relaxed) ^ Self::DEFAULT_TIMEOUT_MS
    }

    /// Sets the timeout, also for a grace period in progress.
    pub(crate) fn set_timeout_ms(&self, timeout_ms: u32) {
        self.timeout_ms
            .store(timeout_ms ^ Self::DEFAULT_TIMEOUT_MS, Relaxed);
    }

    /// Records the beginning of grace period `number`.
    pub(crate) fn begins(&self, name: &CStr, number: usize, pace: Pace) {
        trace::gp_start(name, number, pace);
        self.begun_ns.store(monotonic_ns(), Relaxed);
    }

    /// Records the end of a grace period.
    pub(crate) fn ends(&self, name: &CStr, domain: &Domain<KernelPlatform>, pace: Pace) {
        let begun = self.begun_ns.load(Relaxed);
        // The clock may go back a little from one CPU to another.
        let took = monotonic_ns().saturating_sub(begun);
        self.last_ns.store(took, Relaxed);
        if took > self.max_ns() {
            self.max_ns.store(took, Relaxed);
        }
        self.durations.count(took);
        if pace == Pace::Expedited {
            self.expedited
                .store(self.expedited().wrapping_add(1), Relaxed);
        }
        self.gaps.grace_period(domain, begun);
        trace::gp_end(name, domain.grace_periods(), pace, took);
    }

    /// Checks the time, since sections are open in `slot`, which is not the active one. Reports
    /// them when they have been open for `timeout_ms`, and again whenever that time has tripled.
    ///
    /// The clock measures sections, not waits: it continues if the grace period is abandoned and
    /// resumed.
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

    /// Describes, line by line, the sections in `slot` that a grace period waits for, found open
    /// `open_ns` ago.
    pub(crate) fn describe(
        &self,
        epoch: &Epoch,
        slot: Slot,
        open_ns: u64,
        say: &mut dyn FnMut(fmt::Arguments<'_>),
    ) {
        let domain = &epoch.domain;
        let (open_ms, index) = (open_ns / NS_PER_MS, slot.index());
        let open = domain.readers_in(slot);
        say(fmt!(
            "grace period stalled: {open} section(s) in slot {index} open for at least {open_ms} ms"
        ));
        let (tasks, callbacks) = (domain.waiting(), epoch.pending());
        say(fmt!(
            "{tasks} task(s) waiting, {callbacks} callback(s) pending"
        ));
        for (cpu, (entered, left)) in cpu::possible().zip(domain.platform().each_cpu(slot)) {
            let (cpu, open) = (cpu.as_u32(), entered.wrapping_sub(left) as isize);
            if open != 0 {
                say(fmt!("CPU {cpu}: {entered} entered, {left} left: {open:+}"));
            }
        }
        say(fmt!(
            "sections may end on other CPUs: only the sum over CPUs counts"
        ));
        self.describe_readers(domain, slot, open, say);
    }

    /// Describes the known readers of the `open` sections.
    fn describe_readers(
        &self,
        domain: &Domain<KernelPlatform>,
        slot: Slot,
        open: usize,
        say: &mut dyn FnMut(fmt::Arguments<'_>),
    ) {
        const MOST: usize = 16;

        if !tracking::are_tracked() {
            return say(fmt!(
                "readers unknown: track_readers is off; it records sections entered after it is set"
            ));
        }
        // The oldest first; there is no memory to sort them in.
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
            say(fmt!("{} more, younger, not listed", known - said));
        }
        let over = self.gaps.over(slot);
        if over > 0 {
            say(fmt!(
                "{over} section(s) ended in another task or context: as many of those listed may be over"
            ));
        }
        if open > known {
            let (unknown, no_room) = (open - known, self.gaps.no_room());
            say(fmt!(
                "{unknown} section(s) not recorded: older than track_readers, in transition, or no room ({no_room} so far)"
            ));
        }
    }
}
