// SPDX-License-Identifier: GPL-2.0

//! The hook: a DI block around each call of a kernel function, or around munmap(2).
//!
//! A probe opens the block at the call's entry and closes it at its return; its state in between is
//! in the probe's own data of the call, or in a slot of the task ([`mechanism`]).
//!
//! An unregistered probe no longer reports the returns of calls that are under way, and their
//! blocks would stay open. So each block lies in a section of the hook's own epoch. Disabling the
//! hook clears `enabled`, waits for a grace period of that epoch, and only then unregisters the
//! probe:
//!
//! - A call that has seen the hook enabled did so in its section. If the section began before the
//!   grace period, that waits for it, and so for the end of the block.
//! - A call whose section begins later sees that the hook is disabled, and opens no block.
//!
//! The hook may be enabled and disabled again in between. So the end of a grace period counts only
//! if that has not happened since the grace period was requested: see [`Disabling`].
//!
//! A call also reads in its section which tracker is in use, so that a change of the tracker, too,
//! only has to wait for a grace period.
//!
//! While the hook is enabled, or has blocks left, it holds a reference to the module: a module that
//! cannot be unloaded is better than a return to where it has been. A call that does not return
//! keeps its block for ever; functions that are known not to return are refused.

mod filter;
mod handler;
mod mechanism;

pub(crate) use self::{
    filter::Filter,
    mechanism::{
        available_symbols,
        Mechanism, //
    }, //
};

use crate::{
    histogram::Histogram,
    selection::{
        MaySleep,
        Refusal,
        Selection,
        MAX_WORKERS, //
    },
    trackers::{
        places::Places,
        write_names,
        Kind, //
    }, //
};
use core::{
    mem,
    ptr::NonNull, //
};
use epoch::Epoch;
use kernel::{
    new_mutex,
    prelude::*,
    str::{
        BStr,
        CStr,
        CString, //
    },
    sync::{
        aref::ARef,
        Arc,
        Mutex, //
    },
    ThisModule, //
};
use kernel_ext::{
    module::ModuleRef,
    once::OnceWord,
    percpu::{
        Counters,
        PerCpu, //
    },
    probe, //
};
use mechanism::Attached;
use pin_init::init_array_from_fn;

/// Indices of the hook's per-CPU counters.
enum Count {
    /// Blocks that were opened.
    Hit,
    /// Calls that passed the filters, but whose context forbids the tracker, or for which it has no
    /// room.
    Missed,
}

/// The hook: opens a block around each hooked call.
#[pin_data(PinnedDrop)]
pub(crate) struct Hook {
    /// The epoch whose sections contain the blocks, and a little more at both ends.
    epoch: ARef<Epoch>,
    /// 1 if the state is [`State::On`], for the handlers; otherwise 0.
    enabled: OnceWord,
    /// Filters of the tasks whose calls are hooked.
    pub(crate) filter: Filter,
    selection: Arc<Selection>,
    counts: PerCpu<Counters<2>>,
    /// On each CPU, 1 while a tracker that must not be disturbed works for the hook.
    busy: PerCpu<OnceWord>,
    latencies: [Histogram; Kind::COUNT],
    /// Places for the blocks of calls whose tasks have no slot. Workers use the same places, but
    /// none runs while the hook is on.
    places: Places,
    #[pin]
    settings: Mutex<Settings>,
}

struct Settings {
    module: &'static ThisModule,
    /// Function to hook with [`Mechanism::Function`]; `None` if no function that unmaps can be
    /// probed here.
    symbol: Option<CString>,
    /// Mechanism that was chosen; `None` for the default of the tracker in use.
    mechanism: Option<Mechanism>,
    state: State,
    /// Number of times that the hook has been disabled.
    turn: usize,
    /// Counters at the time when the hook was enabled, those of the probe included.
    base: [usize; 2],
    /// Calls that the last probe had missed when it ended.
    missed: usize,
}

/// State of the hook.
enum State {
    /// There are no blocks, and no probe.
    Off,
    /// Calls open blocks.
    On(Registered),
    /// No more blocks are opened. The hook can be switched off once the remaining ones have ended.
    Draining(Registered),
}

/// The probe, and the reference that keeps the module while the probe exists.
struct Registered {
    // Before the module's reference: it is dropped first.
    probe: Attached,
    mechanism: Mechanism,
    _module: ModuleRef,
}

/// Token of [`Hook::begin_disabling`], which names one disabling of the hook.
#[must_use]
pub(crate) struct Disabling {
    turn: usize,
}

/// Token of [`Hook::drain_for`]: the blocks that were open at that disabling have ended.
#[must_use]
pub(crate) struct Drained(Disabling);

#[pinned_drop]
impl PinnedDrop for Hook {
    fn drop(self: Pin<&mut Self>) {
        // It is still enabled if the module was forced out.
        self.enabled.write(0);
        // Blocks use what goes with the hook, and only the probe reports their ends.
        self.epoch.synchronize();
        self.settings.lock().state = State::Off;
        // Calls that have found the hook disabled have sections, too.
        self.epoch.synchronize();
    }
}

impl Hook {
    pub(crate) fn new(
        module: &'static ThisModule,
        selection: Arc<Selection>,
    ) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            epoch: Epoch::new(c"bench_hook")?,
            enabled: OnceWord::new(0),
            filter: Filter::new(),
            selection,
            counts: PerCpu::new()?,
            busy: PerCpu::new()?,
            places: Places::new(MAX_WORKERS)?,
            latencies <- init_array_from_fn(|_| Histogram::new()),
            settings <- new_mutex!(
                Settings {
                    module,
                    symbol: available_symbols(probe::Mechanism::DEFAULT)
                        .next()
                        .map(CString::try_from)
                        .transpose()?,
                    mechanism: None,
                    state: State::Off,
                    turn: 0,
                    base: [0; 2],
                    missed: 0,
                },
                "epoch_bench_hook"
            ),
        })
    }

    /// Waits until no block is open that was opened before the call. May sleep. Fails with
    /// [`EINTR`] if a signal comes first.
    ///
    /// The caller must not hold a lock that a hooked call may wait for. The calling task does the
    /// waiting, not the epoch's own, which could be in a hooked call.
    pub(crate) fn drain(&self) -> Result {
        self.epoch.synchronize_interruptible()
    }

    /// Waits as [`Hook::drain`] does, for [`Hook::end_disabling`].
    pub(crate) fn drain_for(&self, disabling: Disabling) -> Result<Drained> {
        self.drain()?;
        Ok(Drained(disabling))
    }

    /// Returns whether calls open blocks.
    pub(crate) fn is_enabled(&self) -> bool {
        self.enabled.read() != 0
    }

    /// Returns the number of open blocks: exact while none begins or ends, otherwise a snapshot.
    pub(crate) fn blocks(&self) -> usize {
        self.epoch.readers()
    }

    /// Returns the latencies of hooked calls with this tracker in use.
    pub(crate) fn latencies(&self, kind: Kind) -> &Histogram {
        &self.latencies[kind as usize]
    }

    fn sums(&self) -> [usize; 2] {
        [Count::Hit, Count::Missed].map(|count| self.counts.sum(count as usize))
    }

    /// Returns the number of blocks opened since the hook was last enabled.
    pub(crate) fn hits(&self) -> usize {
        self.sums()[0].wrapping_sub(self.settings.lock().base[0])
    }

    /// Returns the number of calls since the hook was last enabled that should have opened a block
    /// and could not.
    pub(crate) fn missed(&self) -> usize {
        let settings = self.settings.lock();
        self.sums()[1]
            .wrapping_add(settings.missed_by_probe())
            .wrapping_sub(settings.base[1])
    }

    /// Calls `f` with the function to hook, if there is one.
    pub(crate) fn with_symbol<T>(&self, f: impl FnOnce(Option<&CStr>) -> T) -> T {
        f(self.settings.lock().symbol.as_deref())
    }

    /// Returns the mechanism that hooks calls, or would if the hook were enabled now.
    pub(crate) fn mechanism(&self) -> Mechanism {
        let settings = self.settings.lock();
        match &settings.state {
            State::On(registered) | State::Draining(registered) => registered.mechanism,
            State::Off => settings.mechanism_for(self.selection.tracker()),
        }
    }

    /// Returns the mechanism for probing a function.
    pub(crate) fn function_mechanism(&self) -> probe::Mechanism {
        self.settings.lock().function_mechanism()
    }

    /// Sets the function to hook. Fails with [`EBUSY`] while the hook is enabled or has blocks
    /// left, and with [`EINVAL`] if the function cannot be hooked. May sleep.
    pub(crate) fn set_symbol(&self, symbol: &BStr) -> Result {
        let mut settings = self.settings.lock();
        settings.check_idle("symbol")?;
        if mechanism::is_endless(symbol) {
            pr_err!(
                "hook: symbol: '{}' does not return, its blocks would never end\n",
                symbol
            );
            return Err(EINVAL);
        }
        let text = CString::try_from_fmt(fmt!("{}", symbol))?;
        mechanism::check(&text, settings.function_mechanism())?;
        settings.symbol = Some(text);
        Ok(())
    }

    /// Sets the mechanism; `None` for the default of the tracker in use when the hook is enabled.
    /// Fails as [`Hook::set_symbol`] does.
    pub(crate) fn set_mechanism(&self, mechanism: Option<Mechanism>) -> Result {
        let mut settings = self.settings.lock();
        settings.check_idle("mechanism")?;
        match (mechanism, &settings.symbol) {
            (Some(Mechanism::Syscall), _) => mechanism::check_syscalls()?,
            (Some(Mechanism::Function(mechanism)), Some(symbol)) => {
                mechanism::check(symbol, mechanism)?;
            }
            _ => {}
        }
        settings.mechanism = mechanism;
        Ok(())
    }

    /// Enables the hook, unless it is enabled. May sleep.
    ///
    /// Fails with [`EBUSY`] while workers run, and with [`EINVAL`] if the tracker sleeps and the
    /// mechanism does not allow it, or if the function cannot be hooked.
    pub(crate) fn enable(&self) -> Result {
        let mut settings = self.settings.lock();
        let registered = match mem::replace(&mut settings.state, State::Off) {
            State::Off => self.register(&settings)?,
            State::Draining(registered) => registered,
            on @ State::On(_) => {
                settings.state = on;
                return Ok(());
            }
        };
        settings.state = State::On(registered);
        let [hits, missed] = self.sums();
        settings.base = [hits, missed.wrapping_add(settings.missed_by_probe())];
        self.enabled.write(1);
        Ok(())
    }

    /// Keeps workers out, and registers the probe. Fails as [`Hook::enable`] does.
    fn register(&self, settings: &Settings) -> Result<Registered> {
        let module = ModuleRef::new(settings.module)?;
        let may_sleep = self
            .selection
            .keep_workers_out(|kind| settings.mechanism_for(kind).may_sleep())
            .map_err(|refusal| explain(refusal, settings))?;
        let mechanism = settings
            .mechanism
            .unwrap_or(Mechanism::default_for(may_sleep));
        // SAFETY: The probe is part of the hook. It is unregistered when no call has a token, at
        // the latest by the hook's drop, before any part of the hook is freed.
        let attached =
            unsafe { Attached::new(mechanism, settings.symbol.as_deref(), NonNull::from(self)) };
        match attached {
            Ok(probe) => Ok(Registered {
                probe,
                mechanism,
                _module: module,
            }),
            Err(error) => {
                self.selection.let_workers_in();
                Err(error)
            }
        }
    }

    /// Disables the hook, unless it is disabled, and waits until it has no blocks. If it is enabled
    /// again concurrently, it stays enabled. May sleep.
    ///
    /// Fails with [`EINTR`] if a signal comes first: no more blocks are opened then, and the next
    /// call resumes waiting.
    pub(crate) fn disable(&self) -> Result {
        let mut next = self.begin_disabling();
        while let Some(disabling) = next {
            let drained = self.drain_for(disabling)?;
            next = self.end_disabling(drained);
        }
        Ok(())
    }

    /// Stops calls from opening blocks. Returns the argument of [`Hook::drain_for`], unless the
    /// hook is off.
    pub(crate) fn begin_disabling(&self) -> Option<Disabling> {
        let mut settings = self.settings.lock();
        match mem::replace(&mut settings.state, State::Off) {
            State::Off => return None,
            State::On(registered) => {
                self.enabled.write(0);
                settings.turn = settings.turn.wrapping_add(1);
                settings.state = State::Draining(registered);
            }
            draining => settings.state = draining,
        }
        Some(Disabling {
            turn: settings.turn,
        })
    }

    /// Switches the hook off, unless it is enabled again, or off already. If it was enabled and
    /// disabled again after [`Hook::begin_disabling`], blocks may be left that began in between:
    /// then this returns the argument of another [`Hook::drain_for`]. May sleep.
    pub(crate) fn end_disabling(&self, Drained(disabling): Drained) -> Option<Disabling> {
        let mut settings = self.settings.lock();
        if !matches!(settings.state, State::Draining(_)) {
            return None;
        }
        if settings.turn != disabling.turn {
            return Some(Disabling {
                turn: settings.turn,
            });
        }
        settings.missed = settings.missed_by_probe();
        // Here the probe is unregistered: before another one can be.
        settings.state = State::Off;
        self.selection.let_workers_in();
        None
    }
}

impl Settings {
    /// Returns the mechanism that hooks calls if this tracker is in use.
    fn mechanism_for(&self, kind: Kind) -> Mechanism {
        let may_sleep = MaySleep(!MaySleep(false).admits(kind));
        self.mechanism.unwrap_or(Mechanism::default_for(may_sleep))
    }

    /// Returns the mechanism for probing a function.
    fn function_mechanism(&self) -> probe::Mechanism {
        match self.mechanism {
            Some(Mechanism::Function(mechanism)) => mechanism,
            Some(Mechanism::Syscall) | None => probe::Mechanism::DEFAULT,
        }
    }

    /// Returns the number of calls that the probe has missed, or the last one if there is none.
    fn missed_by_probe(&self) -> usize {
        match &self.state {
            State::Off => self.missed,
            State::On(registered) | State::Draining(registered) => registered.probe.missed(),
        }
    }

    /// Fails with [`EBUSY`], and logs that `what` cannot be changed, while the hook is enabled or
    /// has blocks left.
    fn check_idle(&self, what: &str) -> Result {
        if !matches!(self.state, State::Off) {
            pr_err!(
                "hook: {} cannot be changed while the hook is enabled\n",
                what
            );
            return Err(EBUSY);
        }
        Ok(())
    }
}

/// Logs why the hook cannot be enabled, and returns the error.
fn explain(refusal: Refusal, settings: &Settings) -> Error {
    match refusal {
        Refusal::Workers => {
            pr_err!("hook: cannot be enabled while workers run\n");
            EBUSY
        }
        Refusal::Sleeps(kind) => {
            pr_err!(
                "hook: tracker '{}' sleeps, and a handler of {} must not: write 'syscall' to mechanism, or choose one of: {}\n",
                kind.name(),
                settings.mechanism_for(kind).name(),
                Hookable
            );
            EINVAL
        }
    }
}

/// Names of the trackers that every mechanism can be used with, separated by blanks.
struct Hookable;

impl kernel::fmt::Display for Hookable {
    fn fmt(&self, f: &mut kernel::fmt::Formatter<'_>) -> kernel::fmt::Result {
        write_names(f, |kind| MaySleep(false).admits(kind))
    }
}
