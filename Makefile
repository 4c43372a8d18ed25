# SPDX-License-Identifier: GPL-2.0
#
# The targets of this project; "make help" lists them. Kbuild describes how the modules are built:
# the kernel's build reads that file and never this one.

KVER ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KVER)/build
DESTDIR ?=
PREFIX ?= /usr/local

# enter.sh makes the build root if it is missing, and runs a command in it.
ENTER := $(CURDIR)/tools/vm/enter.sh
KBUILD = $(MAKE) -C $(KDIR) M=$(CURDIR)

.PHONY: all modules demo check kunit bench scale icount figures tools docs vm install clean help \
	setup lint check-host check-browser check-kunit check-debug check-kasan check-misuse check-mutants check-calls check-icount check-guest check-guest-mutants shell

all: modules

##@ On the machine itself

modules: ## build epoch.ko and epoch_bench.ko for the running kernel, or for KVER= or KDIR=
	@tools/vm/check-kdir.sh $(KDIR)
	$(KBUILD) modules

install: ## install the modules for that kernel
	@tools/vm/check-kdir.sh $(KDIR)
	$(KBUILD) modules_install
	$(if $(DESTDIR),,depmod $(KVER))

clean: ## remove build products here, but not the cache
	@if [ -e $(KDIR)/Makefile ]; then $(KBUILD) clean; fi
	rm -rf tools/target

##@ In a guest, on any Debian 12 or 13 machine (as root or with sudo)

demo: ## the experiment: the mutex tracker against the epoch, and the verdict
	@$(ENTER) tools/vm/demo.sh

check: ## run all tests; ends with "N passed, N failed, N skipped"
	@$(ENTER) tools/vm/check.sh

kunit: ## the KUnit tests, in User-Mode Linux, as kunit.py shows them
	@$(ENTER) tools/vm/kunit.sh

bench: ## cost of a section in user space, next to ck_epoch, liburcu, crossbeam-epoch and locks
	@$(ENTER) tools/vm/bench.sh

scale: ## the cost in the kernel, next to RCU, SRCU and locks; on 2, 4 and 8 CPUs
	@$(ENTER) tools/vm/scale.sh

icount: ## instructions of sections, blocks, callbacks and lone waits in the kernel, counted
	@$(ENTER) tools/vm/icount.sh

figures: ## tables and pictures of Documentation/measured.rst; FIGURES="di sweep" for some; 20 minutes
	@$(ENTER) tools/vm/figures.sh $(FIGURES)

tools: ## build epoch-bench, a static program, in the cache
	@$(ENTER) tools/vm/tools.sh --show

docs: ## the pages of Documentation/, and rustdoc's of the kernel crates and the tools, in the cache
	@$(ENTER) tools/vm/docs.sh --show

vm: ## a shell in the guest, with the modules and epoch-bench in place
	@$(ENTER) tools/vm/shell.sh

##@ Parts of the above

setup: ## only the prerequisites of demo and check: build root, kernels, modules, tools
	@$(ENTER) tools/vm/setup.sh

lint: ## formatting, clippy, checkpatch, shellcheck, rustdoc
	@$(ENTER) tools/vm/check.sh lint

check-host: ## the tests that need no kernel
	@$(ENTER) tools/vm/check.sh host

check-browser: ## the page of epoch-bench report, in Chromium
	@$(ENTER) tools/vm/check.sh browser

check-kunit: ## KUnit, counted as in check
	@$(ENTER) tools/vm/check.sh kunit

check-debug: ## KUnit on an x86-64 kernel with lockdep and other runtime checks, in QEMU
	@$(ENTER) tools/vm/check.sh debug

check-kasan: ## KUnit on an x86-64 kernel with KASAN and CFI; not part of check, as it builds for long
	@$(ENTER) tools/vm/check.sh kasan

check-misuse: ## misuse of an epoch, each of which the kernel must report
	@$(ENTER) tools/vm/check.sh misuse

check-mutants: ## planted bugs, each of which KUnit must find
	@$(ENTER) tools/vm/check.sh mutants

check-calls: ## calls of trackers while a block starts or finishes, in the built module
	@$(ENTER) tools/vm/check.sh calls

check-icount: ## instructions counted in the kernel: at most those of tools/vm/icount.table
	@$(ENTER) tools/vm/check.sh icount

check-guest: ## the tests on the unmodified Debian kernel
	@$(ENTER) tools/vm/check.sh guest

check-guest-mutants: ## check that the guest tests find planted bugs; not part of check, some minutes each
	@tools/vm/check-guest-mutants.sh

shell: ## a shell in the build root
	@$(ENTER) bash

help: ## this list
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-20s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "Settings: KVER= KDIR= RUSTC= (modules); CPUS=8 MEM=2048 TIMEOUT= (guest);"
	@echo "TASKS=8 SAMPLES=10 (demo); EPOCH_CACHE=~/.cache/epoch-kmod (downloads, build root, kernels)."
