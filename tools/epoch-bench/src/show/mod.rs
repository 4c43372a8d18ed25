// SPDX-License-Identifier: MIT OR Apache-2.0

//! Results as users see them.

pub mod html;
pub mod svg;
