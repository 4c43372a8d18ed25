// SPDX-License-Identifier: MIT OR Apache-2.0

//! `epoch-bench report`

use anyhow::Result;
use host::destination::{Destination, replaces};
use host::error::usage;

use super::setup::command_line;
use crate::cli::ReportArgs;
use crate::show::page::{COMMANDS, Input, distinguish, page};

pub fn execute(args: &ReportArgs) -> Result<()> {
    if args.files.is_empty() {
        return Err(usage(format!(
            "there is nothing to report: name files that {COMMANDS} wrote"
        )));
    }
    for file in &args.files {
        if replaces(file, &args.output) {
            return Err(usage(format!(
                "--output {} would overwrite an input file: name another file",
                file.display()
            )));
        }
    }
    let inputs: Result<Vec<_>> = args.files.iter().map(|file| Input::read(file)).collect();
    let mut inputs = inputs?;
    distinguish(&mut inputs, &args.files);
    let html = page(args.title.clone(), inputs, &command_line())?.html()?;
    Destination::open("--output", &args.output)?.write(|out| Ok(out.write_all(html.as_bytes())?))
}
