// SPDX-License-Identifier: MIT OR Apache-2.0

//! The machine that a measurement ran on, and its activity during the measurement.

pub mod activity;
pub mod environment;
pub mod hypervisor;
pub mod memory;
pub mod topology;
