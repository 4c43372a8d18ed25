# SPDX-License-Identifier: GPL-2.0
# calls.awk: make the table of calls of fuzz.c from the UAPI header: each ioctl, the fields of its
# structure, and the header's numbers.

/^#define EPOCH_BENCH_[A-Z_]+[ \t]+[0-9(]/ && $2 !~ /_IOC_/ { numbers = numbers "\t" $2 ",\n" }
/^\tEPOCH_BENCH_[A-Z0-9_]+[ \t]*=/ { numbers = numbers "\t" $1 ",\n" }

/^struct epoch_bench_[a-z]+ \{/ {
	structure = $2
	print "static const struct field fields_of_" structure "[] = {"
}
structure && /^\t[a-z_0-9]+ [a-z_0-9]+(\[.*\])?;/ {
	sub(/(\[.*\])?;/, "", $2)
	print "\t{ \"" $2 "\", offsetof(struct " structure ", " $2 "), sizeof(((struct " structure \
		" *)0)->" $2 ") },"
	count[structure]++
}
structure && /^};/ {
	print "};\n"
	structure = ""
}

# A number's definition may be on the line after its name.
/^#define EPOCH_BENCH_IOC_[A-Z]+[ \t]/ { ioctl = $2 }
ioctl && match($0, /struct epoch_bench_[a-z]+/) {
	structure_of = substr($0, RSTART + 7, RLENGTH - 7)
	calls = calls "\t{ \"" ioctl "\", " ioctl ", sizeof(struct " structure_of "), fields_of_" \
		structure_of ", " count[structure_of] " },\n"
	ioctl = ""
}
ioctl && /_IO\(/ {
	calls = calls "\t{ \"" ioctl "\", " ioctl ", 0, NULL, 0 },\n"
	ioctl = ""
}

END {
	print "static const struct call calls[] = {\n" calls "};\n"
	print "static const __u64 numbers[] = {\n" numbers "};"
}
