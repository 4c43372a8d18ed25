// SPDX-License-Identifier: MIT OR Apache-2.0

//! Order of setup and restoration around a measurement, whatever happens in between.

use std::io::{self, Write};

use anyhow::Result;
use epoch_device::hook::{Hook, HookGuard};
use epoch_device::sysfs::{TrackerControl, TrackerGuard};

use crate::pool::Pool;

/// Settings that are changed for a measurement and restored after it.
#[derive(Clone, Copy, Default)]
pub struct Knobs<'a> {
    /// Tracker selection; `None` if no tracker is used.
    pub trackers: Option<&'a dyn TrackerControl>,
    /// Hook; `None` if nothing is hooked.
    pub hook: Option<Hook<'a>>,
}

/// Measures with workers that are ended, and settings that are restored, on every way out.
///
/// `tracker` is selected before the workers start.
pub fn measure<P: Pool, T>(
    knobs: Knobs<'_>,
    tracker: Option<&str>,
    spawn: impl FnOnce() -> Result<P>,
    body: impl FnOnce(&mut P) -> Result<T>,
) -> Result<T> {
    with_knobs(knobs, tracker, || {
        let mut pool = spawn()?;
        let measured = body(&mut pool);
        let ended = pool.shut_down();
        first_error(measured, [ended])
    })
}

/// Runs `body`, which needs no workers, with settings that are restored on every way out.
pub fn with_knobs<T>(
    knobs: Knobs<'_>,
    tracker: Option<&str>,
    body: impl FnOnce() -> Result<T>,
) -> Result<T> {
    let mut guards = Guards::new(knobs)?;
    if let (Some(control), Some(tracker)) = (knobs.trackers, tracker) {
        control.select(tracker)?;
    }
    let measured = body();
    first_error(measured, guards.put_back())
}

/// Restores the settings, in the order that the module requires.
struct Guards<'a> {
    tracker: Option<TrackerGuard<'a>>,
    hook: Option<HookGuard<'a>>,
}

impl<'a> Guards<'a> {
    fn new(knobs: Knobs<'a>) -> Result<Self> {
        Ok(Self {
            tracker: knobs.trackers.map(TrackerGuard::new).transpose()?,
            hook: knobs.hook.map(HookGuard::new).transpose()?,
        })
    }

    fn put_back(&mut self) -> [Result<()>; 3] {
        // A tracker that sleeps is refused while a probe hooks calls.
        let disabled = self.hook.as_ref().map_or(Ok(()), HookGuard::disable);
        // The value of hook/mechanism may depend on the tracker.
        let tracker = self.tracker.take().map_or(Ok(()), TrackerGuard::restore);
        let hook = self.hook.take().map_or(Ok(()), HookGuard::restore);
        [disabled, tracker, hook]
    }
}

impl Drop for Guards<'_> {
    fn drop(&mut self) {
        let _ = self.put_back();
    }
}

/// Returns the first error; later ones are only printed.
fn first_error<T, const N: usize>(measured: Result<T>, cleanup: [Result<()>; N]) -> Result<T> {
    cleanup
        .into_iter()
        .fold(measured, |result, step| match (result, step) {
            (Ok(value), Ok(())) => Ok(value),
            (Ok(_), Err(error)) => Err(error),
            (Err(first), Ok(())) => Err(first),
            (Err(first), Err(error)) => {
                let _ = writeln!(io::stderr(), "epoch-bench: {error:#}");
                Err(first)
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::fake::{Event, FakePool, FakeTrackers};
    use anyhow::bail;
    use epoch_device::hook::fake::fake_class;
    use epoch_device::hook::{Filter, Mechanism};
    use epoch_device::sysfs::Sysfs;
    use host::error::Interrupted;
    use std::cell::RefCell;
    use std::rc::Rc;

    fn fake() -> (FakePool, Rc<FakeTrackers>) {
        let trackers = FakeTrackers::new("spin");
        let mut pool = FakePool::new(&[10]);
        pool.trackers = Some(trackers.clone());
        (pool, trackers)
    }

    fn knobs(trackers: &FakeTrackers) -> Knobs<'_> {
        Knobs {
            trackers: Some(trackers),
            hook: None,
        }
    }

    fn expected_events(body: &[Event]) -> Vec<Event> {
        let before = [Event::Select("epoch".into())];
        let after = [Event::ShutDown, Event::Select("spin".into())];
        [&before, body, &after].concat()
    }

    #[test]
    fn the_tracker_is_put_back_after_the_workers_have_ended() {
        let (pool, trackers) = fake();
        let value = measure(
            knobs(&trackers),
            Some("epoch"),
            || Ok(pool),
            |pool| {
                pool.start()?;
                assert_eq!(trackers.current()?, "epoch");
                pool.stop()?;
                Ok(5)
            },
        );
        assert_eq!(value.unwrap(), 5);
        let expected = expected_events(&[Event::Start, Event::Stop]);
        assert_eq!(*trackers.events.borrow(), expected);
    }

    #[test]
    fn an_interruption_puts_everything_back() {
        let (mut pool, trackers) = fake();
        pool.fail_at_wait = Some((0, Interrupted.into()));
        let error = measure(
            knobs(&trackers),
            Some("epoch"),
            || Ok(pool),
            |pool| {
                pool.start()?;
                pool.wait(std::time::Duration::from_secs(1))
            },
        )
        .unwrap_err();
        assert!(error.is::<Interrupted>());
        assert_eq!(*trackers.events.borrow(), expected_events(&[Event::Start]));
    }

    #[test]
    fn workers_that_cannot_start_leave_the_tracker_as_it_was() {
        let (_, trackers) = fake();
        let spawn = || -> Result<FakePool> { bail!("no more processes") };
        let error = measure(knobs(&trackers), Some("epoch"), spawn, |_| Ok(())).unwrap_err();
        assert_eq!(error.to_string(), "no more processes");
        assert_eq!(trackers.current().unwrap(), "spin");
    }

    #[test]
    fn a_panic_puts_the_tracker_back() {
        let (pool, trackers) = fake();
        let measured = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let body = |_: &mut FakePool| -> Result<()> { panic!("a bug") };
            measure(knobs(&trackers), Some("epoch"), || Ok(pool), body)
        }));
        assert!(measured.is_err());
        assert_eq!(trackers.current().unwrap(), "spin");
    }

    #[test]
    fn the_hook_is_put_back_on_every_way_out() {
        let (_dir, sysfs) = fake_class();
        let hook = Hook::new(&sysfs);
        let knobs = Knobs {
            trackers: Some(&sysfs),
            hook: Some(hook),
        };
        let hooked = |end: fn() -> Result<()>| {
            with_knobs(knobs, Some("epoch"), || {
                assert_eq!(sysfs.current()?, "epoch");
                hook.filter(&Filter::All)?;
                hook.enable(true)?;
                end()
            })
        };
        let check = || {
            assert!(!hook.is_enabled().unwrap());
            assert_eq!(sysfs.read("hook/comm").unwrap(), "sh");
            assert_eq!(sysfs.current().unwrap(), "mutex");
        };
        hooked(|| Ok(())).unwrap();
        check();
        assert!(
            hooked(|| Err(Interrupted.into()))
                .unwrap_err()
                .is::<Interrupted>()
        );
        check();
        let panicked = std::panic::AssertUnwindSafe(|| hooked(|| panic!("a bug")));
        assert!(std::panic::catch_unwind(panicked).is_err());
        check();
    }

    /// Trackers that record the settings of the hook whenever one is selected.
    struct WithHook<'a> {
        sysfs: &'a Sysfs,
        log: RefCell<Vec<String>>,
    }

    impl TrackerControl for WithHook<'_> {
        fn available(&self) -> Result<Vec<String>> {
            self.sysfs.available()
        }

        fn current(&self) -> Result<String> {
            self.sysfs.current()
        }

        fn select(&self, name: &str) -> Result<()> {
            let enabled = self.sysfs.read("hook/enable")?;
            let mechanism = self.sysfs.read("hook/mechanism")?;
            let line = format!("{name}: {enabled}, {mechanism}");
            self.log.borrow_mut().push(line);
            self.sysfs.select(name)
        }
    }

    #[test]
    fn the_tracker_is_put_back_between_hook_and_mechanism() {
        let (_dir, sysfs) = fake_class();
        let hook = Hook::new(&sysfs);
        let trackers = WithHook {
            sysfs: &sysfs,
            log: RefCell::default(),
        };
        let knobs = Knobs {
            trackers: Some(&trackers),
            hook: Some(hook),
        };
        with_knobs(knobs, Some("epoch"), || {
            hook.aim(None, Some(Mechanism::Syscall))?;
            hook.enable(true)
        })
        .unwrap();
        let expected = ["epoch: 0, fprobe", "mutex: 0, syscall"];
        assert_eq!(*trackers.log.borrow(), expected);
        assert_eq!(hook.mechanism().unwrap(), Mechanism::Fprobe);
    }

    #[test]
    fn the_first_error_counts() {
        let failed = |text: &'static str| Err(anyhow::anyhow!(text));
        let error = first_error::<(), 2>(failed("one"), [failed("two"), Ok(())]).unwrap_err();
        assert_eq!(error.to_string(), "one");
        let error = first_error(Ok(()), [Ok(()), failed("three")]).unwrap_err();
        assert_eq!(error.to_string(), "three");
    }
}
