/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The epoch's interface for Rust, as operations of struct torture_type. The
 * structure is an epoch of epoch_alloc(), or of epoch_fenced_alloc().
 */
#ifndef _EPOCH_TORTURE_RUST_TYPE_H
#define _EPOCH_TORTURE_RUST_TYPE_H

#include <linux/types.h>

struct torture_callback;
struct torture_section;

void torture_rust_enter(void *structure, struct torture_section *section);
void torture_rust_exit(void *structure, struct torture_section *section);
void torture_rust_enter_detached(void *structure, struct torture_section *section);
void torture_rust_exit_detached(void *structure, struct torture_section *section);
void torture_rust_fenced_enter(void *structure, struct torture_section *section);
void torture_rust_fenced_exit(void *structure, struct torture_section *section);
int torture_rust_timeout(void *structure, u64 ns);
unsigned long torture_rust_snapshot(void *structure);
unsigned long torture_rust_start_poll(void *structure);
bool torture_rust_poll(void *structure, unsigned long cookie);
bool torture_rust_defer(void *structure, struct torture_callback *callback);
void torture_rust_heavy_barrier(void *structure);
void torture_rust_start_before_wrap(void *structure, unsigned long distance);

/* Invokes a callback that torture_rust_defer() queued. */
void torture_done(struct torture_callback *callback);

#endif /* _EPOCH_TORTURE_RUST_TYPE_H */
