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
    tracking::{
        self,
        Gaps, //
    },
    trace, //
};
use kernel::{
    fmt,
    prelude::*,
    str::{
        CStr,
        CString, //
    },
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};
use kernel_ext::{
    clock::monotonic_ns,
    cpu,
    task::Comm, //
};

const NS_PER_MS: u64 = 1_000_000;

/// Times the grace periods of an epoch.
///
/// All but `timeout_ms` and `gaps` is written with the detector's lock held only.
pub(crate) struct Watch {
    /// For people.
    name: CString,
    timeout_ms: Atomic<u32>,
    stalls: Atomic<usize>,
    expedited: Atomic<usize>,
    /// When the grace period that is running has begun.
    begun_ns: Atomic<u64>,
    /// That, or when it was last reported.
    quiet_since_ns: Atomic<u64>,
    last_ns: Atomic<u64>,
    max_ns: Atomic<u64>,
    /// What is not known of readers. Written by them.
    pub(crate) gaps: Gaps,
}

impl Watch {
    /// As RCU's.
    const DEFAULT_TIMEOUT_MS: u32 = 21_000;

    /// Watches the epoch that people know as `name`.
    pub(crate) fn new(name: &CStr) -> Result<Self> {
        Ok(Self {
            name: CString::try_from(name)?,
            timeout_ms: Atomic::new(Self::DEFAULT_TIMEOUT_MS),
            stalls: Atomic::new(0),
            expedited: Atomic::new(0),
            begun_ns: Atomic::new(0),
            quiet_since_ns: Atomic::new(0),
            last_ns: Atomic::new(0),
            max_ns: Atomic::new(0),
            gaps: Gaps::new(),
        })
    }

    /// What people know the epoch as.
    pub(crate) fn name(&self) -> &CStr {
        &self.name
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

    /// The number of grace periods that ended while someone was in a hurry.
    pub(crate) fn expedited(&self) -> usize {
        self.expedited.load(Relaxed)
    }

    /// How long a grace period may take before it is reported; 0 for any time.
    pub(crate) fn timeout_ms(&self) -> u32 {
        self.timeout_ms.load(Relaxed)
    }

    /// Sets the timeout, for a grace period that is running, too.
    pub(crate) fn set_timeout_ms(&self, timeout_ms: u32) {
        self.timeout_ms.store(timeout_ms, Relaxed);
    }

    /// Notes the beginning of a grace period of that number.
    pub(crate) fn begins(&self, number: usize, pace: Pace) {
        trace::gp_start(&self.name, number, pace);
        let now = monotonic_ns();
        self.begun_ns.store(now, Relaxed);
        self.quiet_since_ns.store(now, Relaxed);
    }

    /// Notes its end.
    pub(crate) fn ends(&self, domain: &Domain<KernelPlatform>, pace: Pace) {
        let begun = self.begun_ns.load(Relaxed);
        let took = monotonic_ns() - begun;
        self.last_ns.store(took, Relaxed);
        if took > self.max_ns() {
            self.max_ns.store(took, Relaxed);
        }
        if pace == Pace::Expedited {
            self.expedited
                .store(self.expedited().wrapping_add(1), Relaxed);
        }
        self.gaps.grace_period(domain, begun);
        trace::gp_end(&self.name, domain.grace_periods(), pace, took);
    }

    /// Looks at the time while it waits for `slot`; reports once in a timeout's time. Process context.
    pub(crate) fn check(&self, domain: &Domain<KernelPlatform>, slot: Slot) {
        let timeout_ns = u64::from(self.timeout_ms()) * NS_PER_MS;
        if timeout_ns == 0 {
            return;
        }
        let now = monotonic_ns();
        if now - self.quiet_since_ns.load(Relaxed) < timeout_ns {
            return;
        }
        if !cfg!(epoch_mutant = "report_each_poll") {
            self.quiet_since_ns.store(now, Relaxed);
        }
        self.stalls.store(self.stalls().wrapping_add(1), Relaxed);
        self.report(domain, slot, now - self.begun_ns.load(Relaxed));
    }

    fn report(&self, domain: &Domain<KernelPlatform>, slot: Slot, waited_ns: u64) {
        let number = domain.grace_periods().wrapping_add(1);
        trace::stall(&self.name, number, waited_ns, domain.readers_in(slot));
        let name = &*self.name;
        self.describe(domain, slot, waited_ns, &mut |line| {
            pr_err!("{name}: {line}\n")
        });
    }

    /// Says, line by line, what a grace period waits for that has waited for `slot` so long.
    pub(crate) fn describe(
        &self,
        domain: &Domain<KernelPlatform>,
        slot: Slot,
        waited_ns: u64,
        say: &mut dyn FnMut(fmt::Arguments<'_>),
    ) {
        let (waited_ms, index) = (waited_ns / NS_PER_MS, slot.index());
        let open = domain.readers_in(slot);
        say(fmt!(
            "grace period stalls: {waited_ms} ms so far, {open} section(s) open in slot {index}"
        ));
        let (comm, pid) = (Comm::current(), current!().pid());
        say(fmt!("waiting: {comm}, pid {pid}"));
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
            return say(fmt!(
                "who that is can be told of sections that begin while track_readers is set"
            ));
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
