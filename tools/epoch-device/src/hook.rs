//! The module's hook: a tracker's blocks around calls of a kernel function.

use std::fmt;
use std::io;

use anyhow::{Context, Result, anyhow, bail};
use clap::ValueEnum;
use nix::errno::Errno;
use nix::unistd::Pid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::usage;
use crate::sysfs::Sysfs;

/// How the module gets between caller and function.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Mechanism {
    /// By way of the function tracer, the cheaper one
    Fprobe,
    /// By a breakpoint, or a jump in its place
    Kretprobe,
}

impl Mechanism {
    /// Its name in sysfs and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fprobe => "fprobe",
            Self::Kretprobe => "kretprobe",
        }
    }
}

/// Whose calls are hooked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// Everybody's.
    All,
    /// Those of one process.
    Process(Pid),
    /// Those of tasks with this name.
    Comm(String),
}

impl Filter {
    /// Those of this program and the workers that it starts.
    pub fn own_comm() -> Result<Self> {
        let name = nix::sys::prctl::get_name().context("this process has no name")?;
        Ok(Self::Comm(name.to_string_lossy().into_owned()))
    }

    /// `hook/tgid` and `hook/comm`.
    fn values(&self) -> (String, String) {
        match self {
            Self::All => ("0".into(), String::new()),
            Self::Process(pid) => (pid.to_string(), String::new()),
            Self::Comm(comm) => ("0".into(), comm.clone()),
        }
    }
}

/// What is hooked, and how.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
pub struct Target {
    /// The function.
    pub symbol: String,
    /// `fprobe` or `kretprobe`
    pub mechanism: String,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "hooked: {} by {}", self.symbol, self.mechanism)
    }
}

/// Calls since the hook was enabled, or between two readings.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
pub struct Calls {
    /// Calls that got a block.
    pub hits: u64,
    /// Calls that should have, and could not.
    pub missed: u64,
}

impl Calls {
    /// Those since an earlier reading.
    pub fn since(&self, before: &Self) -> Self {
        Self {
            hits: self.hits.saturating_sub(before.hits),
            missed: self.missed.saturating_sub(before.missed),
        }
    }

    /// Adds those of another time.
    pub fn add(&mut self, other: &Self) {
        self.hits += other.hits;
        self.missed += other.missed;
    }
}

/// The files of the folder `hook`.
#[derive(Clone, Copy)]
pub struct Hook<'a>(&'a Sysfs);

impl<'a> Hook<'a> {
    /// That of the module.
    pub fn new(sysfs: &'a Sysfs) -> Self {
        Self(sysfs)
    }

    /// Whether calls open blocks now.
    pub fn is_enabled(&self) -> Result<bool> {
        Ok(self.0.read("hook/enable")? == "1")
    }

    /// Lets calls open blocks from now on, or not; then returns when none is
    /// open any more.
    pub fn enable(&self, on: bool) -> Result<()> {
        let value = if on { "1" } else { "0" };
        self.0.write("hook/enable", value).map_err(|error| {
            let target = self.target();
            match errno(&error) {
                Some(Errno::EBUSY) => anyhow!(
                    "the hook cannot be enabled while workers run in the kernel: end the other \
                     epoch-bench first, or wait until {} is 0",
                    self.0.path("workers").display()
                ),
                Some(Errno::EINVAL) if on => anyhow!(
                    "the hook cannot be enabled{}: the kernel log ('dmesg') says why",
                    target.map_or(String::new(), |target| format!(
                        " with {} of {}",
                        target.mechanism, target.symbol
                    ))
                ),
                _ => self.0.cannot_write("hook/enable", error),
            }
        })
    }

    /// What is hooked.
    pub fn target(&self) -> Result<Target> {
        Ok(Target {
            symbol: self.0.read("hook/symbol")?,
            mechanism: self.0.read("hook/mechanism")?,
        })
    }

    /// Hooks another function, or by other means, from the next time on that
    /// it is enabled.
    pub fn aim(&self, symbol: Option<&str>, mechanism: Option<Mechanism>) -> Result<()> {
        let mut target = self.target()?;
        if let Some(symbol) = symbol {
            target.symbol = symbol.into();
        }
        if let Some(mechanism) = mechanism {
            target.mechanism = mechanism.name().into();
        }
        self.set_target(&target)
            .map_err(|error| match errno(&error) {
                Some(Errno::EINVAL | Errno::ENOENT | Errno::EOPNOTSUPP) => usage(format!(
                    "{} cannot be hooked by {}: the kernel log ('dmesg') says why; functions that \
                 unmap and can are {}",
                    target.symbol,
                    target.mechanism,
                    self.0.read("hook/available_symbols").unwrap_or_default()
                )),
                _ => self.0.cannot_write("hook/symbol", error),
            })
    }

    /// One is checked with the other as it is, so that either order may be the
    /// one that works.
    fn set_target(&self, target: &Target) -> io::Result<()> {
        let files = [
            ("hook/mechanism", &target.mechanism),
            ("hook/symbol", &target.symbol),
        ];
        let write = |(file, value): (&str, &String)| {
            if self.0.read(file).is_ok_and(|now| now == *value) {
                return Ok(());
            }
            self.0.write(file, value)
        };
        let in_order = files.into_iter().try_for_each(write);
        let both = files.iter().all(|(file, value)| {
            let now = self.0.read(file);
            now.is_ok_and(|now| now != **value)
        });
        match in_order {
            Err(_) if both => files.into_iter().rev().try_for_each(write),
            result => result,
        }
    }

    /// Says whose calls are hooked.
    pub fn filter(&self, filter: &Filter) -> Result<()> {
        let (tgid, comm) = filter.values();
        self.set_filter(&tgid, &comm)
    }

    fn set_filter(&self, tgid: &str, comm: &str) -> Result<()> {
        for (file, value) in [("hook/tgid", tgid), ("hook/comm", comm)] {
            self.0
                .write(file, value)
                .map_err(|error| self.0.cannot_write(file, error))?;
        }
        Ok(())
    }

    /// Calls since the hook was enabled.
    pub fn calls(&self) -> Result<Calls> {
        let number = |file: &str| -> Result<u64> {
            let text = self.0.read(file)?;
            text.parse()
                .with_context(|| format!("{} says '{text}'", self.0.path(file).display()))
        };
        Ok(Calls {
            hits: number("hook/hits")?,
            missed: number("hook/missed")?,
        })
    }
}

fn errno(error: &io::Error) -> Option<Errno> {
    error.raw_os_error().map(Errno::from_raw)
}

/// Disables the hook, and puts back what it was told when this was made.
pub struct HookGuard<'a> {
    hook: Hook<'a>,
    before: Option<Before>,
}

struct Before {
    target: Target,
    tgid: String,
    comm: String,
}

impl<'a> HookGuard<'a> {
    /// Remembers what the hook is told now. Refuses one that somebody else
    /// uses.
    pub fn new(hook: Hook<'a>) -> Result<Self> {
        let before = Before {
            target: hook.target()?,
            tgid: hook.0.read("hook/tgid")?,
            comm: hook.0.read("hook/comm")?,
        };
        if hook.is_enabled()? {
            bail!(
                "the hook is enabled already: end what uses it, or run 'echo 0 >{}'",
                hook.0.path("hook/enable").display()
            );
        }
        Ok(Self {
            hook,
            before: Some(before),
        })
    }

    /// Puts it back; the same happens on drop, where errors are lost.
    pub fn restore(mut self) -> Result<()> {
        self.put_back()
    }

    fn put_back(&mut self) -> Result<()> {
        let Some(before) = self.before.take() else {
            return Ok(());
        };
        let disabled = self.hook.enable(false);
        let aimed = self
            .hook
            .set_target(&before.target)
            .map_err(|error| self.hook.0.cannot_write("hook/symbol", error));
        let filtered = self.hook.set_filter(&before.tgid, &before.comm);
        disabled
            .and(aimed)
            .and(filtered)
            .context("the hook could not be put back")
    }
}

impl Drop for HookGuard<'_> {
    fn drop(&mut self) {
        let _ = self.put_back();
    }
}

/// A stand-in for the module's folder in sysfs.
#[cfg(any(test, feature = "fakes"))]
#[allow(missing_docs)]
pub mod fake {
    use super::Sysfs;
    use std::fs;

    /// A folder as the module's, in which every write succeeds.
    pub fn fake_class() -> (tempfile::TempDir, Sysfs) {
        let dir = tempfile::tempdir().unwrap();
        let write = |file: &str, value: &str| fs::write(dir.path().join(file), value).unwrap();
        fs::create_dir(dir.path().join("hook")).unwrap();
        write("tracker", "mutex\n");
        write("available_trackers", "none mutex spin epoch\n");
        write("hook/enable", "0\n");
        write("hook/symbol", "__vm_munmap\n");
        write("hook/mechanism", "fprobe\n");
        write("hook/tgid", "0\n");
        write("hook/comm", "sh\n");
        write("hook/hits", "7\n");
        write("hook/missed", "1\n");
        let sysfs = Sysfs::open_dir(dir.path()).unwrap();
        (dir, sysfs)
    }
}

#[cfg(test)]
mod tests {
    use super::fake::fake_class;
    use super::*;

    #[test]
    fn everything_is_put_back() {
        let (_dir, sysfs) = fake_class();
        let hook = Hook::new(&sysfs);
        let guard = HookGuard::new(hook).unwrap();
        hook.aim(Some("do_vmi_munmap"), Some(Mechanism::Kretprobe))
            .unwrap();
        hook.filter(&Filter::Process(Pid::from_raw(42))).unwrap();
        hook.enable(true).unwrap();
        assert!(hook.is_enabled().unwrap());
        let read = |file: &str| sysfs.read(file).unwrap();
        assert_eq!(
            (read("hook/tgid"), read("hook/comm")),
            ("42".into(), String::new())
        );
        let target = hook.target().unwrap();
        assert_eq!(
            (&*target.symbol, &*target.mechanism),
            ("do_vmi_munmap", "kretprobe")
        );
        drop(guard);
        assert!(!hook.is_enabled().unwrap());
        let target = hook.target().unwrap();
        assert_eq!(
            (&*target.symbol, &*target.mechanism),
            ("__vm_munmap", "fprobe")
        );
        assert_eq!(
            (read("hook/tgid"), read("hook/comm")),
            ("0".into(), "sh".into())
        );
    }

    #[test]
    fn a_hook_in_use_is_left_alone() {
        let (_dir, sysfs) = fake_class();
        let hook = Hook::new(&sysfs);
        hook.enable(true).unwrap();
        let error = HookGuard::new(hook).err().unwrap().to_string();
        assert!(error.contains("enabled already"), "{error}");
        assert!(hook.is_enabled().unwrap());
    }

    #[test]
    fn calls_are_read() {
        let (_dir, sysfs) = fake_class();
        let calls = Hook::new(&sysfs).calls().unwrap();
        assert_eq!(calls, Calls { hits: 7, missed: 1 });
        let mut sum = calls.since(&Calls { hits: 5, missed: 1 });
        sum.add(&calls);
        assert_eq!(sum, Calls { hits: 9, missed: 1 });
    }

    #[test]
    fn the_own_name_fits() {
        let Filter::Comm(comm) = Filter::own_comm().unwrap() else {
            panic!("it filters by something else");
        };
        assert!(!comm.is_empty() && comm.len() < 16);
    }
}
