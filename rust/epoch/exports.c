// SPDX-License-Identifier: GPL-2.0
/*
 * Exports the Rust symbols of epoch.ko: to modules written in Rust under their
 * mangled names, as the kernel does for its own crates, and to modules written
 * in C the functions that include/epoch.h declares.
 */
#include <linux/export.h>

#include "exports_generated.h"
