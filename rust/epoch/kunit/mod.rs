// SPDX-License-Identifier: GPL-2.0

//! KUnit tests of the primitive: each is named after the property that it checks.

mod callbacks;
mod flood;
mod grace_periods;
#[cfg(CONFIG_HOTPLUG_CPU)]
mod hotplug;
mod lifetime;
mod pointers;
mod readers;
mod sections;
mod sharing;
mod sysfs;
mod tracking;

use crate::{
    helpers,
    lifetime::alive,
    platform::Flavour,
    Deferred,
    Epoch, //
};
use kernel::{
    prelude::*,
    str::CStr,
    sync::{
        aref::ARef,
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc, //
    }, //
};
use kernel_ext::testing::{
    move_to,
    online,
    returns_after,
    Waiter, //
};

fn new() -> Result<ARef<Epoch>> {
    Epoch::new(c"kunit")
}

const FLAVOURS: [Flavour; 3] = [Flavour::Ipi, Flavour::Rcu, Flavour::Fenced];

/// Creates an epoch of each flavour. The fenced one is for tests that do not depend on its fences:
/// sections of `Epoch::enter` execute none.
fn of_each_flavour() -> Result<KVec<ARef<Epoch>>> {
    let mut epochs = KVec::new();
    for flavour in FLAVOURS {
        epochs.push(Epoch::build(c"kunit", flavour)?, GFP_KERNEL)?;
    }
    Ok(epochs)
}

/// Waits until epochs whose last reference has gone are freed. Returns the number of epochs left.
fn settled() -> usize {
    // SAFETY: The module is loaded; tests run in process context.
    unsafe { helpers::epoch_teardown_flush() };
    alive()
}

/// Starts a task that waits for a grace period.
fn start_synchronize(epoch: &ARef<Epoch>) -> Result<Waiter> {
    let epoch = epoch.clone();
    Waiter::start(move || epoch.synchronize())
}

/// Returns whether a grace period ends after `leave` and not before.
fn synchronize_returns_after(epoch: &ARef<Epoch>, leave: impl FnOnce()) -> Result<bool> {
    let epoch = epoch.clone();
    returns_after(leave, move || epoch.synchronize())
}

/// Creates a deferred closure that adds one to `runs`.
fn counting(runs: &Arc<Atomic<u32>>) -> Result<KBox<Deferred<impl FnOnce() + Send + 'static>>> {
    let runs = runs.clone();
    Deferred::new(
        move || {
            runs.fetch_add(1, Relaxed);
        },
        GFP_KERNEL,
    )
}

/// Queues `count` callbacks that do nothing.
fn call(epoch: &Epoch, count: usize) -> Result {
    for _ in 0..count {
        epoch.defer(Deferred::new(|| (), GFP_KERNEL)?);
    }
    Ok(())
}

/// Returns the number in one of the epoch's files.
fn value(epoch: &Epoch, name: &CStr) -> Result<u64> {
    let text = epoch.sysfs().read(name)?;
    text.to_str()?.parse().map_err(|_| EIO)
}

/// Returns the buckets of one of the epoch's histograms.
fn buckets(epoch: &Epoch, name: &CStr) -> Result<KVec<u64>> {
    let text = epoch.sysfs().read(name)?;
    let mut counts = KVec::new();
    for count in text.to_str()?.split(' ') {
        counts.push(count.parse().map_err(|_| EIO)?, GFP_KERNEL)?;
    }
    Ok(counts)
}
