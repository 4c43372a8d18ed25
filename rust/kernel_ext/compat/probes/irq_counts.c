// SPDX-License-Identifier: GPL-2.0
/* Compiles if interrupts are counted by number and not by member, as since 7.3 on x86-64. */
#include <linux/hardirq.h>

int probe(void)
{
	return IRQ_COUNT_CALL_FUNCTION;
}
