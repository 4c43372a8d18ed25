// SPDX-License-Identifier: MIT OR Apache-2.0

//! Comparison with the output of the installed ministat, byte by byte.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const CASES: u64 = 400;

/// SplitMix64: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// Returns a number in [0, 1).
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn pick<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len() as u64) as usize]
    }
}

/// Returns the numbers of a case, of one of several kinds.
fn numbers(random: &mut Random, case: u64, count: u64) -> Vec<String> {
    let scale = 10f64.powi(random.below(41) as i32 - 20);
    let centre = random.unit() * 10.0 - 5.0;
    (0..count)
        .map(|_| match case % 6 {
            // Throughput, as from a benchmark.
            0 => (1_000_000 + random.below(20_000)).to_string(),
            // Few distinct values: many ties.
            1 => (random.below(4) as f64 / 2.0).to_string(),
            // Around 0, negative ones too.
            2 => format!("{:.6}", random.unit() * 200.0 - 100.0),
            // Any magnitude.
            3 => format!("{:e}", (centre + random.unit()) * scale),
            // All the same, which rounding makes interesting.
            4 => format!("{}", centre.round() / 10.0),
            // A far outlier now and then.
            _ if random.below(10) == 0 => format!("{:e}", random.unit() * 1e9),
            _ => format!("{:.3}", random.unit()),
        })
        .collect()
}

struct Case {
    args: Vec<String>,
    files: Vec<PathBuf>,
}

impl Case {
    fn new(number: u64, dir: &Path) -> Self {
        let mut random = Random(number);
        let mut args: Vec<String> = Vec::new();
        let confidence = random.pick(&["80", "90", "95", "98", "99", "99.5", "9.5e1"]);
        match number % 7 {
            0 => {}
            1 => args.push("-A".into()),
            2 => args.push("-n".into()),
            3 => args.push("-s".into()),
            4 => args.extend(["-s".into(), "-w".into(), (2 + random.below(9)).to_string()]),
            5 => args.extend(["-w".into(), (2 + random.below(250)).to_string()]),
            _ => args.push("-sA".into()),
        }
        if random.below(2) == 0 {
            args.extend(["-c".into(), confidence.into()]);
        }
        let delimiter = random.pick(&["", "", ",", ";:"]);
        if !delimiter.is_empty() {
            args.extend(["-d".into(), delimiter.into()]);
        }
        let column = random.below(3) + 1;
        if column > 1 {
            args.push(format!("-C{column}"));
        }
        let separator = delimiter.chars().next().unwrap_or(' ').to_string();
        let sets = 2 + random.below(6);
        let files = (0..sets)
            .map(|set| {
                let path = dir.join(format!("case{number}-set{set}"));
                let count = 3 + random.below(118);
                let mut file = BufWriter::new(File::create(&path).unwrap());
                writeln!(file, "# made for a test").unwrap();
                // Sets of one case differ in kind now and then.
                let kind = if random.below(4) == 0 {
                    random.below(6)
                } else {
                    number
                };
                for point in numbers(&mut random, kind, count) {
                    let before = ["filler", "filler"][..column as usize - 1].join(&separator);
                    let before = if column > 1 {
                        before + &separator
                    } else {
                        before
                    };
                    let after = random.pick(&["", "", " # comment", "\r", "  ", "\n"]);
                    // A comment needs a delimiter before it.
                    let after =
                        after.replace(' ', if after.contains('#') { &separator } else { " " });
                    writeln!(file, "{before}{point}{after}").unwrap();
                }
                file.flush().unwrap();
                path
            })
            .collect();
        Self { args, files }
    }

    fn run(&self, mut command: Command) -> Output {
        command
            .args(&self.args)
            .args(&self.files)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }
}

fn ours() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_epoch-bench"));
    command.args(["ministat", "--legacy-relative-error"]);
    command
}

fn peer_is_missing() -> bool {
    let found = Command::new("ministat")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if found.is_ok() {
        return false;
    }
    if std::env::var_os("EPOCH_SKIP_MINISTAT_PEER").is_some_and(|value| value == "1") {
        // Not println, which the test harness swallows.
        let _ = io::stderr().write_all(b"skipped: no ministat, and EPOCH_SKIP_MINISTAT_PEER=1\n");
        return true;
    }
    panic!(
        "the system's ministat is needed to compare with: run 'apt-get install ministat', or set \
         EPOCH_SKIP_MINISTAT_PEER=1 to go without"
    );
}

#[test]
fn generated_data_gives_the_same_bytes() {
    if peer_is_missing() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    for number in 0..CASES {
        let case = Case::new(number, dir.path());
        let expected = case.run(Command::new("ministat"));
        let found = case.run(ours());
        assert_eq!(
            String::from_utf8_lossy(&found.stdout),
            String::from_utf8_lossy(&expected.stdout),
            "case {number}: {:?}, {}",
            case.args,
            String::from_utf8_lossy(&expected.stderr),
        );
        assert_eq!(found.stdout, expected.stdout, "case {number}");
        assert_eq!(found.status.code(), expected.status.code(), "case {number}");
        assert_eq!(found.status.code(), Some(0), "case {number}");
    }
}

#[test]
fn bad_input_gives_the_same_exit_code() {
    if peer_is_missing() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let good = file("good", "1\n2\n3\n");
    let short = file("short", "1\n2\n");
    let text = file("text", "1\n2\nthree\n");
    let absent = dir.path().join("absent");
    let cases: &[(&[&str], &[&PathBuf])] = &[
        (&[], &[&good]),
        (&[], &[&good; 7]),
        (&[], &[&good; 8]),
        (&[], &[&short]),
        (&[], &[&good, &text]),
        (&[], &[&absent]),
        (&["-c", "97"], &[&good]),
        (&["-C", "0"], &[&good]),
        (&["-C", "2"], &[&good]),
        (&["-w", "-1"], &[&good]),
        (&["-w", "x"], &[&good]),
        (&["-d", ""], &[&good]),
        (&["-Z"], &[&good]),
    ];
    for (args, files) in cases {
        let case = Case {
            args: args.iter().map(ToString::to_string).collect(),
            files: files.iter().map(|path| path.to_path_buf()).collect(),
        };
        let expected = case.run(Command::new("ministat"));
        let found = case.run(ours());
        let what = format!("{args:?} {files:?}");
        assert_eq!(found.status.code(), expected.status.code(), "{what}");
        assert_eq!(found.stdout, expected.stdout, "{what}");
        assert_eq!(
            found.stderr.is_empty(),
            expected.stderr.is_empty(),
            "{what}"
        );
    }
}
