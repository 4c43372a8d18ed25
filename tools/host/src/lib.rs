// SPDX-License-Identifier: MIT OR Apache-2.0

//! The machine that a program runs on: what it is, what it does during a measurement, and how it is
//! told of errors and given files.

pub mod activity;
pub mod destination;
pub mod environment;
pub mod error;
pub mod hypervisor;
pub mod memory;
pub mod topology;
