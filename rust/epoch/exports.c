// SPDX-License-Identifier: GPL-2.0
/*
 * Exports the Rust symbols of epoch.ko, under their mangled names, to other
 * modules written in Rust, as the kernel does for its own crates.
 */
#include <linux/export.h>

#include "exports_generated.h"
