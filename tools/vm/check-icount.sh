#!/bin/bash
# Does nothing take more instructions than icount.table says? In one boot on one CPU;
# make icount counts more.
exec "$(dirname -- "$0")/icount.sh" --check
