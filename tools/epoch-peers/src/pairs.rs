// SPDX-License-Identifier: GPL-2.0

//! The loop that is measured: the same as `PEER_PAIRS` in `peers/pairs.h`.

/// Pairs in one turn of the loop, so that its counting costs little beside them; what it costs is
/// measured as the empty pair.
pub const PAIRS_PER_TURN: u64 = 8;

/// What a section does: nothing that the compiler knows of.
#[inline(always)]
pub fn section() {
    // SAFETY: An empty block, which is taken to touch all memory.
    unsafe { core::arch::asm!("", options(nostack, preserves_flags)) };
}

/// Runs so many pairs, a multiple of [`PAIRS_PER_TURN`], of `$enter`, whose value is bound to
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
