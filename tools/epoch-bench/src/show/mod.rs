// SPDX-License-Identifier: MIT OR Apache-2.0

//! Results as users see them: as text, as plots, and on a page. Nothing here measures or judges.
//!
//! Each subject has a file with its sentences and the columns of its tables; text and page both take
//! them from there.

pub mod activity;
pub mod carriers;
pub mod comparison;
pub mod diff;
pub mod export;
pub mod false_positives;
pub mod hook;
pub mod html;
pub mod observed;
pub mod page;
pub mod profile;
pub mod svg;
pub mod sweep;
pub mod table;
pub mod text;
pub mod timeline;
pub mod top;
pub mod torture;
