/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A flood of callbacks, queued as fast as possible, to see how many pile up.
 */
#ifndef _EPOCH_FLOOD_H
#define _EPOCH_FLOOD_H

#include "scale.h"

void flood_begin(unsigned int duration, unsigned int limit_mb, size_t object_size, bool throttle);
void flood_look(void);
void flood_writer(const struct scale_type *type, void *structure, const bool *stopping);
void flood_report(const struct scale_type *type);

#endif /* _EPOCH_FLOOD_H */
