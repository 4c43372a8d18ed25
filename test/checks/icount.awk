# SPDX-License-Identifier: GPL-2.0
# Compares the counts (the second file, from guest/icount.sh) with icount.table (the first),
# with a PASS or FAIL line for each figure and each goal. Fails if one failed.

# Tolerance: a difference of up to this is ignored. One instruction more on a path is 1.0, and a
# timer interrupt in a run of many 0.08.
BEGIN { tolerance = 0.25 }

function verdict(word, text) {
	print word " icount: " text
	failed += word == "FAIL"
}

# A figure, or a range of figures.
function shown(low, high) {
	return low == high ? sprintf("%.1f", low) : sprintf("%.1f to %.1f", low, high)
}

{ sub(/#.*/, "") }
!NF { next }

FILENAME == ARGV[1] && $1 == "goal" {
	goals++
	goal_of[goals] = $2 " " $3
	goal[goals] = $4
	goal_above[goals] = $5 == "above" ? $6 " " $7 : ""
	next
}

FILENAME == ARGV[1] {
	name = $1 " " $2
	order[++names] = name
	timed[name] = $3 == "timer"
	low[name] = $3
	high[name] = NF > 3 ? $4 : $3
	next
}

{
	name = $1 " " $2
	if (name in low)
		counted[name] = $3
	else
		verdict("FAIL", $2 " " $1 " " sprintf("%.1f", $3) " is not in test/checks/icount.table: add it")
}

END {
	for (i = 1; i <= names; i++) {
		name = order[i]
		split(name, word, " ")
		what = word[2] " " word[1]
		if (!(name in counted)) {
			verdict("FAIL", what " was not counted")
			continue
		}
		if (timed[name])
			continue
		what = sprintf("%s %.1f", what, counted[name])
		table = shown(low[name], high[name])
		if (counted[name] > high[name] + tolerance)
			verdict("FAIL", what ", more than the " table " of test/checks/icount.table")
		else if (counted[name] < low[name] - tolerance)
			verdict("PASS", what ", less than " table ": update test/checks/icount.table")
		else
			verdict("PASS", what " (table: " table ")")
	}
	for (i = 1; i <= goals; i++) {
		name = goal_of[i]
		split(name, word, " ")
		above = goal_above[i]
		if (!(name in counted) || above != "" && !(above in counted)) {
			verdict("FAIL", "goal of " word[2] " " word[1] ": it was not counted")
			continue
		}
		limit = goal[i] + (above == "" ? 0 : counted[above])
		what = sprintf("goal of %s %s, at most %.1f: %.1f", word[2], word[1], limit, counted[name])
		verdict(counted[name] > limit + tolerance ? "FAIL" : "PASS", what)
	}
	exit failed > 0
}
