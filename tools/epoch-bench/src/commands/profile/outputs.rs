// SPDX-License-Identifier: MIT OR Apache-2.0

//! Output directory of a profile.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use epoch_results::record::{self, ProfileReport};
use host::destination::Destination;
use tempfile::TempDir;

use super::caption;
use crate::perf::flame;
use crate::perf::fold::Stacks;

const OPTION: &str = "--out";

/// Output files of a profile.
pub struct Outputs {
    dir: PathBuf,
    report: Destination,
    flames: Vec<Destination>,
    folded: Vec<Destination>,
    /// Differential flame graphs: the second run next to the first, and the other way round.
    differences: Vec<Destination>,
    /// Temporary directory for perf's recordings.
    data: TempDir,
}

/// Returns the file name of a run's flame graph.
pub fn flame_name(run: &str) -> String {
    format!("flame-{run}.svg")
}

/// Returns the file name of the flame graph of what `after` differs in from `before`.
pub fn difference_name(before: &str, after: &str) -> String {
    format!("flame-{before}-{after}.svg")
}

/// Returns the file name of a run's stacks.
pub fn folded_name(run: &str) -> String {
    format!("folded/{run}.folded")
}

/// Returns the file name of perf's recording of a run.
pub fn data_name(run: &str) -> String {
    format!("perf-{run}.data")
}

impl Outputs {
    /// Creates the directory, and checks that the files of one or two runs with these names can be
    /// written.
    pub fn open(dir: &Path, names: &[String]) -> Result<Self> {
        let make = || -> io::Result<TempDir> {
            fs::create_dir_all(dir.join("folded"))?;
            tempfile::Builder::new().prefix(".perf").tempdir_in(dir)
        };
        let data = make().with_context(|| {
            format!(
                "{OPTION} {}: cannot be written; name a directory that you may write to or create",
                dir.display()
            )
        })?;
        let open = |name: String| Destination::open(OPTION, &dir.join(name));
        let of_each = |name: fn(&str) -> String| {
            let files = names.iter().map(|run| open(name(run)));
            files.collect::<Result<Vec<_>>>()
        };
        let differences = match names {
            [a, b] => vec![open(difference_name(a, b))?, open(difference_name(b, a))?],
            _ => Vec::new(),
        };
        Ok(Self {
            report: open("profile.json".into())?,
            flames: of_each(flame_name)?,
            folded: of_each(folded_name)?,
            differences,
            dir: dir.to_owned(),
            data,
        })
    }

    /// Returns the path to which perf records this run.
    pub fn data(&self, run: &str) -> PathBuf {
        self.data.path().join(data_name(run))
    }

    /// Writes all files that the report names. Returns the paths of the flame graphs and the
    /// report.
    pub fn deliver(self, report: &ProfileReport, stacks: &[Stacks]) -> Result<Vec<PathBuf>> {
        let written = [&self.flames, &self.differences].into_iter().flatten();
        let written = written.chain([&self.report]);
        let written = written.map(|file| file.path().to_owned()).collect();
        for name in report.trackers.iter().filter_map(|run| run.data.as_ref()) {
            fs::rename(self.data.path().join(name), self.dir.join(name))
                .with_context(|| format!("{name} cannot be kept in {}", self.dir.display()))?;
        }
        let runs: Vec<_> = report.trackers.iter().zip(stacks).collect();
        for (file, (_, stacks)) in self.folded.into_iter().zip(&runs) {
            file.write(|out| Ok(out.write_all(stacks.to_text(1).as_bytes())?))?;
        }
        for (file, (run, stacks)) in self.flames.into_iter().zip(&runs) {
            file.write(|out| flame::draw(stacks, &caption::run(report, run), out))?;
        }
        let pairs = runs.iter().zip(runs.iter().rev());
        for (file, ((before, first), (after, second))) in self.differences.into_iter().zip(pairs) {
            let caption = caption::difference(report, before, after);
            file.write(|out| flame::draw_difference(first, second, &caption, out))?;
        }
        self.report.write(|out| record::write(out, report))?;
        Ok(written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use epoch_results::examples::{profiled, profiled_alone};

    fn stacks(name: &str) -> Stacks {
        let script = format!("{name} 1/1 2.0: \n\tff {name}_lock (k)\n\tff common (k)\n\n");
        Stacks::read(script.as_bytes()).unwrap()
    }

    fn open(dir: &Path, names: &[&str]) -> Result<Outputs> {
        let names: Vec<_> = names.iter().map(ToString::to_string).collect();
        Outputs::open(dir, &names)
    }

    fn files(dir: &Path) -> Vec<String> {
        let entries = fs::read_dir(dir).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn all_that_the_report_names_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("new/profile");
        let mut report = profiled();
        let outputs = open(&dir, &["mutex", "epoch"]).unwrap();
        for run in &mut report.trackers {
            fs::write(outputs.data(&run.name), "PERFILE2").unwrap();
            run.data = Some(data_name(&run.name));
        }
        let written = outputs
            .deliver(&report, &[stacks("mutex"), stacks("epoch")])
            .unwrap();
        assert_eq!(written.len(), 5);
        let saved = ProfileReport::read(&fs::read(dir.join("profile.json")).unwrap()).unwrap();
        let difference = saved.difference.unwrap();
        let mut named = vec![difference.svg.clone(), difference.reverse_svg];
        for run in saved.trackers {
            named.extend([run.svg, run.folded, run.data.unwrap()]);
        }
        for name in named {
            assert!(fs::metadata(dir.join(&name)).unwrap().len() > 0, "{name}");
        }
        let svg = fs::read_to_string(dir.join(difference.svg)).unwrap();
        assert!(svg.contains("epoch_lock") && !svg.contains("mutex_lock"));
        assert_eq!(files(&dir).len(), 8, "{:?}", files(&dir));
    }

    #[test]
    fn one_run_has_no_difference() {
        let dir = tempfile::tempdir().unwrap();
        let outputs = open(dir.path(), &["mutex"]).unwrap();
        outputs
            .deliver(&profiled_alone(), &[stacks("mutex")])
            .unwrap();
        let expected = ["flame-mutex.svg", "folded", "profile.json"];
        assert_eq!(files(dir.path()), expected);
        assert_eq!(files(&dir.path().join("folded")), ["mutex.folded"]);
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_found_at_once() {
        for dir in ["/dev/null", "/proc/profile"] {
            let error = open(Path::new(dir), &["mutex"]).err().unwrap();
            assert!(error.to_string().starts_with("--out "), "{error}");
        }
    }

    #[test]
    fn nothing_is_left_of_what_was_given_up() {
        let dir = tempfile::tempdir().unwrap();
        drop(open(dir.path(), &["mutex", "epoch"]).unwrap());
        assert_eq!(files(dir.path()), ["folded"]);
    }
}
