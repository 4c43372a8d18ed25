// SPDX-License-Identifier: GPL-2.0

//! A table under concurrent lookup and replacement, protected by an epoch.
//!
//! One thread looks up all entries again and again, each time inside a section; another replaces
//! them one by one, and the old ones are freed after a grace period. Try it with:
//!
//! ```sh
//! insmod epoch.ko
//! insmod samples/epoch_sample_rust.ko
//! sleep 1
//! rmmod epoch_sample_rust
//! dmesg | tail -n 1    # epoch_sample_rust: 123456 lookups, 7890 replacements, 0 errors
//! ```

use epoch::{
    Epoch,
    EpochPtr,
    Owned, //
};
use kernel::{
    prelude::*,
    sync::{
        aref::ARef,
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc, //
    },
    time::{
        delay::fsleep,
        Delta, //
    }, //
};
use kernel_ext::{
    sched,
    threads::{
        spawn,
        Thread, //
    }, //
};

module! {
    type: Sample,
    name: "epoch_sample_rust",
    authors: ["The epoch project"],
    description: "A table protected by an epoch",
    license: "GPL",
    params: {
        linger_ms: u32 {
            default: 0,
            description: "Time that a lookup sleeps in its section, in ms (default: 0)",
        },
    },
}

const ENTRIES: usize = 16;

/// An entry of the table.
struct Entry {
    key: usize,
    /// Cleared when the entry is freed: no reader may see that.
    valid: Atomic<u32>,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.valid.store(0, Relaxed);
    }
}

/// The table and the counters that the threads share.
struct Table {
    epoch: ARef<Epoch>,
    entries: [EpochPtr<Entry>; ENTRIES],
    stop: Atomic<u32>,
    lookups: Atomic<u64>,
    replacements: Atomic<u64>,
    errors: Atomic<u64>,
}

impl Table {
    fn new() -> Result<Arc<Self>> {
        let epoch = Epoch::new(c"sample_rust")?;
        Ok(Arc::new(
            Self {
                entries: core::array::from_fn(|_| EpochPtr::new(epoch.clone(), None)),
                epoch,
                stop: Atomic::new(0),
                lookups: Atomic::new(0),
                replacements: Atomic::new(0),
                errors: Atomic::new(0),
            },
            GFP_KERNEL,
        )?)
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Relaxed) != 0
    }

    /// Looks up each entry, and checks that it was not freed.
    fn look_up(&self) {
        // Up to 7.2 it is a reference.
        #[allow(clippy::clone_on_copy)]
        let linger = i64::from(module_parameters::linger_ms.value().clone());
        while !self.is_stopped() {
            for (key, entry) in self.entries.iter().enumerate() {
                let guard = self.epoch.enter();
                if let Some(entry) = entry.load(&guard) {
                    if entry.key != key || entry.valid.load(Relaxed) == 0 {
                        self.errors.add(1, Relaxed);
                    }
                }
                if linger > 0 {
                    fsleep(Delta::from_millis(linger));
                }
                drop(guard);
                self.lookups.add(1, Relaxed);
            }
            sched::cond_resched();
        }
    }

    /// Replaces the entries one by one.
    fn replace(&self) {
        for key in (0..ENTRIES).cycle() {
            if self.is_stopped() {
                break;
            }
            let entry = Entry {
                key,
                valid: Atomic::new(1),
            };
            // Bounds the entries that wait to be freed.
            self.epoch.throttle();
            if let Ok(entry) = Owned::new(entry, GFP_KERNEL) {
                // The old entry, if there is one, is freed after a grace period.
                drop(self.entries[key].swap(Some(entry)));
                self.replacements.add(1, Relaxed);
            }
            fsleep(Delta::from_micros(20));
        }
    }
}

struct Sample {
    table: Arc<Table>,
    threads: KVec<Thread>,
}

impl kernel::Module for Sample {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let table = Table::new()?;
        // From here on, `drop` stops and joins the threads on an error.
        let mut sample = Self {
            table: table.clone(),
            threads: KVec::with_capacity(2, GFP_KERNEL)?,
        };
        let reader = table.clone();
        sample
            .threads
            .push(spawn(move || reader.look_up())?, GFP_KERNEL)?;
        sample
            .threads
            .push(spawn(move || table.replace())?, GFP_KERNEL)?;
        Ok(sample)
    }
}

impl Drop for Sample {
    fn drop(&mut self) {
        self.table.stop.store(1, Relaxed);
        self.threads.clear();
        pr_info!(
            "{} lookups, {} replacements, {} errors\n",
            self.table.lookups.load(Relaxed),
            self.table.replacements.load(Relaxed),
            self.table.errors.load(Relaxed)
        );
    }
}
