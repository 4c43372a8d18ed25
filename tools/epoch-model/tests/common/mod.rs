// SPDX-License-Identifier: GPL-2.0

//! What the tests share: how far to explore, and what to make of a bug that was planted.

use loom::model::Builder;
use std::panic::catch_unwind;

/// What loom says when all tasks sleep.
#[allow(dead_code)]
pub const DEADLOCK: &str = "deadlock";

/// What loom says when all tasks spin, or one does without end.
#[allow(dead_code)]
pub const HANG: &str = "maximum number of branches";

/// What loom says of accesses that nothing orders.
pub const RACE: &str = "Causality violation";

/// Explores `f` with so many preemptions.
pub fn explore(preemptions: usize, f: impl Fn() + Sync + Send + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(f);
}

/// Checks that exploring ends with the discovery of one of `signs`, and not with anything else.
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

/// Makes a machine with a flaw for each bug, and a test that explores it and finds the signs.
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
