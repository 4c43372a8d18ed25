// SPDX-License-Identifier: GPL-2.0

//! Runs the command, with several processes, as a user does.

use std::fs;
use std::process::Command;

#[test]
fn each_process_has_figures_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let (json, svg) = (dir.path().join("peers.json"), dir.path().join("peers.svg"));
    let output = Command::new(env!("CARGO_BIN_EXE_epoch-peers"))
        .args(["--processes=3", "--rounds=2", "--turn-us=10", "--threads=1"])
        .arg("--json")
        .arg(&json)
        .arg("--svg")
        .arg(&svg)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    for part in ["3 processes, each of 2 rounds", "two inc gs:"] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }

    let report: serde_json::Value = serde_json::from_slice(&fs::read(&json).unwrap()).unwrap();
    assert_eq!(report["method"]["processes"], 3);
    for row in report["tables"][0]["rows"].as_array().unwrap() {
        let processes = row["rounds_ns"].as_array().unwrap();
        let lengths: Vec<_> = processes
            .iter()
            .map(|p| p.as_array().unwrap().len())
            .collect();
        assert_eq!(lengths, [2, 2, 2], "{row}");
        assert!(row["ns"]["least"].as_f64().unwrap() <= row["ns"]["median"].as_f64().unwrap());
    }
    assert!(
        fs::read_to_string(&svg)
            .unwrap()
            .contains("median of 3 processes")
    );
}
