#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Does nothing take more instructions than icount.table says? In one boot on one CPU;
# make icount counts more.
exec "$(dirname -- "$0")/icount.sh" --check
