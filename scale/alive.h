/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Many structures at a time: the time and the memory that one takes.
 */
#ifndef _EPOCH_ALIVE_H
#define _EPOCH_ALIVE_H

#include "scale.h"

int alive_run(const struct scale_type *type, unsigned int n, const bool *stopping);

#endif /* _EPOCH_ALIVE_H */
