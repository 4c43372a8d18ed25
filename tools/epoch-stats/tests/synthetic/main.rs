// SPDX-License-Identifier: MIT OR Apache-2.0

//! What the statistics say of samples whose distribution is known.

mod alarms;
mod coverage;
mod equals;
mod noise;
