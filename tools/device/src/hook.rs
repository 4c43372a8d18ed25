// SPDX-License-Identifier: MIT OR Apache-2.0

//! The module's hook: a tracker's blocks around calls of a kernel function.

use std::fmt;
use std::fs;
use std::io;

use anyhow::{Context, Result, anyhow, bail};
use nix::errno::Errno;
use nix::unistd::Pid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::sysfs::Sysfs;
use host::error::usage;

/// Symbol of a target with [`Mechanism::Syscall`]; no function has this name.
const MUNMAP: &str = "munmap(2)";

/// Value of hook/mechanism: syscall if the selected tracker sleeps, else fprobe.
const AUTO: &str = "auto";

/// Mechanism by which the module intercepts calls of the hooked function.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mechanism {
    /// Function tracer (ftrace)
    Fprobe,
    /// Breakpoint at the function's entry, or a jump in its place
    Kretprobe,
    /// Tracepoints of system calls, munmap(2) only; the only mechanism under which a tracker may
    /// sleep
    Syscall,
}

impl Mechanism {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Fprobe, Self::Kretprobe, Self::Syscall];

    /// Returns the name in sysfs and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fprobe => "fprobe",
            Self::Kretprobe => "kretprobe",
            Self::Syscall => "syscall",
        }
    }

    /// Returns the mechanism of this name.
    pub fn named(name: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|mechanism| mechanism.name() == name)
    }

    /// Returns whether blocks may sleep under this mechanism.
    pub fn may_sleep(self) -> bool {
        self == Self::Syscall
    }
}

/// Filter that selects the tasks whose calls are hooked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// All tasks.
    All,
    /// Tasks that have this process among their ancestors. The process's own calls are not hooked.
    Descendants(Pid),
    /// Tasks with this name.
    Comm(String),
}

/// Attributes of the filters. A call is hooked if it passes all of them.
const FILTERS: [&str; 3] = ["hook/tgid", "hook/comm", "hook/ancestor"];

impl Filter {
    /// Returns the filter for this program and the workers that it starts, by their task name.
    pub fn own_comm() -> Result<Self> {
        let name = nix::sys::prctl::get_name().context("this process has no name")?;
        Ok(Self::Comm(name.to_string_lossy().into_owned()))
    }

    /// Returns the content of each of [`FILTERS`].
    fn values(&self) -> [String; 3] {
        let [any_process, any_name, any_ancestor] = ["0", "", "0"].map(String::from);
        match self {
            Self::All => [any_process, any_name, any_ancestor],
            Self::Descendants(pid) => [any_process, any_name, pid.to_string()],
            Self::Comm(comm) => [any_process, comm.clone(), any_ancestor],
        }
    }
}

/// Target of the hook: a function, and the mechanism that hooks it.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
pub struct Target {
    /// Function name; `munmap(2)` with mechanism `syscall`.
    pub symbol: String,
    /// `fprobe`, `kretprobe` or `syscall`
    pub mechanism: String,
}

impl Target {
    /// Returns the target of `mechanism` while hook/symbol contains `symbol`.
    fn new(symbol: String, mechanism: String) -> Self {
        let symbol = if mechanism == Mechanism::Syscall.name() {
            MUNMAP.into()
        } else {
            symbol
        };
        Self { symbol, mechanism }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "hooked: {} by {}", self.symbol, self.mechanism)
    }
}

/// Hooked calls since the hook was enabled, or between two readings.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
pub struct Calls {
    /// Calls that got a block.
    pub hits: u64,
    /// Calls that should have got a block, but could not.
    pub missed: u64,
}

impl Calls {
    /// Returns the calls since an earlier reading.
    pub fn since(&self, before: &Self) -> Self {
        Self {
            hits: self.hits.saturating_sub(before.hits),
            missed: self.missed.saturating_sub(before.missed),
        }
    }

    /// Adds the calls of another interval.
    pub fn add(&mut self, other: &Self) {
        self.hits += other.hits;
        self.missed += other.missed;
    }
}

/// Attributes in the directory `hook`.
#[derive(Clone, Copy)]
pub struct Hook<'a>(&'a Sysfs);

impl<'a> Hook<'a> {
    /// Returns the hook of the module.
    pub fn new(sysfs: &'a Sysfs) -> Self {
        Self(sysfs)
    }

    /// Returns whether calls open blocks now.
    pub fn is_enabled(&self) -> Result<bool> {
        Ok(self.0.read("hook/enable")? == "1")
    }

    /// Enables or disables blocks around calls. Disabling returns when no block is open any more.
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

    /// Returns the target that enabling the hook would hook.
    pub fn target(&self) -> Result<Target> {
        Ok(Target::new(self.symbol()?, self.mechanism_name()?))
    }

    /// Returns the target that enabling the hook by `mechanism` would hook.
    pub fn target_by(&self, mechanism: Mechanism) -> Result<Target> {
        Ok(Target::new(self.symbol()?, mechanism.name().into()))
    }

    /// Returns the mechanism that enabling the hook would use. It may change with the tracker,
    /// unless [`aim`](Self::aim) has set it.
    pub fn mechanism(&self) -> Result<Mechanism> {
        let name = self.mechanism_name()?;
        Mechanism::named(&name).with_context(|| {
            format!(
                "{} says '{name}', which this epoch-bench does not know: build it and the module \
                 from the same source",
                self.0.path("hook/mechanism").display()
            )
        })
    }

    fn symbol(&self) -> Result<String> {
        self.0.read("hook/symbol")
    }

    fn mechanism_name(&self) -> Result<String> {
        self.0.read("hook/mechanism")
    }

    /// Sets the function, the mechanism, or both, for the next time the hook is enabled. A
    /// mechanism that is set stays the same whatever tracker is selected.
    pub fn aim(&self, symbol: Option<&str>, mechanism: Option<Mechanism>) -> Result<()> {
        check_aim(symbol, mechanism)?;
        let target = match mechanism {
            Some(mechanism) => self.target_by(mechanism)?,
            None => self.target()?,
        };
        self.set_target(symbol, mechanism.map(Mechanism::name))
            .map_err(|error| match errno(&error) {
                Some(Errno::EINVAL | Errno::EOPNOTSUPP) if mechanism == Some(Mechanism::Syscall) => {
                    usage(
                        "munmap(2) cannot be hooked by syscall: that takes Linux 6.13 or later with \
                         tracepoints of system calls; the kernel log ('dmesg') says what is missing",
                    )
                }
                Some(Errno::EINVAL | Errno::ENOENT | Errno::EOPNOTSUPP) => usage(format!(
                    "{} cannot be hooked by {}: the kernel log ('dmesg') says why; functions that \
                     unmap and can are {}",
                    symbol.unwrap_or(&target.symbol),
                    target.mechanism,
                    self.0.read("hook/available_symbols").unwrap_or_default()
                )),
                _ => {
                    let file = symbol.map_or("hook/mechanism", |_| "hook/symbol");
                    self.0.cannot_write(file, error)
                }
            })
    }

    /// Writes symbol and mechanism. The module checks each against the current value of the other,
    /// so if one order fails, tries the reverse.
    fn set_target(&self, symbol: Option<&str>, mechanism: Option<&str>) -> io::Result<()> {
        let files = [("hook/mechanism", mechanism), ("hook/symbol", symbol)];
        let write = |(file, value): (&str, Option<&str>)| {
            value.map_or(Ok(()), |value| self.0.write(file, value))
        };
        let both = files.iter().all(|(_, value)| value.is_some());
        match files.into_iter().try_for_each(write) {
            Err(_) if both => files.into_iter().rev().try_for_each(write),
            result => result,
        }
    }

    /// Sets the tasks whose calls are hooked.
    pub fn filter(&self, filter: &Filter) -> Result<()> {
        self.set_filters(&filter.values())
    }

    fn set_filters(&self, values: &[String; 3]) -> Result<()> {
        for (file, value) in FILTERS.into_iter().zip(values) {
            self.0
                .write(file, value)
                .map_err(|error| self.0.cannot_write(file, error))?;
        }
        Ok(())
    }

    fn filters(&self) -> Result<[String; 3]> {
        let mut values = <[String; 3]>::default();
        for (file, value) in FILTERS.into_iter().zip(&mut values) {
            // The newest attribute; the module got it together with mechanism syscall.
            if matches!(fs::exists(self.0.path(file)), Ok(false)) {
                bail!(
                    "there is no {}: the module that is loaded is older than this epoch-bench; \
                     load the module of this source",
                    self.0.path(file).display()
                );
            }
            *value = self.0.read(file)?;
        }
        Ok(values)
    }

    /// Returns the calls since the hook was enabled.
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

/// Refuses a symbol that would have no effect.
pub fn check_aim(symbol: Option<&str>, mechanism: Option<Mechanism>) -> Result<()> {
    if symbol.is_some() && mechanism == Some(Mechanism::Syscall) {
        return Err(usage(
            "--symbol has no effect with --mechanism syscall, which hooks munmap(2): leave out one \
             of them",
        ));
    }
    Ok(())
}

fn errno(error: &io::Error) -> Option<Errno> {
    error.raw_os_error().map(Errno::from_raw)
}

/// Guard that disables the hook and restores its settings of when the guard was created.
///
/// hook/mechanism depends on the tracker: restore the tracker between [`disable`](Self::disable)
/// and [`restore`](Self::restore).
pub struct HookGuard<'a> {
    hook: Hook<'a>,
    before: Option<Before>,
}

struct Before {
    symbol: String,
    /// Name of one of the three mechanisms, also if the setting was `auto`.
    mechanism: String,
    filters: [String; 3],
}

impl<'a> HookGuard<'a> {
    /// Saves the settings of the hook. Refuses a hook that is in use.
    pub fn new(hook: Hook<'a>) -> Result<Self> {
        let before = Before {
            symbol: hook.symbol()?,
            mechanism: hook.mechanism_name()?,
            filters: hook.filters()?,
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

    /// Disables the hook, after which any tracker can be selected.
    pub fn disable(&self) -> Result<()> {
        self.hook
            .enable(false)
            .context("the hook could not be restored")
    }

    /// Restores all settings. Drop does the same, but ignores errors.
    pub fn restore(mut self) -> Result<()> {
        self.put_back()
    }

    fn put_back(&mut self) -> Result<()> {
        let Some(before) = self.before.take() else {
            return Ok(());
        };
        let disabled = self.hook.enable(false);
        let aimed = self
            .aim_back(&before)
            .map_err(|error| self.hook.0.cannot_write("hook/mechanism", error));
        let filtered = self.hook.set_filters(&before.filters);
        disabled
            .and(aimed)
            .and(filtered)
            .context("the hook could not be restored")
    }

    fn aim_back(&self, before: &Before) -> io::Result<()> {
        let symbol = || match self.hook.symbol() {
            Ok(symbol) if symbol == before.symbol => Ok(()),
            _ => self.hook.set_target(Some(&before.symbol), None),
        };
        let mechanism = || {
            // The attribute does not distinguish `auto` from the mechanism that it stands for. If
            // `auto` now stands for the mechanism from before, the setting may have been `auto`,
            // and the mechanism may be refused by name.
            let auto = self.hook.set_target(None, Some(AUTO));
            match self.hook.mechanism_name() {
                Ok(mechanism) if auto.is_ok() && mechanism == before.mechanism => Ok(()),
                _ => self.hook.set_target(None, Some(&before.mechanism)),
            }
        };
        // The module checks each against the current value of the other.
        match mechanism().and_then(|()| symbol()) {
            Err(_) => symbol().and_then(|()| mechanism()),
            ok => ok,
        }
    }
}

impl Drop for HookGuard<'_> {
    fn drop(&mut self) {
        let _ = self.put_back();
    }
}

/// Stand-in for the module's directory in sysfs.
#[cfg(any(test, feature = "fakes"))]
#[allow(missing_docs)]
pub mod fake {
    use super::Sysfs;
    use std::fs;

    /// Creates a directory like the module's, in which every write succeeds.
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
        write("hook/ancestor", "5\n");
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

    fn told(sysfs: &Sysfs) -> [String; 5] {
        let files = ["hook/symbol", "hook/mechanism"].into_iter().chain(FILTERS);
        let told: Vec<_> = files.map(|file| sysfs.read(file).unwrap()).collect();
        told.try_into().unwrap()
    }

    #[test]
    fn everything_is_put_back() {
        let (_dir, sysfs) = fake_class();
        let hook = Hook::new(&sysfs);
        let before = ["__vm_munmap", "fprobe", "0", "sh", "5"];
        for (symbol, mechanism, aimed) in [
            (
                Some("do_vmi_munmap"),
                Mechanism::Kretprobe,
                ["do_vmi_munmap", "kretprobe", "0", "", "42"],
            ),
            (
                None,
                Mechanism::Syscall,
                ["__vm_munmap", "syscall", "0", "", "42"],
            ),
        ] {
            assert_eq!(told(&sysfs), before);
            let guard = HookGuard::new(hook).unwrap();
            hook.aim(symbol, Some(mechanism)).unwrap();
            hook.filter(&Filter::Descendants(Pid::from_raw(42)))
                .unwrap();
            hook.enable(true).unwrap();
            assert!(hook.is_enabled().unwrap());
            assert_eq!(told(&sysfs), aimed);
            guard.disable().unwrap();
            assert!(!hook.is_enabled().unwrap());
            assert_eq!(told(&sysfs), aimed);
            drop(guard);
        }
        assert_eq!(told(&sysfs), before);
    }

    #[test]
    fn other_filters_let_all_ancestors_pass() {
        let (_dir, sysfs) = fake_class();
        let hook = Hook::new(&sysfs);
        hook.filter(&Filter::All).unwrap();
        assert_eq!(told(&sysfs)[2..], ["0", "", "0"]);
        hook.filter(&Filter::Descendants(Pid::from_raw(42)))
            .unwrap();
        hook.filter(&Filter::Comm("sh".into())).unwrap();
        assert_eq!(told(&sysfs)[2..], ["0", "sh", "0"]);
    }

    #[test]
    fn system_calls_are_no_symbols() {
        let (_dir, sysfs) = fake_class();
        let hook = Hook::new(&sysfs);
        let expected = "hooked: munmap(2) by syscall";
        let target = hook.target_by(Mechanism::Syscall).unwrap();
        assert_eq!(target.to_string(), expected);
        hook.aim(None, Some(Mechanism::Syscall)).unwrap();
        assert_eq!(hook.target().unwrap().to_string(), expected);
        assert_eq!(sysfs.read("hook/symbol").unwrap(), "__vm_munmap");
        hook.aim(None, Some(Mechanism::Fprobe)).unwrap();
        let target = hook.target().unwrap().to_string();
        assert_eq!(target, "hooked: __vm_munmap by fprobe");
        let error = hook
            .aim(Some("do_vmi_munmap"), Some(Mechanism::Syscall))
            .unwrap_err();
        assert_eq!(host::error::exit_code(&error), 2);
        assert_eq!(hook.target().unwrap().to_string(), target);
    }

    #[test]
    fn mechanisms_have_names() {
        for mechanism in Mechanism::ALL {
            assert_eq!(Mechanism::named(mechanism.name()), Some(mechanism));
            let json = serde_json::to_value(mechanism).unwrap();
            assert_eq!(json, mechanism.name());
        }
        assert_eq!(Mechanism::named(AUTO), None);
        let (_dir, sysfs) = fake_class();
        sysfs.write("hook/mechanism", "uprobe").unwrap();
        let error = Hook::new(&sysfs).mechanism().unwrap_err().to_string();
        assert!(error.contains("says 'uprobe'"), "{error}");
    }

    #[test]
    fn a_module_that_is_too_old_is_refused() {
        let (dir, sysfs) = fake_class();
        fs::remove_file(dir.path().join("hook/ancestor")).unwrap();
        let error = HookGuard::new(Hook::new(&sysfs)).err().unwrap().to_string();
        assert!(error.contains("load the module of this source"), "{error}");
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
