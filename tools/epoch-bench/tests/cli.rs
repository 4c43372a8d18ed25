// SPDX-License-Identifier: MIT OR Apache-2.0

//! The command as a user runs it, on a machine without the module.

use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use regex::Regex;

fn epoch_bench(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_epoch-bench"))
        .args(args)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[track_caller]
fn fails_with(args: &[&str], code: i32, message: &str) {
    let output = epoch_bench(args);
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{args:?}: {stderr}");
    assert!(stderr.contains(message), "{args:?}: {stderr}");
    assert!(
        output.stdout.is_empty(),
        "{args:?}: {}",
        text(&output.stdout)
    );
}

#[test]
fn bad_usage_exits_with_2() {
    fails_with(&[], 2, "Usage:");
    fails_with(&["dance"], 2, "unrecognized subcommand");
    fails_with(&["run", "--tasks", "0"], 2, "1..=4096");
    fails_with(&["run", "--tasks", "4097"], 2, "1..=4096");
    fails_with(&["run", "--tasks", "many"], 2, "invalid digit");
    fails_with(
        &["run", "--testcase", "mmap9"],
        2,
        "possible values: mmap1, mmap1-touch, page-fault, di",
    );
    fails_with(&["compare", "epoch"], 2, "one tracker alone");
    fails_with(
        &["compare", "mutex", "epoch", "--repeats", "5"],
        2,
        "--repeats is for a tracker that is compared with itself",
    );
    fails_with(
        &["compare", "epoch", "epoch", "--repeats", "1"],
        2,
        "2..=10000",
    );
    fails_with(&["run", "--pages", "2"], 2, "add --testcase mmap1-touch");
    fails_with(&["run", "--keys", "2"], 2, "without --waiters");
    fails_with(&["run", "--wait-rate", "2"], 2, "without --waiters");
    fails_with(&["compare", "a", "b", "--waiters", "4096"], 2, "0..4096");
    fails_with(&["sweep", "--tasks", "1,x"], 2, "invalid digit");
    fails_with(
        &["sweep", "--trackers", "a,b", "--csv", "x", "--json", "x"],
        2,
        "give each its own",
    );
    fails_with(
        &["sweep", "--trackers", "a,b", "--csv", "x", "--svg", "x"],
        2,
        "--csv and --svg name the same file",
    );
    fails_with(&["torture", "--seconds", "0"], 2, "1..=31536000");
    fails_with(&["profile", "a", "b", "c"], 2, "[TRACKER]...");
    fails_with(&["profile", "--frequency", "x"], 2, "invalid digit");
    fails_with(&["profile", "--json", "x"], 2, "unexpected argument");
    fails_with(
        &["profile", "--where", "user", "--mechanism", "fprobe"],
        2,
        "no effect without the hook",
    );
    fails_with(&["hook", "true"], 2, "unexpected argument 'true'");
    fails_with(&["hook"], 2, "<COMMAND>");
    fails_with(
        &["hook", "--mechanism", "magic", "--", "true"],
        2,
        "possible values: fprobe, kretprobe, syscall",
    );
    let syscall = ["--mechanism", "syscall"];
    fails_with(
        &[&["hook", "--symbol", "f"], &syscall[..], &["--", "true"]].concat(),
        2,
        "--symbol has no effect",
    );
    for args in [
        &["run"][..],
        &["run", "--where", "user"],
        &["compare", "a", "b"],
        &["sweep"],
        &["profile", "a"],
    ] {
        fails_with(&[args, &syscall].concat(), 2, "no effect without the hook");
    }
    fails_with(
        &["compare", "a", "b", "--confidence", "97"],
        2,
        "use 80, 90, 95",
    );
    fails_with(&["compare", "a", "b", "--samples", "2"], 2, "3..=100000");
    fails_with(
        &["compare", "a", "b", "--json", "x", "--svg", "x"],
        2,
        "give each its own",
    );
    fails_with(&["run", "--svg", "x"], 2, "unexpected argument '--svg'");
    fails_with(&["doctor", "--color", "some"], 2, "auto, always, never");
    fails_with(&["doctor", "x"], 2, "unexpected argument 'x'");
    fails_with(&["completions"], 2, "<SHELL>");
    fails_with(&["completions", "cmd"], 2, "bash");
    fails_with(&["man"], 2, "<DIR>");
    fails_with(&["draw", "x.json"], 2, "<--svg <FILE>|--png <FILE>>");
    fails_with(
        &["draw", "x.json", "--svg", "x", "--png", "y"],
        1,
        "cannot read x.json",
    );
    fails_with(&["draw", "--svg", "x.svg"], 2, "<FILE>");
}

#[test]
fn run_says_what_the_machine_did_beside_its_figures() {
    let dir = tempfile::tempdir().unwrap();
    let json = dir.path().join("run.json");
    let options = [
        "run",
        "--where",
        "user",
        "--interval-ms",
        "50",
        "-s",
        "3",
        "--json",
    ];
    let output = epoch_bench(&[&options[..], &[json.to_str().unwrap()]].concat());
    let stderr = text(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let heading = Regex::new(r"(?m)^tracker +average +switches .*softirq +steal").unwrap();
    assert!(heading.is_match(&stderr), "{stderr}");
    assert!(stderr.contains("\nno tracker "), "{stderr}");
    // stdout is for will-it-scale's output.
    assert!(!text(&output.stdout).contains("switches"));
    let saved: serde_json::Value = serde_json::from_slice(&std::fs::read(json).unwrap()).unwrap();
    let activity = &saved["activity"];
    assert!(activity["context_switches"].as_f64().unwrap() >= 0.0);
    let counted = activity["instructions"].is_number();
    let missing = activity["missing"].to_string();
    assert!(counted != missing.contains("instructions: "), "{activity}");
    assert!(
        counted != stderr.contains("not counted: instructions: "),
        "{stderr}"
    );
}

#[test]
fn testcases_of_the_kernel_are_refused_in_user_space() {
    let user = |args: &[&'static str]| [args, &["--where", "user"]].concat();
    fails_with(&user(&["run", "--testcase", "di"]), 2, "only in the kernel");
    fails_with(&user(&["run", "--waiters", "1"]), 2, "only in the kernel");
    fails_with(
        &user(&["compare", "spin", "epoch", "--keys", "1"]),
        2,
        "only in the kernel",
    );
}

#[test]
fn help_and_version_are_there() {
    for args in [
        &["--help"][..],
        &["run", "--help"],
        &["compare", "--help"],
        &["sweep", "--help"],
        &["hook", "--help"],
        &["torture", "--help"],
        &["profile", "--help"],
        &["doctor", "--help"],
        &["draw", "--help"],
        &["report", "--help"],
        &["ministat", "--help"],
        &["completions", "--help"],
        &["man", "--help"],
        &["--version"],
    ] {
        let output = epoch_bench(args);
        assert_eq!(output.status.code(), Some(0), "{args:?}");
        assert!(!output.stdout.is_empty(), "{args:?}");
    }
}

#[test]
fn without_the_module_it_says_how_to_load_it() {
    if Path::new("/dev/epoch_bench").exists() || Path::new("/sys/class/misc/epoch_bench").exists() {
        let _ = io::stderr().write_all(b"skipped: the module is loaded\n");
        return;
    }
    let advice = "insmod epoch.ko; insmod epoch_bench.ko";
    fails_with(&["run"], 1, advice);
    fails_with(&["run", "--tracker", "epoch", "--tasks", "4"], 1, advice);
    fails_with(&["compare", "mutex", "epoch"], 1, advice);
    fails_with(&["compare", "all"], 1, advice);
    for user in [
        &["run", "--tracker", "epoch"][..],
        &["compare", "spin", "epoch"],
        &["compare", "mutex", "epoch", "--mechanism", "syscall"],
        &["sweep", "--mechanism", "kretprobe"],
    ] {
        fails_with(&[user, &["--where", "user"]].concat(), 1, advice);
    }
    fails_with(&["sweep"], 1, advice);
    fails_with(&["torture"], 1, advice);
    fails_with(&["profile"], 1, advice);
    fails_with(&["profile", "mutex", "epoch"], 1, advice);
    fails_with(&["hook", "--", "true"], 1, advice);
    let args = ["hook", "--mechanism", "syscall", "--", "true"];
    fails_with(&args, 1, advice);
}

#[test]
fn a_report_that_cannot_be_written_is_found_before_measuring() {
    let args = [
        "run",
        "--where",
        "user",
        "--json",
        "/nonexistent/report.json",
    ];
    fails_with(&args, 1, "cannot be written; name a file");
    fails_with(
        &["run", "--where", "user", "--json", "/"],
        1,
        "cannot be written",
    );
}

#[test]
fn a_picture_that_cannot_be_drawn_is_found_before_measuring() {
    let args = ["compare", "a", "b", "--svg", "/nonexistent/x.svg"];
    fails_with(&args, 1, "--svg /nonexistent/x.svg: cannot be written");
}

/// Returns a saved comparison, as small as it can be.
fn saved_comparison() -> serde_json::Value {
    let tracker = |name: &str, totals: [u64; 3]| {
        let samples = totals.map(
            |total| serde_json::json!({"min": total, "max": total, "total": total, "tasks": []}),
        );
        serde_json::json!({
            "tracker": name, "warmup": [], "samples": samples,
            "statistics": {
                "n": 3, "mean": 2.0, "stddev": 1.0, "min": 1, "max": 3, "median": 2.0
            },
        })
    };
    serde_json::json!({
        "schema": "epoch-bench/compare/1",
        "command_line": ["epoch-bench"],
        "environment": {
            "kernel": "7.3", "module_tracker": "none", "online_cpus": 8, "cpu_model": "A CPU",
            "machine": "KVM", "clock_source": "tsc", "date": "2026-11-22T08:00:00Z",
        },
        "workload": {
            "testcase": "mmap1", "where": "kernel", "carrier": "processes", "tasks": 8,
            "cpus": null, "interval_ms": 1000,
        },
        "confidence_percent": 95.0,
        "trackers": [tracker("mutex", [1, 2, 3]), tracker("epoch", [2, 3, 4])],
        "comparisons": [{
            "tracker": "epoch", "baseline": "mutex", "ratio": 1.5, "difference": 1.0,
            "difference_error": 2.0, "percent": 50.0, "percent_error": 100.0,
            "pooled_stddev": 1.0, "proven": false,
        }],
    })
}

#[test]
fn a_saved_comparison_can_be_drawn() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (json, svg) = (path("compare.json"), path("compare.svg"));
    std::fs::write(&json, saved_comparison().to_string()).unwrap();
    let draw = || {
        let output = epoch_bench(&["draw", &json, "--svg", &svg]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert!(output.stdout.is_empty() && output.stderr.is_empty());
        std::fs::read_to_string(&svg).unwrap()
    };
    let picture = draw();
    assert_eq!(picture.matches("<circle").count(), 6);
    assert!(picture.contains("epoch is 1.50x mutex ("));
    assert_eq!(draw(), picture);
    let left = std::fs::read_dir(dir.path()).unwrap().count();
    assert_eq!(left, 2, "temporary files were left");
}

/// Returns a saved sweep made of that comparison.
fn saved_sweep(tasks: &[usize]) -> serde_json::Value {
    let mut sweep = saved_comparison();
    let point = |&tasks: &usize| {
        let mut point = serde_json::json!({});
        for key in ["workload", "trackers", "comparisons"] {
            point[key] = sweep[key].clone();
        }
        point["workload"]["tasks"] = tasks.into();
        point
    };
    sweep["points"] = tasks.iter().map(point).collect();
    sweep["schema"] = "epoch-bench/sweep/1".into();
    sweep
}

#[test]
fn a_saved_sweep_can_be_drawn() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (json, svg) = (path("sweep.json"), path("sweep.svg"));
    std::fs::write(&json, saved_sweep(&[1, 2, 4]).to_string()).unwrap();
    let output = epoch_bench(&["draw", &json, "--svg", &svg]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let picture = std::fs::read_to_string(&svg).unwrap();
    assert!(picture.contains("epoch peaks at 4 tasks"), "{picture}");
}

#[test]
fn a_complete_sweep_is_printed_again() {
    let dir = tempfile::tempdir().unwrap();
    let json = dir.path().join("sweep.json");
    let json = json.to_str().unwrap();
    let mut sweep = saved_sweep(&[1, 2, 4]);
    sweep["settings"] = serde_json::json!({
        "tasks": [1, 2, 4], "trackers": ["mutex", "epoch"], "warmup": 1, "samples": 3,
        "testcase": "mmap1", "threads": false, "where": "kernel", "waiters": 0,
        "no_affinity": false, "interval_ms": 1000,
    });
    std::fs::write(json, sweep.to_string()).unwrap();
    let output = epoch_bench(&["sweep", "--resume", json]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let stdout = text(&output.stdout);
    assert!(stdout.contains("epoch peaks at 4 tasks"), "{stdout}");
    fails_with(
        &["sweep", "--resume", json, "--tasks", "1,2"],
        2,
        "was begun with --tasks 1,2,4, not 1,2: leave it out",
    );
    fails_with(
        &["sweep", "--resume", json, "--csv", json],
        2,
        "--resume and --csv name the same file",
    );
    fails_with(
        &["sweep", "--resume", "/nonexistent.json"],
        1,
        "cannot read /nonexistent.json",
    );
}

#[test]
fn results_that_cannot_be_drawn_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (json, svg) = (path("run.json"), path("x.svg"));
    let draw =
        |json: &str, code, message| fails_with(&["draw", json, "--svg", &svg], code, message);
    draw("/nonexistent.json", 1, "cannot read /nonexistent.json");
    std::fs::write(&json, "{\"schema\": \"epoch-bench/run/1\"}").unwrap();
    draw(&json, 2, "'sweep --json' wrote: it holds epoch-bench/run/1");
    draw("-", 2, "- is nothing that");
    assert!(!Path::new(&svg).exists());
    std::fs::write(&json, saved_comparison().to_string()).unwrap();
    fails_with(
        &["draw", &json, "--svg", "/nonexistent/x.svg"],
        1,
        "--svg /nonexistent/x.svg: cannot be written",
    );
    fails_with(
        &["draw", &json, "--svg", &json],
        2,
        "would replace the report itself",
    );
}

#[test]
fn other_testcases_are_described() {
    for (options, title) in [
        (
            &["--testcase", "mmap1-touch"][..],
            "Anonymous memory mmap/touch/munmap of 128MB, 1 page",
        ),
        (
            &["--testcase", "mmap1-touch", "--pages", "3"],
            "Anonymous memory mmap/touch/munmap of 128MB, 3 pages",
        ),
        (
            &["--testcase", "page-fault"],
            "Anonymous memory mmap/touch/munmap of one page",
        ),
    ] {
        let stdout = run_user(&[options, &["--warmup", "0", "-s", "1"]].concat());
        let first = stdout.lines().next().unwrap();
        assert_eq!(first, format!("testcase:{title}"));
    }
}

/// Runs a quick measurement in user space, with these options.
fn run_user(options: &[&str]) -> String {
    let args = ["run", "--where", "user", "--interval-ms", "20"];
    let output = epoch_bench(&[&args, options].concat());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let stderr = text(&output.stderr);
    assert!(
        stderr.contains("kernel:") && stderr.contains("clocksource:"),
        "{stderr}"
    );
    text(&output.stdout)
}

#[test]
fn run_prints_will_it_scales_format() {
    let expected = Regex::new(
        r"(?x)\A
        testcase:Anonymous\ memory\ mmap/munmap\ of\ 128MB\n
        warmup\n
        (min:\d+\ max:\d+\ total:\d+\n){6}
        measurement\n
        (min:\d+\ max:\d+\ total:\d+\n){5}
        average:\d+\n\z",
    )
    .unwrap();
    for options in [
        &["--tasks", "3"][..],
        &["-t", "2", "--threads"],
        &["--no-affinity"],
    ] {
        let stdout = run_user(options);
        assert!(expected.is_match(&stdout), "{stdout}");
    }
}

#[test]
fn verbose_lines_add_up_to_the_total() {
    let stdout = run_user(&["-t", "3", "-s", "2", "--warmup", "0", "-v"]);
    let expected = Regex::new(
        r"(?x)\A
        testcase:[^\n]*\nwarmup\nmeasurement\n
        ((\ \ \ [012]\ ->\ \d+\n){3}min:\d+\ max:\d+\ total:\d+\n){2}
        average:\d+\n\z",
    )
    .unwrap();
    assert!(expected.is_match(&stdout), "{stdout}");
    let (mut sum, mut checked) = (0, 0);
    for line in stdout.lines() {
        if let Some((_, share)) = line.split_once(" -> ") {
            sum += share.parse::<u64>().unwrap();
        } else if let Some((_, total)) = line.split_once("total:") {
            assert_eq!(total.parse(), Ok(sum));
            sum = 0;
            checked += 1;
        }
    }
    assert_eq!(checked, 2);
}

/// will-it-scale's runtest.py splits every line that contains `testcase:` or `average:` at its
/// colons, and fails unless there are exactly two parts; the second must be a title or an integer.
#[test]
fn will_it_scales_scripts_can_read_it() {
    let stdout = run_user(&["-s", "3"]);
    let (mut titles, mut averages) = (Vec::new(), Vec::new());
    for line in stdout.lines() {
        let parts: Vec<_> = line.split(':').collect();
        if line.contains("testcase:") {
            assert_eq!(parts.len(), 2, "{line}");
            titles.push(parts[1].to_owned());
        }
        if line.contains("average:") {
            assert_eq!(parts.len(), 2, "{line}");
            averages.push(parts[1].trim().parse::<u64>().unwrap());
        }
    }
    assert_eq!(titles, ["Anonymous memory mmap/munmap of 128MB"]);
    assert_eq!(averages.len(), 1);
    let totals: Vec<u64> = stdout
        .lines()
        .skip_while(|line| *line != "measurement")
        .filter_map(|line| line.split_once("total:"))
        .map(|(_, total)| total.parse().unwrap())
        .collect();
    assert_eq!(
        averages[0],
        totals.iter().sum::<u64>() / totals.len() as u64
    );
}

#[test]
fn the_json_report_holds_what_was_printed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.json");
    let stdout = run_user(&["-t", "2", "-s", "4", "--json", path.to_str().unwrap()]);
    let report = std::fs::read_to_string(&path).unwrap();
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["schema"], "epoch-bench/run/1");
    assert_eq!(report["tracker"], serde_json::Value::Null);
    assert_eq!(report["workload"]["where"], "user");
    assert_eq!(report["workload"]["tasks"], 2);
    assert_eq!(report["command_line"][1], "run");
    assert_eq!(report["warmup"].as_array().unwrap().len(), 6);
    assert_eq!(report["statistics"]["n"], 4);
    let samples = report["samples"].as_array().unwrap();
    assert_eq!(samples.len(), 4);
    for sample in samples {
        let line = format!(
            "min:{} max:{} total:{}\n",
            sample["min"], sample["max"], sample["total"]
        );
        assert!(stdout.contains(&line), "{line}");
        for task in sample["tasks"].as_array().unwrap() {
            let number = |key: &str| task[key].as_u64().unwrap();
            assert!(number("interval_ns") >= 20_000_000);
            let per_second = number("iterations") as f64 * 1e9 / number("interval_ns") as f64;
            assert!((per_second - number("per_second") as f64).abs() <= 0.51);
        }
    }
    let left = std::fs::read_dir(dir.path()).unwrap().count();
    assert_eq!(left, 1, "temporary files were left");
}

#[test]
fn ministat_reproduces_the_published_block() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, points: &str| {
        std::fs::write(dir.path().join(name), points.replace(' ', "\n")).unwrap();
    };
    file("before", "1005918 1006319 1009119 1013143 1009155\n");
    file("after", "3548585 3548786 3552085 3552502 3552587\n");
    let output = Command::new(env!("CARGO_BIN_EXE_epoch-bench"))
        .current_dir(&dir)
        .args(["ministat", "-A", "before", "after"])
        .output()
        .unwrap();
    let expected = "\
x before
+ after
    N           Min           Max        Median           Avg        Stddev
x   5       1005918       1013143       1009119     1008730.8     2895.1156
+   5       3548585       3552587       3552085       3550909     2039.8783
Difference at 95.0% confidence
\t2.54218e+06 +/- 3652.34
\t252.018% +/- 1.06257%
\t(Student's t, pooled s = 2504.28)
";
    assert_eq!(text(&output.stdout), expected);
}

#[test]
fn ministat_has_the_options_and_numbers_of_the_original() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("comma"), "1,5\n2,5\n3,5\n").unwrap();
    let run = |args: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_epoch-bench"))
            .current_dir(&dir)
            .arg("ministat")
            .args(args)
            .output()
            .unwrap()
    };
    let output = run(&["-q", "-A", "comma"]);
    let expected = "x   3           1.5           3.5           2.5           2.5             1\n";
    assert_eq!(text(&output.stdout), expected);
    let output = run(&["missing"]);
    assert_eq!(output.status.code(), Some(2));
    let error = text(&output.stderr);
    assert!(
        error.contains("cannot open missing: No such file"),
        "{error}"
    );
}

/// Runs doctor on this machine; returns the exit code and stdout.
fn doctor(args: &[&str], variables: &[(&str, &str)]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_epoch-bench"))
        .arg("doctor")
        .args(args)
        .env_remove("NO_COLOR")
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
    (output.status.code().unwrap(), text(&output.stdout))
}

#[test]
fn doctors_exit_code_tells_whether_something_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("doctor.json");
    let (code, stdout) = doctor(&["--json", path.to_str().unwrap()], &[]);
    let report = std::fs::read_to_string(&path).unwrap();
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["schema"], "epoch-bench/doctor/1");
    let missing = stdout.lines().filter(|line| line.starts_with("MISSING "));
    let missing = missing.count();
    assert_eq!(report["missing"], missing);
    assert_eq!(code, i32::from(missing > 0), "{stdout}");
    let sections = report["sections"].as_array().unwrap();
    let findings = sections.iter().map(|s| s["findings"].as_array().unwrap());
    for finding in findings.flatten() {
        let field = |name: &str| finding[name].as_str().unwrap();
        let (status, subject) = (field("status").to_uppercase(), field("subject"));
        let line = format!("{status:<9}{subject:<21}{}", field("found"));
        let printed = stdout.lines().any(|printed| printed.starts_with(&line));
        assert!(printed, "{line} is not in {stdout}");
    }
}

#[test]
fn a_report_of_doctor_that_cannot_be_written_is_found_at_once() {
    let args = ["doctor", "--json", "/nonexistent/doctor.json"];
    fails_with(&args, 1, "cannot be written; name a file");
}

#[test]
fn a_tree_that_is_named_is_looked_at() {
    let (code, stdout) = doctor(&["--kdir", "/nonexistent/linux"], &[]);
    assert!(
        stdout.contains("there is no /nonexistent/linux;"),
        "{stdout}"
    );
    assert!(code == 1 || Path::new("/sys/class/misc/epoch_bench").exists());
}

#[test]
fn a_pipe_gets_no_colours_unless_they_are_wanted() {
    let coloured = |args: &[&str], variables: &[(&str, &str)]| {
        let (_, stdout) = doctor(args, variables);
        stdout.contains('\u{1b}')
    };
    assert!(!coloured(&[], &[]));
    assert!(!coloured(&["--color", "auto"], &[("NO_COLOR", "1")]));
    assert!(!coloured(&["--color=never"], &[("CLICOLOR_FORCE", "1")]));
    assert!(coloured(&["--color=always"], &[]));
    // The option takes precedence over the environment variable.
    assert!(coloured(&["--color=always"], &[("NO_COLOR", "1")]));
}
