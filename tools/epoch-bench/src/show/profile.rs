// SPDX-License-Identifier: MIT OR Apache-2.0

//! Profiles in words, and their tables.

use std::io::{self, Write};

use epoch_results::record::{
    Difference, EventReport, Function, ProfileReport, Share, TrackerProfile,
};

use super::comparison::CAVEAT;
use super::table::{Align, Table};

/// Prints everything but the names of the files.
pub fn print(report: &ProfileReport, out: &mut dyn Write) -> io::Result<()> {
    report.environment.write(out)?;
    let EventReport {
        meaning,
        used,
        frequency_hz,
        ..
    } = &report.event;
    writeln!(out, "event:       {meaning}")?;
    writeln!(
        out,
        "sampled:     {used}, {frequency_hz} times a second on each CPU"
    )?;
    if let Some(target) = &report.hook {
        writeln!(out, "{target}")?;
    }
    writeln!(out)?;
    for run in &report.trackers {
        writeln!(out, "{}", summary(run))?;
    }
    let mut table = Table::default();
    push_shares(report, &mut table);
    push_functions(report, &mut table);
    writeln!(out, "\n{}", table.text())?;
    if report.trackers.iter().any(|run| run.tracker.is_some()) {
        writeln!(out, "\n{CAVEAT}")?;
    }
    Ok(())
}

/// Adds the functions' names to a table.
pub fn push_functions(report: &ProfileReport, table: &mut Table) {
    let name = "function";
    match &report.difference {
        Some(Difference { top, .. }) => {
            table.push(name, Align::Left, top, |of| of.function.clone());
        }
        None => table.push(name, Align::Left, &functions(report), |of| {
            of.function.clone()
        }),
    }
}

/// Adds the functions' shares in percent, with 95% confidence intervals, and their changes.
pub fn push_shares(report: &ProfileReport, table: &mut Table) {
    match (&report.difference, &report.trackers[..]) {
        (Some(Difference { top, .. }), [before, after]) => {
            push_share(table, &before.name, top, |of| &of.before);
            push_share(table, &after.name, top, |of| &of.after);
            table.push("change", Align::Right, top, |of| {
                format!("{:+.1}", 100.0 * of.difference())
            });
        }
        _ => push_share(table, "share", &functions(report), |of| &of.share),
    }
}

fn functions(report: &ProfileReport) -> Vec<&Function> {
    report.trackers.iter().flat_map(|run| &run.top).collect()
}

/// Summarizes the samples in words.
pub fn summary(run: &TrackerProfile) -> String {
    let TrackerProfile {
        name,
        seconds,
        slices,
        rate,
        rate_error,
        samples,
        unnamed,
        idle,
        lost,
        ..
    } = run;
    let mut text = format!(
        "{name}: {samples} samples in {seconds} s, {rate} +/- {rate_error:.0} loops a second \
         (95%, N={slices}); {idle} more of idle CPUs, {lost} lost"
    );
    if *unnamed > 0 {
        text += &format!("; {unnamed} have no function's name");
    }
    text
}

fn push_share<T>(table: &mut Table, name: &str, rows: &[T], share: impl Fn(&T) -> &Share) {
    let percent = |part: f64| 100.0 * part;
    table.push(name, Align::Right, rows, |row| {
        format!("{:.1}%", percent(share(row).share))
    });
    table.push("95%", Align::Right, rows, |row| {
        let share = share(row);
        format!("{:.1}-{:.1}", percent(share.low), percent(share.high))
    });
    table.push("samples", Align::Right, rows, |row| {
        share(row).samples.to_string()
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use epoch_results::examples::{profiled, profiled_alone};

    fn printed(report: &ProfileReport) -> String {
        let mut out = Vec::new();
        print(report, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn shares_are_told_with_their_intervals() {
        let text = printed(&profiled());
        for line in [
            "sampled:     cpu-clock (no PMU for cycles), 997 times a second on each CPU",
            "mutex: 1000 samples in 5 s, 500 +/- 9 loops a second (95%, N=6); 7 more of idle CPUs, 0 lost",
            "mutex        95%  samples  epoch       95%  samples  change  function",
            "40.0%  37.0-43.1      400   0.0%   0.0-0.4        0   -40.0  osq_lock",
        ] {
            assert!(text.contains(line), "'{line}' is missing in\n{text}");
        }
        let text = printed(&profiled_alone());
        for line in [
            "share        95%  samples  function",
            "40.0%  37.0-43.1      400  osq_lock",
        ] {
            assert!(text.contains(line), "'{line}' is missing in\n{text}");
        }
    }
}
