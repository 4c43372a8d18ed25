/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Callbacks in circulation: each is queued again once it has been invoked.
 */
#ifndef _EPOCH_CHURN_H
#define _EPOCH_CHURN_H

#include "scale.h"

struct churner;

/**
 * struct churn_counts - callbacks that were invoked since churn_begin()
 * @invoked: their number
 * @invoked_where_queued: the number of those invoked on the CPU that queued them
 */
struct churn_counts {
	unsigned long invoked;
	unsigned long invoked_where_queued;
};

struct churner *churner_alloc(unsigned int callbacks);
void churner_free(struct churner *churner);

void churn_begin(void);
void churn_writer(struct churner *churner, const struct scale_type *type, void *structure);
struct churn_counts churn_look(void);
void churn_end(void);

#endif /* _EPOCH_CHURN_H */
