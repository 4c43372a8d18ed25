//! Which probe hooks the calls while perf samples their stacks.

use anyhow::Result;
use epoch_device::error::usage;
use epoch_device::hook::{Hook, HookGuard, Mechanism};

use crate::commands::setup::{say, warn};

/// Whether the kernel unwinds stacks with ORC data, which are wrong in the last
/// instructions of `return_to_handler`, by which a call under an fprobe returns.
/// A kretprobe's calls return by `arch_rethook_trampoline`, which the data
/// describe.
const ORC: bool = cfg!(target_arch = "x86_64");

/// The warning that the unwinder prints there, once after each boot.
const WARNING: &str = "WARNING: stack going in the wrong direction? at return_to_handler";

/// Chooses the mechanism, and says which it is where that is not what
/// hook/mechanism says, or where the kernel may print its warning.
///
/// An absent hook needs none, and is a usage error if one is asked for.
pub fn choose(asked: Option<Mechanism>, hook: Option<Hook<'_>>) -> Result<Option<Mechanism>> {
    let Some(hook) = hook else {
        return match asked {
            None => Ok(None),
            Some(_) => Err(usage(
                "--mechanism has no effect without the hook: add --where user and a tracker, or \
                 leave it out",
            )),
        };
    };
    let set = hook.target()?.mechanism;
    let mechanism = match asked {
        None if ORC && set == Mechanism::Fprobe.name() => {
            if can_be(hook, Mechanism::Kretprobe)? {
                say(
                    "hook: kretprobe for this profile, as the kernel may warn of stacks sampled \
                     under fprobe, which hook/mechanism says (--mechanism fprobe takes it)",
                );
                return Ok(Some(Mechanism::Kretprobe));
            }
            None
        }
        asked => asked,
    };
    let used = mechanism.map_or(set, |mechanism| mechanism.name().into());
    if ORC && used == Mechanism::Fprobe.name() {
        warn(&format!(
            "stacks are sampled under fprobe: the kernel log may say '{WARNING}', which is \
             harmless; the stack of that sample is cut short"
        ));
    }
    Ok(mechanism)
}

/// Whether the function that is hooked can be hooked by `mechanism`. Changes
/// nothing.
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
        let chosen = choose(None, Some(hook)).unwrap();
        assert_eq!(chosen, ORC.then_some(Mechanism::Kretprobe));
        assert_eq!(hook.target().unwrap().mechanism, "fprobe");
        hook.aim(None, Some(Mechanism::Kretprobe)).unwrap();
        assert_eq!(choose(None, Some(hook)).unwrap(), None);
    }

    #[test]
    fn what_the_user_asks_for_is_taken() {
        let (_dir, sysfs) = fake_class();
        let hook = Hook::new(&sysfs);
        for asked in [Mechanism::Fprobe, Mechanism::Kretprobe] {
            assert_eq!(choose(Some(asked), Some(hook)).unwrap(), Some(asked));
        }
    }

    #[test]
    fn a_mechanism_needs_the_hook() {
        assert_eq!(choose(None, None).unwrap(), None);
        let error = choose(Some(Mechanism::Fprobe), None).unwrap_err();
        assert_eq!(epoch_device::error::exit_code(&error), 2);
        assert!(error.to_string().contains("--where user"), "{error}");
    }
}
