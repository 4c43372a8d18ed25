// SPDX-License-Identifier: MIT OR Apache-2.0

//! Options that are present on the command line.

use std::collections::BTreeSet;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command, FromArgMatches};

/// Options given on the command line, in contrast to those that have their default values. Flatten
/// it into a command's options before all others, which take their values out of the matches.
#[derive(Clone, Debug, Default)]
pub struct Given(BTreeSet<String>);

impl Given {
    /// Returns the names of the options' fields.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl FromArgMatches for Given {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let fields = matches.ids().map(clap::Id::as_str);
        let given =
            fields.filter(|field| matches.value_source(field) == Some(ValueSource::CommandLine));
        Ok(Self(given.map(String::from).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for Given {
    fn augment_args(command: Command) -> Command {
        command
    }

    fn augment_args_for_update(command: Command) -> Command {
        command
    }
}
