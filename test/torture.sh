#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# torture.sh [--minutes N] [--seed N] [--again] [SCENARIO...]: build the guests of the named
# scenarios, or of all in scenarios/list, and torture epochs in each of them, one after the other,
# for N minutes in total (60 by default), but half a minute for each run at least. --again boots
# what was built last, without another build. Prints a line for each: "PASS scenario NAME", "FAIL
# scenario NAME (why; log)" or "SKIP scenario NAME (why)", then a table, and ends with "N passed, N
# failed, N skipped".
#
# Runs outside the build root, and enters that of each kernel's release.
set -euo pipefail
# shellcheck source=test/lib.sh
. "$(dirname -- "$0")/lib.sh"

minutes=60 seed=$((RANDOM * 32768 + RANDOM)) again=
while (($#)); do
	case $1 in
	--minutes) minutes=$2 && shift ;;
	--seed) seed=$2 && shift ;;
	--again) again=1 ;;
	*) break ;;
	esac
	shift
done
[[ $minutes =~ ^[1-9][0-9]*$ ]] ||
	die "MINUTES=$minutes is not a number of minutes" "" "say, for example, MINUTES=60"
[[ $seed =~ ^[0-9]+$ ]] || die "SEED=$seed is not a number" "" "say, for example, SEED=1"
scenarios=("$@")
((${#scenarios[@]})) || mapfile -t scenarios < <(fields "$test/scenarios/list")
for name in "${scenarios[@]}"; do
	[[ $name != */* && -f $test/scenarios/$name && $name != list ]] ||
		die "there is no scenario $name" "" \
			"take some of these: $(fields "$test/scenarios/list" | paste -sd' ')"
done
find_cache
mkdir -p -- "$EPOCH_CACHE"/{log,torture}

declare -A count=([PASS]=0 [FAIL]=0 [SKIP]=0)
verdict() { # PASS|FAIL|SKIP WHAT
	count[$1]=$((count[$1] + 1))
	printf '%s%s scenario %s\n' "$([[ ! -t 1 ]] || printf '\r\033[K')" "$1" "$2"
}

# scenario OPTION NAME [ARG...]: run scenario.sh in the build root of the kernel's release.
scenario() {
	local kernel="" settings=()
	# shellcheck disable=SC1090 # which one depends
	kernel=$(. "$test/scenarios/$2" && echo "$kernel")
	# Kernels of this project are built from the source of the default one.
	[[ -e $test/kernels/$kernel/settings ]] || settings=(KVER="${base:?}-$kernel")
	env "${settings[@]}" "$test/enter.sh" test/scenario.sh "$@" </dev/null
}

# progress NAME TEXT LOG UNTIL: show the progress of a scenario as tick does, with the time that is
# left until all of them have ended.
progress() {
	local name=$1 log=$2 until=$3 last
	while sleep 1 >/dev/null 2>&1 && kill -0 $$ 2>/dev/null; do
		last="   $name, $(((until - SECONDS + 59) / 60)) min left"
		if [[ -t 1 ]]; then
			last+="  $(tail -n 1 "$log" 2>/dev/null | tr -d '[:cntrl:]')"
			printf '\r\033[K%s' "${last:0:$(tput cols 2>/dev/null || echo 80)-1}"
		elif ((SECONDS % 30 == 0)); then
			say "$last"
		fi
	done
}

base=${KVER:-$("$test/enter.sh" test/kernels/default.sh)}
base=${base%%-*}

# Builds do not count as time of the torture.
ready=()
number=0
for name in "${scenarios[@]}"; do
	number=$((number + 1))
	log=$EPOCH_CACHE/log/torture-$name.log
	status=0
	if [[ -z $again ]]; then
		say "scenario $name: building ($number of ${#scenarios[@]}) ..."
		scenario --build "$name" >"$log" 2>&1 || status=$?
	elif [[ ! -s $EPOCH_CACHE/torture/$name/guest ]]; then
		verdict SKIP "$name (it was not built yet)"
		continue
	fi
	if ((status == 0)); then
		ready+=("$name")
		continue
	fi
	why=$(reason "$log")
	if is_withdrawn "$why"; then
		verdict SKIP "$name ($why)"
	else
		verdict FAIL "$name (${why:-status $status}; log: $log)"
	fi
done

# weight NAME: print a scenario's part of the time: one for each run, three at least.
weight() {
	local runs=()
	# shellcheck disable=SC1090 # which one depends
	. "$test/scenarios/$1"
	echo $((${#runs[@]} > 3 ? ${#runs[@]} : 3))
}

# least NAME PART: print the seconds that a scenario needs: the module's verdict needs each of its
# branches, some of which take their time.
least() {
	local least=$((30 + 30 * $2))
	# shellcheck disable=SC1090 # which one depends
	. "$test/scenarios/$1"
	echo "$least"
}

end=$((SECONDS + 60 * minutes))
number=0
weights=0
for name in "${ready[@]}"; do
	weights=$((weights + $(weight "$name")))
done
say "Torture of ${#ready[@]} scenarios for $minutes minutes; seed $seed"
for name in "${ready[@]}"; do
	log=$EPOCH_CACHE/log/torture-$name.log
	dir=$EPOCH_CACHE/torture/$name
	part=$(weight "$name")
	share=$(((end - SECONDS) * part / weights))
	least=$(least "$name" "$part")
	((share >= least)) || share=$least
	weights=$((weights - part))
	number=$((number + 1))
	progress "$name ($number of ${#ready[@]})" "$log" "$end" &
	ticker=$!
	status=0
	scenario --run "$name" "$share" "$seed" >"$log" 2>&1 || status=$?
	kill "$ticker" 2>/dev/null || :
	wait "$ticker" 2>/dev/null || :
	if ((status == 0)); then
		verdict PASS "$name"
	elif [[ -s $dir/why ]]; then
		verdict FAIL "$name ($(head -n 1 "$dir/why"); log: $dir/console.log)"
	else
		verdict FAIL "$name (status $status; log: $log)"
	fi
	[[ ! -s $dir/replay ]] || say "   to repeat it: make replay FILE=$(<"$dir/replay")"
done

say
printf '%-12s %-16s %-8s %8s %14s %8s %10s %12s\n' scenario type verdict seconds \
	"grace periods" per-s updates sections
for name in "${ready[@]}"; do
	[[ -s $EPOCH_CACHE/torture/$name/rows ]] || continue
	# The runs of a type together.
	awk -v name="$name" '
		{
			key = $1 " " $2
			if (!(key in seconds))
				order[++n] = key
			seconds[key] += $3
			periods[key] += $4
			updates[key] += $5
			sections[key] += $6
		}
		END {
			for (i = 1; i <= n; i++) {
				key = order[i]
				split(key, part, " ")
				printf "%-12s %-16s %-8s %8d %14d %8.1f %10d %12d\n", name, part[1], part[2],
					seconds[key], periods[key],
					periods[key] / (seconds[key] ? seconds[key] : 1), updates[key], sections[key]
			}
		}' "$EPOCH_CACHE/torture/$name/rows"
done
say
say "${count[PASS]} passed, ${count[FAIL]} failed, ${count[SKIP]} skipped"
((count[FAIL] == 0))
