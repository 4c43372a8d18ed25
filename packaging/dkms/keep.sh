#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# keep.sh KERNEL: keep what modules that use epoch.ko are built with, beside the kernel's headers:
# the metadata of its crates for Rust, and the versions of its symbols. DKMS runs this in the
# directory where it has built the modules.
set -euo pipefail

into=/var/cache/epoch-dkms/epoch-$1
mkdir -p -- "$into"
cp -- rust/epoch/libepoch.rmeta rust/kernel_ext/libkernel_ext.rmeta Module.symvers "$into"
