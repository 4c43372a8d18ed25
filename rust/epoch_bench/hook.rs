// SPDX-License-Identifier: GPL-2.0

//! The hook: a DI block around each call of a kernel function.
//!
//! A probe opens the block at the function's entry and closes it at its return; what has to be known
//! there travels in the probe's own data of the call.
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

use crate::{
    bench::Bench,
    histogram::Histogram,
    trackers::{
        places::Places,
        Block,
        Context,
        Kind, //
    }, //
};
use core::{
    mem,
    ptr::NonNull, //
};
use epoch::{
    Detached,
    Epoch,
    Section, //
};
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
        atomic::{
            Atomic,
            Relaxed, //
        },
        Mutex, //
    },
    ThisModule, //
};
use kernel_ext::{
    clock,
    cpu,
    module::ModuleRef,
    once::Once,
    percpu::{
        Counters,
        PerCpu, //
    },
    probe::{
        Handler,
        Mechanism,
        Probe, //
    },
    sched,
    task::Comm, //
};
use pin_init::init_array_from_fn;

/// Functions that unmap, the best one to hook first. All of them serve munmap(2), and neither exit(2)
/// nor mprotect(2).
///
/// `__vm_munmap` is called once for each munmap(2), and for what the kernel itself unmaps so; it takes
/// the lock of the address space, and may wait for it in the block. `do_vmi_munmap` is called with the
/// lock held, as FreeBSD's `pmap_remove` is, but serves mremap(2), and the making of a new program's
/// heap, too; `do_vmi_align_munmap` brk(2) and shmdt(2) beside.
pub(crate) const SYMBOLS: &[&CStr] = &[
    c"__vm_munmap",
    c"do_vmi_munmap",
    c"do_vmi_align_munmap",
    c"__x64_sys_munmap",
    c"__arm64_sys_munmap",
    c"__do_sys_munmap",
];

/// Functions that do not return, or not always.
const ENDLESS: &[&[u8]] = &[
    b"__arm64_sys_exit",
    b"__arm64_sys_exit_group",
    b"__do_sys_exit",
    b"__do_sys_exit_group",
    b"__ia32_sys_exit",
    b"__ia32_sys_exit_group",
    b"__kunit_abort",
    b"__module_put_and_kthread_exit",
    b"__se_sys_exit",
    b"__se_sys_exit_group",
    b"__x64_sys_exit",
    b"__x64_sys_exit_group",
    b"arch_do_signal_or_restart",
    b"cpu_startup_entry",
    b"do_exit",
    b"do_group_exit",
    b"do_task_dead",
    b"get_signal",
    b"kthread_complete_and_exit",
    b"kthread_exit",
    b"kunit_try_catch_throw",
    b"make_task_dead",
    b"nmi_panic",
    b"panic",
    b"rewind_stack_and_make_dead",
    b"stop_this_cpu",
    b"vpanic",
];

/// How many calls a kretprobe follows at the same time.
const ACTIVE: u32 = crate::bench::MAX_WORKERS;

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
    /// 0 for any.
    tgid: Once,
    /// Zeroes for any.
    comm: [Atomic<u64>; 2],
    counts: PerCpu<Counters<2>>,
    /// On each CPU, whether a tracker that must not be disturbed is at work for the hook.
    busy: PerCpu<Once>,
    latencies: [Histogram; Kind::COUNT],
    /// For the blocks of calls. While the hook is on there are no workers, which have the same ones.
    places: Places,
    #[pin]
    settings: Mutex<Settings>,
}

struct Settings {
    module: &'static ThisModule,
    /// None if no function of [`SYMBOLS`] can be probed here.
    symbol: Option<CString>,
    mechanism: Mechanism,
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

/// The probe, and what keeps the module meanwhile.
struct Registered {
    // Before the module's reference: it is dropped first.
    probe: Probe<Bench>,
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

/// What a block carries from a call's entry to its return.
pub(crate) struct Token {
    /// Of the hook's epoch.
    section: Section,
    /// Of the [`Bench`] whose hook it is, which outlives the section.
    block: Block<'static>,
    /// One of the hook's places, if the tracker has such.
    place: Option<u32>,
    since_ns: u64,
}

impl Handler for Bench {
    type Token = Token;

    fn enter(&self) -> Option<Token> {
        let hook = &self.hook;
        if !hook.lets_through() {
            return None;
        }
        // A section of one that is going down, or coming up, is not waited for.
        if !cpu::this_is_online() {
            hook.counts.inc(Count::Missed as usize);
            return None;
        }
        let since_ns = clock::monotonic_fast_ns();
        let section = hook.epoch.enter_detached();
        // In the section: see the top of the file.
        if hook.enabled.read() == 0 {
            return None;
        }
        let kind = self.tracker();
        let started = hook.undisturbed(kind, || {
            let place = match kind.has_places() {
                true => Some(hook.places.take()?),
                false => None,
            };
            // SAFETY: The place was just taken, and is given back after the block has ended; a tracker
            // without places has no use for it.
            let block = unsafe { self.trackers.start(kind, place.unwrap_or(0)) };
            Some((block, place))
        });
        let Some((block, place)) = started else {
            hook.counts.inc(Count::Missed as usize);
            return None;
        };
        hook.counts.inc(Count::Hit as usize);
        Some(Token {
            section: section.into_raw(),
            // SAFETY: The trackers are there as long as the hook, whose drop waits for the section,
            // in which the block ends.
            block: unsafe { mem::transmute::<Block<'_>, Block<'static>>(block) },
            place,
            since_ns,
        })
    }

    fn leave(&self, token: Token) {
        let hook = &self.hook;
        let kind = token.block.kind();
        hook.for_sure(kind, || {
            // SAFETY: It was opened in these.
            unsafe { self.trackers.finish(token.block) };
            if let Some(place) = token.place {
                hook.places.give_back(place);
            }
        });
        let took = clock::monotonic_fast_ns().saturating_sub(token.since_ns);
        hook.latencies[kind as usize].count(took);
        // SAFETY: It was entered in this epoch, and is left once.
        drop(unsafe { Detached::from_raw(&hook.epoch, token.section) });
    }
}

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
    pub(crate) fn new(module: &'static ThisModule) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            epoch: Epoch::new(c"bench_hook")?,
            enabled: Once::new(0),
            tgid: Once::new(0),
            comm: [Atomic::new(0), Atomic::new(0)],
            counts: PerCpu::new()?,
            busy: PerCpu::new()?,
            places: Places::new(crate::bench::MAX_WORKERS)?,
            latencies <- init_array_from_fn(|_| Histogram::new()),
            settings <- new_mutex!(
                Settings {
                    module,
                    symbol: available_symbols(Mechanism::DEFAULT).next().map(CString::try_from).transpose()?,
                    mechanism: Mechanism::DEFAULT,
                    state: State::Off,
                    turn: 0,
                    base: [0; 2],
                    missed: 0,
                },
                "epoch_bench_hook"
            ),
        })
    }

    /// Whether the current task is one whose calls are hooked. Any context.
    #[inline(always)]
    fn lets_through(&self) -> bool {
        let tgid = self.tgid.read();
        let comm = [self.comm[0].load(Relaxed), self.comm[1].load(Relaxed)];
        (tgid == 0 || current!().tgid() as usize == tgid)
            && (comm == [0; 2] || Comm::current().to_words() == comm)
    }

    /// Has a tracker do something, unless that is not possible here: in an interrupt, or in a call that
    /// the tracker makes itself. Any context, preemption disabled.
    #[inline(always)]
    pub(crate) fn undisturbed<T>(&self, kind: Kind, f: impl FnOnce() -> Option<T>) -> Option<T> {
        match kind.context() {
            Context::Any => f(),
            Context::Task if sched::in_task() && self.busy.this_cpu().read() == 0 => self.alone(f),
            // The last one cannot be: see `Bench::set_tracker`.
            Context::Task | Context::Sleeping => None,
        }
    }

    /// The same where it is known to be possible, since it was at the call's entry.
    #[inline(always)]
    pub(crate) fn for_sure(&self, kind: Kind, f: impl FnOnce()) {
        match kind.context() {
            Context::Any => f(),
            Context::Task | Context::Sleeping => self.alone(f),
        }
    }

    fn alone<T>(&self, f: impl FnOnce() -> T) -> T {
        // The hooked function may be called with locks that interrupts take: those must not come while
        // others with such a lock wait for the tracker.
        let _interrupts = sched::NoInterrupts::new();
        let busy = self.busy.this_cpu();
        busy.write(1);
        let result = f();
        busy.write(0);
        result
    }

    /// Waits until no block is open that was opened before the call. May sleep. [`EINTR`] if a signal
    /// came first.
    ///
    /// Not with a lock that a hooked call may wait for. Nor does the epoch's own task do the waiting,
    /// which could be in a hooked call.
    pub(crate) fn drain(&self) -> Result {
        self.epoch.synchronize_interruptible()
    }

    /// [`Hook::drain`], to go on with [`Bench::end_disabling`].
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

    /// What it is hooked with.
    pub(crate) fn mechanism(&self) -> Mechanism {
        self.settings.lock().mechanism
    }

    /// Changes the function. [`EBUSY`] while the hook is enabled, [`EINVAL`] if it cannot be hooked. May
    /// sleep.
    pub(crate) fn set_symbol(&self, symbol: &BStr) -> Result {
        let mut settings = self.settings.lock();
        settings.check_idle("symbol")?;
        if ENDLESS.contains(&&**symbol) {
            pr_err!(
                "hook: symbol: '{}' does not return, its blocks would never end\n",
                symbol
            );
            return Err(EINVAL);
        }
        let text = CString::try_from_fmt(fmt!("{}", symbol))?;
        check(&text, settings.mechanism)?;
        settings.symbol = Some(text);
        Ok(())
    }

    /// Changes what it is hooked with. Errors as for [`Hook::set_symbol`].
    pub(crate) fn set_mechanism(&self, mechanism: Mechanism) -> Result {
        let mut settings = self.settings.lock();
        settings.check_idle("mechanism")?;
        if let Some(symbol) = &settings.symbol {
            check(symbol, mechanism)?;
        }
        settings.mechanism = mechanism;
        Ok(())
    }

    /// The thread group whose calls are hooked, by its number in the initial namespace; 0 for all.
    pub(crate) fn tgid(&self) -> usize {
        self.tgid.read()
    }

    /// Changes it. Any time.
    pub(crate) fn set_tgid(&self, tgid: usize) {
        self.tgid.write(tgid);
    }

    /// The name of the tasks whose calls are hooked; empty for all.
    pub(crate) fn comm(&self) -> Comm {
        Comm::from_words([self.comm[0].load(Relaxed), self.comm[1].load(Relaxed)])
    }

    /// Changes it. Any time; calls that come meanwhile may find neither the one nor the other.
    pub(crate) fn set_comm(&self, comm: &Comm) {
        for (word, half) in self.comm.iter().zip(comm.to_words()) {
            word.store(half, Relaxed);
        }
    }
}

impl Settings {
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

impl Bench {
    /// Enables the hook; nothing changes if it is. May sleep.
    ///
    /// [`EBUSY`] while workers run; [`EINVAL`] with a tracker that sleeps, or if the function cannot be
    /// hooked.
    pub(crate) fn enable_hook(&self) -> Result {
        let hook = &self.hook;
        let mut settings = hook.settings.lock();
        let registered = match mem::replace(&mut settings.state, State::Off) {
            State::Off => self.register(&settings)?,
            State::Draining(registered) => registered,
            on @ State::On(_) => {
                settings.state = on;
                return Ok(());
            }
        };
        settings.state = State::On(registered);
        let [hits, missed] = hook.sums();
        settings.base = [hits, missed.wrapping_add(settings.missed_by_probe())];
        hook.enabled.write(1);
        Ok(())
    }

    /// Registers the probe, and keeps workers out. Errors as for [`Bench::enable_hook`].
    fn register(&self, settings: &Settings) -> Result<Registered> {
        let Some(symbol) = settings.symbol.as_deref() else {
            pr_err!("hook: no function that unmaps can be probed here: write one to symbol\n");
            return Err(EINVAL);
        };
        let module = ModuleRef::new(settings.module)?;
        self.keep_workers_out()?;
        let registered =
            // SAFETY: The probe is part of the bench. It is unregistered when no call has a token, at the
            // latest by the hook's drop, which comes before anything of the bench goes.
            unsafe { Probe::register(symbol, settings.mechanism, ACTIVE, NonNull::from(self)) };
        match registered {
            Ok(probe) => Ok(Registered {
                probe,
                _module: module,
            }),
            Err(error) => {
                self.let_workers_in();
                Err(refusal(symbol, settings.mechanism, error))
            }
        }
    }

    /// Disables the hook, and waits until it has no blocks; nothing changes if it is disabled. If it is
    /// enabled again meanwhile, it stays so. May sleep.
    ///
    /// [`EINTR`] if a signal came first: no more blocks are opened, and the next call goes on waiting.
    pub(crate) fn disable_hook(&self) -> Result {
        let mut next = self.begin_disabling();
        while let Some(disabling) = next {
            let drained = self.hook.drain_for(disabling)?;
            next = self.end_disabling(drained);
        }
        Ok(())
    }

    /// Has calls open no more blocks. Returns what [`Hook::drain_for`] takes, unless the hook is off.
    pub(crate) fn begin_disabling(&self) -> Option<Disabling> {
        let mut settings = self.hook.settings.lock();
        match mem::replace(&mut settings.state, State::Off) {
            State::Off => return None,
            State::On(registered) => {
                self.hook.enabled.write(0);
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
    /// disabled again after [`Bench::begin_disabling`], blocks may be left that began in between: then
    /// this returns what [`Hook::drain_for`] takes. May sleep.
    pub(crate) fn end_disabling(&self, Drained(disabling): Drained) -> Option<Disabling> {
        let mut settings = self.hook.settings.lock();
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
        self.let_workers_in();
        None
    }
}

/// Those of [`SYMBOLS`] that can be probed here. May sleep.
pub(crate) fn available_symbols(mechanism: Mechanism) -> impl Iterator<Item = &'static CStr> {
    SYMBOLS
        .iter()
        .copied()
        .filter(move |symbol| mechanism.check(symbol).is_ok())
}

/// [`EINVAL`], and a line in the log, if the function cannot be probed.
fn check(symbol: &CStr, mechanism: Mechanism) -> Result {
    mechanism
        .check(symbol)
        .map_err(|error| refusal(symbol, mechanism, error))
}

/// What to say if a function cannot be probed: a line in the log, and [`EINVAL`], unless it is for want of
/// memory.
fn refusal(symbol: &CStr, mechanism: Mechanism, error: Error) -> Error {
    if error == ENOMEM {
        return ENOMEM;
    }
    let why = match error {
        error if error == ENOENT => "there is no such function, or it may not be traced",
        error if error == EINVAL => "it may not be probed",
        error if error == EOPNOTSUPP => "this kernel has no such probes",
        _ => "the kernel refused",
    };
    pr_err!(
        "hook: '{}' cannot be hooked by {}: {} (error {})\n",
        BStr::from_bytes(symbol.to_bytes()),
        mechanism.name(),
        why,
        error.to_errno()
    );
    EINVAL
}
