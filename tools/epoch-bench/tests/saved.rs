// SPDX-License-Identifier: MIT OR Apache-2.0

//! Files that commands have left elsewhere, in the directories `EPOCH_SAVED`: there is one of each
//! command, and each conforms to its schema. Timelines are in the form of Perfetto.

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use common::{SAVED, check};
use serde_json::Value;

fn files(dir: &Path, found: &mut Vec<(String, Value)>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            let json = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            found.push((path.display().to_string(), json));
        }
    }
}

#[test]
fn each_file_is_what_its_schema_says() {
    let dirs = std::env::var_os("EPOCH_SAVED").expect("EPOCH_SAVED must name directories");
    let mut found = Vec::new();
    for dir in std::env::split_paths(&dirs) {
        files(&dir, &mut found);
    }
    let mut seen = BTreeSet::new();
    for (name, json) in found {
        if json["traceEvents"].is_array() {
            continue;
        }
        let form = json["schema"].as_str().unwrap_or_default();
        let command = SAVED
            .into_iter()
            .find(|command| form == format!("epoch-bench/{command}/1"));
        let command = command.unwrap_or_else(|| panic!("{name} is {form:?}"));
        if let Err(errors) = check(command, &json) {
            panic!("{name}: {errors:#?}");
        }
        seen.insert(command);
    }
    assert_eq!(seen, BTreeSet::from(SAVED));
}
