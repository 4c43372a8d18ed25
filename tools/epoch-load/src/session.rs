//! The order in which things begin and are put back, whatever happens between.

use std::io::{self, Write};

use anyhow::Result;
use epoch_device::hook::{Hook, HookGuard};
use epoch_device::sysfs::{TrackerControl, TrackerGuard};

use crate::pool::Pool;

/// What is changed for a measurement, and put back after it.
#[derive(Clone, Copy, Default)]
pub struct Knobs<'a> {
    /// Absent where no tracker takes part.
    pub trackers: Option<&'a dyn TrackerControl>,
    /// Absent where nothing is hooked.
    pub hook: Option<Hook<'a>>,
}

/// Measures with workers that end, and knobs that are put back, on every way
/// out.
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

/// The same where there are no workers.
pub fn with_knobs<T>(
    knobs: Knobs<'_>,
    tracker: Option<&str>,
    body: impl FnOnce() -> Result<T>,
) -> Result<T> {
    let tracker_guard = knobs.trackers.map(TrackerGuard::new).transpose()?;
    let hook_guard = knobs.hook.map(HookGuard::new).transpose()?;
    if let (Some(control), Some(tracker)) = (knobs.trackers, tracker) {
        control.select(tracker)?;
    }
    let measured = body();
    // A tracker that sleeps is refused while the hook is enabled.
    let unhooked = hook_guard.map_or(Ok(()), HookGuard::restore);
    let restored = tracker_guard.map_or(Ok(()), TrackerGuard::restore);
    first_error(measured, [unhooked, restored])
}

/// Returns the first error; later ones are only told.
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
    use epoch_device::error::Interrupted;
    use epoch_device::hook::Filter;
    use epoch_device::hook::fake::fake_class;
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

    #[test]
    fn the_first_error_counts() {
        let failed = |text: &'static str| Err(anyhow::anyhow!(text));
        let error = first_error::<(), 2>(failed("one"), [failed("two"), Ok(())]).unwrap_err();
        assert_eq!(error.to_string(), "one");
        let error = first_error(Ok(()), [Ok(()), failed("three")]).unwrap_err();
        assert_eq!(error.to_string(), "three");
    }
}
