// SPDX-License-Identifier: MIT OR Apache-2.0

//! `epoch-bench report`

mod carriers;
mod compare;
mod doctor;
mod input;
mod origin;
mod part;
mod profile;
mod run;
mod samples;
mod sweep;

use anyhow::Result;
use host::destination::{Destination, replaces};
use host::error::usage;

use self::carriers::Group;
use self::input::{COMMANDS, Input, distinguish};
use super::setup::command_line;
use crate::cli::ReportArgs;
use crate::show::comparison::CAVEAT;
use crate::show::html::{Page, Section};
use crate::show::svg::words::machine;

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
    let html = page(args, inputs, command_line())?.html()?;
    Destination::open("--output", &args.output)?.write(|out| Ok(out.write_all(html.as_bytes())?))
}

/// Returns the page of these files; `command` makes it again.
fn page(args: &ReportArgs, mut inputs: Vec<Input>, command: Vec<String>) -> Result<Page> {
    inputs.sort_by_key(|input| input.results.rank());
    let mut page = Page {
        title: args.title.clone().unwrap_or_else(|| title(&inputs)),
        generator: concat!("epoch-bench ", env!("CARGO_PKG_VERSION")).into(),
        warnings: origin::warnings(&inputs),
        ..Page::default()
    };
    if let Some(input) = inputs.first() {
        page.machine = machine(input.results.environment());
    }
    if inputs.iter().any(|input| input.results.is_measured()) {
        page.caveats.push(CAVEAT.into());
    }
    let mut sections = Vec::new();
    let several = origin::are_several(&inputs);
    for group in Group::all(&inputs) {
        let mut part = group.part()?;
        if several {
            let of = machine(group.environment());
            part.outcomes
                .iter_mut()
                .for_each(|outcome| outcome.about += &format!("; {of}"));
        }
        page.outcomes.extend(part.outcomes);
        page.warnings.extend(part.warnings);
        let named = part.sections.into_iter();
        sections.extend(named.map(|section| (section, group.name())));
    }
    page.sections = tell_apart(sections);
    page.sections.push(origin::origins(&inputs));
    page.sections.push(origin::commands(&inputs, &command));
    Ok(page)
}

/// Returns a title that names each tracker once.
fn title(inputs: &[Input]) -> String {
    let mut trackers: Vec<&str> = Vec::new();
    for tracker in inputs.iter().flat_map(|input| input.results.trackers()) {
        if !trackers.contains(&tracker) {
            trackers.push(tracker);
        }
    }
    match trackers[..] {
        [] => "epoch-bench".into(),
        _ => format!("epoch-bench: {}", trackers.join(", ")),
    }
}

/// Adds the name of the file to titles that several sections have.
fn tell_apart(sections: Vec<(Section, String)>) -> Vec<Section> {
    let titles: Vec<_> = sections
        .iter()
        .map(|(section, _)| section.title.clone())
        .collect();
    let of_several = |title: &String| titles.iter().filter(|other| *other == title).count() > 1;
    sections
        .into_iter()
        .map(|(mut section, name)| {
            if of_several(&section.title) {
                section.title = format!("{}: {name}", section.title);
            }
            section
        })
        .collect()
}
