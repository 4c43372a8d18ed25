/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The branches that depend on a random number. A run in which one of them was
 * expected, and was not taken, has failed. Included where BRANCH() is defined.
 */

/* Sections: how they are entered, what happens inside, where they run, where they end. */
BRANCH(attached),
BRANCH(detached),
BRANCH(nested),
BRANCH(bh),
BRANCH(irq),
BRANCH(preempt),
BRANCH(migrate),
BRANCH(sleep),
BRANCH(several_segments),
BRANCH(short_delay),
BRANCH(delay),
BRANCH(linger),
BRANCH(in_timer),
BRANCH(called_in_timer),
BRANCH(in_nmi),
BRANCH(left_in_timer),
BRANCH(left_in_ipi),
BRANCH(left_in_task),

/* Updaters. */
BRANCH(synchronize),
BRANCH(expedite),
BRANCH(killable),
BRANCH(killed),
BRANCH(timeout),
BRANCH(timed_out),
BRANCH(poll),
BRANCH(snapshot),
BRANCH(call),
BRANCH(defer),
BRANCH(updater_delay),

/* Other threads. */
BRANCH(store_buffering),
BRANCH(offline),
BRANCH(online),
BRANCH(shuffle),
BRANCH(stutter),
BRANCH(preempted),
BRANCH(delayed),
BRANCH(read_exit),
BRANCH(barrier),
BRANCH(flood),
BRANCH(throttled_flood),
BRANCH(high_flood),
