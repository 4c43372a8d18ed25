/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The measured loop, equal to pairs!() in src/pairs.rs.
 */
#ifndef PAIRS_H
#define PAIRS_H

#include <stdint.h>

/* Body of a section: opaque to the compiler. */
#define PEER_SECTION() __asm__ __volatile__("" : : : "memory")

#define PEER_PAIR(enter, exit)	\
	do {			\
		enter;		\
		PEER_SECTION();	\
		exit;		\
		PEER_SECTION();	\
	} while (0)

/* @pairs is a multiple of 8. */
#define PEER_PAIRS(pairs, enter, exit)				\
	do {							\
		uint64_t left = (pairs) / 8;			\
								\
		while (left) {					\
			PEER_PAIR(enter, exit);			\
			PEER_PAIR(enter, exit);			\
			PEER_PAIR(enter, exit);			\
			PEER_PAIR(enter, exit);			\
			PEER_PAIR(enter, exit);			\
			PEER_PAIR(enter, exit);			\
			PEER_PAIR(enter, exit);			\
			PEER_PAIR(enter, exit);			\
			left--;					\
		}						\
	} while (0)

#endif /* PAIRS_H */
