// SPDX-License-Identifier: MIT OR Apache-2.0

//! Choice of the mechanism that hooks the calls, and of the trackers whose blocks surround them.
//!
//! Trackers that are compared are hooked by the same mechanism. Blocks may sleep only under
//! `syscall`.

use anyhow::Result;
use epoch_device::hook::{self, Hook, Mechanism};
use epoch_device::sysfs::{ALL, TrackerControl, TrackerGuard};
use host::error::{UsageError, usage};

use super::module::Module;
use super::setup::say;

/// Options of the command line about the hook.
#[derive(Clone, Copy, Default)]
pub struct Asked<'a> {
    /// `--mechanism`
    pub mechanism: Option<Mechanism>,
    /// `--symbol`
    pub symbol: Option<&'a str>,
}

impl Asked<'_> {
    /// Refuses options that have no effect. `hooked` is true if the hook is used.
    pub fn check(&self, hooked: bool) -> Result<()> {
        if self.mechanism.is_some() && !hooked {
            return Err(usage(
                "--mechanism has no effect without the hook: add --where user and a tracker, or \
                 leave it out",
            ));
        }
        hook::check_aim(self.symbol, self.mechanism)
    }
}

/// Chooses the trackers that these names stand for, and the mechanism for all of them. Reports a
/// choice that may be unexpected.
pub fn choose(
    module: &Module,
    names: &[String],
    asked: Asked<'_>,
) -> Result<(Vec<String>, Mechanism)> {
    let trackers = module.trackers(names)?.into_iter().map(|name| {
        Ok(Tracker {
            sleeps: module.sleeps(&name)?,
            name,
        })
    });
    let decision = decide(
        trackers.collect::<Result<_>>()?,
        names == [ALL],
        asked,
        |tracker| {
            let sleeps = module.sleeps(&module.sysfs.current()?)?;
            set(module.hook(), &module.sysfs, sleeps, tracker)
        },
    )?;
    if let Some(note) = decision.note {
        say(&note);
    }
    Ok((decision.trackers, decision.mechanism))
}

/// Aims the hook. If `syscall` is refused, names the trackers that can do without it.
pub fn aim(module: &Module, asked: Asked<'_>) -> Result<()> {
    let aimed = module.hook().aim(asked.symbol, asked.mechanism);
    match aimed {
        Err(error) if asked.mechanism == Some(Mechanism::Syscall) && error.is::<UsageError>() => {
            let mut awake = module.trackers(&[ALL.into()])?;
            awake.retain(|tracker| module.sleeps(tracker).is_ok_and(|sleeps| !sleeps));
            Err(usage(format!(
                "{error}; trackers that can be hooked without are {}",
                awake.join(", ")
            )))
        }
        aimed => aimed,
    }
}

/// Tracker to be hooked.
struct Tracker {
    name: String,
    /// True if the tracker's blocks may sleep.
    sleeps: bool,
}

/// Chosen trackers and mechanism.
#[derive(Debug)]
struct Decision {
    trackers: Vec<String>,
    mechanism: Mechanism,
    /// Note about the choice for the user.
    note: Option<String>,
}

/// Decides on the mechanism. `all` is true if the trackers are not named, so that some may be left
/// out. `set` returns the value of hook/mechanism with a tracker, one that does not sleep.
fn decide(
    mut trackers: Vec<Tracker>,
    all: bool,
    asked: Asked<'_>,
    set: impl FnOnce(&str) -> Result<Mechanism>,
) -> Result<Decision> {
    // The option that requires a probe, and the alternative.
    let probe = match (asked.mechanism, asked.symbol) {
        (Some(mechanism), _) if !mechanism.may_sleep() => Some((
            format!("--mechanism {}", mechanism.name()),
            "take --mechanism syscall",
        )),
        (None, Some(_)) => Some(("--symbol".into(), "leave it out")),
        _ => None,
    };
    let sleeping = sleeping(&trackers);
    let mut note = None;
    if let (Some((probe, instead)), Some(who)) = (probe, &sleeping) {
        if !all {
            return Err(usage(format!(
                "{who}, which a tracker must not in a probe ({probe}): {instead}, or take another \
                 tracker, such as epoch"
            )));
        }
        trackers.retain(|tracker| !tracker.sleeps);
        note = Some(format!(
            "hook: {who}, which a tracker must not in a probe ({probe}), and is left out"
        ));
    }
    let mechanism = match (
        asked.mechanism,
        trackers.iter().find(|tracker| tracker.sleeps),
    ) {
        (Some(mechanism), _) => mechanism,
        (None, Some(_)) => {
            let all = if trackers.len() > 1 {
                " for all trackers"
            } else {
                ""
            };
            let who = sleeping.unwrap_or_default();
            note = Some(format!("hook: syscall{all}, since {who}"));
            Mechanism::Syscall
        }
        (None, None) => set(trackers.first().map_or("", |tracker| &tracker.name))?,
    };
    if asked.symbol.is_some() && mechanism == Mechanism::Syscall {
        return Err(usage(
            "--symbol has no effect with syscall, which hook/mechanism says: add --mechanism \
             fprobe, or leave it out",
        ));
    }
    let trackers = trackers.into_iter().map(|tracker| tracker.name).collect();
    Ok(Decision {
        trackers,
        mechanism,
        note,
    })
}

/// Names the trackers that sleep; `None` if none does.
fn sleeping(trackers: &[Tracker]) -> Option<String> {
    let mut names: Vec<_> = trackers
        .iter()
        .filter(|tracker| tracker.sleeps)
        .map(|tracker| &*tracker.name)
        .collect();
    names.dedup();
    match &names[..] {
        [] => None,
        [one] => Some(format!("{one} sleeps")),
        names => Some(format!("{} sleep", names.join(" and "))),
    }
}

/// Returns the value of hook/mechanism with a `tracker` that does not sleep. Under `auto` it may
/// differ from the value with the selected tracker; `sleeps` is true if that one sleeps.
fn set(
    hook: Hook<'_>,
    control: &dyn TrackerControl,
    sleeps: bool,
    tracker: &str,
) -> Result<Mechanism> {
    let mechanism = hook.mechanism()?;
    // An enabled hook will be refused.
    if !mechanism.may_sleep() || !sleeps || hook.is_enabled()? {
        return Ok(mechanism);
    }
    let guard = TrackerGuard::new(control)?;
    control.select(tracker)?;
    let mechanism = hook.mechanism()?;
    guard.restore()?;
    Ok(mechanism)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Mechanism::{Fprobe, Kretprobe, Syscall};
    use epoch_device::hook::fake::fake_class;
    use epoch_device::sysfs::Sysfs;
    use host::error::exit_code;

    /// Returns trackers of these names, of which mutex and semaphore sleep.
    fn trackers(names: &str) -> Vec<Tracker> {
        let tracker = |name: &str| Tracker {
            name: name.into(),
            sleeps: ["mutex", "semaphore"].contains(&name),
        };
        names.split(' ').map(tracker).collect()
    }

    fn by(mechanism: Mechanism) -> Asked<'static> {
        Asked {
            mechanism: Some(mechanism),
            symbol: None,
        }
    }

    const NOTHING: Asked<'static> = Asked {
        mechanism: None,
        symbol: None,
    };
    const SYMBOL: Asked<'static> = Asked {
        mechanism: None,
        symbol: Some("do_vmi_munmap"),
    };

    #[track_caller]
    fn chosen(
        names: &str,
        all: bool,
        asked: Asked<'_>,
        set: Mechanism,
    ) -> (String, Mechanism, String) {
        let decision = decide(trackers(names), all, asked, |tracker| {
            assert!(!tracker.is_empty() && tracker != "mutex");
            Ok(set)
        });
        let Decision {
            trackers,
            mechanism,
            note,
        } = decision.unwrap();
        (trackers.join(" "), mechanism, note.unwrap_or_default())
    }

    #[track_caller]
    fn refused(names: &str, asked: Asked<'_>, set: Mechanism) -> String {
        let error = decide(trackers(names), false, asked, |_| Ok(set)).unwrap_err();
        assert_eq!(exit_code(&error), 2);
        error.to_string()
    }

    #[test]
    fn trackers_that_do_not_sleep_are_hooked_as_the_file_says() {
        for set in [Fprobe, Kretprobe, Syscall] {
            let expected = ("none epoch".into(), set, String::new());
            assert_eq!(chosen("none epoch", false, NOTHING, set), expected);
        }
    }

    #[test]
    fn one_that_sleeps_decides_for_all() {
        for (names, all, note) in [
            ("mutex", false, "hook: syscall, since mutex sleeps"),
            (
                "epoch mutex",
                false,
                "hook: syscall for all trackers, since mutex sleeps",
            ),
            (
                "mutex mutex",
                false,
                "hook: syscall for all trackers, since mutex sleeps",
            ),
            (
                "none mutex epoch",
                true,
                "hook: syscall for all trackers, since mutex sleeps",
            ),
            (
                "mutex semaphore",
                false,
                "hook: syscall for all trackers, since mutex and semaphore sleep",
            ),
        ] {
            let expected = (names.into(), Syscall, note.into());
            assert_eq!(chosen(names, all, NOTHING, Fprobe), expected);
        }
    }

    #[test]
    fn mechanism_that_is_asked_for_is_taken() {
        for mechanism in [Fprobe, Kretprobe, Syscall] {
            let expected = ("none epoch".into(), mechanism, String::new());
            assert_eq!(
                chosen("none epoch", false, by(mechanism), Kretprobe),
                expected
            );
        }
        let expected = ("none mutex".into(), Syscall, String::new());
        assert_eq!(chosen("none mutex", true, by(Syscall), Fprobe), expected);
    }

    #[test]
    fn a_probe_is_not_for_those_that_sleep() {
        for mechanism in [Fprobe, Kretprobe] {
            let error = refused("epoch mutex", by(mechanism), Fprobe);
            assert!(error.starts_with("mutex sleeps"), "{error}");
            assert!(error.contains(mechanism.name()), "{error}");
            assert!(
                error.contains("take --mechanism syscall, or take another tracker"),
                "{error}"
            );
            let (trackers, chosen, note) = chosen("none mutex epoch", true, by(mechanism), Fprobe);
            assert_eq!((&*trackers, chosen), ("none epoch", mechanism));
            assert!(
                note.contains("mutex sleeps") && note.contains("left out"),
                "{note}"
            );
        }
    }

    #[test]
    fn a_symbol_takes_a_probe() {
        let error = refused("mutex", SYMBOL, Fprobe);
        assert!(error.contains("(--symbol): leave it out"), "{error}");
        let error = refused("epoch", SYMBOL, Syscall);
        assert!(error.contains("add --mechanism fprobe"), "{error}");
        let (trackers, mechanism, note) = chosen("mutex epoch", true, SYMBOL, Kretprobe);
        assert_eq!((&*trackers, mechanism), ("epoch", Kretprobe));
        assert!(note.contains("--symbol"), "{note}");
    }

    #[test]
    fn options_without_effect_are_refused() {
        NOTHING.check(false).unwrap();
        by(Fprobe).check(true).unwrap();
        SYMBOL.check(true).unwrap();
        let error = by(Syscall).check(false).unwrap_err();
        assert_eq!(exit_code(&error), 2);
        assert!(error.to_string().contains("--where user"), "{error}");
        let both = Asked {
            mechanism: Some(Syscall),
            ..SYMBOL
        };
        assert_eq!(exit_code(&both.check(true).unwrap_err()), 2);
    }

    /// Trackers of a module whose hook/mechanism is `auto`.
    struct Auto<'a>(&'a Sysfs);

    impl TrackerControl for Auto<'_> {
        fn available(&self) -> Result<Vec<String>> {
            self.0.available()
        }

        fn current(&self) -> Result<String> {
            self.0.current()
        }

        fn select(&self, name: &str) -> Result<()> {
            let mechanism = if name == "mutex" { Syscall } else { Fprobe };
            self.0.write("hook/mechanism", mechanism.name())?;
            self.0.select(name)
        }
    }

    #[test]
    fn mechanism_in_sysfs_may_depend_on_the_tracker() {
        let (_dir, sysfs) = fake_class();
        let hook = Hook::new(&sysfs);
        Auto(&sysfs).select("mutex").unwrap();
        assert_eq!(set(hook, &Auto(&sysfs), true, "epoch").unwrap(), Fprobe);
        assert_eq!(sysfs.current().unwrap(), "mutex");
        assert_eq!(hook.mechanism().unwrap(), Syscall);
        // Or because somebody has set it.
        assert_eq!(set(hook, &sysfs, true, "epoch").unwrap(), Syscall);
        assert_eq!(set(hook, &sysfs, false, "epoch").unwrap(), Syscall);
        sysfs.write("hook/mechanism", "kretprobe").unwrap();
        assert_eq!(set(hook, &sysfs, true, "epoch").unwrap(), Kretprobe);
    }
}
