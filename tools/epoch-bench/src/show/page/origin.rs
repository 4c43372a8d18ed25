// SPDX-License-Identifier: MIT OR Apache-2.0

//! Origin of the results, and the commands that reproduce them.

use host::environment::Environment;
use host::hypervisor;

use super::input::{Input, Results};
use crate::show::html::{Block, Fact, Section};

/// Files of one machine with one kernel.
struct Origin<'a> {
    environment: &'a Environment,
    files: Vec<&'a Input>,
}

impl<'a> Origin<'a> {
    fn all(inputs: &'a [Input]) -> Vec<Self> {
        let mut origins: Vec<Self> = Vec::new();
        for input in inputs {
            let environment = input.results.environment();
            let mut known = origins.iter_mut();
            match known.find(|origin| same(origin.environment, environment)) {
                Some(origin) => origin.files.push(input),
                None => origins.push(Self {
                    environment,
                    files: vec![input],
                }),
            }
        }
        origins
    }

    /// Returns the facts about an origin, and for each of its files the tracker and the date.
    fn facts(&self) -> Block {
        let fact = |name: &str, value: String| Fact {
            name: name.into(),
            value,
        };
        let common = self.environment.facts().into_iter();
        let common = common.filter(|(name, _)| !matches!(*name, "module" | "date"));
        let mut facts: Vec<_> = common.map(|(name, value)| fact(name, value)).collect();
        for input in &self.files {
            let own = input.results.environment().facts().into_iter();
            let own = own.filter(|(name, _)| matches!(*name, "module" | "date"));
            let mut own: Vec<_> = own
                .map(|(name, value)| format!("{name}: {value}"))
                .collect();
            if let Results::Sweep(sweep) = &input.results {
                let resumed = sweep.resumed.iter();
                own.extend(resumed.map(|date| format!("resumed: {date}")));
            }
            facts.push(fact(&input.name, own.join("; ")));
        }
        Block::Facts(facts)
    }
}

fn same(one: &Environment, other: &Environment) -> bool {
    let facts = |environment: &Environment| {
        let Environment {
            kernel,
            online_cpus,
            cpu_model,
            machine,
            clock_source,
            ..
        } = environment.clone();
        (kernel, online_cpus, cpu_model, machine, clock_source)
    };
    facts(one) == facts(other)
}

/// Returns whether the files are of several machines, kernels or clock sources.
pub fn are_several(inputs: &[Input]) -> bool {
    Origin::all(inputs).len() > 1
}

/// Returns the section about the machines and kernels of the measurements.
pub fn origins(inputs: &[Input]) -> Section {
    let origins = Origin::all(inputs);
    Section {
        title: "Environment".into(),
        blocks: origins.iter().map(Origin::facts).collect(),
    }
}

/// Returns warnings about the machines and kernels of the measurements.
pub fn warnings(inputs: &[Input]) -> Vec<String> {
    let origins = Origin::all(inputs);
    let mut warnings = Vec::new();
    if origins.len() > 1 {
        warnings.push(format!(
            "The files are of {} machines, kernels or clock sources: do not compare the numbers of \
             one with those of another.",
            origins.len()
        ));
    }
    if origins
        .iter()
        .any(|origin| hypervisor::is_emulated(&origin.environment.machine))
    {
        warnings.push(
            "The CPUs are emulated: times mean little there, and ratios of what ran side by side \
             not much more."
                .into(),
        );
    }
    warnings
}

/// Returns the section with the commands that made the files and the page.
pub fn commands(inputs: &[Input], page: &[String]) -> Section {
    let mut blocks = vec![Block::Text(
        "As root, with epoch.ko and epoch_bench.ko loaded:".into(),
    )];
    let commands = inputs.iter().map(|input| input.results.command_line());
    blocks.extend(commands.map(command));
    blocks.push(Block::Text("This page, from the files:".into()));
    blocks.push(command(page));
    Section {
        title: "Reproducing the results".into(),
        blocks,
    }
}

/// Returns a block with the command, quoted for a shell.
fn command(words: &[String]) -> Block {
    let quoted = shlex::try_join(words.iter().map(String::as_str));
    Block::Command(quoted.unwrap_or_else(|_| words.join(" ")))
}
