#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# boot.sh [--kernel NAME] [--name NAME] [--seconds N] [--modules] [--bench] [--perf]
#         [--cpu FEATURES] [--patches] [--icount] [--each-instruction] [--append WORDS]
#         [--own-status] [--file SOURCE=DESTINATION]... SCRIPT [ARG...]
# boot.sh --shell [--kernel NAME] [--bench] [--perf] [--file ...]
# boot.sh --pack DIRECTORY OPTION... SCRIPT [ARG...]
# boot.sh --packed DIRECTORY [--name NAME] [--seconds N] [--append WORDS] [--own-status]
#         [--console FILE] [--lines N] [--seed N --shift N [--gdb SOCKET]]
#
# Boot the unmodified Debian kernel in QEMU, or a kernel that this project builds (--kernel), and
# run SCRIPT in it (or a shell on the terminal). User-Mode Linux takes no options of QEMU's CPUs. The
# output of SCRIPT is shown immediately; the files that it leaves in /out are copied to results/NAME
# in the cache; its exit status is this command's, without more words about it if --own-status says
# that it is SCRIPT's to explain.
# --modules builds the modules and adds them to the guest; --bench also builds and adds
# epoch-bench; --perf adds perf. --cpu changes the CPU: --cpu -cx16 removes cmpxchg16b. --patches
# is for scripts that make the kernel patch code which other CPUs execute: QEMU then emulates all
# CPUs in one thread. In separate threads, CPUs have been seen to stop at the breakpoint of such
# a patch after it was removed (see Documentation/testing.rst). --icount makes each instruction
# of the guest take one nanosecond of its time, on one CPU unless CPUS= says more.
# --each-instruction lets interrupts come between any two instructions, where QEMU emulates a CPU
# in blocks of them otherwise; slow. --append adds words to the kernel's command line. The guest
# always ends: QEMU has N seconds, and a panic does not reboot.
#
# --pack builds all of that, and leaves it in DIRECTORY instead of booting it; --packed boots it
# from there as often as needed, without another build. --shift N is --icount with 2^N ns for an
# instruction. With --seed, nothing from outside the guest reaches it but N, whose executions are
# thus the same, instruction for instruction and on any number of CPUs. --gdb has the guest wait for
# gdb on a UNIX socket before its first instruction. --console is where the log of the serial
# console goes, instead of the cache's log directory; --lines ends the guest when it has N lines.
#
# CPUS= and MEM= (in MiB) set the guest's size.
set -euo pipefail
# shellcheck source=test/inside.sh
. "$(dirname -- "$0")/../inside.sh"
# shellcheck source=test/boot/qemu.sh
. "$test/boot/qemu.sh"
# shellcheck source=test/boot/uml.sh
. "$test/boot/uml.sh"

cpus=${CPUS:-8}
memory=${MEM:-2048}
variant=stock
name=guest
seconds=300
shell=
script=shell
modules=
bench=
programs=()
features=
tcg_thread=
each_instruction=
icount=
append=
own_status=
pack=
packed=
seed=
gdb=()
console=
lines=
files=()
while (($#)); do
	case $1 in
	--kernel) variant=$2 && shift ;;
	--name) name=$2 && shift ;;
	--seconds) seconds=$2 && shift ;;
	--file) files+=("$2") && shift ;;
	--modules) modules=1 ;;
	--bench) modules=1 bench=1 ;;
	--perf) programs+=(--program /usr/bin/perf) ;;
	--cpu) features=$2 && shift ;;
	--patches) tcg_thread=single ;;
	# Otherwise the kernel distrusts the TSC of an emulated CPU, and reads a slower clock.
	--icount | --shift)
		icount=0
		[[ $1 != --shift ]] || { icount=$2 && shift; }
		[[ $arch != amd64 ]] || append+=" tsc=reliable"
		;;
	--each-instruction) each_instruction=1 ;;
	--append) append+=" $2" && shift ;;
	--own-status) own_status=1 ;;
	--pack) pack=$2 && shift ;;
	--packed) packed=$2 && shift ;;
	--seed) seed=$2 && shift ;;
	--console) console=$2 && shift ;;
	--lines) lines=$2 && shift ;;
	--gdb) gdb=(-S -gdb "unix:$2,server=on,wait=off") && shift ;;
	--shell) shell=1 name=shell seconds=infinity ;;
	*) break ;;
	esac
	shift
done
seconds=${TIMEOUT:-$seconds}
[[ -z $icount ]] || cpus=${CPUS:-1}
[[ $cpus =~ ^[1-9][0-9]*$ ]] || die "CPUS=$cpus is not a number of CPUs" "" "say, for example, CPUS=8"
[[ $memory =~ ^[1-9][0-9]*$ ]] || die "MEM=$memory is not a number of MiB" "" "say, for example, MEM=2048"

# pack_guest [SCRIPT [ARG...]]: build what the guest needs, and make its initrd in "$work".
pack_guest() {
	if [[ $variant == stock ]]; then
		"$test/kernels/debian.sh"
		image=$debian/files/vmlinuz image_name=$kernel
	else
		"$test/kernels/own.sh" "$variant"
		image=$EPOCH_CACHE/kernels/$variant-$version/arch/x86/boot/bzImage image_name=$variant-$version
	fi
	machine_arch=$arch
	if [[ $variant == uml* ]]; then
		image=$EPOCH_CACHE/kernels/$variant-$version/linux machine_arch=um
	fi
	if [[ -n $modules ]]; then
		"$test/kernels/modules.sh" "$variant"
		built=$("$test/kernels/modules.sh" --dir "$variant")
		while read -r object; do
			files+=("$built/${object%.o}.ko=modules/$(basename -- "$object" .o).ko")
		done <"$built/modules.order"
	fi
	if [[ -n $bench ]]; then
		"$test/tools.sh"
		files+=("$bin/epoch-bench=bin/epoch-bench")
	fi

	: >"$work/arguments"
	if [[ -z $shell ]]; then
		script=${1##*/}
		files+=("$1=script")
		shift
		(($# == 0)) || printf '%s\n' "$@" >"$work/arguments"
	fi
	if [[ $arch != "$native" ]]; then
		# Programs of the build root do not run there.
		((${#programs[@]} == 0)) || die "a guest of $arch has no perf" "" "take a kernel of $native"
		programs=(--busybox "$(find "$debian/files" -path "*/bin/busybox" -print -quit)")
	fi
	"$test/boot/initrd.sh" "$work/initrd" "${programs[@]}" \
		"$test/guest/init=init" "$work/arguments=etc/arguments" "${files[@]}"
}

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
mkdir -p "$EPOCH_CACHE/log" "$EPOCH_CACHE/results"
console=${console:-$EPOCH_CACHE/log/console-$name-$(date +%Y%m%d-%H%M%S).log}
# Keep the last few logs of each name.
find "$EPOCH_CACHE/log" -name "console-$name-????????-??????*.log" | sort -r | tail -n +10 | xargs -r rm -f --

if [[ -n $packed ]]; then
	more=$append
	# shellcheck disable=SC1091 # --pack has written it
	. "$packed/guest"
	append+=$more image=$packed/image initrd=$packed/initrd
else
	pack_guest "$@"
	initrd=$work/initrd
fi
if [[ -n $pack ]]; then
	mkdir -p -- "$pack"
	mv -- "$initrd" "$pack/initrd"
	cp -- "$image" "$pack/image"
	declare -p image_name script cpus memory append machine_arch features tcg_thread \
		each_instruction >"$pack/guest"
	exit
fi

# The kernel passes unknown parameters to its first process. A seed's executions have the same
# ones, and output that never blocks.
tty=0 terminal=dumb
user="stdio,id=user,signal=$([[ -n $shell ]] && echo off || echo on)"
if [[ -n $seed ]]; then
	user="file,id=user,path=$work/user"
else
	[[ ! -t 1 ]] || tty=1
	terminal=${TERM:-dumb}
fi
append="EPOCH_TTY=$tty TERM=$terminal $append"
# end_at_line: end the guest when its console has the lines.
end_at_line() {
	while sleep 0.5; do
		(($(wc -l 2>/dev/null <"$console" || echo 0) < lines)) ||
			kill -- "$(<"$work/pid")" 2>/dev/null || :
	done
}
if [[ -n $lines ]]; then
	: >"$console"
	end_at_line &
	trap 'kill -- "$!"; rm -rf -- "$work"' EXIT
fi
if [[ $machine_arch == um ]]; then
	run_uml "$image" "$initrd" "$append" 'epoch-guest: up' "$([[ -z $shell ]] || echo fd:0)"
else
	run_guest "$image" "$initrd" "$append" 'epoch-guest: up' "${gdb[@]}" \
		-device "virtio-serial-pci${seed:+,ioeventfd=off}" \
		-chardev "$user" -device virtconsole,chardev=user \
		-chardev "file,id=result,path=$work/result" \
		-device virtserialport,chardev=result,name=result
fi
[[ -z $seed ]] || cat -- "$work/user"

failed() {
	grep -Ea 'Kernel panic|BUG|Oops|RIP:|hung|stall|Call Trace' "$console" | tail -n 5 | sed 's/^/   | /' || :
	[[ ! -s $work/qemu ]] || printf '   | %s\n' "$(<"$work/qemu")"
	die "$1" "$console" "read the console log; CPUS= and MEM= change the guest, TIMEOUT= its time"
}
[[ -n $up ]] || failed "the guest did not come up"
((status != 124 && status != 137)) || failed "the guest did not end within $seconds s"
((status == 0)) || [[ -z $own_status ]] || exit "$status"
((status == 0)) || failed "QEMU ended with status $status"

results=$EPOCH_CACHE/results/$name
rm -rf -- "$results"
mkdir -p "$results"
if ! tar -C "$results" -xzf "$work/result" 2>/dev/null || [[ ! -s $results/.status ]]; then
	failed "the guest ended without a result"
fi
status=$(<"$results/.status")
((status == 0)) || [[ -z $own_status ]] || exit "$status"
((status == 0)) || failed "$script ended with status $status in the guest"
