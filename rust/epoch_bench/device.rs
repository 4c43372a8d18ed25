// SPDX-License-Identifier: GPL-2.0

//! `/dev/epoch_bench`: see `include/uapi/linux/epoch_bench.h`.

use crate::{
    bench::{
        Bench,
        MAX_WORKERS, //
    },
    progress::Progress,
    stress::{
        self,
        Orders,
        Testcase, //
    },
    sysfs,
    trackers::{
        Context,
        Kind, //
    },
    uapi::{
        self,
        Extensible, //
    }, //
};
use core::num::NonZero;
use kernel::{
    fs::File,
    ioctl::_IOC_SIZE,
    miscdevice::{
        MiscDevice,
        MiscDeviceRegistration, //
    },
    new_mutex,
    page::PAGE_SIZE,
    prelude::*,
    str::CStr,
    sync::{
        Arc,
        Mutex, //
    },
    uaccess::UserPtr, //
};
use kernel_ext::{
    clock,
    compat::eproto,
    misc::{
        self,
        Device,
        FileTable, //
    },
    sysfs::Groups,
    user_struct, //
};

/// An open file. The thread in `EPOCH_BENCH_IOC_RUN` is its worker.
#[pin_data]
pub(crate) struct Worker {
    bench: Arc<Bench>,
    progress: Progress,
    /// Descriptor table of the thread that runs; `None` while none does.
    #[pin]
    runs_in: Mutex<Option<FileTable>>,
}

#[vtable]
impl MiscDevice for Worker {
    type Ptr = Pin<KBox<Self>>;

    fn open(_file: &File, misc: &MiscDeviceRegistration<Self>) -> Result<Self::Ptr> {
        KBox::try_pin_init(
            try_pin_init!(Self {
                bench: misc::shared(misc).clone(),
                progress: Progress::new(),
                runs_in <- new_mutex!(None, "epoch_bench_worker"),
            }),
            GFP_KERNEL,
        )
    }

    fn ioctl(worker: Pin<&Self>, _file: &File, cmd: u32, arg: usize) -> Result<isize> {
        let size = _IOC_SIZE(cmd);
        let arg = Argument {
            address: UserPtr::from_addr(arg),
            size,
        };
        match without_size(cmd) {
            uapi::IOC_INFO => arg.exchange(|info| worker.info(info)),
            uapi::IOC_RUN => arg.exchange(|run| worker.run(run)),
            uapi::IOC_STOP if size == 0 => worker.stop(),
            uapi::IOC_COUNTERS => arg.exchange(|counters| worker.counters(counters)),
            uapi::IOC_TRACKER => arg.exchange(|tracker| worker.tracker(tracker)),
            uapi::IOC_HISTOGRAM => arg.exchange(|histogram| worker.histogram(histogram)),
            uapi::IOC_SELECT => arg.exchange(|select| worker.select(select)),
            _ => Err(ENOTTY),
        }?;
        Ok(0)
    }
}

// SAFETY: Only `EpochBenchModule::init` registers the device, by `Registration`.
unsafe impl Device for Worker {
    type Shared = Arc<Bench>;
    const NAME: &'static CStr = c"epoch_bench";
    const MODE: u16 = 0o600;
    const GROUPS: &'static Groups<Self> = &sysfs::GROUPS;

    fn closing(worker: Pin<&Self>, table: FileTable) {
        if *worker.runs_in.lock() == Some(table) {
            worker.progress.stop();
        }
    }
}

/// Returns the number of an ioctl with another structure, of no bytes.
const fn without_size(cmd: u32) -> u32 {
    cmd & !(kernel::uapi::_IOC_SIZEMASK << kernel::uapi::_IOC_SIZESHIFT)
}

/// Argument of an ioctl: a structure as large as the caller knows it.
struct Argument {
    address: UserPtr,
    size: usize,
}

impl Argument {
    /// Copies the structure from user space, runs `f` on it, and copies it back, even if `f` fails.
    #[inline(never)]
    fn exchange<T: Extensible>(&self, f: impl FnOnce(&mut T) -> Result) -> Result {
        if self.size < T::FIRST_SIZE {
            return Err(EINVAL);
        }
        // Not on the stack: some are large, and a run goes deep.
        let mut value = KBox::init(T::init_zeroed(), GFP_KERNEL)?;
        user_struct::read(&mut *value, self.address, self.size)?;
        let result = if *value.version() == uapi::EPOCH_BENCH_VERSION {
            f(&mut value)
        } else {
            *value.version() = uapi::EPOCH_BENCH_VERSION;
            Err(eproto())
        };
        user_struct::write(self.address, self.size, &*value)?;
        result
    }
}

impl Worker {
    fn info(&self, info: &mut uapi::epoch_bench_info) -> Result {
        info.max_workers = MAX_WORKERS;
        let workers = self.bench.workers();
        info.running = workers.running;
        info.started = workers.started;
        info.tracker = padded(self.bench.tracker());
        Ok(())
    }

    fn run(&self, run: &mut uapi::epoch_bench_run) -> Result {
        let orders = Orders {
            testcase: testcase(run)?,
            keys: keys(run)?,
            max_iterations: Some(run.max_iterations).filter(|&max| max > 0),
            max_duration_ns: Some(run.max_duration_ns).filter(|&max| max > 0),
            progress: &self.progress,
        };
        let tracker = wished(&run.tracker)?;
        let admission = self.bench.admit()?;
        self.begin(tracker)?;
        let outcome = stress::run(&orders, &admission);
        self.end();

        run.iterations = outcome.iterations;
        run.elapsed_ns = outcome.elapsed_ns;
        outcome.result
    }

    /// Makes the current thread the worker of this file.
    fn begin(&self, tracker: Option<Kind>) -> Result {
        let mut runs_in = self.runs_in.lock();
        if runs_in.is_some() {
            return Err(EBUSY);
        }
        *runs_in = Some(FileTable::current());
        self.progress.begin(tracker);
        Ok(())
    }

    fn end(&self) {
        let mut runs_in = self.runs_in.lock();
        self.progress.end();
        *runs_in = None;
    }

    fn stop(&self) -> Result {
        // With the lock, so that it cannot hit the next run.
        let runs_in = self.runs_in.lock();
        if runs_in.is_some() {
            self.progress.stop();
        }
        Ok(())
    }

    fn select(&self, select: &mut uapi::epoch_bench_select) -> Result {
        if select.reserved != 0 {
            return Err(EINVAL);
        }
        self.progress.wish.set(wished(&select.tracker)?);
        Ok(())
    }

    fn counters(&self, counters: &mut uapi::epoch_bench_counters) -> Result {
        if counters.reserved != 0 {
            return Err(EINVAL);
        }
        let reading = self.progress.read();
        counters.state = reading.state;
        counters.iterations = reading.iterations;
        counters.turns = reading.turns;
        counters.tracker = reading.tracker.map_or(Default::default(), padded);
        counters.timestamp_ns = clock::monotonic_ns();
        Ok(())
    }

    fn tracker(&self, tracker: &mut uapi::epoch_bench_tracker) -> Result {
        let kind = named(&tracker.name)?;
        let (waits, blocked, counters) = self.bench.counters(kind);
        tracker.flags = match kind.context() {
            Context::Sleeping => uapi::EPOCH_BENCH_TRACKER_SLEEPS,
            Context::Task | Context::Any => 0,
        };
        tracker.waits = waits;
        tracker.blocked = blocked;
        tracker.longest_queue = counters.longest_queue;
        tracker.restarts = counters.restarts;
        tracker.contended = counters.contended;
        tracker.violations = self.bench.verifier.violations(kind);
        Ok(())
    }

    fn histogram(&self, histogram: &mut uapi::epoch_bench_histogram) -> Result {
        let kind = named(&histogram.tracker)?;
        match histogram.latency {
            uapi::EPOCH_BENCH_HOOKED => self.bench.hook.latencies(kind),
            uapi::EPOCH_BENCH_WAITS => self.bench.wait_latencies(kind),
            _ => return Err(EINVAL),
        }
        .read(&mut histogram.buckets);
        Ok(())
    }
}

/// A tracker's name, padded with NULs.
type Name = [c_char; uapi::EPOCH_BENCH_NAME_LEN as usize];

fn padded(kind: Kind) -> Name {
    let mut name = Name::default();
    for (to, &from) in name.iter_mut().zip(kind.name().as_bytes()) {
        *to = from;
    }
    name
}

/// Returns the available tracker of this name.
fn named(name: &Name) -> Result<Kind> {
    Kind::available()
        .find(|&kind| padded(kind) == *name)
        .ok_or(EINVAL)
}

/// Returns the available tracker of this name, or `None` if the name is empty.
fn wished(name: &Name) -> Result<Option<Kind>> {
    match *name == Name::default() {
        true => Ok(None),
        false => named(name).map(Some),
    }
}

/// Checks the parameters of a run from user space, and returns its testcase.
fn testcase(run: &uapi::epoch_bench_run) -> Result<Testcase> {
    let &uapi::epoch_bench_run {
        testcase,
        bytes,
        pages,
        rate,
        reserved,
        ..
    } = run;
    let is_mmap = testcase == uapi::EPOCH_BENCH_MMAP1 || testcase == uapi::EPOCH_BENCH_MMAP1_TOUCH;
    if (bytes != 0 && !is_mmap)
        || (pages != 0) != (testcase == uapi::EPOCH_BENCH_MMAP1_TOUCH)
        || (rate != 0 && testcase != uapi::EPOCH_BENCH_WAIT)
        || rate > uapi::EPOCH_BENCH_MAX_RATE
        || reserved != 0
    {
        return Err(EINVAL);
    }
    match testcase {
        uapi::EPOCH_BENCH_MMAP1 | uapi::EPOCH_BENCH_MMAP1_TOUCH => {
            let bytes = match bytes {
                0 => uapi::EPOCH_BENCH_DEFAULT_BYTES.into(),
                bytes => bytes,
            };
            if bytes > uapi::EPOCH_BENCH_MAX_BYTES
                || bytes % PAGE_SIZE as u64 != 0
                || u64::from(pages) > bytes / PAGE_SIZE as u64
            {
                return Err(EINVAL);
            }
            Ok(Testcase::Mmap {
                bytes: usize::try_from(bytes)?,
                pages,
            })
        }
        uapi::EPOCH_BENCH_PAGE_FAULT => Ok(Testcase::Mmap {
            bytes: PAGE_SIZE,
            pages: 1,
        }),
        uapi::EPOCH_BENCH_DI => Ok(Testcase::Di),
        uapi::EPOCH_BENCH_WAIT => Ok(Testcase::Wait {
            period_ns: 1_000_000_000u64.checked_div(rate.into()).unwrap_or(0),
        }),
        uapi::EPOCH_BENCH_TORTURE => Ok(Testcase::Torture),
        _ => Err(EINVAL),
    }
}

fn keys(run: &uapi::epoch_bench_run) -> Result<NonZero<u32>> {
    let has_pages = !matches!(run.testcase, uapi::EPOCH_BENCH_MMAP1 | uapi::EPOCH_BENCH_DI);
    let keys = match run.keys {
        0 => uapi::EPOCH_BENCH_DEFAULT_KEYS,
        keys if has_pages && keys <= uapi::EPOCH_BENCH_MAX_KEYS => keys,
        _ => return Err(EINVAL),
    };
    NonZero::new(keys).ok_or(EINVAL)
}
