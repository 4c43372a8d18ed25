// SPDX-License-Identifier: GPL-2.0

//! KUnit tests of the files in sysfs, and of stall reports. They read and write the files through
//! the kernel's `kobj_sysfs_ops`, since sysfs need not be mounted.

use super::{
    buckets,
    call,
    settled,
    value, //
};
use crate::{
    histogram::bucket,
    Deferred,
    Epoch, //
};
use kernel::{
    macros::kunit_tests,
    new_mutex,
    prelude::*,
    str::CStr,
    sync::{
        aref::ARef,
        atomic::Relaxed,
        Arc, //
    },
    time::{
        delay::fsleep,
        Delta, //
    }, //
};
use kernel_ext::{
    clock::monotonic_fast_ns,
    testing::{
        shared,
        wait_until,
        Waiter, //
    },
    threads::spawn, //
};

fn new() -> Result<ARef<Epoch>> {
    Epoch::new(c"kunit_sysfs")
}

fn named(name: &'static CStr) -> Result<ARef<Epoch>> {
    Epoch::new(name)
}

fn name_is(epoch: &Epoch, name: &CStr) -> bool {
    epoch.sysfs().name() == name
}

/// Returns the sum of a histogram.
fn counted(epoch: &Epoch, name: &CStr) -> u64 {
    buckets(epoch, name).map_or(0, |counts| counts.iter().sum())
}

/// Returns whether the condition comes to hold within some seconds.
fn soon(condition: impl Fn() -> bool) -> bool {
    (0..5_000).any(|_| {
        fsleep(Delta::from_millis(1));
        condition()
    })
}

/// Waits for a grace period, with a section that stays open for `open`.
fn synchronize_with_section(epoch: &ARef<Epoch>, open: Delta) -> Result {
    let section = epoch.enter();
    let waiter = Waiter::start({
        let epoch = epoch.clone();
        move || epoch.synchronize()
    })?;
    fsleep(open);
    drop(section);
    waiter.join();
    Ok(())
}

#[kunit_tests(epoch_sysfs)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() -> Result {
        let taken = named(c"kunit_name.3")?;
        let first = named(c"kunit_name")?;
        let second = named(c"kunit_name")?;
        let third = named(c"kunit_name")?;
        assert!(name_is(&taken, c"kunit_name.3"));
        assert!(name_is(&first, c"kunit_name"));
        assert!(name_is(&second, c"kunit_name.2"));
        assert!(name_is(&third, c"kunit_name.4"));

        // A name is free when its epoch is gone.
        Epoch::close(second);
        assert!(name_is(&*named(c"kunit_name")?, c"kunit_name.2"));
        Epoch::close(first);
        assert!(name_is(&*named(c"kunit_name")?, c"kunit_name"));
        Ok(())
    }

    #[test]
    fn names_are_unique_when_chosen_at_the_same_time() -> Result {
        const ROUNDS: usize = 5;
        const NAMES: [&CStr; 4] = [
            c"kunit_race",
            c"kunit_race.2",
            c"kunit_race.3",
            c"kunit_race.4",
        ];

        for _ in 0..ROUNDS {
            let mut threads = KVec::new();
            let epochs = Arc::pin_init(new_mutex!(KVec::new()), GFP_KERNEL)?;
            for _ in NAMES {
                let epochs = epochs.clone();
                let make = move || {
                    if let Ok(epoch) = named(NAMES[0]) {
                        let _ = epochs.lock().push(epoch, GFP_KERNEL);
                    }
                };
                threads.push(spawn(make)?, GFP_KERNEL)?;
            }
            // Waits for the threads.
            drop(threads);
            let count = |name| {
                epochs
                    .lock()
                    .iter()
                    .filter(|epoch| name_is(epoch, name))
                    .count()
            };
            let counts = NAMES.map(count);
            drop(epochs);
            // Until then, names of this round may still be in use.
            settled();
            assert_eq!(counts, [1; NAMES.len()]);
        }
        Ok(())
    }

    #[test]
    fn directory_goes_before_close_waits() -> Result {
        const ATTEMPTS: usize = 100;

        let epoch = Epoch::new(c"kunit_drop")?;
        assert!(name_is(&epoch, c"kunit_drop"));
        let release = shared()?;
        epoch.defer(Deferred::new(
            {
                let release = release.clone();
                move || wait_until(|| release.load(Relaxed) == 1)
            },
            GFP_KERNEL,
        )?);
        let thread = spawn(move || Epoch::close(epoch))?;
        // The name is free as soon as the thread waits for the callback.
        let free = (0..ATTEMPTS).any(|_| {
            fsleep(Delta::from_millis(1));
            named(c"kunit_drop").is_ok_and(|other| name_is(&other, c"kunit_drop"))
        });
        release.store(1, Relaxed);
        thread.join();
        assert!(free);
        Ok(())
    }

    #[test]
    fn names_suit_a_file() -> Result {
        let odd = named(c"kunit/a\n\xff")?;
        assert!(name_is(&odd, c"kunit!a!!"));
        assert!(name_is(&*named(c"kunit/a\n\xff")?, c"kunit!a!!.2"));
        assert!(name_is(&*named(c"..")?, c"!"));
        assert!(name_is(&*named(c"")?, c"unnamed"));
        // Truncated at 200 bytes, which leaves room for a number.
        static LONG: [u8; 256] = {
            let mut bytes = [b'x'; 256];
            bytes[255] = 0;
            bytes
        };
        let name = CStr::from_bytes_with_nul(&LONG).map_err(|_| EINVAL)?;
        let long = named(name)?;
        assert_eq!(long.sysfs().name().to_bytes(), &LONG[..200]);
        assert_eq!(named(name)?.sysfs().name().to_bytes().len(), 202);
        Ok(())
    }

    #[test]
    fn counters_count() -> Result {
        let epoch = new()?;
        for name in [
            c"epoch",
            c"grace_periods",
            c"expedited",
            c"readers",
            c"callbacks_pending",
            c"callbacks_invoked",
            c"callbacks_peak",
            c"grace_period_last_ns",
            c"grace_period_max_ns",
            c"stalls",
        ] {
            assert_eq!(value(&epoch, name)?, 0);
        }
        assert_eq!(value(&epoch, c"stall_timeout_ms")?, 21_000);
        assert_eq!(value(&epoch, c"callbacks_limit")?, 20_000);

        epoch.synchronize();
        assert_eq!(value(&epoch, c"epoch")?, 2);
        assert_eq!(value(&epoch, c"grace_periods")?, 1);
        let short = value(&epoch, c"grace_period_last_ns")?;
        assert!(short > 0);
        assert_eq!(value(&epoch, c"grace_period_max_ns")?, short);

        let outer = epoch.enter();
        let inner = epoch.enter();
        assert_eq!(value(&epoch, c"readers")?, 2);
        drop((outer, inner));
        assert_eq!(value(&epoch, c"readers")?, 0);
        Ok(())
    }

    #[test]
    fn expedited_grace_periods_are_counted() -> Result {
        let epoch = new()?;
        epoch.synchronize();
        assert_eq!(value(&epoch, c"expedited")?, 0);
        epoch.synchronize_expedited();
        assert_eq!(value(&epoch, c"expedited")?, 1);
        epoch.synchronize();
        assert_eq!(value(&epoch, c"expedited")?, 1);
        assert_eq!(value(&epoch, c"grace_periods")?, 3);
        Ok(())
    }

    #[test]
    fn longest_grace_period_is_kept() -> Result {
        const OPEN_MS: i64 = 30;
        const ATTEMPTS: usize = 20;

        let epoch = new()?;
        synchronize_with_section(&epoch, Delta::from_millis(OPEN_MS))?;
        let long = value(&epoch, c"grace_period_last_ns")?;
        // The thread may have been late.
        assert!(long > OPEN_MS as u64 * 1_000_000 / 2);
        let mut last = long;
        for _ in 0..ATTEMPTS {
            epoch.synchronize();
            last = last.min(value(&epoch, c"grace_period_last_ns")?);
        }
        assert!(last < long);
        assert!(value(&epoch, c"grace_period_max_ns")? >= long);
        Ok(())
    }

    #[test]
    fn callbacks_are_counted() -> Result {
        const CALLBACKS: usize = 300;

        let epoch = new()?;
        let section = epoch.enter();
        call(&epoch, CALLBACKS)?;
        assert_eq!(value(&epoch, c"callbacks_pending")?, CALLBACKS as u64);
        assert_eq!(value(&epoch, c"callbacks_invoked")?, 0);
        drop(section);
        epoch.barrier();
        assert_eq!(value(&epoch, c"callbacks_pending")?, 0);
        assert_eq!(value(&epoch, c"callbacks_invoked")?, CALLBACKS as u64);
        assert_eq!(value(&epoch, c"callbacks_peak")?, CALLBACKS as u64);

        // Fewer pending callbacks do not lower the peak.
        call(&epoch, 1)?;
        epoch.barrier();
        assert_eq!(value(&epoch, c"callbacks_invoked")?, CALLBACKS as u64 + 1);
        assert_eq!(value(&epoch, c"callbacks_peak")?, CALLBACKS as u64);
        Ok(())
    }

    #[test]
    fn grace_periods_are_in_their_histogram() -> Result {
        const OPEN_MS: i64 = 30;

        let epoch = new()?;
        assert_eq!(buckets(&epoch, c"grace_period_histogram")?.len(), 32);
        epoch.synchronize();
        synchronize_with_section(&epoch, Delta::from_millis(OPEN_MS))?;
        // A wait may end before the grace period is counted.
        assert!(soon(|| counted(&epoch, c"grace_period_histogram") == 2));
        let took = value(&epoch, c"grace_period_last_ns")?;
        assert!(buckets(&epoch, c"grace_period_histogram")?[bucket(took)] > 0);
        epoch.synchronize_expedited();
        assert!(soon(|| counted(&epoch, c"grace_period_histogram") == 3));
        Ok(())
    }

    #[test]
    fn callbacks_are_in_their_histogram() -> Result {
        const CALLBACKS: u64 = 300;
        const OPEN_MS: i64 = 30;
        const IDLE_MS: i64 = 200;

        let epoch = new()?;
        let section = epoch.enter();
        call(&epoch, CALLBACKS as usize)?;
        fsleep(Delta::from_millis(OPEN_MS));
        drop(section);
        epoch.barrier();
        // The barrier may end before the last ones are counted.
        assert!(soon(
            || counted(&epoch, c"callback_latency_histogram") == CALLBACKS
        ));
        let counts = buckets(&epoch, c"callback_latency_histogram")?;
        // They have waited for the section.
        let shorter = bucket(OPEN_MS as u64 * 1_000_000 / 2);
        assert_eq!(counts[..shorter].iter().sum::<u64>(), 0);

        // A callback's time does not begin with an earlier one's.
        assert!(soon(|| epoch.cpus().all(|cpu| cpu.is_idle())));
        fsleep(Delta::from_millis(IDLE_MS));
        let begun = monotonic_fast_ns();
        call(&epoch, 1)?;
        epoch.barrier();
        assert!(soon(
            || counted(&epoch, c"callback_latency_histogram") == CALLBACKS + 1
        ));
        let took = monotonic_fast_ns().saturating_sub(begun);
        let later = buckets(&epoch, c"callback_latency_histogram")?;
        let new = later
            .iter()
            .zip(counts.iter())
            .position(|(now, before)| now > before);
        assert!(new.is_some_and(|new| new <= bucket(took)));
        Ok(())
    }

    #[test]
    fn stall_is_reported_and_ends() -> Result {
        const TIMEOUT_MS: u64 = 50;

        let epoch = new()?;
        epoch.sysfs().write(c"stall_timeout_ms", b"50\n")?;
        assert_eq!(value(&epoch, c"stall_timeout_ms")?, TIMEOUT_MS);
        synchronize_with_section(&epoch, Delta::from_millis(200))?;
        let took_ms = value(&epoch, c"grace_period_last_ns")? / 1_000_000;
        assert!(took_ms >= TIMEOUT_MS);
        let stalls = value(&epoch, c"stalls")?;
        // At most once per timeout, and fewer on a busy machine.
        assert!((1..=took_ms / TIMEOUT_MS).contains(&stalls));

        // A grace period that does not stall is not reported.
        synchronize_with_section(&epoch, Delta::from_millis(1))?;
        assert_eq!(value(&epoch, c"grace_periods")?, 2);
        if value(&epoch, c"grace_period_last_ns")? < TIMEOUT_MS * 1_000_000 {
            assert_eq!(value(&epoch, c"stalls")?, stalls);
        }
        Ok(())
    }

    #[test]
    fn stall_is_reported_although_each_wait_is_shorter_than_the_timeout() -> Result {
        const ATTEMPTS: usize = 200;

        let epoch = new()?;
        epoch.sysfs().write(c"stall_timeout_ms", b"100\n")?;
        let section = epoch.enter_detached();
        // The grace period is abandoned in between.
        let attempts = (0..ATTEMPTS).take_while(|_| {
            let _ = epoch.synchronize_timeout(Delta::from_millis(10));
            wait_until(|| epoch.domain().has_left());
            epoch.watch().stalls() == 0
        });
        assert!(attempts.count() < ATTEMPTS);
        drop(section);
        epoch.synchronize();
        Ok(())
    }

    #[test]
    fn stall_clock_begins_with_the_sections_that_are_open() -> Result {
        const TIMEOUT_MS: u64 = 500;

        let epoch = new()?;
        epoch.sysfs().write(c"stall_timeout_ms", b"500\n")?;
        // Together, the sections are open for longer.
        for _ in 0..10 {
            synchronize_with_section(&epoch, Delta::from_millis(100))?;
        }
        if value(&epoch, c"grace_period_max_ns")? < TIMEOUT_MS * 1_000_000 {
            assert_eq!(value(&epoch, c"stalls")?, 0);
        }
        Ok(())
    }

    #[test]
    fn reports_of_a_stall_back_off() -> Result {
        let epoch = new()?;
        epoch.sysfs().write(c"stall_timeout_ms", b"1\n")?;
        synchronize_with_section(&epoch, Delta::from_millis(300))?;
        let took_ms = value(&epoch, c"grace_period_last_ns")? / 1_000_000;
        let stalls = value(&epoch, c"stalls")?;
        // After 1 ms, 3, 9, 27 and so on.
        let most = u64::from(took_ms.max(1).ilog(3)) + 1;
        pr_info!("{stalls} reports in {took_ms} ms\n");
        assert!((2..=most).contains(&stalls));
        Ok(())
    }

    #[test]
    fn stall_timeout_of_zero_is_off() -> Result {
        let epoch = new()?;
        epoch.sysfs().write(c"stall_timeout_ms", b"0\n")?;
        synchronize_with_section(&epoch, Delta::from_millis(100))?;
        assert_eq!(value(&epoch, c"stalls")?, 0);
        assert_eq!(value(&epoch, c"grace_periods")?, 1);
        Ok(())
    }

    #[test]
    fn what_is_no_number_is_refused() -> Result {
        let epoch = new()?;
        for name in [c"stall_timeout_ms", c"callbacks_limit"] {
            epoch.sysfs().write(name, b"4294967295")?;
            epoch.sysfs().write(name, b"123")?;
            for text in [
                &b"\n"[..],
                b"-1\n",
                b"4294967296\n",
                b"0x10\n",
                b"10 \n",
                b"10ms\n",
                b"10\n\n",
                b"1.5\n",
                b"1\0",
                b"\xff\n",
            ] {
                let result = epoch.sysfs().write(name, text);
                assert_eq!(
                    result.map_err(|error| error.to_errno()),
                    Err(EINVAL.to_errno())
                );
                assert_eq!(value(&epoch, name)?, 123);
            }
        }
        Ok(())
    }

    #[test]
    fn counters_cannot_be_written() -> Result {
        let epoch = new()?;
        assert!(epoch.sysfs().write(c"stalls", b"1\n").is_err());
        assert_eq!(value(&epoch, c"stalls")?, 0);
        Ok(())
    }
}
