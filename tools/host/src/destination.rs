// SPDX-License-Identifier: MIT OR Apache-2.0

//! Files named by options such as `--json`.
//!
//! They are opened before the measurement, so that a path that cannot be written is found early,
//! and written as a whole at its end, or whenever there is something to save.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use nix::sys::statfs::{PROC_SUPER_MAGIC, statfs};
use nix::unistd::{dup, dup2_stdout};
use tempfile::NamedTempFile;

/// Name of standard output, and of standard input where a file is read.
pub const STREAM: &str = "-";

/// Target file of a report.
pub struct Destination {
    option: &'static str,
    path: PathBuf,
    target: Target,
}

enum Target {
    /// A temporary file beside a regular file; renamed to it at the end, so that a report is never
    /// incomplete.
    Replace { file: NamedTempFile, to: PathBuf },
    /// A regular file that cannot be replaced: its directory, or its owner, does not allow it.
    Overwrite(File),
    /// Standard output, a pipe, a terminal, a device.
    Stream(File),
}

impl Destination {
    /// Makes sure that a report can be written to `path`, which `option` named. `-` is standard
    /// output: what the program prints goes to stderr from now on.
    pub fn open(option: &'static str, path: &Path) -> Result<Self> {
        let target = Self::open_target(path).with_context(|| {
            format!(
                "{option} {}: cannot be written; name a file in an existing directory that you may \
                 write to",
                path.display()
            )
        })?;
        Ok(Self {
            option,
            path: path.into(),
            target,
        })
    }

    fn open_target(path: &Path) -> io::Result<Target> {
        if path == Path::new(STREAM) {
            return Ok(Target::Stream(take_stdout()?));
        }
        let path = follow(path);
        if is_descriptor(&path) {
            // Behind what the program has printed there.
            return Ok(Target::Stream(OpenOptions::new().append(true).open(path)?));
        }
        match fs::metadata(&path) {
            Ok(meta) if !meta.is_file() => {
                Ok(Target::Stream(OpenOptions::new().write(true).open(path)?))
            }
            Ok(meta) => {
                // A write-protected file is left as it is.
                let file = OpenOptions::new().write(true).open(&path)?;
                match Self::beside(&path, Some(&meta)) {
                    Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                        Ok(Target::Overwrite(file))
                    }
                    target => target,
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::beside(&path, None),
            Err(error) => Err(error),
        }
    }

    /// Makes a temporary file beside `path`, with the mode and the owner of the file that it
    /// replaces.
    fn beside(path: &Path, old: Option<&Metadata>) -> io::Result<Target> {
        let name = path
            .file_name()
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "it has no file name"))?;
        let mut prefix = std::ffi::OsString::from(".");
        prefix.push(name);
        let file = tempfile::Builder::new()
            .prefix(&prefix)
            .permissions(PermissionsExt::from_mode(0o666))
            .tempfile_in(directory_of(path))?;
        if let Some(old) = old {
            let new = file.as_file().metadata()?;
            if (old.uid(), old.gid()) != (new.uid(), new.gid()) {
                fchown(file.as_file(), Some(old.uid()), Some(old.gid()))?;
            }
            file.as_file().set_permissions(old.permissions())?;
        }
        Ok(Target::Replace {
            file,
            to: path.into(),
        })
    }

    /// Writes the report so far with `content`, if it can be replaced later.
    pub fn checkpoint(&self, content: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
        if self.can_be_replaced() {
            Self::open(self.option, &self.path)?.write(content)?;
        }
        Ok(())
    }

    /// Returns whether the written file can be replaced.
    pub fn can_be_replaced(&self) -> bool {
        !matches!(self.target, Target::Stream(_))
    }

    /// Returns the path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the report with `content`.
    pub fn write(self, content: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
        let Self {
            option,
            path,
            target,
        } = self;
        let written = match target {
            Target::Replace { file, to } => write_to(file.as_file(), content)
                .and_then(|()| file.persist(to).map_err(|error| error.error.into()))
                .map(drop),
            Target::Overwrite(file) => file
                .set_len(0)
                .map_err(Into::into)
                .and_then(|()| write_to(&file, content)),
            Target::Stream(file) => write_to(&file, content),
        };
        written.with_context(|| format!("{option} {}: the report is lost", path.display()))
    }
}

/// Returns whether writing to `output` would replace the file `input`.
pub fn replaces(input: &Path, output: &Path) -> bool {
    input != Path::new(STREAM) && is_same(input, output)
}

/// Returns whether both paths name the same file, which need not exist yet.
pub fn is_same(one: &Path, other: &Path) -> bool {
    if one == other {
        return true;
    }
    let (one, other) = (follow(one), follow(other));
    match (fs::metadata(&one), fs::metadata(&other)) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        (Err(_), Err(_)) => {
            let whole = |path: &Path| {
                Some((
                    directory_of(path).canonicalize().ok()?,
                    path.file_name()?.to_owned(),
                ))
            };
            whole(&one).is_some_and(|one| Some(one) == whole(&other))
        }
        _ => false,
    }
}

/// Reads the file that a command line names, or standard input if that is `-`.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    if path != Path::new(STREAM) {
        return fs::read(path);
    }
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Takes standard output for a report; what the program prints goes to stderr from now on.
fn take_stdout() -> io::Result<File> {
    io::stdout().flush()?;
    let taken = dup(io::stdout())?;
    dup2_stdout(io::stderr())?;
    Ok(taken.into())
}

/// Symbolic links in a row that are followed; the kernel's limit.
const MOST_LINKS: usize = 40;

/// Returns the file that a path's symbolic links lead to, which need not exist. A link to an open
/// descriptor, such as /dev/stdout, leads to the entry in /proc, not to that file: its position and
/// flags are those of the descriptor.
fn follow(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&path) {
            Ok(target) if !is_descriptor(&path) => path = directory_of(&path).join(target),
            _ => break,
        }
    }
    path
}

/// Returns whether the path is an entry of /proc/PID/fd.
fn is_descriptor(path: &Path) -> bool {
    let directory = directory_of(path);
    let in_proc = statfs(directory).is_ok_and(|stat| stat.filesystem_type() == PROC_SUPER_MAGIC);
    in_proc
        && path.is_symlink()
        && directory
            .canonicalize()
            .is_ok_and(|name| name.ends_with("fd"))
}

fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn write_to(file: &File, content: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
    let mut out = BufWriter::new(file);
    content(&mut out)?;
    out.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_report_replaces_the_file_as_a_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("report.json");
        fs::write(&path, "old").unwrap();
        let destination = Destination::open("--json", &path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        destination.write(|out| Ok(out.write_all(b"new")?)).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    }

    #[test]
    fn an_abandoned_report_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        drop(Destination::open("--json", &dir.path().join("report.json")).unwrap());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_report_that_fails_half_way_leaves_the_old_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("report.json");
        fs::write(&path, "old").unwrap();
        let error = Destination::open("--json", &path)
            .unwrap()
            .write(|out| {
                out.write_all(b"ne")?;
                anyhow::bail!("no more")
            })
            .unwrap_err();
        assert!(error.to_string().contains("the report is lost"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn existing_file_can_be_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("report.json");
        let destination = Destination::open("--json", &path).unwrap();
        destination
            .checkpoint(|out| Ok(out.write_all(b"some")?))
            .unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "some");
        destination
            .checkpoint(|out| Ok(out.write_all(b"more")?))
            .unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "more");
        drop(destination);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn nothing_is_kept_in_a_stream() {
        let destination = Destination::open("--json", Path::new("/dev/null")).unwrap();
        destination
            .checkpoint(|_| panic!("it was written"))
            .unwrap();
    }

    #[test]
    fn impossible_paths_are_found_at_once() {
        let dir = tempfile::tempdir().unwrap();
        for path in [dir.path().to_owned(), dir.path().join("none/report.json")] {
            let error = Destination::open("--json", &path).err().unwrap();
            assert!(error.to_string().contains("cannot be written"), "{error:#}");
        }
    }

    #[test]
    fn devices_are_written_to_and_not_replaced() {
        let destination = Destination::open("--json", Path::new("/dev/null")).unwrap();
        assert!(matches!(destination.target, Target::Stream(_)));
        destination.write(|out| Ok(out.write_all(b"new")?)).unwrap();
    }

    #[test]
    fn links_remain_and_so_do_modes() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("target.html");
        let link = dir.path().join("link.html");
        let link_to_link = dir.path().join("link-to-link.html");
        fs::write(&target, "old").unwrap();
        fs::set_permissions(&target, PermissionsExt::from_mode(0o600)).unwrap();
        symlink("target.html", &link).unwrap();
        symlink(&link, &link_to_link).unwrap();
        let destination = Destination::open("--output", &link_to_link).unwrap();
        destination.write(|out| Ok(out.write_all(b"new")?)).unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "new");
        assert_eq!(fs::metadata(&target).unwrap().mode() & 0o7777, 0o600);
        assert!(link.is_symlink() && link_to_link.is_symlink());
    }

    #[test]
    fn link_that_leads_nowhere_is_followed() {
        let dir = tempfile::tempdir().unwrap();
        let link = dir.path().join("link");
        symlink("target", &link).unwrap();
        let destination = Destination::open("--json", &link).unwrap();
        destination.write(|out| Ok(out.write_all(b"new")?)).unwrap();
        assert_eq!(
            fs::read_to_string(dir.path().join("target")).unwrap(),
            "new"
        );
        assert!(link.is_symlink());
    }

    #[test]
    fn descriptors_are_written_to_and_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out");
        let mut file = File::create(&path).unwrap();
        file.write_all(b"text ").unwrap();
        let link = dir.path().join("stdout");
        let descriptor = std::os::fd::AsRawFd::as_raw_fd(&file);
        symlink(format!("/proc/self/fd/{descriptor}"), &link).unwrap();
        let destination = Destination::open("--json", &link).unwrap();
        destination
            .write(|out| Ok(out.write_all(b"report")?))
            .unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "text report");
        assert!(link.is_symlink());
    }

    #[test]
    fn file_whose_directory_is_closed_is_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("report");
        fs::write(&path, "an old report").unwrap();
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        let destination = Destination {
            option: "--json",
            path: path.clone(),
            target: Target::Overwrite(file),
        };
        destination.write(|out| Ok(out.write_all(b"new")?)).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    }

    #[test]
    fn the_same_file_has_many_names() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("there"), "").unwrap();
        symlink("there", at("link")).unwrap();
        symlink(dir.path(), at("again")).unwrap();
        fs::hard_link(at("there"), at("hard")).unwrap();
        for other in ["./there", "link", "again/there", "hard"] {
            assert!(is_same(&at("there"), &at(other)), "{other}");
        }
        for other in ["./not-yet", "again/not-yet"] {
            assert!(is_same(&at("not-yet"), &at(other)), "{other}");
        }
        assert!(!is_same(&at("there"), &at("not-yet")));
        assert!(!is_same(&at("not-yet"), &at("nor-this")));
        assert!(is_same(Path::new(STREAM), Path::new(STREAM)));
    }
}
