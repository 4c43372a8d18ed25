/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The assembly of this_cpu_inc() on arm64, in which the kernel replaces instructions for the CPU
 * that it runs on: where its per-CPU offset is, and how it adds atomically. The kernel's macros
 * for that are C's; the preprocessor turns them into strings for Rust.
 */
#include <asm/alternative.h>
#include <asm/barrier.h>
#include <asm/cpucaps.h>
#include <asm/lse.h>

// Cut here.

::kernel::concat_literals!(
	ALTERNATIVE("mrs {counter}, tpidr_el1",
		    "mrs {counter}, tpidr_el2",
		    ARM64_HAS_VIRT_HOST_EXTN)
	"add {counter}, {counter}, {address}\n"
	ARM64_LSE_ATOMIC_INSN(
	/* LL/SC */
	"2:	ldxr	{old}, [{counter}]\n"
	"	add	{old}, {old}, {one}\n"
	"	stxr	{failed:w}, {old}, [{counter}]\n"
	"	cbnz	{failed:w}, 2b",
	/* LSE atomics: with the old value, which is added nearer to the CPU than without. */
	"	ldadd	{one}, {old}, [{counter}]\n"
	__nops(3))
)
