// SPDX-License-Identifier: GPL-2.0

//! Comparison of the cost of the epoch's readers with that of its peers: the parts of the
//! `epoch-peers` command, as a library for its tests.

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
compile_error!("the instructions that are measured are those of x86-64 Linux");

pub mod candidates;
pub mod cli;
pub mod epoch;
pub mod goals;
pub mod measure;
pub mod pairs;
pub mod picture;
pub mod processes;
pub mod report;
pub mod stats;
pub mod system;
pub mod text;
