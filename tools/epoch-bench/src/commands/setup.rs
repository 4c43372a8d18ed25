// SPDX-License-Identifier: MIT OR Apache-2.0

//! Meaning of the options of measuring commands.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use epoch_device::orders::{Mix, Orders};
use epoch_measure::pool::{Crew, KernelLoad};
use epoch_results::record::{Options, Where};
use host::destination::{Destination, is_same};
use host::error::{printable, usage};
use host::topology;

use super::mechanism::Asked;
use super::module::kernel_load;
use crate::cli::MeasureArgs;

impl MeasureArgs {
    /// Opens the file for the report, if the command line names one.
    pub fn destination(&self) -> Result<Option<Destination>> {
        open_destination("--json", self.json.as_deref())
    }

    /// Refuses a mechanism where nothing is hooked.
    pub fn check_mechanism(&self, hooked: bool) -> Result<()> {
        let asked = Asked {
            mechanism: self.mechanism,
            symbol: None,
        };
        asked.check(hooked)
    }
}

/// Returns the number of tasks: one for each CPU that may be used, unless the command line says
/// otherwise.
pub fn tasks(asked: Option<u32>) -> Result<usize> {
    match asked {
        Some(tasks) => Ok(tasks as usize),
        None => Ok(topology::allowed_cpus()?.len()),
    }
}

/// Returns the workers, of which `tasks` are measured.
pub fn crew(options: &Options, tasks: usize) -> Crew {
    Crew {
        tasks,
        waiters: options.waiters as usize,
    }
}

/// Creates the load of workers in the kernel; `None` if they are in user space.
pub fn load_in_kernel(options: &Options, tasks: usize) -> Result<Option<Arc<KernelLoad>>> {
    let (testcase, pages, keys) = (options.testcase, options.pages, options.keys);
    if options.r#where == Where::User {
        return Ok(None);
    }
    let task = Orders::Measured {
        testcase,
        pages,
        keys,
    };
    let mut orders = vec![task; tasks];
    if let Some(Mix { waiters, wait_rate }) = options.mix() {
        let rate = wait_rate;
        orders.extend(vec![Orders::Wait { rate, keys }; waiters]);
    }
    Ok(Some(Arc::new(kernel_load(orders)?)))
}

/// Opens the file that `option` names, if it does.
pub fn open_destination(option: &'static str, path: Option<&Path>) -> Result<Option<Destination>> {
    path.map(|path| Destination::open(option, path)).transpose()
}

/// Refuses two options that name the same file.
pub fn check_distinct(named: &[(&str, Option<&Path>)]) -> Result<()> {
    for (index, (option, path)) in named.iter().enumerate() {
        let Some(path) = path else { continue };
        let mut others = named[..index].iter();
        let same = others.find(|(_, other)| other.is_some_and(|other| is_same(other, path)));
        if let Some((other, _)) = same {
            return Err(usage(format!(
                "{other} and {option} name the same file: give each its own"
            )));
        }
    }
    Ok(())
}

/// Prints a warning to stderr.
pub fn warn(message: &str) {
    // Errors are ignored: nobody may be reading stderr.
    let _ = writeln!(io::stderr(), "warning: {}", printable(message));
}

/// Prints a status message to stderr.
pub fn say(message: &str) {
    // Errors are ignored: nobody may be reading stderr.
    let _ = writeln!(io::stderr(), "{}", printable(message));
}

/// Returns the command line, with the program's name first.
pub fn command_line() -> Vec<String> {
    std::env::args_os()
        .map(|arg| arg.to_string_lossy().into_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command, options};
    use clap::Parser;
    use host::error;

    fn check(args: &[&str]) -> std::result::Result<(), String> {
        let args = ["epoch-bench", "run"].iter().chain(args);
        let Command::Run(args) = Cli::parse_from(args).command else {
            panic!("run was not parsed as such");
        };
        options::check(&Options::from(&args.measure.options)).map_err(|error| {
            assert_eq!(error::exit_code(&error), 2);
            error.to_string()
        })
    }

    #[test]
    fn options_without_effect_are_refused() {
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
    fn options_with_an_effect_are_accepted() {
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
