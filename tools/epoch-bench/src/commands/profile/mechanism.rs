// SPDX-License-Identifier: MIT OR Apache-2.0

//! Choice of the probe that hooks the calls while perf samples their stacks.

use anyhow::Result;
use epoch_device::hook::{Hook, HookGuard, Mechanism};

use crate::commands::setup::{say, warn};

/// True if the kernel unwinds stacks with ORC data, which are wrong in the last instructions of
/// `return_to_handler`, by which a call under an fprobe returns. A kretprobe's calls return by
/// `arch_rethook_trampoline`, which the data describe.
const ORC: bool = cfg!(target_arch = "x86_64");

/// Warning that the unwinder prints in `return_to_handler`, once after each boot.
const WARNING: &str = "WARNING: stack going in the wrong direction? at return_to_handler";

/// Replaces the mechanism that was chosen for the trackers if the kernel may warn of stacks under
/// it, unless the user asked for it. Reports the replacement, or that the kernel may warn.
pub fn for_stacks(hook: Hook<'_>, chosen: Mechanism, asked: bool) -> Result<Mechanism> {
    if !ORC || chosen != Mechanism::Fprobe {
        return Ok(chosen);
    }
    if !asked && can_be(hook, Mechanism::Kretprobe)? {
        say(
            "hook: kretprobe for this profile, as the kernel may warn of stacks sampled under \
             fprobe, which hook/mechanism says (--mechanism fprobe takes it)",
        );
        return Ok(Mechanism::Kretprobe);
    }
    warn(&format!(
        "stacks are sampled under fprobe: the kernel log may say '{WARNING}', which is harmless; \
         the stack of that sample is cut short"
    ));
    Ok(chosen)
}

/// Returns whether the function that is hooked can be hooked by `mechanism`. Changes nothing.
fn can_be(hook: Hook<'_>, mechanism: Mechanism) -> Result<bool> {
    let guard = HookGuard::new(hook)?;
    let can = hook.aim(None, Some(mechanism)).is_ok();
    guard.restore()?;
    Ok(can)
}

#[cfg(test)]
mod tests {
    use super::*;
    use epoch_device::hook::fake::fake_class;

    #[test]
    fn an_fprobe_is_replaced_where_the_kernel_would_warn_of_it() {
        let (_dir, sysfs) = fake_class();
        let hook = Hook::new(&sysfs);
        let chosen = for_stacks(hook, Mechanism::Fprobe, false).unwrap();
        let expected = if ORC {
            Mechanism::Kretprobe
        } else {
            Mechanism::Fprobe
        };
        assert_eq!(chosen, expected);
        assert_eq!(hook.mechanism().unwrap(), Mechanism::Fprobe);
        for other in [Mechanism::Kretprobe, Mechanism::Syscall] {
            assert_eq!(for_stacks(hook, other, false).unwrap(), other);
        }
    }

    #[test]
    fn mechanism_that_is_asked_for_is_taken() {
        let (_dir, sysfs) = fake_class();
        let hook = Hook::new(&sysfs);
        for asked in [Mechanism::Fprobe, Mechanism::Kretprobe, Mechanism::Syscall] {
            assert_eq!(for_stacks(hook, asked, true).unwrap(), asked);
        }
    }
}
