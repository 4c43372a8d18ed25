//! What machine a measurement ran on.

pub mod environment;
pub mod hypervisor;
pub mod memory;
pub mod topology;
