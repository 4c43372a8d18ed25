// SPDX-License-Identifier: MIT OR Apache-2.0

//! `/dev/epoch_bench`: one open file for each worker.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};

use crate::sysfs;
use crate::uapi;

/// An open device file.
#[derive(Debug)]
pub struct Device(File);

impl Device {
    /// Opens the device and checks that the module speaks this tool's version.
    pub fn open() -> Result<Self> {
        let device = Self::open_path(Path::new(uapi::DEVICE), Path::new(sysfs::CLASS_DIR))?;
        device.info()?;
        Ok(device)
    }

    fn open_path(path: &Path, class: &Path) -> Result<Self> {
        let shown = path.display();
        match File::options().read(true).write(true).open(path) {
            Ok(file) => Ok(Self(file)),
            Err(error) => Err(match error.kind() {
                io::ErrorKind::NotFound if class.exists() => anyhow!(
                    "the module is loaded, but {shown} is missing: mount devtmpfs on /dev, or run \
                     'mknod {shown} c 10 MINOR' with the minor number from {}/dev",
                    class.display()
                ),
                io::ErrorKind::NotFound => not_loaded(),
                io::ErrorKind::PermissionDenied => {
                    anyhow!("only root can open {shown}: run as root, or with sudo")
                }
                _ => match error.raw_os_error().map(Errno::from_raw) {
                    Some(Errno::EMFILE | Errno::ENFILE) => anyhow!(
                        "too many open files: each task needs one, so take fewer tasks or raise \
                         the limit ('ulimit -n')"
                    ),
                    Some(Errno::ENODEV | Errno::ENXIO) => not_loaded(),
                    _ => anyhow!(error).context(format!("cannot open {shown}")),
                },
            }),
        }
    }

    /// Reads information about the module.
    pub fn info(&self) -> Result<uapi::Info> {
        let mut info = uapi::Info {
            version: uapi::VERSION,
            ..Default::default()
        };
        // SAFETY: the descriptor is open, and `info` is the structure that this
        // ioctl reads and writes.
        match unsafe { uapi::info(self.0.as_raw_fd(), &mut info) } {
            Ok(_) => Ok(info),
            Err(Errno::EPROTO) => bail!(
                "the module speaks version {} of the interface and this epoch-bench version {}: \
                 build and load both from the same source",
                info.version,
                uapi::VERSION
            ),
            Err(Errno::ENOTTY) => bail!(
                "{} does not answer as epoch_bench.ko does: load the module of this source",
                uapi::DEVICE
            ),
            Err(errno) => Err(errno).context("EPOCH_BENCH_IOC_INFO failed"),
        }
    }

    /// Makes the calling thread the worker of this file until it is stopped.
    ///
    /// Allocates nothing and takes no lock, so that a forked child may call it.
    pub fn run(&self, mut run: uapi::Run) -> Result<(), Errno> {
        // SAFETY: the descriptor is open, and `run` is the structure that this
        // ioctl reads and writes. What the worker maps, it unmaps itself.
        unsafe { uapi::run(self.0.as_raw_fd(), &mut run) }.map(drop)
    }

    /// Tells the worker, if there is one, to end its run.
    pub fn stop(&self) -> Result<(), Errno> {
        // SAFETY: the descriptor is open, and the ioctl has no argument.
        unsafe { uapi::stop(self.0.as_raw_fd()) }.map(drop)
    }

    /// Reads the worker's counters.
    pub fn counters(&self) -> Result<uapi::Counters> {
        let mut counters = uapi::Counters {
            version: uapi::VERSION,
            ..Default::default()
        };
        // SAFETY: the descriptor is open, and `counters` is the structure that
        // this ioctl reads and writes.
        unsafe { uapi::counters(self.0.as_raw_fd(), &mut counters) }
            .context("EPOCH_BENCH_IOC_COUNTERS failed: see the kernel log ('dmesg')")?;
        Ok(counters)
    }

    /// Selects the tracker that the worker of this file uses, from its next iteration on.
    pub fn select(&self, tracker: &str) -> Result<()> {
        let mut select = uapi::Select {
            version: uapi::VERSION,
            tracker: padded(tracker)?,
            ..Default::default()
        };
        // SAFETY: the descriptor is open, and `select` is the structure that
        // this ioctl reads and writes.
        unsafe { uapi::select(self.0.as_raw_fd(), &mut select) }
            .with_context(|| format!("tracker '{tracker}' cannot be selected"))?;
        Ok(())
    }

    /// Keeps other users of the hook out until the returned lock is dropped.
    pub fn hold(&self) -> Result<Flock<File>> {
        let file = self.0.try_clone().context("no descriptor is left")?;
        Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|(_, errno)| match errno {
            Errno::EWOULDBLOCK => anyhow!(
                "another epoch-bench uses the hook, of which there is one: wait until it has ended"
            ),
            errno => anyhow!(errno).context(format!("{} cannot be locked", uapi::DEVICE)),
        })
    }

    /// Reads the statistics of a tracker.
    pub fn tracker(&self, name: &str) -> Result<uapi::Tracker> {
        let mut tracker = uapi::Tracker {
            version: uapi::VERSION,
            name: padded(name)?,
            ..Default::default()
        };
        // SAFETY: the descriptor is open, and `tracker` is the structure that
        // this ioctl reads and writes.
        unsafe { uapi::tracker(self.0.as_raw_fd(), &mut tracker) }
            .with_context(|| format!("the module has no statistics of tracker '{name}'"))?;
        Ok(tracker)
    }

    /// Reads a latency histogram of a tracker. `latency` is one of the `LATENCY_` constants.
    pub fn histogram(&self, tracker: &str, latency: u32) -> Result<[u64; uapi::BUCKETS]> {
        let mut histogram = uapi::Histogram {
            version: uapi::VERSION,
            latency,
            tracker: padded(tracker)?,
            buckets: [0; uapi::BUCKETS],
        };
        // SAFETY: the descriptor is open, and `histogram` is the structure that
        // this ioctl reads and writes.
        unsafe { uapi::histogram(self.0.as_raw_fd(), &mut histogram) }
            .with_context(|| format!("the module has no histogram of tracker '{tracker}'"))?;
        Ok(histogram.buckets)
    }
}

/// Pads a name with at least one NUL.
fn padded(name: &str) -> Result<[u8; uapi::NAME_LEN]> {
    let mut padded = [0; uapi::NAME_LEN];
    if name.len() >= padded.len() {
        bail!("no tracker has a name as long as '{name}'");
    }
    padded[..name.len()].copy_from_slice(name.as_bytes());
    Ok(padded)
}

/// Returns the error for a module that is not loaded.
pub fn not_loaded() -> anyhow::Error {
    anyhow!(
        "there is no {}: load the module with 'insmod epoch.ko; insmod epoch_bench.ko'",
        uapi::DEVICE
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_device_is_explained() {
        let dir = tempfile::tempdir().unwrap();
        let device = dir.path().join("epoch_bench");
        let error = |class: &Path| Device::open_path(&device, class).unwrap_err().to_string();
        assert!(error(&dir.path().join("none")).contains("insmod epoch.ko; insmod epoch_bench.ko"));
        assert!(error(dir.path()).contains("mount devtmpfs"));
    }

    #[test]
    fn names_are_filled_up() {
        assert_eq!(padded("epoch-keyed").unwrap(), *b"epoch-keyed\0\0\0\0\0");
        assert_eq!(padded("srcu-expedited").unwrap(), *b"srcu-expedited\0\0");
        assert!(padded("0123456789abcde").is_ok());
        assert!(padded("0123456789abcdef").is_err());
    }

    #[test]
    fn another_device_is_refused() {
        let device = Device::open_path(Path::new("/dev/null"), Path::new("/")).unwrap();
        let error = device.info().unwrap_err().to_string();
        assert!(
            error.contains("does not answer as epoch_bench.ko does"),
            "{error}"
        );
    }
}
