// SPDX-License-Identifier: MIT OR Apache-2.0

//! Workers that load the kernel, and samples of their work.

pub mod calibration;
pub mod clock;
pub mod command;
pub mod compare;
pub mod limits;
pub mod pool;
pub mod progress;
pub mod run;
pub mod sampling;
pub mod session;
pub mod shared;
pub mod signals;
pub mod torture;
pub mod watch;
