# SPDX-License-Identifier: GPL-2.0
#
# The targets of this project; "make help" lists them. Kbuild describes how the modules are built:
# the kernel's build reads that file and never this one.

KVER ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KVER)/build
DESTDIR ?=
PREFIX ?= /usr/local

# enter.sh makes the build root if it is missing, and runs a command in it.
ENTER := $(CURDIR)/test/enter.sh
KBUILD = $(MAKE) -C $(KDIR) M=$(CURDIR)

.PHONY: all modules demo check kunit bench scale icount figures tools docs run module matrix vm \
	install clean help setup lint check-host check-kernels check-browser check-kunit check-debug check-kasan check-misuse \
	check-mutants check-calls check-icount check-guest check-guest-mutants shell

all: modules

##@ On the machine itself

# A kernel of Debian's that is asked for by its version, and has no tree here that Rust modules can
# be built with: the build root makes one.
from-root := $(strip $(if $(filter command environment,$(firstword $(origin KVER))),\
	$(if $(filter file,$(origin KDIR)),\
	$(shell test/kernels/check-kdir.sh $(KDIR) >/dev/null 2>&1 || echo yes))))

modules: ## build the modules for the running kernel, or for KVER= (any of Debian's) or KDIR=
ifeq ($(from-root),yes)
	@$(ENTER) test/kernels/debian.sh
	@$(ENTER) test/kernels/modules.sh stock
	@test/kernels/fetch-modules.sh
else
	@test/kernels/check-kdir.sh $(KDIR)
	$(KBUILD) modules
endif

install: ## install the modules for that kernel
ifeq ($(from-root),yes)
	install -D -m 644 -t $(DESTDIR)/lib/modules/$(KVER)/updates *.ko samples/*.ko
else
	@test/kernels/check-kdir.sh $(KDIR)
	$(KBUILD) modules_install
endif
	$(if $(DESTDIR),,depmod $(KVER))

clean: ## remove build products here, but not the cache
	@if [ -e $(KDIR)/Makefile ]; then $(KBUILD) clean; fi
	rm -rf tools/target *.ko samples/*.ko

##@ In a guest, on any Debian 12 or 13 machine (as root or with sudo)

demo: ## the experiment: the mutex tracker against the epoch, and the verdict
	@$(ENTER) test/demo.sh

check: ## run all tests; ends with "N passed, N failed, N skipped"
	@$(ENTER) test/check.sh

kunit: ## the KUnit tests, in User-Mode Linux, as kunit.py shows them
	@$(ENTER) test/kunit.sh

bench: ## cost of a section in user space, next to ck_epoch, liburcu, crossbeam-epoch and locks
	@$(ENTER) test/bench.sh

scale: ## the cost in the kernel, next to RCU, SRCU and locks; on 2, 4 and 8 CPUs
	@$(ENTER) test/scale.sh

icount: ## instructions of sections, blocks, callbacks and lone waits in the kernel, counted
	@$(ENTER) test/icount.sh

figures: ## tables and pictures of Documentation/measured.rst, or some: FIGURES="di sweep"
	@$(ENTER) test/figures.sh $(FIGURES)

tools: ## build epoch-bench, a static program, in the cache
	@$(ENTER) test/tools.sh --show

docs: ## the pages of Documentation/, and rustdoc's of the kernel crates and the tools, in the cache
	@$(ENTER) test/docs.sh --show

run: ## SCRIPT=FILE [FILES="SOURCE=DESTINATION ..."]: run a script in the guest
	@test/run.sh $(SCRIPT) $(FILES)

module: ## DIR=DIRECTORY: build a module of yours that uses epoch.ko, for the guest's kernel
	@test/module.sh $(DIR)

matrix: ## smoke-test the modules on each kernel, or on those of KERNELS="V ..."
	@test/matrix.sh $(KERNELS)

vm: ## a shell in the guest, with the modules and epoch-bench in place
	@$(ENTER) test/boot/shell.sh

##@ Parts of the above

setup: ## only the prerequisites of demo and check: build root, kernels, modules, tools
	@$(ENTER) test/setup.sh

lint: ## formatting, clippy, checkpatch, shellcheck, rustdoc
	@$(ENTER) test/check.sh lint

check-host: ## the tests that need no kernel
	@$(ENTER) test/check.sh host

check-kernels: ## builds for the other kernels that the project supports
	@$(ENTER) test/check.sh kernels

check-browser: ## the page of epoch-bench report, in Chromium
	@$(ENTER) test/check.sh browser

check-kunit: ## KUnit, counted as in check
	@$(ENTER) test/check.sh kunit

check-debug: ## KUnit on an x86-64 kernel with lockdep and other runtime checks, in QEMU
	@$(ENTER) test/check.sh debug

check-kasan: ## KUnit on an x86-64 kernel with KASAN and CFI; not part of check, as it builds for long
	@$(ENTER) test/check.sh kasan

check-misuse: ## misuse of an epoch, each of which the kernel must report
	@$(ENTER) test/check.sh misuse

check-mutants: ## planted bugs, each of which KUnit must find
	@$(ENTER) test/check.sh mutants

check-calls: ## calls of trackers while a block starts or finishes, in the built module
	@$(ENTER) test/check.sh calls

check-icount: ## instructions counted in the kernel: at most those of test/checks/icount.table
	@$(ENTER) test/check.sh icount

check-guest: ## the tests on the unmodified Debian kernel
	@$(ENTER) test/check.sh guest

check-guest-mutants: ## check that the guest tests find planted bugs; not part of check, some minutes each
	@test/checks/guest-mutants.sh

shell: ## a shell in the build root
	@$(ENTER) bash

help: ## this list
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-20s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "Settings: KVER= (modules, guest); KDIR= RUSTC= (modules); CPUS=8 MEM=2048 TIMEOUT= (guest);"
	@echo "TASKS=8 SAMPLES=10 (demo); EPOCH_CACHE=~/.cache/epoch-kmod (downloads, build root, kernels)."
