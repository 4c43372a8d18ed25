# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Sourced by the scripts that boot a kernel in QEMU.
# shellcheck disable=SC2154,SC2034 # they share variables, see below

# run_guest IMAGE INITRD APPEND MARK ARG...: boot with "cpus" CPUs and "memory" MiB for
# "seconds" at most, with the serial console in the file "console". "features" changes the CPU,
# as QEMU's -cpu has it (may be unset); "tcg_thread" is "single" to emulate all CPUs in one
# thread; "each_instruction", if set, lets interrupts come between any two instructions under
# emulation, and not only between blocks of them; "icount", if set, has all CPUs emulated in one
# thread, at 2^icount nanoseconds of the guest's time for an instruction, and "seed", if set, has
# everything else come from it that differs between two such executions; "machine_arch" is amd64 if
# unset, or arm64. APPEND is added to the kernel's command line; MARK appears on the console once
# the first process runs; ARGs are passed to QEMU. A panic does not reboot.
#
# Sets "status" to QEMU's exit status, and "up" if the first process ran. QEMU's messages are in
# "$work/qemu".
run_guest() {
	local image=$1 initrd=$2 append=$3 mark=$4 accel why machine patience attempt interrupted=
	local on=${machine_arch:-amd64} console_device=ttyS0 cpu=qemu64 kind=()
	# shellcheck disable=SC2100 # a name
	qemu=qemu-system-x86_64
	if [[ $on == arm64 ]]; then
		# The architecture's own algorithm for signing pointers would take most of the time.
		qemu="qemu-system-aarch64" console_device=ttyAMA0 cpu=max,pauth-impdef=on kind=(-M virt)
	fi
	shift 4
	if [[ -n ${icount:-} ]]; then
		accel=icount why="one instruction in $((1 << icount)) ns${seed:+, seed $seed}"
	else
		read -r accel why < <("$test/boot/accel.sh" "$on")
	fi
	say "guest: ${image_name:-$(basename -- "$image")}, $cpus CPUs, $memory MiB, $accel ($why)"
	case $accel in
	kvm) machine=(-accel kvm -cpu "host${features:+,$features}") ;;
	# qemu64 has cmpxchg16b, and few other features that would have to be emulated. On a busy
	# machine the clocksource's watchdog comes late, and takes that for a fault of the TSC.
	tcg)
		[[ $on == arm64 ]] || append+=" tsc=nowatchdog"
		machine=(-accel "tcg,thread=${tcg_thread:-multi}${each_instruction:+,one-insn-per-tb=on}" -cpu "$cpu${features:+,$features}")
		;;
	# Without sleep=off an idle guest would wait for the host's clock.
	icount) machine=(-accel "tcg,thread=single" -icount "shift=$icount,sleep=off" -cpu "$cpu") ;;
	esac
	# The random numbers that QEMU gives the guest, and the time of day.
	[[ -z ${seed:-} ]] || machine+=(-seed "$seed" -rtc "base=2026-01-01,clock=vm")
	machine+=("${kind[@]}" -smp "$cpus" -m "$memory" -nodefaults -display none -no-reboot
		-pidfile "$work/pid" -serial "file:$console"
		-chardev "pipe,id=monitor,path=$work/monitor" -mon chardev=monitor
		-kernel "$image" -initrd "$initrd" -append "console=$console_device panic=-1 oops=panic $append")

	# Emulated guests have been seen to hang before their first process, and to crash there
	# at a breakpoint of the kernel's own patching: QEMU's threads may keep a translation of
	# code that has since changed. And QEMU has been seen to fail an assertion while the
	# kernel probes PCI devices. See Documentation/testing.rst. None of this project's
	# modules is loaded yet: boot again.
	patience=$((60 + 5 * cpus))
	# One thread emulates all CPUs, and counts; or each instruction takes a lookup.
	[[ -z ${icount:-}${each_instruction:-} ]] || patience=300
	rm -f -- "$work"/monitor.{in,out}
	mkfifo -- "$work"/monitor.{in,out}
	trap 'interrupted=1' INT
	for attempt in 1 2 3; do
		boot_once "$mark" "$patience" "${machine[@]}" "$@"
		[[ -z $interrupted ]] || die "interrupted in the guest" "$console" "run the same command again"
		[[ -e $work/stuck ]] || break
		{
			cat -- "$console"
			[[ ! -s $work/cpus ]] || cat -- "$work/cpus"
			cat -- "$work/qemu"
		} >"${console%.log}-stuck-$attempt.log"
		say "guest: hung or crashed before its first process (attempt $attempt of 3); log: $(shown "${console%.log}-stuck-$attempt.log")"
	done
	trap - INT
	up=1
	[[ ! -e $work/stuck ]] || up=
}

boot_once() {
	local mark=$1 patience=$2 watcher
	shift 2
	rm -f -- "$work/stuck" "$work/cpus" "$work/result"
	: >"$console"
	watch_boot "$mark" "$patience" &
	watcher=$!
	status=0
	timeout --foreground -k 5 "$seconds" "$qemu" "$@" 2>"$work/qemu" || status=$?
	kill -- "$watcher" 2>/dev/null || :
	wait "$watcher" 2>/dev/null || :
	# 134: QEMU aborted.
	((status != 0 && status != 134)) || grep -qa "$mark" "$console" || touch "$work/stuck"
}

# watch_boot MARK PATIENCE: a guest is stuck if its console has been silent for PATIENCE
# seconds; the total boot time depends on the machine's load.
watch_boot() {
	local mark=$1 patience=$2 silent=0 size before=
	while ((silent < patience)); do
		sleep 1
		! grep -qa "$mark" "$console" || return 0
		size=$(stat -c %s -- "$console")
		silent=$((size == before ? silent + 1 : 0))
		before=$size
	done
	touch "$work/stuck"
	# Print the registers of its CPUs. The kernel's address differs between boots; the first
	# entry of the IDT, asm_exc_divide_error, gives it.
	printf '%s\n' 'info registers -a' 'x /2gx 0xfffffe0000000000' >"$work/monitor.in"
	timeout 5 cat -- "$work/monitor.out" >"$work/cpus" || :
	kill -- "$(<"$work/pid")"
}
