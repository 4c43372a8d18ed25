// SPDX-License-Identifier: MIT OR Apache-2.0

//! Files of `--json` conform to the output of `schema`.

mod common;

use std::process::{Command, Stdio};

use common::{SAVED, check, schema};
use serde_json::Value;

fn run(args: &[&str]) -> Value {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("saved.json");
    // The exit code depends on the findings of doctor.
    Command::new(env!("CARGO_BIN_EXE_epoch-bench"))
        .args(args)
        .arg("--json")
        .arg(&path)
        .stdout(Stdio::null())
        .status()
        .unwrap();
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn each_schema_is_one_and_names_its_form() {
    for command in SAVED {
        let schema = schema(command);
        assert!(jsonschema::meta::is_valid(&schema), "{command}");
        let form = &schema["properties"]["schema"]["const"];
        assert_eq!(form, &Value::from(format!("epoch-bench/{command}/1")));
    }
}

#[test]
fn each_field_is_described() {
    fn undescribed(schema: &Value, path: &str, found: &mut Vec<String>) {
        let Value::Object(object) = schema else {
            return;
        };
        for (key, value) in object {
            let path = format!("{path}/{key}");
            if key == "properties" {
                for (name, property) in value.as_object().unwrap() {
                    if property.get("description").is_none() {
                        found.push(format!("{path}/{name}"));
                    }
                }
            }
            undescribed(value, &path, found);
        }
    }
    for command in SAVED {
        let mut found = Vec::new();
        undescribed(&schema(command), command, &mut found);
        assert!(found.is_empty(), "{found:?}");
    }
}

#[test]
fn run_and_doctor_write_what_their_schemas_say() {
    let options = ["--where", "user", "--interval-ms", "10", "-s", "3"];
    for more in [&[][..], &["--threads", "-n", "-t", "3"]] {
        let saved = run(&[&["run"], &options[..], more].concat());
        check("run", &saved).unwrap();
    }
    check("doctor", &run(&["doctor"])).unwrap();
}

#[test]
fn violations_of_the_schema_are_found() {
    let saved = run(&["run", "--where", "user", "--interval-ms", "10", "-s", "1"]);
    let refused = |change: fn(&mut Value)| {
        let mut saved = saved.clone();
        change(&mut saved);
        assert!(check("run", &saved).is_err(), "{saved}");
    };
    refused(|saved| saved["schema"] = "epoch-bench/run/2".into());
    refused(|saved| saved["environment"]["online_cpus"] = "8".into());
    refused(|saved| saved["samples"][0]["total"] = (-1).into());
    refused(|saved| saved["new"] = 1.into());
    refused(|saved| saved["workload"]["testcase"] = "mmap9".into());
    refused(|saved| {
        saved.as_object_mut().unwrap().remove("samples");
    });
}
