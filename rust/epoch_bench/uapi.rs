// SPDX-License-Identifier: GPL-2.0

//! `include/uapi/linux/epoch_bench.h`, made by bindgen.

#![allow(
    non_camel_case_types,
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::all
)]

use kernel::{
    ioctl::{
        _IO,
        _IOWR, //
    },
    transmute::{
        AsBytes,
        FromBytes, //
    }, //
};
use pin_init::Zeroable;

include!(env!("EPOCH_BENCH_UAPI"));

/// `EPOCH_BENCH_IOC_INFO`
pub const IOC_INFO: u32 = _IOWR::<epoch_bench_info>(EPOCH_BENCH_IOC_MAGIC, 0x00);
/// `EPOCH_BENCH_IOC_RUN`
pub const IOC_RUN: u32 = _IOWR::<epoch_bench_run>(EPOCH_BENCH_IOC_MAGIC, 0x01);
/// `EPOCH_BENCH_IOC_STOP`
pub const IOC_STOP: u32 = _IO(EPOCH_BENCH_IOC_MAGIC, 0x02);
/// `EPOCH_BENCH_IOC_COUNTERS`
pub const IOC_COUNTERS: u32 = _IOWR::<epoch_bench_counters>(EPOCH_BENCH_IOC_MAGIC, 0x03);

/// `EPOCH_BENCH_IOC_TRACKER`
pub const IOC_TRACKER: u32 = _IOWR::<epoch_bench_tracker>(EPOCH_BENCH_IOC_MAGIC, 0x04);
/// `EPOCH_BENCH_IOC_HISTOGRAM`
pub const IOC_HISTOGRAM: u32 = _IOWR::<epoch_bench_histogram>(EPOCH_BENCH_IOC_MAGIC, 0x05);

/// `EPOCH_BENCH_IOC_SELECT`
pub const IOC_SELECT: u32 = _IOWR::<epoch_bench_select>(EPOCH_BENCH_IOC_MAGIC, 0x06);

/// A structure of the interface, which begins with its version.
pub trait Versioned: FromBytes + AsBytes + Zeroable {
    /// `EPOCH_BENCH_VERSION` of the caller.
    fn version(&mut self) -> &mut u32;
}

macro_rules! versioned {
    ($($ty:ident: $size:literal),+ $(,)?) => {
        $(
            // No padding: the fields fill the structure.
            const _: () = assert!(size_of::<$ty>() == $size);
            // SAFETY: Integers, all values of which are valid.
            unsafe impl FromBytes for $ty {}
            // SAFETY: Integers without padding.
            unsafe impl AsBytes for $ty {}
            // SAFETY: Integers, for which 0 is valid.
            unsafe impl Zeroable for $ty {}

            impl Versioned for $ty {
                fn version(&mut self) -> &mut u32 {
                    &mut self.version
                }
            }
        )+
    };
}

versioned! {
    epoch_bench_info: 32,
    epoch_bench_run: 80,
    epoch_bench_counters: 48,
    epoch_bench_tracker: 72,
    epoch_bench_histogram: 2520,
    epoch_bench_select: 24,
}
