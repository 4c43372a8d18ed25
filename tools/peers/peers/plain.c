// SPDX-License-Identifier: GPL-2.0
/*
 * Candidates that need no library but the C library.
 */
#include <pthread.h>

#include "pairs.h"

void peer_empty_pairs(uint64_t pairs)
{
	PEER_PAIRS(pairs, (void)0, (void)0);
}

static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;

void peer_rwlock_pairs(uint64_t pairs)
{
	PEER_PAIRS(pairs, pthread_rwlock_rdlock(&rwlock), pthread_rwlock_unlock(&rwlock));
}
