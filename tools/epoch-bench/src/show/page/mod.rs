// SPDX-License-Identifier: MIT OR Apache-2.0

//! Contents of the page of `epoch-bench report`; [`html`](super::html) has its markup.

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

use self::carriers::Group;
use super::comparison::CAVEAT;
use super::html::{Page, Section};
use super::svg::words::machine;

pub use self::input::{COMMANDS, Input, distinguish};

/// Returns the page of these files; `command` makes it again.
pub fn page(title: Option<String>, mut inputs: Vec<Input>, command: &[String]) -> Result<Page> {
    inputs.sort_by_key(|input| input.results.rank());
    let mut page = Page {
        title: title.unwrap_or_else(|| names(&inputs)),
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
    page.sections.push(origin::commands(&inputs, command));
    Ok(page)
}

/// Returns a title that names each tracker once.
fn names(inputs: &[Input]) -> String {
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
