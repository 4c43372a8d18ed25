# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Sourced by the scripts that boot a kernel of User-Mode Linux, which is a program.
# shellcheck disable=SC2154,SC2034 # they share variables, see below

# run_uml KERNEL INITRD APPEND MARK [INPUT]: boot with "cpus" CPUs and "memory" MiB for "seconds" at
# most, with the kernel's log in the file "console", and the guest's terminal (tty1) on this one,
# whose input is INPUT (fd:0), or none. APPEND is added to the kernel's command line; MARK appears in
# the log once the first process runs. The directory that EPOCH_OUT names there is packed as
# "$work/result".
#
# Sets "status" to the program's exit status, and "up" if the first process ran.
run_uml() {
	local binary=$1 initrd=$2 append=$3 mark=$4 input=${5:-null} words pid watcher
	say "guest: ${image_name:-uml}, $cpus CPUs, $memory MiB, User-Mode Linux"
	mkdir -p -- "$work/out"
	: >"$console"
	read -ra words <<<"$append"
	TMPDIR=/tmp timeout -k 5 "$seconds" "$binary" mem="${memory}M" ncpus="$cpus" seccomp=on \
		initrd="$initrd" con=null con0=null,fd:3 con1="$input,fd:1" "${words[@]}" \
		EPOCH_OUT="$work/out" <&0 3>>"$console" 2>&3 &
	pid=$!
	end_powered_down "$pid" &
	watcher=$!
	status=0
	wait "$pid" 2>/dev/null || status=$?
	kill -- "$watcher" 2>/dev/null || :
	wait "$watcher" 2>/dev/null || :
	! grep -qa "$powered_down" "$console" || status=0
	up=
	! grep -qa -- "$mark" "$console" || up=1
	tar -C "$work/out" -czf "$work/result" .
}

powered_down='reboot: \(Power down\|System halted\)'

# end_powered_down PID: User-Mode Linux has been seen to power down without ending its process: end
# the process group of timeout.
end_powered_down() {
	until grep -qa "$powered_down" "$console"; do
		sleep 1
	done
	sleep 3
	kill -KILL -- "-$1"
}
