//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use ministat::Confidence;
use serde::{Deserialize, Serialize};

use crate::testcase::Testcase;
use crate::uapi;

/// Runs the workloads of epoch_bench.ko and says whether a difference is proven
#[derive(Debug, Parser)]
#[command(
    name = "epoch-bench",
    version,
    after_help = "Exit codes: 0 done, 1 failed, 2 bad usage."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Measure one tracker; prints what will-it-scale prints
    Run(RunArgs),
    /// Measure several trackers, their samples interleaved, and say whether they differ
    Compare(CompareArgs),
    /// Draw a comparison that was saved with --json, without measuring again
    Draw(DrawArgs),
    /// Compare files of numbers; prints what FreeBSD's ministat prints
    #[command(disable_help_flag = false)]
    Ministat(MinistatArgs),
}

/// Where the workload runs.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Where {
    /// In the kernel, through /dev/epoch_bench
    #[default]
    Kernel,
    /// In user space, as mmap and munmap system calls; no tracker takes part
    User,
}

impl Where {
    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kernel => "kernel",
            Self::User => "user",
        }
    }
}

/// Options that every measurement has.
#[derive(Clone, Debug, Args)]
pub struct MeasureArgs {
    /// What each worker does
    #[arg(long, value_enum, default_value_t)]
    pub testcase: Testcase,

    /// Use threads of one process instead of processes
    #[arg(long)]
    pub threads: bool,

    /// Where the workload runs
    #[arg(long, value_enum, default_value_t)]
    pub r#where: Where,

    /// Let the scheduler choose CPUs; otherwise each task is bound to one, a
    /// CPU of each core first, then the SMT siblings, then from the beginning
    #[arg(long, short = 'n')]
    pub no_affinity: bool,

    /// Length of a sample in milliseconds; rates are per second regardless
    #[arg(long, value_name = "MS", default_value_t = 1000,
          value_parser = clap::value_parser!(u64).range(10..=3_600_000))]
    pub interval_ms: u64,

    /// Write everything measured to this file, too
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// Options of `run`.
#[derive(Clone, Debug, Args)]
pub struct RunArgs {
    /// Tracker to measure; without it, the one that is selected
    #[arg(long)]
    pub tracker: Option<String>,

    /// Workers at the same time
    #[arg(long, short, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u32).range(1..=i64::from(uapi::MAX_WORKERS)))]
    pub tasks: u32,

    /// Samples that count
    #[arg(long, short, value_name = "S", default_value_t = 5,
          value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub samples: u32,

    /// Samples before them that do not
    #[arg(long, value_name = "N", default_value_t = 6,
          value_parser = clap::value_parser!(u32).range(0..=1000))]
    pub warmup: u32,

    /// Print each task's share
    #[arg(long, short)]
    pub verbose: bool,

    /// How to measure.
    #[command(flatten)]
    pub measure: MeasureArgs,
}

/// Options of `compare`.
#[derive(Clone, Debug, Args)]
pub struct CompareArgs {
    /// Trackers to compare; the first is the baseline
    #[arg(required = true, num_args = 2..=ministat::MAX_DATASETS, value_name = "TRACKER")]
    pub trackers: Vec<String>,

    /// Workers at the same time; by default one for each CPU that may be used
    #[arg(long, short, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=i64::from(uapi::MAX_WORKERS)))]
    pub tasks: Option<u32>,

    /// Samples of each tracker that count
    #[arg(long, short, value_name = "S", default_value_t = 10,
          value_parser = clap::value_parser!(u32).range(ministat::MIN_POINTS as i64..=100_000))]
    pub samples: u32,

    /// Samples of each tracker before them that do not
    #[arg(long, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u32).range(0..=1000))]
    pub warmup: u32,

    /// Confidence in percent that a difference must reach: 80, 90, 95, 98, 99 or 99.5
    #[arg(long, short, value_name = "PERCENT", default_value = "95")]
    pub confidence: Confidence,

    /// How to measure.
    #[command(flatten)]
    pub measure: MeasureArgs,

    /// Draw the comparison to this file, too, as SVG
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
}

/// Options of `draw`.
#[derive(Clone, Debug, Args)]
pub struct DrawArgs {
    /// File that 'compare --json' wrote; '-' for standard input
    #[arg(value_name = "FILE")]
    pub comparison: PathBuf,

    /// File to draw it to, as SVG
    #[arg(long, value_name = "FILE")]
    pub svg: PathBuf,
}

/// Options of `ministat`.
#[derive(Clone, Debug, Args)]
pub struct MinistatArgs {
    /// Files of numbers, one a line; '-' or none for standard input
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// Leave out the plot
    #[arg(short = 'A')]
    pub no_plot: bool,

    /// Column that holds the numbers, from 1
    #[arg(short = 'C', value_name = "COLUMN", default_value_t = 1,
          value_parser = clap::value_parser!(u32).range(1..))]
    pub column: u32,

    /// Confidence in percent that a difference must reach: 80, 90, 95, 98, 99 or 99.5
    #[arg(short = 'c', value_name = "PERCENT", default_value = "95")]
    pub confidence: Confidence,

    /// Characters that separate columns
    #[arg(short = 'd', value_name = "DELIMITERS", default_value = " \t", hide_default_value = true,
          allow_hyphen_values = true,
          value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub delimiters: String,

    /// Print the statistics of each file alone: no plot, no comparison
    #[arg(short = 'n')]
    pub vitals_only: bool,

    /// Draw the bars of average, median and standard deviation on separate lines
    #[arg(short = 's')]
    pub separate_bars: bool,

    /// Columns of the plot [default: 74, or those of the terminal]
    #[arg(short = 'w', value_name = "WIDTH",
          value_parser = clap::value_parser!(u32).range(
              ministat::MIN_WIDTH as i64..=ministat::MAX_WIDTH as i64))]
    pub width: Option<u32>,

    /// Print what the version of 2015 prints, which Debian ships
    #[arg(long)]
    pub legacy_relative_error: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    fn refused(args: &[&str]) -> String {
        let args = ["epoch-bench"].iter().chain(args);
        let error = Cli::try_parse_from(args).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        error.to_string()
    }

    #[test]
    fn absurd_numbers_are_refused() {
        for args in [
            ["run", "--tasks", "0"],
            ["run", "--tasks", "4097"],
            ["run", "--tasks", "-1"],
            ["run", "--samples", "0"],
            ["run", "--interval-ms", "0"],
            ["run", "--interval-ms", "99999999999"],
            ["run", "--warmup", "1001"],
            ["ministat", "-C", "0"],
            ["ministat", "-w", "1"],
            ["ministat", "-c", "97"],
            ["ministat", "-d", ""],
        ] {
            refused(&args);
        }
        refused(&["compare", "a", "b", "--samples", "2"]);
    }

    #[test]
    fn a_comparison_takes_two_to_seven_trackers() {
        refused(&["compare"]);
        refused(&["compare", "epoch"]);
        refused(&["compare", "1", "2", "3", "4", "5", "6", "7", "8"]);
        let args = ["epoch-bench", "compare", "a", "a"];
        let Command::Compare(args) = Cli::try_parse_from(args).unwrap().command else {
            panic!("compare was not parsed as such");
        };
        assert_eq!(args.trackers, ["a", "a"]);
        assert_eq!(args.confidence, Confidence::P95);
    }
}
