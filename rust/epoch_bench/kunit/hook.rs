// SPDX-License-Identifier: GPL-2.0

//! KUnit tests of the hook. They hook `msleep`, in tasks with a name of their own; a kernel without
//! probes skips them.

use super::bench;
use crate::{
    bench::Bench,
    hook,
    trackers::{
        Context,
        Kind, //
    }, //
};
use kernel::{
    macros::kunit_tests,
    prelude::*,
    str::BStr,
    sync::Arc,
    time::{
        delay::fsleep,
        Delta, //
    }, //
};
use kernel_ext::{
    probe::{
        Handler,
        Mechanism, //
    },
    sched::{
        self,
        NoPreemption, //
    },
    task::Comm,
    testing::{
        skip,
        wait_until,
        Waiter, //
    }, //
};

/// Name of the threads of `kernel_ext::threads`.
const THREAD: &[u8] = b"rust_closure";

/// Returns the mechanisms that this kernel can hook with; skips the test if there are none.
fn mechanisms() -> impl Iterator<Item = Mechanism> {
    let can_hook = |mechanism: &Mechanism| mechanism.check(c"msleep").is_ok();
    let all = [Mechanism::Fprobe, Mechanism::Kretprobe].into_iter();
    if !all.clone().any(|mechanism| can_hook(&mechanism)) {
        skip(c"no probes in this kernel");
    }
    all.filter(can_hook)
}

fn comm(name: &[u8]) -> Result<Comm> {
    Comm::new(BStr::from_bytes(name)).ok_or(EINVAL)
}

/// Creates a bench whose hook, once enabled, hooks `msleep` in threads of this test.
fn hooked(kind: Kind, mechanism: Mechanism) -> Result<Arc<Bench>> {
    let bench = bench(kind)?;
    bench
        .hook
        .set_mechanism(Some(hook::Mechanism::Function(mechanism)))?;
    bench.hook.set_symbol(BStr::from_bytes(b"msleep"))?;
    bench.hook.filter.set_comm(&comm(THREAD)?);
    Ok(bench)
}

/// Starts a thread that sleeps in `msleep`, for `ms`.
fn sleeper(ms: i64) -> Result<Waiter> {
    // Long enough for `fsleep` to call `msleep`.
    Waiter::start(move || fsleep(Delta::from_millis(ms)))
}

/// Returns the trackers that a handler may use.
fn hookable() -> impl Iterator<Item = Kind> {
    Kind::available().filter(|kind| kind.context() != Context::Sleeping)
}

#[kunit_tests(epoch_hook)]
mod tests {
    use super::*;

    #[test]
    fn each_call_has_its_block() -> Result {
        for mechanism in mechanisms() {
            for kind in hookable() {
                let bench = hooked(kind, mechanism)?;
                bench.hook.enable()?;
                let mut sleepers = KVec::new();
                for _ in 0..3 {
                    sleepers.push(sleeper(100)?, GFP_KERNEL)?;
                }
                wait_until(|| bench.hook.blocks() == 3);
                for sleeper in sleepers {
                    sleeper.join();
                }
                bench.hook.disable()?;
                assert_eq!(bench.hook.hits(), 3);
                assert_eq!(bench.hook.missed(), 0);
                assert_eq!(bench.hook.blocks(), 0);
            }
        }
        Ok(())
    }

    #[test]
    fn disabling_waits_for_calls_that_are_under_way() -> Result {
        for mechanism in mechanisms() {
            let bench = hooked(Kind::Spin, mechanism)?;
            bench.hook.enable()?;
            let sleeper = sleeper(200)?;
            wait_until(|| bench.hook.blocks() == 1);
            bench.hook.disable()?;
            assert_eq!(bench.hook.blocks(), 0);
            assert!(!bench.hook.is_enabled());
            sleeper.join();
        }
        Ok(())
    }

    #[test]
    fn disabling_is_not_over_before_that_of_a_later_time() -> Result {
        for mechanism in mechanisms() {
            let bench = hooked(Kind::Epoch, mechanism)?;
            bench.hook.enable()?;
            let first = bench.hook.begin_disabling().ok_or(EINVAL)?;
            let first = bench.hook.drain_for(first)?;
            // Before the first one comes back:
            bench.hook.enable()?;
            let sleeper = sleeper(1000)?;
            wait_until(|| bench.hook.blocks() == 1);
            let second = bench.hook.begin_disabling().ok_or(EINVAL)?;
            let again = bench.hook.end_disabling(first);
            assert!(again.is_some());
            assert_eq!(bench.hook.blocks(), 1);
            sleeper.join();
            // The probe was still registered when the call returned.
            assert_eq!(bench.hook.blocks(), 0);
            let second = bench.hook.drain_for(second)?;
            assert!(bench.hook.end_disabling(second).is_none());
            // The last one finds nothing to do.
            let again = bench.hook.drain_for(again.ok_or(EINVAL)?)?;
            assert!(bench.hook.end_disabling(again).is_none());
            assert_eq!(
                bench
                    .hook
                    .set_mechanism(Some(hook::Mechanism::Function(mechanism))),
                Ok(())
            );
        }
        Ok(())
    }

    #[test]
    fn change_of_tracker_waits_for_calls_that_are_under_way() -> Result {
        for mechanism in mechanisms() {
            let bench = hooked(Kind::Spin, mechanism)?;
            bench.hook.enable()?;
            let sleeper = sleeper(200)?;
            wait_until(|| bench.hook.blocks() == 1);
            bench.set_tracker(Kind::Epoch)?;
            assert_eq!(bench.hook.blocks(), 0);
            sleeper.join();
            bench.hook.disable()?;
        }
        Ok(())
    }

    #[test]
    fn filters_let_nobody_else_through() -> Result {
        for mechanism in mechanisms() {
            let bench = hooked(Kind::Epoch, mechanism)?;
            bench.hook.filter.set_comm(&comm(b"somebody_else")?);
            bench.hook.enable()?;
            sleeper(50)?.join();
            assert_eq!(bench.hook.hits(), 0);
            bench.hook.filter.set_comm(&comm(b"")?);
            // Each kernel thread is a group of its own.
            bench.hook.filter.set_tgid(i32::MAX as usize);
            sleeper(50)?.join();
            assert_eq!(bench.hook.hits(), 0);
            bench.hook.filter.set_tgid(current!().pid() as usize);
            fsleep(Delta::from_millis(50));
            assert_eq!(bench.hook.hits(), 1);
            bench.hook.disable()?;
        }
        Ok(())
    }

    #[test]
    fn enabling_and_disabling_twice_is_once() -> Result {
        for mechanism in mechanisms() {
            let bench = hooked(Kind::Epoch, mechanism)?;
            bench.hook.disable()?;
            bench.hook.enable()?;
            sleeper(50)?.join();
            bench.hook.enable()?;
            assert_eq!(bench.hook.hits(), 1);
            sleeper(50)?.join();
            bench.hook.disable()?;
            bench.hook.disable()?;
            assert_eq!(bench.hook.hits(), 2);
            sleeper(50)?.join();
            assert_eq!(bench.hook.hits(), 2);
        }
        Ok(())
    }

    #[test]
    fn tracker_that_sleeps_is_refused() -> Result {
        for mechanism in mechanisms() {
            let bench = hooked(Kind::Mutex, mechanism)?;
            assert_eq!(bench.hook.enable(), Err(EINVAL));
            bench.set_tracker(Kind::Spin)?;
            bench.hook.enable()?;
            assert_eq!(bench.set_tracker(Kind::Mutex), Err(EINVAL));
            assert_eq!(bench.tracker(), Kind::Spin);
            bench.hook.disable()?;
            bench.set_tracker(Kind::Mutex)?;
        }
        Ok(())
    }

    #[test]
    fn mechanism_goes_with_the_tracker_unless_it_is_chosen() -> Result {
        use hook::Mechanism::{
            Function,
            Syscall, //
        };

        let bench = bench(Kind::Mutex)?;
        assert_eq!(bench.hook.mechanism(), Syscall);
        bench.set_tracker(Kind::Spin)?;
        assert_eq!(bench.hook.mechanism(), Function(Mechanism::DEFAULT));
        if bench.hook.set_mechanism(Some(Syscall)).is_err() {
            bench.set_tracker(Kind::Mutex)?;
            assert_eq!(bench.hook.enable(), Err(EINVAL));
            skip(c"no tracepoints of system calls that may sleep in this kernel");
        }
        assert_eq!(bench.hook.mechanism(), Syscall);
        bench.hook.enable()?;
        // The mechanism stays the same while the hook is enabled.
        bench.set_tracker(Kind::Mutex)?;
        bench.set_tracker(Kind::Epoch)?;
        assert_eq!(bench.hook.mechanism(), Syscall);
        assert_eq!(bench.hook.set_mechanism(None), Err(EBUSY));
        bench.hook.disable()?;
        bench.hook.set_mechanism(None)?;
        assert_eq!(bench.hook.mechanism(), Function(Mechanism::DEFAULT));
        Ok(())
    }

    #[test]
    fn task_with_a_slot_has_its_block_there() -> Result {
        for kind in Kind::available() {
            let bench = bench(kind)?;
            if bench
                .hook
                .set_mechanism(Some(hook::Mechanism::Syscall))
                .is_err()
            {
                skip(c"no tracepoints of system calls that may sleep in this kernel");
            }
            bench.hook.filter.set_comm(&comm(b"nobody")?);
            bench.hook.enable()?;
            assert!(!bench.hook.admits());
            // As the probe would call it.
            // SAFETY: No other task uses slot 7.
            let one = unsafe { bench.hook.enter(Some(7)) }.ok_or(EINVAL)?;
            // SAFETY: No other task uses slot 8.
            let other = unsafe { bench.hook.enter(Some(8)) }.ok_or(EINVAL)?;
            assert_eq!(bench.hook.blocks(), 2);
            // SAFETY: `enter` returned the token, which is left once.
            unsafe { bench.hook.leave(one) };
            // SAFETY: `enter` returned the token, which is left once.
            unsafe { bench.hook.leave(other) };
            assert_eq!(bench.hook.blocks(), 0);
            assert_eq!((bench.hook.hits(), bench.hook.missed()), (2, 0));
            bench.hook.disable()?;
            // SAFETY: No other task uses slot 7, which is free again.
            let none = unsafe { bench.hook.enter(Some(7)) };
            assert!(none.is_none());
        }
        Ok(())
    }

    #[test]
    fn hook_and_workers_keep_each_other_out() -> Result {
        for mechanism in mechanisms() {
            let bench = hooked(Kind::Epoch, mechanism)?;
            let admission = bench.admit()?;
            assert_eq!(bench.hook.enable(), Err(EBUSY));
            drop(admission);
            bench.hook.enable()?;
            assert_eq!(bench.admit().err(), Some(EBUSY));
            bench.hook.disable()?;
            bench.admit()?;
        }
        Ok(())
    }

    #[test]
    fn what_is_hooked_cannot_change_meanwhile() -> Result {
        for mechanism in mechanisms() {
            let bench = hooked(Kind::Epoch, mechanism)?;
            bench.hook.enable()?;
            let symbol = BStr::from_bytes(b"schedule_timeout");
            assert_eq!(bench.hook.set_symbol(symbol), Err(EBUSY));
            assert_eq!(
                bench
                    .hook
                    .set_mechanism(Some(hook::Mechanism::Function(mechanism))),
                Err(EBUSY)
            );
            bench.hook.disable()?;
            bench.hook.set_symbol(symbol)?;
        }
        Ok(())
    }

    #[test]
    fn symbols_that_cannot_be_hooked_are_refused() -> Result {
        for mechanism in mechanisms() {
            let bench = hooked(Kind::Epoch, mechanism)?;
            for bad in [
                &b""[..],
                b"no_such_function",
                b"msleep ",
                b"msleep+4",
                b"do_exit",
                // On the blacklist of kprobes, and not for ftrace.
                b"exc_int3",
                // No function.
                b"jiffies",
                &[b'x'; 1000],
            ] {
                let refused = bench.hook.set_symbol(BStr::from_bytes(bad));
                assert_eq!(refused, Err(EINVAL));
            }
            let same = bench
                .hook
                .with_symbol(|symbol| symbol.is_some_and(|symbol| symbol == c"msleep"));
            assert!(same);
        }
        Ok(())
    }

    /// Otherwise an interrupt could spin for a tracker that the interrupted task holds, or for a
    /// lock whose owner, on another CPU, spins for that tracker.
    #[test]
    fn no_interrupt_comes_while_a_tracker_is_at_work() -> Result {
        for kind in hookable().filter(|kind| kind.context() == Context::Task) {
            let bench = bench(kind)?;
            let _this_cpu = NoPreemption::new();
            let started = bench
                .hook
                .undisturbed(kind, || Some(sched::interrupts_are_disabled()));
            assert_eq!(started, Some(true));
            let mut finished = false;
            bench
                .hook
                .for_sure(kind, || finished = sched::interrupts_are_disabled());
            assert!(finished);
        }
        Ok(())
    }

    #[test]
    fn calls_are_timed() -> Result {
        for mechanism in mechanisms() {
            let bench = hooked(Kind::Srcu, mechanism)?;
            bench.hook.enable()?;
            // Where ticks are late, as in a guest that has to wait for a CPU, it may take less.
            sleeper(200)?.join();
            bench.hook.disable()?;
            let mut buckets = KBox::new([0; _], GFP_KERNEL)?;
            bench.hook.latencies(Kind::Srcu).read(&mut buckets);
            assert_eq!(buckets.iter().sum::<u64>(), 1);
            // 2^25 ns is 34 ms.
            let long = crate::histogram::bucket(1 << 25);
            assert_eq!(buckets[long..].iter().sum::<u64>(), 1);
        }
        Ok(())
    }
}
