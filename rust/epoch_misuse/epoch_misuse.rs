// SPDX-License-Identifier: GPL-2.0

//! Misuses an epoch on purpose, as `misuse=` says, to test that the kernel's debugging aids report
//! it. For tests only: built for a kernel with KUnit.
//!
//! `test/checks/misuses` lists the report that each must cause.

use core::ptr::NonNull;
use epoch::{
    Deferred,
    Epoch,
    Guard,
    Head, //
};
use kernel::{
    prelude::*,
    str::BStr,
    sync::{
        aref::ARef,
        atomic::{
            Atomic,
            Relaxed, //
        },
        new_mutex,
        new_spinlock,
        Arc, //
    },
    time::Delta, //
};
use kernel_ext::{
    module_param::Named,
    named_param,
    threads::spawn, //
};

module! {
    type: EpochMisuseModule,
    name: "epoch_misuse",
    authors: ["The epoch project"],
    description: "Deliberate misuse of an epoch, for tests",
    license: "GPL",
}

named_param!(
    misuse: Misuse = Misuse("none", |_| Ok(())),
    "Misuse to commit (default: none)"
);

/// Name of a misuse, and the function that commits it.
#[derive(Clone, Copy)]
struct Misuse(&'static str, fn(ARef<Epoch>) -> Result);

static MISUSES: [Misuse; 12] = [
    Misuse("none", |epoch| {
        drop(epoch.enter());
        epoch.synchronize();
        Ok(())
    }),
    Misuse("synchronize_in_section", |epoch| {
        let _section = epoch.enter();
        let _ = epoch.synchronize_timeout(MOMENT);
        Ok(())
    }),
    Misuse("barrier_in_section", |epoch| {
        let _section = epoch.enter();
        // It would wait if there were a callback.
        epoch.barrier();
        Ok(())
    }),
    Misuse("throttle_in_section", |epoch| {
        let _section = epoch.enter();
        // It would wait if there were too many callbacks.
        epoch.throttle();
        Ok(())
    }),
    Misuse("barrier_in_callback", |epoch| {
        in_callback(epoch, |epoch| epoch.barrier())
    }),
    Misuse("throttle_in_callback", |epoch| {
        in_callback(epoch, |epoch| epoch.throttle())
    }),
    Misuse("head_queued_twice", |epoch| {
        let runs = Arc::new(Atomic::new(0u32), GFP_KERNEL)?;
        let others = [counting(&runs)?, counting(&runs)?];
        // It is leaked: nobody knows who uses it after the misuse.
        let head = KBox::leak(KBox::new(Head::new(), GFP_KERNEL)?);
        let head = NonNull::from(head);
        let [first, second] = others;
        epoch.defer(first);
        // SAFETY: Not met for the second call: that is the misuse.
        unsafe {
            epoch.call(head, ignore);
            epoch.call(head, ignore);
        }
        epoch.defer(second);
        epoch.barrier();
        match runs.load(Relaxed) {
            2 => went_on(),
            runs => Err(EIO).inspect_err(|_| pr_err!("{runs} callbacks of 2 were invoked\n")),
        }
    }),
    Misuse("head_freed_while_queued", |epoch| {
        /// So large that nobody else's memory reuses its place at once.
        #[repr(C)]
        struct Large {
            head: Head,
            _rest: [u8; 4000],
        }

        let large = Large {
            head: Head::new(),
            _rest: [0; 4000],
        };
        let large = KBox::into_raw(KBox::new(large, GFP_KERNEL)?);
        let section = epoch.enter();
        // SAFETY: Not met: that is the misuse.
        unsafe {
            let head = NonNull::new_unchecked(&raw mut (*large).head);
            epoch.call(head, ignore);
            drop(KBox::from_raw(large));
        }
        // The worker would find the head in freed memory.
        core::mem::forget(section);
        core::mem::forget(epoch);
        Ok(())
    }),
    Misuse("lock_inversion", |epoch| {
        let lock = KBox::pin_init(new_mutex!((), "epoch_misuse"), GFP_KERNEL)?;
        {
            let _locked = lock.lock();
            epoch.synchronize();
        }
        let _section = epoch.enter();
        drop(lock.lock());
        Ok(())
    }),
    Misuse("synchronize_in_atomic_context", |epoch| {
        let lock = KBox::pin_init(new_spinlock!((), "epoch_misuse"), GFP_KERNEL)?;
        let _locked = lock.lock();
        epoch.synchronize();
        Ok(())
    }),
    Misuse("task_ends_in_section", |epoch| {
        spawn(move || {
            core::mem::forget(epoch.enter());
            // It cannot be dropped any more.
            core::mem::forget(epoch);
        })?
        .join();
        Ok(())
    }),
    Misuse("section_ends_in_another_task", |epoch| {
        /// Wrapper that claims to be `Send`, and is not.
        struct Smuggled(Guard<'static>);

        // SAFETY: Not met: that is the misuse.
        unsafe impl Send for Smuggled {}

        // SAFETY: The thread ends the section, and is waited for before the epoch goes.
        let section = unsafe { core::mem::transmute::<Guard<'_>, Guard<'static>>(epoch.enter()) };
        let section = Smuggled(section);
        spawn(move || {
            // Moves the whole wrapper here, and not only the field that is not `Send`.
            let section = section;
            drop(section.0);
        })?
        .join();
        Ok(())
    }),
];

/// Calls `wait`, which would wait for ever, in a callback. Returns when the callback has returned.
fn in_callback(epoch: ARef<Epoch>, wait: fn(&Epoch)) -> Result {
    let run = {
        let epoch = epoch.clone();
        move || wait(&epoch)
    };
    epoch.defer(Deferred::new(run, GFP_KERNEL)?);
    epoch.barrier();
    went_on()
}

fn went_on() -> Result {
    pr_info!("it went on\n");
    Ok(())
}

/// Creates a callback that adds one to `runs`.
fn counting(runs: &Arc<Atomic<u32>>) -> Result<KBox<Deferred<impl FnOnce() + Send + 'static>>> {
    let runs = runs.clone();
    let count = move || {
        runs.fetch_add(1, Relaxed);
    };
    Deferred::new(count, GFP_KERNEL)
}

/// # Safety
///
/// No requirements.
unsafe extern "C" fn ignore(_head: *mut Head) {}

/// Time that is long enough for a report.
const MOMENT: Delta = Delta::from_millis(1);

impl Named for Misuse {
    fn from_name(name: &BStr) -> Result<Self> {
        MISUSES
            .iter()
            .find(|Misuse(known, _)| **name == *known.as_bytes())
            .copied()
            .ok_or(EINVAL)
    }
}

struct EpochMisuseModule;

impl kernel::Module for EpochMisuseModule {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let Misuse(name, run) = misuse.value();
        pr_info!("misuse: {name}\n");
        run(Epoch::new(c"misuse")?)?;
        Ok(Self)
    }
}
