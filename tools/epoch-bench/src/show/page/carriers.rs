// SPDX-License-Identifier: MIT OR Apache-2.0

//! Comparisons on the page that differ only in processes and threads.

use anyhow::Result;
use epoch_results::judge::Carriers;
use epoch_results::record::CompareReport;
use host::environment::Environment;

use super::input::{Input, Results};
use super::part::Part;
use super::{compare, samples};
use crate::show::html::{Block, Section};
use crate::show::{self, activity};

/// Text above the table.
const INTRODUCTION: &str = "Processes have an address space each; threads share one, with the \
                            mmap_lock that mmap and munmap take. The two were measured one after \
                            the other, not interleaved: the ratio has no interval, and proves \
                            nothing that is small.";

/// Files that have a common part of the page.
pub enum Group<'a> {
    /// Single file.
    One(&'a Input),
    /// Two files of the same measurement, with processes and with threads.
    Carriers([&'a Input; 2], Carriers<'a>),
}

impl<'a> Group<'a> {
    /// Returns the groups of these files, in their order; pairs come after the other comparisons.
    pub fn all(inputs: &'a [Input]) -> Vec<Self> {
        let mut pairs: Vec<([&Input; 2], Carriers<'_>)> = Vec::new();
        let paired = |pairs: &[([&Input; 2], Carriers<'_>)], input: &Input| {
            let mut members = pairs.iter().flat_map(|(members, _)| members);
            members.any(|member| std::ptr::eq(*member, input))
        };
        for processes in inputs {
            let mut partners = inputs.iter().filter(|input| !paired(&pairs, input));
            let pair = partners.find_map(|threads| {
                let carriers = Carriers::of(comparison(processes)?, comparison(threads)?)?;
                Some(([processes, threads], carriers))
            });
            pairs.extend(pair);
        }
        let alone = inputs.iter().filter(|input| !paired(&pairs, input));
        let mut groups: Vec<_> = alone.map(Self::One).collect();
        let comparisons = groups
            .iter()
            .take_while(|group| matches!(group, Self::One(input) if comparison(input).is_some()));
        let at = comparisons.count();
        let pairs = pairs.into_iter();
        groups.splice(at..at, pairs.map(|(of, both)| Self::Carriers(of, both)));
        groups
    }

    /// Returns a name that distinguishes the group's sections from those of other groups.
    pub fn name(&self) -> String {
        match self {
            Self::One(input) => input.name.clone(),
            Self::Carriers([processes, threads], _) => {
                format!("{} and {}", processes.name, threads.name)
            }
        }
    }

    /// Returns the environment of the measurement.
    pub fn environment(&self) -> &'a Environment {
        match self {
            Self::One(input) | Self::Carriers([input, _], _) => input.results.environment(),
        }
    }

    /// Returns the group's part of the page.
    pub fn part(&self) -> Result<Part> {
        match self {
            Self::One(input) => Part::of(input),
            Self::Carriers(_, carriers) => part(carriers),
        }
    }
}

fn comparison(input: &Input) -> Option<&CompareReport> {
    match &input.results {
        Results::Compare(report) => Some(report),
        _ => None,
    }
}

fn part(carriers: &Carriers<'_>) -> Result<Part> {
    let mut blocks = vec![
        Block::Text(INTRODUCTION.into()),
        Block::List(show::carriers::sentences(carriers)),
        samples::table(
            format!(
                "Loops a second of all tasks together. {}",
                activity::CAPTION
            ),
            show::carriers::table(carriers)?,
        ),
    ];
    let missing = show::carriers::missing(carriers);
    if !missing.is_empty() {
        blocks.push(Block::List(missing));
    }
    let mut both = Part::default();
    for (carrier, report) in [
        ("processes", carriers.processes),
        ("threads", carriers.threads),
    ] {
        let part = compare::part(report)?;
        both.outcomes.extend(part.outcomes);
        let warnings = part.warnings.into_iter();
        both.warnings
            .extend(warnings.map(|warning| format!("With {carrier}: {warning}")));
        let sections = part.sections.into_iter();
        blocks.push(Block::Folded {
            title: format!("With {carrier}: samples, ministat and tests"),
            blocks: sections
                .flat_map(|Section { title, blocks }| {
                    std::iter::once(Block::Heading(title)).chain(blocks)
                })
                .collect(),
        });
    }
    both.sections.push(Section {
        title: "Processes and threads".into(),
        blocks,
    });
    Ok(both)
}
