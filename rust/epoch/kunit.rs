// SPDX-License-Identifier: GPL-2.0

//! KUnit tests of the primitive: each is named after the property that it checks.
//!
//! KUnit knows of a failed assertion only in the task of the test, so that threads hand their verdict
//! back.

use crate::{
    domain::Slot,
    new_epoch,
    Deferred,
    Detached,
    Epoch,
    EpochPtr,
    FencedEpoch,
    Head,
    Owned,
    Unlinked, //
};
use core::ptr::NonNull;
use kernel::{
    cpu::CpuId,
    macros::kunit_tests,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Full,
            Relaxed, //
        },
        static_lock_class,
        Arc, //
    },
    time::{
        delay::fsleep,
        Delta,
        Instant,
        Monotonic, //
    }, //
};
use kernel_ext::{
    cpu,
    sched,
    threads::{
        run_on,
        spawn,
        Thread, //
    }, //
};

fn new() -> Result<Arc<Epoch>> {
    Arc::pin_init(new_epoch!("kunit"), GFP_KERNEL)
}

/// Long enough for a thread that is not held back to get where it is going.
fn a_while() {
    fsleep(Delta::from_millis(20));
}

/// A flag that threads share.
fn flag() -> Result<Arc<Atomic<u32>>> {
    Ok(Arc::new(Atomic::new(0), GFP_KERNEL)?)
}

/// Waits until `condition` holds.
fn wait_until(condition: impl Fn() -> bool) {
    while !condition() {
        fsleep(Delta::from_micros(100));
    }
}

/// Runs `f` in another task, and sets the flag when it is done. Returns once that has begun.
fn spawn_flagged(f: impl FnOnce() + Send + 'static) -> Result<(Thread, Arc<Atomic<u32>>)> {
    let (started, done) = (flag()?, flag()?);
    let thread = spawn({
        let (started, done) = (started.clone(), done.clone());
        move || {
            started.store(1, Relaxed);
            f();
            done.store(1, Relaxed);
        }
    })?;
    wait_until(|| started.load(Relaxed) == 1);
    Ok((thread, done))
}

/// Synchronizes in another task. As [`spawn_flagged`].
fn spawn_synchronize(epoch: &Arc<Epoch>) -> Result<(Thread, Arc<Atomic<u32>>)> {
    let epoch = epoch.clone();
    spawn_flagged(move || epoch.synchronize())
}

/// Whether `wait`, in another task, returns after `leave` and not before.
fn returns_after(leave: impl FnOnce(), wait: impl FnOnce() + Send + 'static) -> Result<bool> {
    let (thread, done) = spawn_flagged(wait)?;
    a_while();
    let early = done.load(Relaxed) != 0;
    leave();
    thread.join();
    Ok(!early)
}

/// A closure, with its head, that adds one to `runs`.
fn counting(runs: &Arc<Atomic<u32>>) -> Result<KBox<Deferred<impl FnOnce() + Send + 'static>>> {
    let runs = runs.clone();
    Deferred::new(
        move || {
            runs.fetch_add(1, Relaxed);
        },
        GFP_KERNEL,
    )
}

/// Gives itself to its epoch again until `left` is 0.
#[repr(C)]
struct Again {
    // First, so that its address is that of the whole.
    head: Head,
    epoch: NonNull<Epoch>,
    left: Arc<Atomic<u32>>,
}

impl Again {
    fn new(epoch: &Epoch, left: &Arc<Atomic<u32>>) -> Result<NonNull<Again>> {
        let again = KBox::new(
            Self {
                head: Head::new(),
                epoch: NonNull::from(epoch),
                left: left.clone(),
            },
            GFP_KERNEL,
        )?;
        // SAFETY: A box's pointer is not null.
        Ok(unsafe { NonNull::new_unchecked(KBox::into_raw(again)) })
    }

    /// # Safety
    ///
    /// `head` is that of an [`Again`] whose epoch is live, and nobody else has it.
    unsafe extern "C" fn callback(head: NonNull<Head>) {
        let again = head.cast::<Again>();
        // SAFETY: By the caller's promise it is live, and this function's.
        let (epoch, left) = unsafe { (again.as_ref().epoch.as_ref(), &again.as_ref().left) };
        // Longer than whoever drops the epoch needs to get to where it waits for this.
        fsleep(Delta::from_millis(2));
        if left.fetch_sub(1, Relaxed) > 1 {
            // SAFETY: It is given once, and freed by the last callback.
            unsafe { epoch.call(head, Self::callback) };
        } else {
            // SAFETY: `new` made a box of it, and it is not given again.
            drop(unsafe { KBox::from_raw(again.as_ptr()) });
        }
    }
}

/// Two CPUs that are online, different ones if there are.
fn two_cpus() -> (CpuId, CpuId) {
    let mut online = cpu::possible().filter(|&cpu| run_on(cpu, || ()).is_ok());
    let first = online.next().unwrap_or_else(CpuId::current);
    (first, online.next().unwrap_or(first))
}

/// An object that readers use until it is poisoned.
struct Victim {
    poisoned: Atomic<u32>,
}

#[kunit_tests(epoch)]
mod tests {
    use super::*;

    #[test]
    fn sections_nest() -> Result {
        let epoch = new()?;
        let outer = epoch.enter();
        let inner = epoch.enter();
        assert_eq!(epoch.readers(), 2);
        drop(inner);
        assert_eq!(epoch.readers(), 1);
        drop(outer);
        assert_eq!(epoch.readers(), 0);
        epoch.synchronize();
        Ok(())
    }

    #[test]
    fn sections_overlap_out_of_order() -> Result {
        let epoch = new()?;
        let first = epoch.enter();
        let second = epoch.enter();
        drop(first);
        let mut third = None;
        let leave = || {
            third = Some(epoch.enter());
            drop(second);
        };
        let wait = epoch.clone();
        assert!(returns_after(leave, move || wait.synchronize())?);
        drop(third);
        assert_eq!(epoch.readers(), 0);
        Ok(())
    }

    #[test]
    fn section_ends_on_another_cpu_in_interrupt() -> Result {
        let epoch = new()?;
        let (here, there) = two_cpus();
        assert!(here != there);
        let mut section: Option<Detached<'_>> = None;
        run_on(here, || section = Some(epoch.enter_detached()))?;
        assert_eq!(epoch.readers(), 1);
        let leave = || {
            let _ = run_on(there, || drop(section.take()));
        };
        let wait = epoch.clone();
        assert!(returns_after(leave, move || wait.synchronize())?);
        assert_eq!(epoch.readers(), 0);
        Ok(())
    }

    #[test]
    fn section_ends_in_another_task() -> Result {
        let epoch = new()?;
        let section = epoch.enter_detached().into_raw();
        let (thread, done) = spawn_synchronize(&epoch)?;
        a_while();
        assert_eq!(done.load(Relaxed), 0);
        spawn({
            let epoch = epoch.clone();
            // SAFETY: It was entered there.
            move || drop(unsafe { Detached::from_raw(&epoch, section) })
        })?
        .join();
        thread.join();
        assert_eq!(epoch.readers(), 0);
        Ok(())
    }

    #[test]
    fn section_may_sleep() -> Result {
        let epoch = new()?;
        let section = epoch.enter();
        let (thread, done) = spawn_synchronize(&epoch)?;
        for _ in 0..5 {
            a_while();
            assert_eq!(done.load(Relaxed), 0);
        }
        drop(section);
        thread.join();
        Ok(())
    }

    #[test]
    fn synchronize_waits_for_older_section() -> Result {
        let epoch = new()?;
        // In the active slot, and in the other one, where a late increment may have put it.
        for slot in [Slot::of(epoch.epoch()), Slot::of(epoch.epoch() + 1)] {
            let section = epoch.domain().enter_slot(slot);
            // SAFETY: It was entered there.
            let leave = || unsafe { epoch.domain().exit(section) };
            let wait = epoch.clone();
            assert!(returns_after(leave, move || wait.synchronize())?);
        }
        Ok(())
    }

    #[test]
    fn expedited_synchronize_waits_for_older_section() -> Result {
        let epoch = new()?;
        let section = epoch.enter();
        let wait = epoch.clone();
        assert!(returns_after(
            || drop(section),
            move || wait.synchronize_expedited()
        )?);
        Ok(())
    }

    #[test]
    fn synchronize_with_rcu_waits_for_older_section() -> Result {
        let init = Epoch::new_with_rcu(c"kunit_rcu", static_lock_class!());
        let epoch = Arc::pin_init(init, GFP_KERNEL)?;
        let section = epoch.enter();
        let wait = epoch.clone();
        assert!(returns_after(|| drop(section), move || wait.synchronize())?);
        epoch.synchronize_expedited();
        assert_eq!(epoch.grace_periods(), 2);
        Ok(())
    }

    #[test]
    fn synchronize_with_fenced_readers_waits_for_older_section() -> Result {
        let init = FencedEpoch::new(c"kunit_fenced", static_lock_class!());
        let epoch = Arc::pin_init(init, GFP_KERNEL)?;
        let section = epoch.enter();
        assert_eq!(epoch.readers(), 1);
        let wait = epoch.clone();
        assert!(returns_after(|| drop(section), move || wait.synchronize())?);
        assert_eq!(epoch.readers(), 0);
        Ok(())
    }

    #[test]
    fn synchronize_that_gives_up_leaves_epoch_as_it_was() -> Result {
        let epoch = new()?;
        let limit = Delta::from_millis(20);
        assert_eq!(epoch.synchronize_timeout(limit), Ok(()));
        assert_eq!(epoch.synchronize_killable(), Ok(()));
        // Lockdep would rightly warn of waiting inside one's own.
        let section = epoch.enter_detached();
        let cookie = epoch.snapshot();
        let before = epoch.grace_periods();
        // As the detector, and while another one is it.
        assert_eq!(epoch.synchronize_timeout(limit), Err(ETIME));
        let (thread, done) = spawn_synchronize(&epoch)?;
        a_while();
        assert_eq!(epoch.synchronize_timeout(limit), Err(ETIME));
        assert_eq!(done.load(Relaxed), 0);
        assert_eq!(epoch.grace_periods(), before);
        assert!(!epoch.poll(cookie));
        drop(section);
        thread.join();
        assert_eq!(epoch.grace_periods(), before + 1);
        assert!(epoch.poll(cookie));
        Ok(())
    }

    #[test]
    fn in_epoch_tells_who_is_not() -> Result {
        let epoch = new()?;
        assert!(!epoch.in_epoch());
        let section = epoch.enter();
        assert!(epoch.in_epoch());
        let elsewhere = flag()?;
        let (thread, _) = spawn_flagged({
            let (epoch, elsewhere) = (epoch.clone(), elsewhere.clone());
            move || elsewhere.store(epoch.in_epoch().into(), Relaxed)
        })?;
        thread.join();
        // Without lockdep it cannot tell whose section it is.
        let told = cfg!(not(CONFIG_DEBUG_LOCK_ALLOC));
        assert_eq!(elsewhere.load(Relaxed), told.into());
        drop(section);
        assert!(!epoch.in_epoch());
        Ok(())
    }

    #[test]
    fn observe_ends_the_section_for_older_waits() -> Result {
        let epoch = new()?;
        let mut section = epoch.enter();
        let before = epoch.epoch();
        let (thread, done) = spawn_synchronize(&epoch)?;
        wait_until(|| epoch.epoch() != before);
        a_while();
        assert_eq!(done.load(Relaxed), 0);
        section.observe();
        // It would wait for ever.
        thread.join();
        assert_eq!(epoch.readers(), 1);
        drop(section);
        Ok(())
    }

    #[test]
    fn synchronize_does_not_wait_for_younger_section() -> Result {
        let epoch = new()?;
        let older = epoch.enter();
        let before = epoch.epoch();
        let (thread, _done) = spawn_synchronize(&epoch)?;
        wait_until(|| epoch.epoch() != before);
        let younger = epoch.enter();
        drop(older);
        // It would wait for ever.
        thread.join();
        drop(younger);
        Ok(())
    }

    #[test]
    fn synchronize_waits_for_late_increment() -> Result {
        let epoch = new()?;
        let domain = epoch.domain();
        // A reader that saw the epoch before, and comes to its increment only after, an advance.
        let older = epoch.enter();
        let slot = domain.active_slot();
        let before = epoch.epoch();
        let (first, _) = spawn_synchronize(&epoch)?;
        wait_until(|| epoch.epoch() != before);
        let late = domain.enter_slot(slot);
        assert!(domain.active_slot() != slot);
        drop(older);

        let wait = epoch.clone();
        // SAFETY: It was entered there.
        let leave = || unsafe { domain.exit(late) };
        assert!(returns_after(leave, move || wait.synchronize())?);
        first.join();
        Ok(())
    }

    #[test]
    fn grace_periods_are_shared() -> Result {
        let epoch = new()?;
        let section = epoch.enter();
        let before = (epoch.epoch(), epoch.grace_periods());
        let (first, _) = spawn_synchronize(&epoch)?;
        wait_until(|| epoch.epoch() != before.0);
        let mut others = KVec::new();
        for _ in 0..8 {
            others.push(spawn_synchronize(&epoch)?.0, GFP_KERNEL)?;
        }
        a_while();
        drop(section);
        first.join();
        for thread in others {
            thread.join();
        }
        // One that was running, one for all who came meanwhile, and perhaps one for a thread that had
        // begun but not come to it yet.
        assert!(epoch.grace_periods() - before.1 <= 3);
        Ok(())
    }

    #[test]
    fn poll_tells_when_the_grace_period_has_passed() -> Result {
        let epoch = new()?;
        let cookie = epoch.snapshot();
        assert!(!epoch.poll(cookie));
        epoch.synchronize();
        assert!(epoch.poll(cookie));

        // Nobody waits; it would never come.
        let section = epoch.enter();
        let cookie = epoch.start_poll();
        a_while();
        assert!(!epoch.poll(cookie));
        drop(section);
        wait_until(|| epoch.poll(cookie));

        let section = epoch.enter();
        let (thread, _) = spawn_synchronize(&epoch)?;
        let before = epoch.epoch();
        wait_until(|| epoch.epoch() != before || before & 1 == 1);
        // One is running, but may have begun too early.
        let cookie = epoch.snapshot();
        drop(section);
        thread.join();
        assert!(!epoch.poll(cookie));
        epoch.synchronize();
        assert!(epoch.poll(cookie));
        Ok(())
    }

    #[test]
    fn callback_runs_once_and_not_early() -> Result {
        let epoch = new()?;
        let runs = flag()?;
        let section = epoch.enter();
        epoch.defer(counting(&runs)?);
        a_while();
        assert_eq!(runs.load(Relaxed), 0);
        drop(section);
        epoch.barrier();
        assert_eq!(runs.load(Relaxed), 1);
        epoch.barrier();
        epoch.synchronize();
        assert_eq!(runs.load(Relaxed), 1);
        Ok(())
    }

    #[test]
    fn callback_may_be_given_in_interrupt() -> Result {
        let epoch = new()?;
        let runs = flag()?;
        for cpu in cpu::possible() {
            // A CPU that is not online takes none.
            let deferred = &mut Some(counting(&runs)?);
            if run_on(cpu, || deferred.take().map_or((), |d| epoch.defer(d))).is_err() {
                runs.fetch_add(1, Relaxed);
            }
        }
        epoch.barrier();
        assert_eq!(runs.load(Relaxed) as usize, cpu::possible().count());
        Ok(())
    }

    #[test]
    fn callback_may_give_its_head_again() -> Result {
        let epoch = new()?;
        let left = flag()?;
        left.store(5, Relaxed);
        let again = Again::new(&epoch, &left)?;
        // SAFETY: It was just made, and given to nobody else.
        unsafe { epoch.call(again.cast(), Again::callback) };
        wait_until(|| left.load(Relaxed) == 0);
        assert_eq!(left.load(Relaxed), 0);
        Ok(())
    }

    #[test]
    fn barrier_waits_for_all_callbacks() -> Result {
        const THREADS: u32 = 4;
        const CALLBACKS: u32 = 250;

        let epoch = new()?;
        let runs = flag()?;
        let mut threads = KVec::new();
        for _ in 0..THREADS {
            let (epoch, runs) = (epoch.clone(), runs.clone());
            threads.push(
                spawn(move || {
                    for _ in 0..CALLBACKS {
                        if let Ok(deferred) = counting(&runs) {
                            epoch.defer(deferred);
                        }
                    }
                })?,
                GFP_KERNEL,
            )?;
        }
        for thread in threads {
            thread.join();
        }
        epoch.barrier();
        assert_eq!(runs.load(Relaxed), THREADS * CALLBACKS);
        Ok(())
    }

    #[test]
    fn drop_waits_for_callbacks() -> Result {
        const CALLBACKS: u32 = 100;

        for _ in 0..10 {
            let epoch = KBox::pin_init(new_epoch!("kunit_drop"), GFP_KERNEL)?;
            let runs = flag()?;
            for _ in 0..CALLBACKS {
                epoch.defer(counting(&runs)?);
            }
            drop(epoch);
            assert_eq!(runs.load(Relaxed), CALLBACKS);
        }
        Ok(())
    }

    #[test]
    fn drop_waits_for_callbacks_that_are_given_again() -> Result {
        for _ in 0..5 {
            let epoch = KBox::pin_init(new_epoch!("kunit_again"), GFP_KERNEL)?;
            let left = flag()?;
            left.store(5, Relaxed);
            let again = Again::new(&epoch, &left)?;
            // SAFETY: It was just made, and given to nobody else.
            unsafe { epoch.call(again.cast(), Again::callback) };
            drop(epoch);
            assert_eq!(left.load(Relaxed), 0);
        }
        Ok(())
    }

    #[test]
    fn barrier_waits_for_own_callback_while_others_call() -> Result {
        const ROUNDS: u32 = 200;

        let epoch = new()?;
        let (stop, others) = (flag()?, flag()?);
        let other = spawn({
            let (epoch, stop, others) = (epoch.clone(), stop.clone(), others.clone());
            move || {
                while stop.load(Relaxed) == 0 {
                    if let Ok(deferred) = counting(&others) {
                        epoch.defer(deferred);
                    }
                    fsleep(Delta::from_micros(10));
                }
            }
        })?;
        let mut late = 0;
        for _ in 0..ROUNDS {
            let runs = flag()?;
            epoch.defer(counting(&runs)?);
            epoch.barrier();
            late += 1 - runs.load(Relaxed);
        }
        stop.store(1, Relaxed);
        other.join();
        assert_eq!(late, 0);
        Ok(())
    }

    #[test]
    fn pointer_keeps_object_as_long_as_the_guard() -> Result {
        /// Sets its flag when it is freed.
        struct Noisy(Arc<Atomic<u32>>);

        impl Drop for Noisy {
            fn drop(&mut self) {
                self.0.store(1, Relaxed);
            }
        }

        let epoch = new()?;
        let freed = flag()?;
        let pointer = EpochPtr::new(
            epoch.clone(),
            Some(Owned::new(Noisy(freed.clone()), GFP_KERNEL)?),
        );
        let guard = epoch.enter();
        let object = pointer.load(&guard);
        assert!(object.is_some());
        drop(pointer.swap(None));
        assert!(pointer.load(&guard).is_none());
        a_while();
        assert_eq!(object.map_or(1, |object| object.0.load(Relaxed)), 0);
        drop(guard);
        epoch.barrier();
        assert_eq!(freed.load(Relaxed), 1);

        // With a wait, the object comes back.
        drop(pointer.swap(Some(Owned::new(Noisy(flag()?), GFP_KERNEL)?)));
        let object = pointer.swap(None).map(Unlinked::synchronize);
        assert_eq!(object.map_or(1, |object| object.0.load(Relaxed)), 0);

        // What is there when the pointer is dropped is freed, too.
        let freed = flag()?;
        drop(pointer.swap(Some(Owned::new(Noisy(freed.clone()), GFP_KERNEL)?)));
        drop(pointer);
        epoch.barrier();
        assert_eq!(freed.load(Relaxed), 1);
        Ok(())
    }

    #[test]
    fn readers_never_see_poison() -> Result {
        const READERS: usize = 3;
        const VICTIMS: usize = 4;
        const UPDATES: usize = 2000;
        // On a machine that is busy, fewer have to do.
        const LIMIT: Delta = Delta::from_secs(2);

        let epoch = new()?;
        let victims: Arc<[Victim; VICTIMS]> = Arc::new(
            core::array::from_fn(|_| Victim {
                poisoned: Atomic::new(1),
            }),
            GFP_KERNEL,
        )?;
        // The victim that readers find.
        let current = flag()?;
        victims[0].poisoned.store(0, Relaxed);
        let (stop, violations, sections) = (flag()?, flag()?, flag()?);

        let mut threads = KVec::new();
        for _ in 0..READERS {
            let (epoch, victims, current) = (epoch.clone(), victims.clone(), current.clone());
            let (stop, violations, sections) = (stop.clone(), violations.clone(), sections.clone());
            threads.push(
                spawn(move || {
                    let (mut count, mut violated) = (0u32, 0u32);
                    while stop.load(Relaxed) == 0 {
                        let section = epoch.enter();
                        let victim = &victims[current.load(Relaxed) as usize];
                        let mut seen = 0;
                        for _ in 0..20 {
                            seen |= victim.poisoned.load(Relaxed);
                        }
                        if count % 64 == 0 {
                            // Preempted, and perhaps migrated, inside.
                            sched::cond_resched();
                        }
                        seen |= victim.poisoned.load(Relaxed);
                        drop(section);
                        // Nothing that is shared, and would order what comes before it.
                        violated += seen;
                        count += 1;
                        sched::cond_resched();
                    }
                    violations.fetch_add(violated, Relaxed);
                    sections.fetch_add(count, Relaxed);
                })?,
                GFP_KERNEL,
            )?;
        }
        let start = Instant::<Monotonic>::now();
        let mut updates = 0;
        while updates < UPDATES && start.elapsed() < LIMIT {
            updates += 1;
            let old = current.load(Relaxed) as usize;
            let new = updates % VICTIMS;
            victims[new].poisoned.store(0, Relaxed);
            current.xchg(new as u32, Full);
            epoch.synchronize();
            victims[old].poisoned.store(1, Relaxed);
        }
        stop.store(1, Relaxed);
        for thread in threads {
            thread.join();
        }
        pr_info!("{} sections, {} updates\n", sections.load(Relaxed), updates);
        assert!(sections.load(Relaxed) > 0);
        assert_eq!(violations.load(Relaxed), 0);
        Ok(())
    }
}
