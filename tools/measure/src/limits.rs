// SPDX-License-Identifier: MIT OR Apache-2.0

//! Resource limits that many tasks run into.

use anyhow::{Context, Result, bail};
use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Open files in addition to those of the workers.
const SPARE_FILES: u64 = 64;

/// Raises the limit of open files as far as `tasks` files need it.
pub fn allow_open_files(tasks: usize) -> Result<()> {
    let needed = tasks as u64 + SPARE_FILES;
    let (soft, hard) =
        getrlimit(Resource::RLIMIT_NOFILE).context("the limit of open files is unknown")?;
    if soft >= needed {
        return Ok(());
    }
    if hard < needed {
        bail!(
            "{tasks} tasks need {needed} open files and the limit is {hard}: take fewer tasks or \
             raise the limit ('ulimit -Hn {needed}')"
        );
    }
    setrlimit(Resource::RLIMIT_NOFILE, needed, hard).with_context(|| {
        format!("the limit of open files cannot be raised to {needed}: take fewer tasks")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_cannot_be_raised_is_explained() {
        allow_open_files(1).unwrap();
        let error = allow_open_files(usize::MAX / 2).unwrap_err().to_string();
        assert!(error.contains("take fewer tasks"), "{error}");
    }
}
