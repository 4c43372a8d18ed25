# SPDX-License-Identifier: GPL-2.0
#
# The targets of this project; "make help" lists them. Kbuild describes how the modules are built:
# the kernel's build reads that file and never this one.

KVER ?= $(shell uname -r)
# The package epoch-dkms has made a copy of the kernel's headers that has Rust metadata.
KDIR ?= $(firstword $(wildcard /var/cache/epoch-dkms/$(KVER)) /lib/modules/$(KVER)/build)
DESTDIR ?=
PREFIX ?= /usr/local

# enter.sh makes the build root if it is missing, and runs a command in it.
ENTER := $(CURDIR)/test/enter.sh
KBUILD = $(MAKE) -C $(KDIR) M=$(CURDIR) $(if $(LLVM),LLVM=$(LLVM))
# The compiler of the kernel.
LLVM ?= $(if $(shell grep -sx CONFIG_CC_IS_CLANG=y $(KDIR)/include/config/auto.conf),1)

# check-lint, check-host and so on.
parts := $(addprefix check-,$(shell sed -nE 's/^([a-z]+) .*/\1/p' test/checks/list))

.PHONY: all modules demo check kunit bench scale icount figures tools docs run module deb matrix \
	torture replay fuzz vm \
	install clean help setup lint check-guest-mutants check-torture-mutants check-litmus \
	check-installed shell $(parts)

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
	@test/kernels/fetch-modules.sh
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

deb: ## Debian's packages epoch-dkms, epoch-dev and epoch-bench, in the cache
	@$(ENTER) packaging/deb.sh

fuzz: ## FUZZ="[KERNEL [OPTION ...]]": check-fuzz, on another kernel (uml-kasan) or longer (--seconds N)
	@$(ENTER) test/checks/fuzz.sh $(FUZZ)

matrix: ## smoke-test the modules on each kernel, or on those of KERNELS="V ..."
	@test/matrix.sh $(KERNELS)

torture: ## torture epochs for MINUTES=60 in all, or some of SCENARIOS="NAME ..."; AGAIN=1 builds nothing
	@test/torture.sh --minutes $(or $(MINUTES),60) $(if $(SEED),--seed $(SEED)) \
		$(if $(AGAIN),--again) $(SCENARIOS)

replay: ## FILE=: repeat an execution that failed in torture, up to that line; TIMES=10, or GDB=1
	@test/replay.sh --times $(or $(TIMES),1) $(if $(GDB),--gdb) $(FILE)

vm: ## a shell in the guest, with the modules and epoch-bench in place
	@$(ENTER) test/boot/shell.sh

##@ Parts of the above

setup: ## only the prerequisites of demo and check: build root, kernels, modules, tools
	@$(ENTER) test/setup.sh

shell: ## a shell in the build root
	@$(ENTER) bash

help: ## this list
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-20s %s\n", $$1, $$2 } \
		match($$0, /^[a-z]+ +(check|-) +/) { \
			split($$0, part, / +/); \
			printf "  make check-%-14s %s%s\n", part[1], substr($$0, RLENGTH + 1), \
				part[2] == "-" ? "; not part of check" : "" }' $(MAKEFILE_LIST) test/checks/list
	@echo
	@echo "Settings: KVER= (modules, guest); KDIR= RUSTC= (modules); CPUS=8 MEM=2048 TIMEOUT= (guest);"
	@echo "TASKS=8 SAMPLES=10 (demo); EPOCH_CACHE=~/.cache/epoch-kmod (downloads, build root, kernels)."

##@ Parts of check

# Phony targets are not made by pattern rules, so this names them.
$(parts): check-%:
	@$(ENTER) test/check.sh $*

lint: check-lint ## check-lint, for short

check-guest-mutants: ## planted bugs that check-guest must find; not part of check, minutes each
	@test/checks/guest-mutants.sh

check-torture-mutants: ## planted bugs that epoch_torture must find; not part of check, minutes each
	@$(ENTER) test/checks/torture-mutants.sh

check-litmus: ## litmus tests of the memory ordering; not part of check, since they need herd7
	@test/checks/litmus.sh

check-installed: ## the packages in a Debian tree that is booted; not part of check
	@test/packages/check.sh
