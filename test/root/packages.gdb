# SPDX-License-Identifier: GPL-2.0
# Packages to look into a guest whose execution is repeated.

gdb
