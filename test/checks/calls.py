#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Check the calls of trackers while a block starts and finishes, in the built module.

calls.py MODULE: MODULE is epoch_bench.ko. start and finish are inlined into the
loops of Turn::visit (stress.rs), one for each tracker. Each has two tests:

calls_only_what_is_listed
    Each call of the loops, and of functions of the module that they call, is on the
    tracker's list below, or the loops of the tracker "none" make it in as many places.
calls_nothing_with_...
    No path from taking the lock to releasing it has a call; in "lockless", no path with
    preemption disabled, as it is while a node of the list is marked.

Prints "PASS name" and "FAIL name" lines. A tracker that is not on the list fails.
"""

import collections
import re
import subprocess
import sys

# The loops of a tracker are Turn::visit for this type.
VISIT = re.compile(r"<epoch_bench::stress::Turn as .*Visitor>::visit::<(.*)>$")

# Overflow and out-of-range indices; none of these functions returns, or is ever reached.
PANICS = r"core::panicking::.*"

# Calls that any tracker may make, and functions of the module that are not followed.
COMMON = {
    r"epoch_bench::stress::Stress>::note::<.*>": "page(), which may call, and the verifier",
    r"epoch_bench::verify::Verifier>::(noted|closing)": "the verifier, apart from the tracker",
    PANICS: "bugs",
}

# Calls of an epoch's section.
SECTION = {r"epoch_section_(entered|left)": "no-ops, unless readers are tracked"}

# Wakes waiters, if there are any, after the lock was released.
WAKE = {r"Waiters>::wake": "cold: there is a waiter"}


class Tracker:
    """The calls of a tracker: patterns of names, and why each may be called."""

    def __init__(self, name, calls=None, part="", take="", retry="", give=""):
        self.name = name
        self.calls = {**COMMON, **(calls or {})}
        # A part without calls: its name, and the calls that begin, restart and end it.
        self.part, self.take, self.retry, self.give = part, take, retry, give


def under_spinlock(name, calls=None):
    """A tracker with lists under spinlocks, and its other calls."""
    return Tracker(
        name,
        {
            r"rust_helper_spin_lock|_raw_spin_lock": "the lock",
            r"rust_helper_spin_unlock|_raw_spin_unlock": "the lock",
            r"rust_helper_spin_trylock|_raw_spin_trylock": "the lock, in one block of 64",
            **WAKE,
            **(calls or {}),
        },
        part="with_the_lock_held",
        take="(rust_helper|_raw)_spin_(try)?lock",
        retry="(rust_helper|_raw)_spin_lock",
        give="(rust_helper|_raw)_spin_unlock",
    )


# Keyed by type. srcu and srcu-expedited differ in waits only: the compiler merges their
# loops into one function, which has the name of either.
TRACKERS = {
    r"trackers::none::None": Tracker("none"),
    r"Generations<.*MutexBackend>": Tracker(
        "mutex",
        {
            r"mutex_lock": "the lock",
            r"mutex_unlock": "the lock",
            r"(rust_helper_)?mutex_trylock": "the lock, in one block of 64, for the statistics",
            **WAKE,
        },
        part="with_the_lock_held",
        take="mutex_lock|(rust_helper_)?mutex_trylock",
        # The call of one block of 64 if trylock has found the lock taken.
        retry="mutex_lock",
        give="mutex_unlock",
    ),
    r"Generations<.*SpinLockBackend>": under_spinlock("spin"),
    r"spin_percpu::SpinPercpu": under_spinlock(
        "spin-percpu", {r"rust_helper_raw_smp_processor_id": "the CPU's list"}),
    r"trackers::lockless::Lockless": Tracker(
        "lockless",
        {
            r"kernel_ext_preempt_disable": "no preemption while a node is marked",
            r"kernel_ext_preempt_enable": "no preemption while a node is marked",
            r"Nodes as .*>::pause": "cold: a neighbour is marked, but no node of the caller",
            r"Lockless>::note_length": "statistics of one block of 64, without a marked node",
            **WAKE,
        },
        part="with_a_node_marked",
        take="kernel_ext_preempt_disable",
        give="kernel_ext_preempt_enable",
    ),
    r"trackers::epoch::Epoch": Tracker("epoch", SECTION),
    r"trackers::epoch_keyed::EpochKeyed": Tracker("epoch-keyed", SECTION),
    r"trackers::srcu::SrcuTracker<(true|false): bool>": Tracker("srcu"),
}

# An instruction: its successors in the function, and its callee.
Step = collections.namedtuple("Step", "address next calls text")


def disassemble(module):
    """The functions of the module by name, each as a list of steps."""
    text = subprocess.run(
        ["objdump", "--disassemble", "--reloc", "--no-show-raw-insn", module],
        check=True, capture_output=True, text=True).stdout
    # Names are demangled here, since objdump prints them inside other text.
    symbols = sorted(set(re.findall(r"_R[A-Za-z0-9_.]+", text)))
    plain = subprocess.run(
        ["c++filt"], input="\n".join(symbols), check=True, capture_output=True, text=True).stdout
    names = dict(zip(symbols, (re.sub(r"\[[0-9a-f]+\]", "", name) for name in plain.split("\n"))))

    section, functions, starts = None, {}, {}
    for line in text.split("\n"):
        if match := re.match(r"Disassembly of section (\S+):", line):
            section = match[1]
        elif match := re.match(r"([0-9a-f]+) <(\S+)>:", line):
            name = names.get(match[2], match[2])
            # Without hashes, names may be equal.
            while name in functions:
                name += "'"
            starts[section, int(match[1], 16)] = name
            body = functions[name] = (section, [])
        elif match := re.match(r"\s+([0-9a-f]+):\s+((?!R_X86_64)\S.*)", line):
            body[1].append([int(match[1], 16), match[2].strip(), None])
        elif match := re.match(r"\s+[0-9a-f]+: R_X86_64_\S+\s+(\S+)", line):
            body[1][-1][2] = match[1]

    def target(relocation):
        """The target of a call or jump with this relocation."""
        symbol, sign, addend = re.match(r"(.*?)(?:([+-])0x([0-9a-f]+))?$", relocation).groups()
        # Relative to the end of the instruction, 4 bytes further.
        offset = 4 + int(f"{sign or '+'}{addend or '0'}", 16)
        if symbol.startswith("."):
            return starts.get((symbol, offset), f"{symbol}+{offset:#x}")
        return names.get(symbol, symbol)

    return {name: [step(starts, section, body, i, target) for i in range(len(body))]
            for name, (section, body) in functions.items()}


def step(starts, section, body, i, target):
    """The step of an instruction of a function."""
    address, text, relocation = body[i]
    # Prefixes, such as a retpoline's.
    text = re.sub(r"^((bnd|notrack|cs|ds) )+", "", text)
    following = [body[i + 1][0]] if i + 1 < len(body) else []
    op, _, operand = text.partition(" ")
    if not (op == "call" or op.startswith("j")):
        ends = op in ("ret", "retq", "ud2", "int3", "iretq")
        return Step(address, [] if ends else following, None, text)
    operand = operand.strip()
    onwards = [] if op == "jmp" else following
    if relocation:
        goes_to = target(relocation)
        if goes_to == "__x86_return_thunk":
            return Step(address, [], None, text)
        return Step(address, onwards, goes_to, f"{op} {goes_to}")
    if not (match := re.match(r"([0-9a-f]+) <", operand)):
        return Step(address, onwards, "(an address in a register)", text)
    goes_to = int(match[1], 16)
    if op != "call" and body[0][0] <= goes_to <= body[-1][0]:
        return Step(address, onwards + [goes_to], None, text)
    callee = starts.get((section, goes_to), f"{section}+{goes_to:#x}")
    return Step(address, onwards, callee, f"{op} {callee}")


def matches(pattern, name):
    """Returns whether the pattern matches the name, or the end of its path."""
    return re.search(rf"\b({pattern})$", name) is not None


def reached(functions, start, closed):
    """The functions that make up these loops, and their calls of other functions."""
    inside, calls, todo = [], collections.Counter(), [start]
    while todo:
        name = todo.pop()
        if name in inside:
            continue
        inside.append(name)
        for step_ in functions[name]:
            if step_.calls is None:
                continue
            if step_.calls in functions and not any(matches(p, step_.calls) for p in closed):
                todo.append(step_.calls)
            else:
                calls[step_.calls] += 1
    return inside, calls


def calls_while_held(functions, inside, tracker):
    """The calls on paths from a take to a give, and the number of takes."""
    found, takes = [], 0
    for name in inside:
        steps = {step_.address: step_ for step_ in functions[name]}
        for step_ in functions[name]:
            if not (step_.calls and matches(tracker.take, step_.calls)):
                continue
            takes += 1
            seen, todo = set(), list(step_.next)
            while todo:
                here = steps[todo.pop()]
                if here.address in seen:
                    continue
                seen.add(here.address)
                if here.calls and matches(tracker.give, here.calls):
                    continue
                # A take that failed; the retry is checked by itself.
                if here.calls and "try" in step_.calls and matches(tracker.retry, here.calls):
                    continue
                if here.calls and matches(PANICS, here.calls):
                    continue
                if here.calls:
                    found.append(f"{name}+{here.address - functions[name][0].address:#x}: {here.text}")
                elif not here.next:
                    found.append(f"{name} ends with {here.text}")
                todo += here.next
    return sorted(set(found)), takes


def main():
    """Tests the module."""
    functions = disassemble(sys.argv[1])
    failed = False

    def verdict(name, wrong):
        nonlocal failed
        print(f"{'FAIL' if wrong else 'PASS'} calls: {name}")
        for line in wrong:
            print(f"   | {line}")
        failed = failed or bool(wrong)

    loops = {}
    for name in functions:
        if match := VISIT.match(name):
            loops[match[1]] = name
    expected = dict(TRACKERS)
    none = next((t for t in loops if matches(r"trackers::none::None", t)), None)
    if none is None:
        verdict("the loops of 'none'", [f"there is no Turn::visit of it in {sys.argv[1]}"])
        return 1
    _, common = reached(functions, loops[none], COMMON)

    for type_, start in sorted(loops.items()):
        key = next((pattern for pattern in TRACKERS if matches(pattern, type_)), None)
        if key is None:
            verdict(type_, ["it has no list of calls in test/checks/calls.py"])
            continue
        expected.pop(key, None)
        tracker = TRACKERS[key]
        inside, calls = reached(functions, start, tracker.calls)
        wrong = []
        for call, count in sorted(calls.items()):
            if any(matches(pattern, call) for pattern in tracker.calls):
                continue
            if call not in common:
                wrong.append(f"calls {call}, which is not on its list")
            elif count > common[call]:
                wrong.append(f"calls {call} in {count} places, and 'none' in {common[call]}")
        verdict(f"{tracker.name}.calls_only_what_is_listed", wrong)
        if tracker.take:
            found, takes = calls_while_held(functions, inside, tracker)
            verdict(f"{tracker.name}.calls_nothing_{tracker.part}",
                    found or ([] if takes else ["it never takes it"]))
    for pattern in expected:
        verdict(pattern, ["the module has no loops of this tracker"])
    return int(failed)


sys.exit(main())
