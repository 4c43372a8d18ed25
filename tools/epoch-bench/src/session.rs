//! The order in which things begin and are put back, whatever happens between.

use std::io::{self, Write};

use anyhow::Result;

use crate::pool::Pool;
use crate::sysfs::{TrackerControl, TrackerGuard};

/// Measures with workers that end, and a tracker that is put back, on every
/// way out.
///
/// `control` is absent where no tracker takes part; `tracker` is selected
/// before the workers start.
pub fn measure<P: Pool, T>(
    control: Option<&dyn TrackerControl>,
    tracker: Option<&str>,
    spawn: impl FnOnce() -> Result<P>,
    body: impl FnOnce(&mut P) -> Result<T>,
) -> Result<T> {
    let guard = control.map(TrackerGuard::new).transpose()?;
    if let (Some(control), Some(tracker)) = (control, tracker) {
        control.select(tracker)?;
    }
    let mut pool = spawn()?;
    let measured = body(&mut pool);
    let ended = pool.shut_down();
    // The module refuses another tracker while workers run.
    drop(pool);
    let restored = guard.map_or(Ok(()), TrackerGuard::restore);
    first_error(measured, [ended, restored])
}

/// Returns the first error; later ones are only told.
fn first_error<T>(measured: Result<T>, cleanup: [Result<()>; 2]) -> Result<T> {
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
    use crate::error::Interrupted;
    use crate::pool::fake::{Event, FakePool, FakeTrackers};
    use anyhow::bail;
    use std::rc::Rc;

    fn fake() -> (FakePool, Rc<FakeTrackers>) {
        let trackers = FakeTrackers::new("spin");
        let mut pool = FakePool::new(&[10]);
        pool.trackers = Some(trackers.clone());
        (pool, trackers)
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
            Some(&*trackers),
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
            Some(&*trackers),
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
        let error = measure(Some(&*trackers), Some("epoch"), spawn, |_| Ok(())).unwrap_err();
        assert_eq!(error.to_string(), "no more processes");
        assert_eq!(trackers.current().unwrap(), "spin");
    }

    #[test]
    fn a_panic_puts_the_tracker_back() {
        let (pool, trackers) = fake();
        let measured = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let body = |_: &mut FakePool| -> Result<()> { panic!("a bug") };
            measure(Some(&*trackers), Some("epoch"), || Ok(pool), body)
        }));
        assert!(measured.is_err());
        assert_eq!(trackers.current().unwrap(), "spin");
    }

    #[test]
    fn the_first_error_counts() {
        let failed = |text: &'static str| Err(anyhow::anyhow!(text));
        let error = first_error::<()>(failed("one"), [failed("two"), Ok(())]).unwrap_err();
        assert_eq!(error.to_string(), "one");
        let error = first_error(Ok(()), [Ok(()), failed("three")]).unwrap_err();
        assert_eq!(error.to_string(), "three");
    }
}
