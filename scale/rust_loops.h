/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An epoch as modules in Rust use it. The functions do what those of struct
 * scale_type do, with an epoch from scale_rust_make(), which returns NULL if
 * there is no memory.
 */
#ifndef _EPOCH_SCALE_RUST_LOOPS_H
#define _EPOCH_SCALE_RUST_LOOPS_H

struct rust_epoch;

struct rust_epoch *scale_rust_make(void);
void scale_rust_free(struct rust_epoch *epoch);
void scale_rust_read(struct rust_epoch *epoch, unsigned long loops);
void scale_rust_read_delayed(struct rust_epoch *epoch, unsigned long loops, unsigned int ns);

#endif /* _EPOCH_SCALE_RUST_LOOPS_H */
