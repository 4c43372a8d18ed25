// SPDX-License-Identifier: GPL-2.0
/*
 * Parameters: rcutorture's where it has them, under its names.
 */
#define pr_fmt(fmt) fmt

#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/module.h>

#include "torture.h"

struct torture_parameters torture = {
	.torture_type = "epoch",
	.nreaders = -1,
	.nwriters = 2,
	.nfakewriters = 4,
	.extendables = 0x7f,
	.irqreader = true,
	.store_buffering = true,
	.n_barrier_cbs = 4,
	.fwd_progress = 1,
	.fwd_progress_holdoff = 10,
	.fwd_progress_limit = 100000,
	.stutter = 5,
	.shuffle_interval = 3,
	.preempt_interval = 1000,
	.read_exit_delay = 13,
	.read_exit_burst = 16,
	.delay_us = 2000,
	.stall_cpu_holdoff = 10,
	.stat_interval = 15,
};

module_param_named(torture_type, torture.torture_type, charp, 0444);
MODULE_PARM_DESC(torture_type,
		 "Type to test (default epoch); a wrong one logs all of them");
module_param_named(nreaders, torture.nreaders, int, 0444);
MODULE_PARM_DESC(nreaders,
		 "Number of reader threads, -1 for one less than CPUs (default -1)");
module_param_named(nwriters, torture.nwriters, int, 0444);
MODULE_PARM_DESC(nwriters,
		 "Number of threads that replace objects (default 2)");
module_param_named(nfakewriters, torture.nfakewriters, int, 0444);
MODULE_PARM_DESC(nfakewriters,
		 "Number of threads that only wait for grace periods (default 4)");
module_param_named(extendables, torture.extendables, int, 0444);
MODULE_PARM_DESC(extendables,
		 "What sections may do, see Documentation/torture.rst (default 0x7f: all)");
module_param_named(gp_sync, torture.gp_sync, bool, 0444);
MODULE_PARM_DESC(gp_sync,
		 "Wait by synchronize; without any of gp_*, updaters wait in all ways (default off)");
module_param_named(gp_exp, torture.gp_exp, bool, 0444);
MODULE_PARM_DESC(gp_exp,
		 "Wait by synchronize_expedited (default off)");
module_param_named(gp_kill, torture.gp_kill, bool, 0444);
MODULE_PARM_DESC(gp_kill,
		 "Wait by synchronize_killable, and be killed (default off)");
module_param_named(gp_timeout, torture.gp_timeout, bool, 0444);
MODULE_PARM_DESC(gp_timeout,
		 "Wait by synchronize_timeout (default off)");
module_param_named(gp_poll, torture.gp_poll, bool, 0444);
MODULE_PARM_DESC(gp_poll,
		 "Wait by start_poll and poll (default off)");
module_param_named(gp_cond, torture.gp_cond, bool, 0444);
MODULE_PARM_DESC(gp_cond,
		 "Wait by snapshot and poll, or else synchronize (default off)");
module_param_named(gp_call, torture.gp_call, bool, 0444);
MODULE_PARM_DESC(gp_call,
		 "Wait by call (default off)");
module_param_named(gp_defer, torture.gp_defer, bool, 0444);
MODULE_PARM_DESC(gp_defer,
		 "Wait by defer (default off)");
module_param_named(irqreader, torture.irqreader, bool, 0444);
MODULE_PARM_DESC(irqreader,
		 "Enter sections in timers, too (default on)");
module_param_named(test_nmis, torture.test_nmis, int, 0444);
MODULE_PARM_DESC(test_nmis,
		 "NMIs a second that enter sections (x86-64) (default 0)");
module_param_named(leakpointer, torture.leakpointer, bool, 0444);
MODULE_PARM_DESC(leakpointer,
		 "Let readers keep pointers: the test must fail (default off)");
module_param_named(store_buffering, torture.store_buffering, bool, 0444);
MODULE_PARM_DESC(store_buffering,
		 "Test the barriers of readers and updaters against each other (default on)");
module_param_named(gpwrap, torture.gpwrap, bool, 0444);
MODULE_PARM_DESC(gpwrap,
		 "Start all counters just before they wrap around (default off)");
module_param_named(n_barrier_cbs, torture.n_barrier_cbs, int, 0444);
MODULE_PARM_DESC(n_barrier_cbs,
		 "Number of threads whose callbacks a barrier waits for (default 4)");
module_param_named(fwd_progress, torture.fwd_progress, int, 0444);
MODULE_PARM_DESC(fwd_progress,
		 "Number of threads that flood with callbacks now and then, each of 1 KiB (default 1)");
module_param_named(fwd_progress_holdoff, torture.fwd_progress_holdoff, int, 0444);
MODULE_PARM_DESC(fwd_progress_holdoff,
		 "Time between a thread's floods (s) (default 10)");
module_param_named(fwd_progress_limit, torture.fwd_progress_limit, int, 0444);
MODULE_PARM_DESC(fwd_progress_limit,
		 "Pending callbacks at which a flood ends, 0 for an eighth of memory left (default 100000)");
module_param_named(stutter, torture.stutter, int, 0444);
MODULE_PARM_DESC(stutter,
		 "Time between pauses of the test (s), 0 for none (default 5)");
module_param_named(shuffle_interval, torture.shuffle_interval, int, 0444);
MODULE_PARM_DESC(shuffle_interval,
		 "Time between changes of the threads' CPUs (s), 0 for none (default 3)");
module_param_named(onoff_interval, torture.onoff_interval, int, 0444);
MODULE_PARM_DESC(onoff_interval,
		 "Time between CPU hotplug operations (jiffies), 0 for none (default 0)");
module_param_named(onoff_holdoff, torture.onoff_holdoff, int, 0444);
MODULE_PARM_DESC(onoff_holdoff,
		 "Time before the first of them (s) (default 0)");
module_param_named(preempt_duration, torture.preempt_duration, int, 0444);
MODULE_PARM_DESC(preempt_duration,
		 "Time for which a thread of high priority keeps a random CPU busy (ms), 0 for none (default 0)");
module_param_named(preempt_interval, torture.preempt_interval, int, 0444);
MODULE_PARM_DESC(preempt_interval,
		 "Time between those (ms) (default 1000)");
module_param_named(read_exit_delay, torture.read_exit_delay, int, 0444);
MODULE_PARM_DESC(read_exit_delay,
		 "Time between bursts of threads that end after a section (s) (default 13)");
module_param_named(read_exit_burst, torture.read_exit_burst, int, 0444);
MODULE_PARM_DESC(read_exit_burst,
		 "Number of threads of such a burst, 0 for none (default 16)");
module_param_named(delays, torture.delays, int, 0444);
MODULE_PARM_DESC(delays,
		 "Number of instructions of epoch.ko at which CPUs are delayed (default 0)");
module_param_named(delay_us, torture.delay_us, int, 0444);
MODULE_PARM_DESC(delay_us,
		 "The longest delay there (us) (default 2000)");
module_param_named(stall_cpu, torture.stall_cpu, int, 0444);
MODULE_PARM_DESC(stall_cpu,
		 "Time for which a section stalls grace periods (s), 0 for none (default 0)");
module_param_named(stall_cpu_holdoff, torture.stall_cpu_holdoff, int, 0444);
MODULE_PARM_DESC(stall_cpu_holdoff,
		 "Time before a stall (s) (default 10)");
module_param_named(stall_cpu_repeat, torture.stall_cpu_repeat, int, 0444);
MODULE_PARM_DESC(stall_cpu_repeat,
		 "Number of further stalls (default 0)");
module_param_named(stall_cpu_irqsoff, torture.stall_cpu_irqsoff, bool, 0444);
MODULE_PARM_DESC(stall_cpu_irqsoff,
		 "Stall with interrupts off (default off)");
module_param_named(stall_cpu_block, torture.stall_cpu_block, bool, 0444);
MODULE_PARM_DESC(stall_cpu_block,
		 "Stall asleep (default off)");
module_param_named(stat_interval, torture.stat_interval, int, 0444);
MODULE_PARM_DESC(stat_interval,
		 "Time between statistics (s), 0 for none (default 15)");
module_param_named(shutdown_secs, torture.shutdown_secs, int, 0444);
MODULE_PARM_DESC(shutdown_secs,
		 "Time before the test ends and the machine is powered off (s), 0 for never (default 0)");
module_param_named(verbose, torture.verbose, bool, 0444);
MODULE_PARM_DESC(verbose,
		 "Log the start of each thread (default off)");
module_param_named(seed, torture.seed, ulong, 0444);
MODULE_PARM_DESC(seed,
		 "Seed of all random numbers (default 0: a random one, which is logged)");

static int check(const char *name, int value, int min, int max)
{
	if (value >= min && value <= max)
		return 0;
	pr_err("epoch_torture: %s=%d is not from %d to %d\n", name, value, min, max);
	return -EINVAL;
}

int torture_check_parameters(void)
{
	torture_type = torture_find_type(torture.torture_type);
	if (!torture_type) {
		pr_err("epoch_torture: torture_type has no \"%s\"; it takes:\n",
		       torture.torture_type);
		torture_name_types();
		return -EINVAL;
	}
	if (torture.delays && !IS_ENABLED(CONFIG_KPROBES)) {
		pr_err("epoch_torture: delays=%d needs a kernel with CONFIG_KPROBES\n",
		       torture.delays);
		return -EOPNOTSUPP;
	}
	if (torture.nreaders == -1)
		torture.nreaders = max(1, (int)num_online_cpus() - 1);
	return check("nreaders", torture.nreaders, 1, 1024) ?:
	       check("nwriters", torture.nwriters, 1, TORTURE_MAX_UPDATERS) ?:
	       check("nfakewriters", torture.nfakewriters, 0, TORTURE_MAX_UPDATERS) ?:
	       check("extendables", torture.extendables, 0, TORTURE_ALL) ?:
	       check("test_nmis", torture.test_nmis, 0, 10000) ?:
	       check("n_barrier_cbs", torture.n_barrier_cbs, 0, 1024) ?:
	       check("fwd_progress", torture.fwd_progress, 0, 64) ?:
	       check("fwd_progress_holdoff", torture.fwd_progress_holdoff, 0, 3600) ?:
	       check("fwd_progress_limit", torture.fwd_progress_limit, 0, INT_MAX) ?:
	       check("stutter", torture.stutter, 0, 3600) ?:
	       check("shuffle_interval", torture.shuffle_interval, 0, 3600) ?:
	       check("onoff_interval", torture.onoff_interval, 0, 3600 * HZ) ?:
	       check("onoff_holdoff", torture.onoff_holdoff, 0, 3600) ?:
	       check("preempt_duration", torture.preempt_duration, 0, 10000) ?:
	       check("preempt_interval", torture.preempt_interval, 1, 3600 * 1000) ?:
	       check("read_exit_delay", torture.read_exit_delay, 1, 3600) ?:
	       check("read_exit_burst", torture.read_exit_burst, 0, 10000) ?:
	       check("delays", torture.delays, 0, TORTURE_MAX_DELAYS) ?:
	       check("delay_us", torture.delay_us, 1, 10000) ?:
	       check("stall_cpu", torture.stall_cpu, 0, 3600) ?:
	       check("stall_cpu_holdoff", torture.stall_cpu_holdoff, 0, 3600) ?:
	       check("stall_cpu_repeat", torture.stall_cpu_repeat, 0, 1000) ?:
	       check("stat_interval", torture.stat_interval, 0, 3600) ?:
	       check("shutdown_secs", torture.shutdown_secs, 0, 7 * 24 * 3600);
}

void torture_log_parameters(const char *what)
{
	pr_alert("%s-torture:--- %s: nreaders=%d nwriters=%d nfakewriters=%d extendables=%#x gp_sync=%d gp_exp=%d gp_kill=%d gp_timeout=%d gp_poll=%d gp_cond=%d gp_call=%d gp_defer=%d irqreader=%d test_nmis=%d leakpointer=%d store_buffering=%d gpwrap=%d n_barrier_cbs=%d fwd_progress=%d fwd_progress_holdoff=%d fwd_progress_limit=%d stutter=%d shuffle_interval=%d onoff_interval=%d onoff_holdoff=%d preempt_duration=%d preempt_interval=%d read_exit_delay=%d read_exit_burst=%d delays=%d delay_us=%d stall_cpu=%d stall_cpu_holdoff=%d stall_cpu_repeat=%d stall_cpu_irqsoff=%d stall_cpu_block=%d stat_interval=%d shutdown_secs=%d verbose=%d seed=%lu\n",
		 torture.torture_type, what,
		 torture.nreaders, torture.nwriters, torture.nfakewriters, torture.extendables,
		 torture.gp_sync, torture.gp_exp, torture.gp_kill, torture.gp_timeout,
		 torture.gp_poll, torture.gp_cond, torture.gp_call, torture.gp_defer,
		 torture.irqreader, torture.test_nmis, torture.leakpointer,
		 torture.store_buffering, torture.gpwrap, torture.n_barrier_cbs,
		 torture.fwd_progress, torture.fwd_progress_holdoff,
		 torture.fwd_progress_limit, torture.stutter, torture.shuffle_interval,
		 torture.onoff_interval, torture.onoff_holdoff, torture.preempt_duration,
		 torture.preempt_interval, torture.read_exit_delay, torture.read_exit_burst,
		 torture.delays, torture.delay_us, torture.stall_cpu,
		 torture.stall_cpu_holdoff, torture.stall_cpu_repeat,
		 torture.stall_cpu_irqsoff, torture.stall_cpu_block, torture.stat_interval,
		 torture.shutdown_secs, torture.verbose, torture.seed);
}
