#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""kunit-results.py KUNIT.PY DIRECTORY: print "PASS suite.test", "FAIL suite.test" or "SKIP
suite.test (reason)" for each test in the results that kunit.sh left in the directory, as the
kernel's kunit.py reads them."""
import json
import pathlib
import re
import subprocess
import sys

# The JSON has no reasons.
SKIPPED = re.compile(r"ok \d+ (?:- )?(\S+) # SKIP (.+)")


def parse(ktap):
    """Read a file by kunit.py, whose status is not 0 if a test failed."""
    parsed = ktap.with_suffix(".json")
    subprocess.run(
        ["python3", sys.argv[1], "parse", f"--json={parsed}", ktap],
        stdout=subprocess.DEVNULL,
        check=False,
    )
    return json.loads(parsed.read_text())


def cases(group, path=()):
    """Yield the name and the status of each test in a group."""
    for inner in group["sub_groups"]:
        yield from cases(inner, (*path, inner["name"]))
    for case in group["test_cases"]:
        # A test that was not reached has no name.
        yield ".".join((*path, case["name"] or "(no result)")), case["status"]


for ktap in sorted(pathlib.Path(sys.argv[2]).glob("*.ktap")):
    text = ktap.read_text(errors="replace")
    if "KTAP version" not in text:
        continue
    reasons = dict(SKIPPED.findall(text))
    for name, status in cases(parse(ktap)):
        reason = reasons.get(name.split(".")[-1])
        if status == "SKIP" and reason:
            name += f" ({reason})"
        print(status if status in ("PASS", "SKIP") else "FAIL", name)
