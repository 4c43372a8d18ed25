// SPDX-License-Identifier: MIT OR Apache-2.0

//! Activity of the whole machine per iteration.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Counts of the whole machine in the samples that count, divided by the iterations of all tasks.
/// A count that the machine does not have is null or absent.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct ActivityPerIteration {
    /// Iterations of all tasks.
    pub iterations: u64,
    /// Context switches per iteration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_switches: Option<f64>,
    /// Rescheduling interrupts per iteration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reschedule_ipis: Option<f64>,
    /// Function call interrupts per iteration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function_call_ipis: Option<f64>,
    /// TLB shootdowns that CPUs received, per iteration. On x86 they arrive as function call
    /// interrupts and are counted there, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tlb_shootdowns: Option<f64>,
    /// Time in softirqs as a share (0 to 1) of the time that CPUs were neither idle nor stolen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub softirq_share: Option<f64>,
    /// Time that the hypervisor withheld as a share (0 to 1) of all CPU time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steal_share: Option<f64>,
    /// Instructions per iteration, in the kernel and in user space.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructions: Option<f64>,
    /// Names of the counts that are missing, with the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
}
