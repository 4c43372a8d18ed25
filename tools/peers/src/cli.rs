// SPDX-License-Identifier: GPL-2.0

//! Command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

/// Measures the cost of one enter and one exit for a reader: with this project's epoch, with its
/// peers, and with locks
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Exit codes: 0 done, whatever the figures; 1 failed; 2 bad usage."
)]
pub struct Cli {
    /// Number of consecutive processes for each number of threads; code and data have other
    /// addresses in each
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub processes: u32,

    /// Rounds in each process; every candidate has one turn per round
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub rounds: u32,

    /// Length of a turn in microseconds
    #[arg(long, value_name = "MICROSECONDS", default_value_t = 2000,
          value_parser = clap::value_parser!(u64).range(10..=10_000_000))]
    pub turn_us: u64,

    /// Numbers of threads, each with a table of its own [default: 1 and the number of CPUs]
    #[arg(long, value_name = "N,...", value_delimiter = ',',
          value_parser = clap::value_parser!(u32).range(1..))]
    pub threads: Vec<u32>,

    /// Write the report, with the figure of every round, as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,

    /// Measure once in this process, and print the bare figures as JSON: for internal use by
    /// --processes
    #[arg(long, hide = true)]
    pub figures: bool,

    /// Draw the report as SVG
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
}

impl Cli {
    /// Returns the length of a turn.
    pub fn turn(&self) -> Duration {
        Duration::from_micros(self.turn_us)
    }

    /// Returns the CPUs of the threads of each table, or the number of threads that is too great.
    /// If not all CPUs are used, the first ones are left out: they usually have the interrupts.
    pub fn placements(&self, allowed: &[usize]) -> Result<Vec<Vec<usize>>, usize> {
        let mut threads: Vec<usize> = self.threads.iter().map(|&n| n as usize).collect();
        if threads.is_empty() {
            threads = vec![1, allowed.len()];
        }
        threads.dedup();
        threads
            .into_iter()
            .map(|threads| {
                let spare = allowed.len().checked_sub(threads).ok_or(threads)?;
                Ok(allowed[spare..].to_vec())
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placements(arguments: &[&str], allowed: &[usize]) -> Result<Vec<Vec<usize>>, usize> {
        let arguments = ["epoch-peers"].iter().chain(arguments);
        Cli::try_parse_from(arguments).unwrap().placements(allowed)
    }

    #[test]
    fn one_thread_and_as_many_as_there_are_cpus() {
        let all = vec![3, 4, 9];
        assert_eq!(placements(&[], &all), Ok(vec![vec![9], all.clone()]));
        assert_eq!(placements(&[], &[5]), Ok(vec![vec![5]]));
        assert_eq!(placements(&["--threads=2"], &all), Ok(vec![vec![4, 9]]));
    }

    #[test]
    fn threads_do_not_share_cpus() {
        assert_eq!(placements(&["--threads=1,3"], &[0, 1]), Err(3));
    }
}
