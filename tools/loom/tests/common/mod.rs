// SPDX-License-Identifier: GPL-2.0

//! Helpers of all tests: the bounds of an exploration, and the detection of planted bugs.

use loom::model::Builder;
use std::panic::catch_unwind;

/// Panic message of loom when all tasks sleep.
#[allow(dead_code)]
pub const DEADLOCK: &str = "deadlock";

/// Panic message of loom when all tasks spin, or one does endlessly.
#[allow(dead_code)]
pub const HANG: &str = "maximum number of branches";

/// Panic message of loom on accesses that are not ordered.
pub const RACE: &str = "Causality violation";

/// Explores `f` with up to this many preemptions.
pub fn explore(preemptions: usize, f: impl Fn() + Sync + Send + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(f);
}

/// Checks that exploring ends with one of `signs`, and not with another failure.
pub fn assert_found(explore: fn(), signs: &[&str]) {
    let panic = catch_unwind(explore).expect_err("the planted bug was not found");
    let message = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or_default();
    assert!(
        signs.iter().any(|sign| message.contains(sign)),
        "found something else: {message}"
    );
}

/// Defines, for each bug, a machine with a flaw, and a test that explores it and expects the
/// signs.
#[macro_export]
macro_rules! finds {
    ($($(#[$doc:meta])* $test:ident: $explore:ident, $flaw:ident { $($item:item)+ }, $signs:expr;)+) => {
        $(
            struct $flaw;

            impl Flaw for $flaw {
                $($item)+
            }

            $(#[$doc])*
            #[test]
            fn $test() {
                common::assert_found($explore::<$flaw>, $signs);
            }
        )+
    };
}
