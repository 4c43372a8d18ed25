//! What the options of measuring commands mean.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;

use super::module::kernel_load;
use crate::cli::{MeasureArgs, Where};
use crate::destination::Destination;
use crate::error::usage;
use crate::json::Workload;
use crate::orders::{Mix, Orders};
use crate::pool::{Carrier, Crew, Load, UserLoad, page_bytes};
use crate::testcase::Testcase;
use crate::topology;
use crate::uapi;

/// Waits a second of a page daemon, unless the command line says otherwise.
const WAIT_RATE: u32 = 100;

impl MeasureArgs {
    /// Refuses combinations that mean nothing.
    pub fn check(&self) -> Result<()> {
        let testcase = self.testcase.name();
        if self.r#where == Where::User {
            if self.testcase == Testcase::Di {
                return Err(usage(format!(
                    "testcase {testcase} exists only in the kernel: leave out --where user"
                )));
            }
            if self.waiters > 0 || self.keys.is_some() {
                return Err(usage(
                    "page daemons and keys exist only in the kernel: leave out --where user, or \
                     --waiters and --keys",
                ));
            }
        }
        if let Some(pages) = self.pages {
            if self.testcase != Testcase::Mmap1Touch {
                return Err(usage(format!(
                    "--pages has no effect on testcase {testcase}: add --testcase mmap1-touch, or \
                     leave it out"
                )));
            }
            let most = uapi::DEFAULT_BYTES / page_bytes()? as u64;
            if u64::from(pages) > most {
                return Err(usage(format!(
                    "--pages {pages} is more than the mapping has: take at most {most}"
                )));
            }
        }
        if self.waiters == 0 {
            if self.wait_rate.is_some() {
                return Err(usage("--wait-rate has no effect without --waiters: add it"));
            }
            if self.keys.is_some() && !self.testcase.has_pages() {
                return Err(usage(format!(
                    "--keys has no effect on testcase {testcase} without --waiters: add it"
                )));
            }
        }
        Ok(())
    }

    /// Processes or threads.
    pub fn carrier(&self) -> Carrier {
        if self.threads {
            Carrier::Threads
        } else {
            Carrier::Processes
        }
    }

    /// Length of a sample.
    pub fn interval(&self) -> Duration {
        Duration::from_millis(self.interval_ms)
    }

    /// The workers, of which so many are measured.
    pub fn crew(&self, tasks: usize) -> Crew {
        Crew {
            tasks,
            waiters: self.waiters as usize,
        }
    }

    fn mix(&self) -> Option<Mix> {
        (self.waiters > 0).then(|| Mix {
            waiters: self.waiters as usize,
            wait_rate: self.wait_rate.unwrap_or(WAIT_RATE),
        })
    }

    /// Describes what is measured, and decides which task goes where.
    pub fn workload(&self, tasks: usize) -> Result<Workload> {
        let cpus = if self.no_affinity {
            None
        } else {
            Some(topology::place(tasks, &topology::allowed_cpus()?))
        };
        Ok(Workload {
            testcase: self.testcase,
            r#where: self.r#where,
            carrier: self.carrier(),
            tasks,
            pages: self.pages,
            keys: self.keys,
            mix: self.mix(),
            cpus,
            interval_ms: self.interval_ms,
        })
    }

    /// What the workers will do.
    pub fn load(&self, tasks: usize) -> Result<Arc<dyn Load>> {
        let (testcase, pages, keys) = (self.testcase, self.pages, self.keys);
        if self.r#where == Where::User {
            return Ok(Arc::new(UserLoad::new(testcase, pages)?));
        }
        let task = Orders::Measured {
            testcase,
            pages,
            keys,
        };
        let mut orders = vec![task; tasks];
        if let Some(Mix { waiters, wait_rate }) = self.mix() {
            let rate = wait_rate;
            orders.extend(vec![Orders::Wait { rate, keys }; waiters]);
        }
        kernel_load(orders)
    }

    /// Where the report goes, if there is to be one.
    pub fn destination(&self) -> Result<Option<Destination>> {
        open_destination("--json", self.json.as_deref())
    }
}

/// Opens the file that `option` names, if it does.
pub fn open_destination(option: &'static str, path: Option<&Path>) -> Result<Option<Destination>> {
    path.map(|path| Destination::open(option, path)).transpose()
}

/// Says something that does not keep us from going on.
pub fn warn(message: &str) {
    // Nobody has to listen.
    let _ = writeln!(io::stderr(), "warning: {message}");
}

/// Says on stderr what is done.
pub fn say(message: &str) {
    // Nobody has to listen.
    let _ = writeln!(io::stderr(), "{message}");
}

/// The command line with the program's name first.
pub fn command_line() -> Vec<String> {
    std::env::args_os()
        .map(|arg| arg.to_string_lossy().into_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::cli::{Cli, Command};
    use crate::error;
    use clap::Parser;

    fn check(args: &[&str]) -> std::result::Result<(), String> {
        let args = ["epoch-bench", "run"].iter().chain(args);
        let Command::Run(args) = Cli::parse_from(args).command else {
            panic!("run was not parsed as such");
        };
        args.measure.check().map_err(|error| {
            assert_eq!(error::exit_code(&error), 2);
            error.to_string()
        })
    }

    #[test]
    fn what_has_no_effect_is_refused() {
        for (args, message) in [
            (&["--pages", "2"][..], "add --testcase mmap1-touch"),
            (&["--testcase", "page-fault", "--pages", "1"], "no effect"),
            (
                &["--testcase", "mmap1-touch", "--pages", "99999999"],
                "take at most",
            ),
            (&["--wait-rate", "5"], "without --waiters"),
            (&["--keys", "5"], "without --waiters"),
            (&["--where", "user", "--waiters", "1"], "only in the kernel"),
            (
                &["--where", "user", "--testcase", "di"],
                "only in the kernel",
            ),
        ] {
            let error = check(args).unwrap_err();
            assert!(error.contains(message), "{args:?}: {error}");
        }
    }

    #[test]
    fn what_has_an_effect_is_not() {
        for args in [
            &["--testcase", "mmap1-touch", "--pages", "2"][..],
            &[
                "--testcase",
                "mmap1-touch",
                "--pages",
                "2",
                "--where",
                "user",
            ],
            &["--testcase", "page-fault", "--keys", "1"],
            &["--waiters", "2", "--keys", "9", "--wait-rate", "0"],
        ] {
            check(args).unwrap();
        }
    }
}
