// SPDX-License-Identifier: GPL-2.0
/*
 * ConcurrencyKit's ck_epoch.
 */
#include <ck_epoch.h>
#include <stdlib.h>

#include "pairs.h"

static ck_epoch_t epoch;

void peer_ck_init(void)
{
	ck_epoch_init(&epoch);
}

/* Returns the calling thread's record, or NULL. A record lives as long as the epoch. */
void *peer_ck_register(void)
{
	ck_epoch_record_t *record = ck_epoch_recycle(&epoch, NULL);

	if (record)
		return record;
	record = aligned_alloc(_Alignof(ck_epoch_record_t), sizeof(*record));
	if (record)
		ck_epoch_register(&epoch, record, NULL);
	return record;
}

void peer_ck_unregister(void *record)
{
	ck_epoch_unregister(record);
}

void peer_ck_pairs(void *record, uint64_t pairs)
{
	PEER_PAIRS(pairs, ck_epoch_begin(record, NULL), ck_epoch_end(record, NULL));
}

void peer_ck_section_pairs(void *record, uint64_t pairs)
{
	ck_epoch_section_t section;

	PEER_PAIRS(pairs, ck_epoch_begin(record, &section), ck_epoch_end(record, &section));
}
