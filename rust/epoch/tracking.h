/* SPDX-License-Identifier: GPL-2.0 */
/* Functions of tracking.rs that C calls. */
#ifndef _EPOCH_TRACKING_H
#define _EPOCH_TRACKING_H

struct epoch;

void __epoch_forget_readers(void);
void __epoch_reader_entered(struct epoch *epoch, unsigned long __percpu *counters,
			    unsigned int level, unsigned long ip);
void __epoch_reader_leaves(struct epoch *epoch, unsigned long __percpu *counters,
			   unsigned int level);
const char *__epoch_name(struct epoch *epoch);

#endif /* _EPOCH_TRACKING_H */
