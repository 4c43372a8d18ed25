// SPDX-License-Identifier: MIT OR Apache-2.0

//! Results of the statistics on samples whose distribution is known.

mod alarms;
mod coverage;
mod equals;
mod noise;
mod several;
