// SPDX-License-Identifier: MIT OR Apache-2.0

//! Files that `--json` writes, and their schemas.

use std::process::Command;

use serde_json::Value;

/// The commands that write JSON.
pub const SAVED: [&str; 7] = [
    "run", "compare", "sweep", "hook", "torture", "profile", "doctor",
];

/// Returns the output of `epoch-bench schema`.
pub fn schema(command: &str) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_epoch-bench"))
        .args(["schema", command])
        .output()
        .unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Checks that a file conforms to its schema; returns all violations.
///
/// Fields that the schema does not list are violations, too, although readers must tolerate them:
/// they are not documented.
pub fn check(command: &str, file: &Value) -> Result<(), Vec<String>> {
    let mut schema = schema(command);
    close(&mut schema);
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let wrong =
        |error: jsonschema::ValidationError<'_>| format!("{}: {error}", error.instance_path);
    let errors: Vec<_> = validator.iter_errors(file).map(wrong).collect();
    if errors.is_empty() {
        Ok(())
    } else {
        Err(errors)
    }
}

/// Forbids properties that are not listed.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if object.contains_key("properties") {
                object.insert("unevaluatedProperties".into(), false.into());
            }
            object.values_mut().for_each(close);
        }
        Value::Array(values) => values.iter_mut().for_each(close),
        _ => {}
    }
}
