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
    trace, //
};
use kernel::{
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
/// All but `timeout_ms` is written with the detector's lock held only.
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
    pub(crate) fn ends(&self, number: usize, pace: Pace) {
        let took = monotonic_ns() - self.begun_ns.load(Relaxed);
        self.last_ns.store(took, Relaxed);
        if took > self.max_ns() {
            self.max_ns.store(took, Relaxed);
        }
        if pace == Pace::Expedited {
            self.expedited
                .store(self.expedited().wrapping_add(1), Relaxed);
        }
        trace::gp_end(&self.name, number, pace, took);
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
        self.quiet_since_ns.store(now, Relaxed);
        self.stalls.store(self.stalls().wrapping_add(1), Relaxed);
        self.report(domain, slot, now - self.begun_ns.load(Relaxed));
    }

    fn report(&self, domain: &Domain<KernelPlatform>, slot: Slot, waited_ns: u64) {
        let name = &*self.name;
        let readers = domain.readers_in(slot);
        let number = domain.grace_periods().wrapping_add(1);
        trace::stall(name, number, waited_ns, readers);
        let waited_ms = waited_ns / NS_PER_MS;
        let index = slot.index();
        pr_err!(
            "{name}: grace period stalls: {waited_ms} ms so far, {readers} section(s) open in slot {index}\n"
        );
        let (comm, pid) = (Comm::current(), current!().pid());
        pr_err!("{name}: waiting: {comm}, pid {pid}\n");
        for (cpu, (entered, left)) in cpu::possible().zip(domain.platform().each_cpu(slot)) {
            let (cpu, open) = (cpu.as_u32(), entered.wrapping_sub(left) as isize);
            if open != 0 {
                pr_err!("{name}: CPU {cpu}: {entered} entered, {left} left: {open:+}\n");
            }
        }
        // The last line of the report.
        pr_err!("{name}: a section may have moved to another CPU since it was entered\n");
    }
}
