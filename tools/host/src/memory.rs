// SPDX-License-Identifier: MIT OR Apache-2.0

//! Size of a page.

use anyhow::{Context, Result};
use nix::unistd::{SysconfVar, sysconf};

/// Returns the size of a page in bytes.
pub fn page_bytes() -> Result<usize> {
    sysconf(SysconfVar::PAGE_SIZE)?
        .and_then(|bytes| usize::try_from(bytes).ok())
        .context("the size of a page is unknown")
}
