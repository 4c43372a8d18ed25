// SPDX-License-Identifier: GPL-2.0
/*
 * The epoch with a Rust guard. In epoch_refscale.ko only: a Rust object
 * belongs to one module.
 */
#include "rust_loops.h"
#include "scale.h"

static void *rust_make(void)
{
	return scale_rust_make();
}

static void rust_unmake(void *structure)
{
	if (structure)
		scale_rust_free(structure);
}

static void rust_read(void *structure, unsigned long loops)
{
	scale_rust_read(structure, loops);
}

static void rust_read_delayed(void *structure, unsigned long loops, unsigned int ns)
{
	scale_rust_read_delayed(structure, loops, ns);
}

const struct scale_type scale_epoch_rust = {
	.name = "epoch-rust",
	.make = rust_make,
	.unmake = rust_unmake,
	.read = rust_read,
	.read_delayed = rust_read_delayed,
};
