// SPDX-License-Identifier: GPL-2.0
/*
 * The epoch with a guard of Rust's. In epoch_refscale.ko only: a Rust object
 * belongs to one module.
 */
#include <linux/errno.h>

#include "rust_loops.h"
#include "scale.h"

static struct rust_epoch *epoch;

static int rust_init(void)
{
	epoch = scale_rust_make();
	return epoch ? 0 : -ENOMEM;
}

static void rust_exit(void)
{
	scale_rust_free(epoch);
}

static void rust_read(unsigned long loops)
{
	scale_rust_read(epoch, loops);
}

static void rust_read_delayed(unsigned long loops, unsigned int ns)
{
	scale_rust_read_delayed(epoch, loops, ns);
}

const struct scale_type scale_epoch_rust = {
	.name = "epoch-rust",
	.init = rust_init,
	.exit = rust_exit,
	.read = rust_read,
	.read_delayed = rust_read_delayed,
};
