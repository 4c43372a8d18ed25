// SPDX-License-Identifier: GPL-2.0

//! The hook: a DI block around each call of a kernel function, or around munmap(2).
//!
//! A probe opens the block at the call's entry and closes it at its return; what has to be known there
//! travels in the probe's own data of the call, or in a slot of the task ([`mechanism`]).
//!
//! A probe that is unregistered no longer tells of the returns of calls that are under way, and their
//! blocks would stay open. So each block lies in a section of an epoch of the hook's own. To disable the
//! hook is to say so, to wait for a grace period of that epoch, and only then to unregister the probe:
//!
//! - A call that has seen the hook enabled did so in its section, and the grace period waits for it if
//!   that began before; and so for the end of its block.
//! - A call whose section begins later sees that the hook is disabled, and opens no block.
//!
//! Between these two the hook may be enabled again, and disabled again. So the end of a grace period
//! counts only if that has not happened since it was asked for: see [`State`].
//!
//! In the same way a call reads in its section which tracker is in use, so that a change of the tracker
//! has only to wait for a grace period, too.
//!
//! While the hook is enabled, or has blocks left, it keeps a reference of the module: a module that
//! cannot be unloaded is better than a return to where it has been. A call that does not return keeps its
//! block for ever; functions that are known for that are refused.

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
    once::Once,
    percpu::{
        Counters,
        PerCpu, //
    },
    probe, //
};
use mechanism::Attached;
use pin_init::init_array_from_fn;

/// What the hook counts on each CPU.
enum Count {
    /// Blocks that were opened.
    Hit,
    /// Calls that the filters let through, but whose context the tracker cannot be used in, or for whom it
    /// has no room.
    Missed,
}

/// The hook.
#[pin_data(PinnedDrop)]
pub(crate) struct Hook {
    /// A section for each block, and a little more at both ends.
    epoch: ARef<Epoch>,
    /// Whether the state is [`State::On`], for the handlers.
    enabled: Once,
    /// Whose calls are hooked.
    pub(crate) filter: Filter,
    selection: Arc<Selection>,
    counts: PerCpu<Counters<2>>,
    /// On each CPU, whether a tracker that must not be disturbed is at work for the hook.
    busy: PerCpu<Once>,
    latencies: [Histogram; Kind::COUNT],
    /// For the blocks of calls whose tasks have no slot. While the hook is on there are no workers,
    /// which have the same places.
    places: Places,
    #[pin]
    settings: Mutex<Settings>,
}

struct Settings {
    module: &'static ThisModule,
    /// For [`Mechanism::Function`]; none if no function that unmaps can be probed here.
    symbol: Option<CString>,
    /// None for the one that goes with the tracker in use.
    mechanism: Option<Mechanism>,
    state: State,
    /// How often the hook has been disabled.
    turn: usize,
    /// What the counters were when the hook was enabled, those of the probe included.
    base: [usize; 2],
    /// What the last probe had missed when it ended.
    missed: usize,
}

/// What the hook is doing.
enum State {
    /// There are no blocks, and no probe.
    Off,
    /// Calls open blocks.
    On(Registered),
    /// No more blocks are opened. Once those that are left have ended, it is off.
    Draining(Registered),
}

/// The probe, and what keeps the module as long as it is there.
struct Registered {
    // Before the module's reference: it is dropped first.
    probe: Attached,
    mechanism: Mechanism,
    _module: ModuleRef,
}

/// The hook has been disabled, for the time that this names.
#[must_use]
pub(crate) struct Disabling {
    turn: usize,
}

/// The same when those blocks have ended.
#[must_use]
pub(crate) struct Drained(Disabling);

#[pinned_drop]
impl PinnedDrop for Hook {
    fn drop(self: Pin<&mut Self>) {
        // It is still enabled if the module was forced out.
        self.enabled.write(0);
        // Blocks hold what goes with the hook, and only the probe tells of their ends.
        self.epoch.synchronize();
        self.settings.lock().state = State::Off;
        // Those who have found it disabled have sections, too.
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
            enabled: Once::new(0),
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

    /// Waits until no block is open that was opened before the call. May sleep. [`EINTR`] if a signal
    /// came first.
    ///
    /// Not with a lock that a hooked call may wait for. Nor does the epoch's own task do the waiting,
    /// which could be in a hooked call.
    pub(crate) fn drain(&self) -> Result {
        self.epoch.synchronize_interruptible()
    }

    /// [`Hook::drain`], to go on with [`Hook::end_disabling`].
    pub(crate) fn drain_for(&self, disabling: Disabling) -> Result<Drained> {
        self.drain()?;
        Ok(Drained(disabling))
    }

    /// Whether calls open blocks.
    pub(crate) fn is_enabled(&self) -> bool {
        self.enabled.read() != 0
    }

    /// Blocks that are open: exact when nothing moves, a snapshot otherwise.
    pub(crate) fn blocks(&self) -> usize {
        self.epoch.readers()
    }

    /// How long hooked calls took with this tracker in use.
    pub(crate) fn latencies(&self, kind: Kind) -> &Histogram {
        &self.latencies[kind as usize]
    }

    fn sums(&self) -> [usize; 2] {
        [Count::Hit, Count::Missed].map(|count| self.counts.sum(count as usize))
    }

    /// Blocks that were opened since the hook was enabled last.
    pub(crate) fn hits(&self) -> usize {
        self.sums()[0].wrapping_sub(self.settings.lock().base[0])
    }

    /// Calls since then that should have opened one and could not.
    pub(crate) fn missed(&self) -> usize {
        let settings = self.settings.lock();
        self.sums()[1]
            .wrapping_add(settings.missed_by_probe())
            .wrapping_sub(settings.base[1])
    }

    /// The function that is hooked, if there is one.
    pub(crate) fn with_symbol<T>(&self, f: impl FnOnce(Option<&CStr>) -> T) -> T {
        f(self.settings.lock().symbol.as_deref())
    }

    /// What calls are hooked with, or would be if the hook was enabled now.
    pub(crate) fn mechanism(&self) -> Mechanism {
        let settings = self.settings.lock();
        match &settings.state {
            State::On(registered) | State::Draining(registered) => registered.mechanism,
            State::Off => settings.mechanism_for(self.selection.tracker()),
        }
    }

    /// What the function is to be probed with, where it is one.
    pub(crate) fn function_mechanism(&self) -> probe::Mechanism {
        self.settings.lock().function_mechanism()
    }

    /// Changes the function. [`EBUSY`] while the hook is enabled, [`EINVAL`] if it cannot be hooked. May
    /// sleep.
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

    /// Changes what calls are hooked with; none for what goes with the tracker in use when the hook is
    /// enabled. Errors as for [`Hook::set_symbol`].
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

    /// Enables the hook; nothing changes if it is. May sleep.
    ///
    /// [`EBUSY`] while workers run; [`EINVAL`] if the tracker sleeps and the mechanism does not allow it,
    /// or if the function cannot be hooked.
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

    /// Keeps workers out, and registers the probe. Errors as for [`Hook::enable`].
    fn register(&self, settings: &Settings) -> Result<Registered> {
        let module = ModuleRef::new(settings.module)?;
        let may_sleep = self
            .selection
            .keep_workers_out(|kind| settings.mechanism_for(kind).may_sleep())
            .map_err(|refusal| explain(refusal, settings))?;
        let mechanism = settings
            .mechanism
            .unwrap_or(Mechanism::default_for(may_sleep));
        // SAFETY: The probe is part of the hook. It is unregistered when no call has a token, at the
        // latest by the hook's drop, which comes before anything of the hook goes.
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

    /// Disables the hook, and waits until it has no blocks; nothing changes if it is disabled. If it is
    /// enabled again meanwhile, it stays so. May sleep.
    ///
    /// [`EINTR`] if a signal came first: no more blocks are opened, and the next call goes on waiting.
    pub(crate) fn disable(&self) -> Result {
        let mut next = self.begin_disabling();
        while let Some(disabling) = next {
            let drained = self.drain_for(disabling)?;
            next = self.end_disabling(drained);
        }
        Ok(())
    }

    /// Has calls open no more blocks. Returns what [`Hook::drain_for`] takes, unless the hook is off.
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
    /// disabled again after [`Hook::begin_disabling`], blocks may be left that began in between: then
    /// this returns what [`Hook::drain_for`] takes. May sleep.
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
    /// What calls are hooked with if this tracker is in use.
    fn mechanism_for(&self, kind: Kind) -> Mechanism {
        let may_sleep = MaySleep(!MaySleep(false).admits(kind));
        self.mechanism.unwrap_or(Mechanism::default_for(may_sleep))
    }

    /// What a function is probed with, if one is.
    fn function_mechanism(&self) -> probe::Mechanism {
        match self.mechanism {
            Some(Mechanism::Function(mechanism)) => mechanism,
            Some(Mechanism::Syscall) | None => probe::Mechanism::DEFAULT,
        }
    }

    /// What the probe has missed, or the last one had.
    fn missed_by_probe(&self) -> usize {
        match &self.state {
            State::Off => self.missed,
            State::On(registered) | State::Draining(registered) => registered.probe.missed(),
        }
    }

    /// [`EBUSY`] while the hook is enabled, or has blocks left.
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

/// Says in the log why the hook cannot be enabled.
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

/// The names of trackers that every mechanism can be used with, separated by blanks.
struct Hookable;

impl kernel::fmt::Display for Hookable {
    fn fmt(&self, f: &mut kernel::fmt::Formatter<'_>) -> kernel::fmt::Result {
        write_names(f, |kind| MaySleep(false).admits(kind))
    }
}
