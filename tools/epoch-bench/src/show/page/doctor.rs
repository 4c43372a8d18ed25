// SPDX-License-Identifier: MIT OR Apache-2.0

//! Findings of doctor on the page.

use host::hypervisor;

use super::part::Part;
use crate::doctor::{Finding, Report, Status, Topic};
use crate::show::html::{Block, Section};

/// Returns the part of the page for a report of doctor.
pub fn part(report: &Report) -> Part {
    let mut blocks = Vec::new();
    let mut fine = Vec::new();
    for section in &report.sections {
        let findings = section.findings.iter().cloned();
        let (ok, others): (Vec<_>, Vec<_>) =
            findings.partition(|finding| finding.status == Status::Ok);
        for (findings, blocks) in [(others, &mut blocks), (ok, &mut fine)] {
            if !findings.is_empty() {
                blocks.push(Block::Heading(section.topic.title().into()));
                blocks.push(Block::Findings(findings.iter().map(shown).collect()));
            }
        }
    }
    if blocks.is_empty() {
        blocks.push(Block::Text("All checks passed.".into()));
    }
    if !fine.is_empty() {
        blocks.push(Block::Folded {
            title: "Passed checks".into(),
            blocks: fine,
        });
    }
    Part {
        warnings: warnings(report),
        sections: vec![Section {
            title: "Findings of doctor".into(),
            blocks,
        }],
        ..Part::default()
    }
}

/// Returns the warnings about the numbers, without those about building or loading modules.
fn warnings(report: &Report) -> Vec<String> {
    let sections = report.sections.iter();
    let findings = sections
        .filter(|section| section.topic == Topic::Trust)
        .flat_map(|section| &section.findings);
    findings
        .filter(|finding| finding.status == Status::Warn)
        // The page already says so for each machine.
        .filter(|finding| !hypervisor::is_emulated(&finding.found))
        .map(|finding| format!("{}: {}.", finding.subject, finding.found))
        .collect()
}

fn shown(finding: &Finding) -> crate::show::html::Finding {
    crate::show::html::Finding {
        subject: finding.subject.to_string(),
        status: match finding.status {
            Status::Ok => crate::show::html::Status::Ok,
            Status::Warn => crate::show::html::Status::Warn,
            Status::Missing => crate::show::html::Status::Missing,
            Status::Unknown => crate::show::html::Status::Unknown,
        },
        found: finding.found.clone(),
        fix: finding.fix.clone(),
    }
}
