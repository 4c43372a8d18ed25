//! What machine a measurement ran on, and what all of it did meanwhile.

pub mod activity;
pub mod environment;
pub mod hypervisor;
pub mod memory;
pub mod topology;
