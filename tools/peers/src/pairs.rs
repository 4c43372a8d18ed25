// SPDX-License-Identifier: GPL-2.0

//! The measured loop, equal to `PEER_PAIRS` in `peers/pairs.h`.

/// Pairs in one iteration of the loop, so that counting costs little compared with them; that cost
/// is measured as the empty pair.
pub const PAIRS_PER_TURN: u64 = 8;

/// Body of a section: opaque to the compiler.
#[inline(always)]
pub fn section() {
    // SAFETY: The block is empty; to the compiler it accesses all memory.
    unsafe { core::arch::asm!("", options(nostack, preserves_flags)) };
}

/// Runs this many pairs, a multiple of [`PAIRS_PER_TURN`], of `$enter`, whose value is bound to
/// `$held`, and `$exit`.
macro_rules! pairs {
    ($pairs:expr, $held:pat = $enter:expr, $exit:expr) => {{
        let mut left = $pairs / $crate::pairs::PAIRS_PER_TURN;
        while left != 0 {
            $crate::pairs::pairs!(@pair $held = $enter, $exit);
            $crate::pairs::pairs!(@pair $held = $enter, $exit);
            $crate::pairs::pairs!(@pair $held = $enter, $exit);
            $crate::pairs::pairs!(@pair $held = $enter, $exit);
            $crate::pairs::pairs!(@pair $held = $enter, $exit);
            $crate::pairs::pairs!(@pair $held = $enter, $exit);
            $crate::pairs::pairs!(@pair $held = $enter, $exit);
            $crate::pairs::pairs!(@pair $held = $enter, $exit);
            left -= 1;
        }
    }};
    (@pair $held:pat = $enter:expr, $exit:expr) => {{
        let $held = $enter;
        $crate::pairs::section();
        $exit;
        $crate::pairs::section();
    }};
}

pub(crate) use pairs;
