# SPDX-License-Identifier: GPL-2.0
#
# Extracts the examples of the documentation of a crate's files as KUnit tests, each named after
# its file and the item that it documents. Blocks that are marked, as with ```ignore, are left out.

BEGIN {
	print "#[kunit_tests(epoch_examples)]\nmod examples {\n    use kernel::prelude::*;\n"
}

FNR == 1 {
	file = FILENAME
	sub(/.*\//, "", file)
	sub(/\.rs$/, "", file)
}

/^[ \t]*\/\/\/ ```/ {
	if (!inside) {
		inside = $0 ~ /```$/ ? "example" : "other"
		line = FNR
	} else {
		if (inside == "example")
			examples++
		inside = ""
	}
	next
}

inside == "example" {
	sub(/^[ \t]*\/\/\/ ?/, "")
	# Hidden lines; the test has an end of its own.
	sub(/^# /, "")
	if ($0 !~ /^Ok::<\(\), Error>\(\(\)\)$/)
		body = body "        " $0 "\n"
}

# The item of the comment.
examples && match($0, /(fn|struct|enum|type|macro_rules!) [A-Za-z_]+/) {
	name = substr($0, RSTART, RLENGTH)
	sub(/.* /, "", name)
	printf "    // %s:%d\n    #[test]\n    #[allow(non_snake_case)]\n", FILENAME, line
	printf "    fn %s_%s() -> Result {\n%s        Ok(())\n    }\n\n", file, name, body
	examples = 0
	body = ""
}

END {
	print "}"
}
