#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# icount.sh: check that no figure is larger than in icount.table, in one boot on one CPU;
# make icount counts more.
exec "$(dirname -- "$0")/../icount.sh" --check
