// SPDX-License-Identifier: MIT OR Apache-2.0

//! `epoch-bench schema`

use std::io;

use anyhow::Result;
use epoch_results::record::{
    self, CompareReport, HookReport, ProfileReport, RunReport, SweepReport, TortureReport,
};
use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings};

use crate::cli::{Saved, SchemaArgs};

pub fn execute(args: &SchemaArgs) -> Result<()> {
    record::write(&mut io::stdout(), &schema(args.command))
}

/// Returns the JSON Schema, draft 2020-12, of the file that a command writes.
fn schema(command: Saved) -> Schema {
    match command {
        Saved::Run => written::<RunReport>(),
        Saved::Compare => written::<CompareReport>(),
        Saved::Sweep => written::<SweepReport>(),
        Saved::Hook => written::<HookReport>(),
        Saved::Torture => written::<TortureReport>(),
        Saved::Profile => written::<ProfileReport>(),
        Saved::Doctor => written::<crate::doctor::Report>(),
    }
}

/// Returns the schema of files as written, that is with all fields that readers may leave out.
fn written<T: JsonSchema>() -> Schema {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    SchemaGenerator::new(settings).into_root_schema_for::<T>()
}
