// SPDX-License-Identifier: GPL-2.0
/*
 * liburcu, with the read side inlined as the library offers it to programs with
 * a compatible license. Compiled once for each flavour.
 */
#define _LGPL_SOURCE

#include "pairs.h"

#if defined(PEER_MEMB)
#include <urcu/urcu-memb.h>
#define FLAVOUR(name) urcu_memb_##name
#define PEER(name) peer_urcu_memb_##name
#elif defined(PEER_QSBR)
#include <urcu/urcu-qsbr.h>
#define FLAVOUR(name) urcu_qsbr_##name
#define PEER(name) peer_urcu_qsbr_##name
#elif defined(PEER_BP)
#include <urcu/urcu-bp.h>
#define FLAVOUR(name) urcu_bp_##name
#define PEER(name) peer_urcu_bp_##name
#endif

void PEER(register)(void)
{
	FLAVOUR(register_thread)();
}

void PEER(unregister)(void)
{
	FLAVOUR(unregister_thread)();
}

#if defined(PEER_QSBR)
/*
 * Lock and unlock are empty in this flavour. Its readers pay for a quiescent
 * state now and then; here, for one in each pair, so that an updater waits no
 * longer than for the others.
 */
#define UNLOCK()				\
	do {					\
		FLAVOUR(read_unlock)();		\
		FLAVOUR(quiescent_state)();	\
	} while (0)
#else
#define UNLOCK() FLAVOUR(read_unlock)()
#endif

void PEER(pairs)(uint64_t pairs)
{
	PEER_PAIRS(pairs, FLAVOUR(read_lock)(), UNLOCK());
}
