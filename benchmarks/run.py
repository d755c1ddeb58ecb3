"""Measure the library beside NumPy written by hand: python benchmarks/run.py [--only NAME ...] [--quick] [--peers] [--write]"""
import argparse
import os
import platform
import re
import statistics
import sys
import time
import tracemalloc
from datetime import date
from pathlib import Path

for _name in ("OMP", "OPENBLAS", "MKL", "VECLIB_MAXIMUM"): # one thread each, so that work is compared with work
    os.environ[f"{_name}_NUM_THREADS"] = "1"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import numpy as np

from peers import installed
from workloads import WORKLOADS

COLUMNS = ("workload", "system", "time", "by hand", "ratio", "quartiles", "aim", "besides")


def seconds(call, times):
    "How long `times` calls take."
    start = time.perf_counter()
    for _ in range(times):
        call()
    return time.perf_counter() - start


def interleaved(calls, rounds, shortest):
    """Seconds a call: for each of `calls` a list, with a number for each round.

    In a round all take turns, each for about `shortest` seconds.
    """
    times = [max(1, round(shortest / min(seconds(call, 1) for _ in range(3)))) for call in calls]
    measured = [[] for _ in calls]
    for turn in range(rounds):
        for k in range(len(calls)): # each round starts with another one
            k = (k + turn) % len(calls)
            measured[k].append(seconds(calls[k], times[k]) / times[k])
    return measured


def check(work, result):
    "Raise unless a system computes what the hand-written code does."
    expected = work.hand()
    if work.check:
        return work.check(expected, result)
    for a, b in zip(expected, result, strict=True):
        a, b = np.asarray(a), np.asarray(b)
        scale, epsilon = np.max(np.abs(a)), np.finfo(a.dtype).eps
        np.testing.assert_allclose(b, a, rtol=0, atol=float(200 * epsilon * scale))


def peak(call):
    "The most memory that a call holds at a time, in bytes."
    call()
    tracemalloc.start()
    call()
    size = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return size


def measure(work, peers, rounds, shortest):
    "The rows of one workload: ours, then the peers'."
    calls = {"by hand": work.hand, "lux_nb": work.ours}
    if work.objective:
        calls |= {name: peer(work) for name, peer in peers.items()}
    for name, call in calls.items():
        check(work, work.unpack(call()) if name == "lux_nb" else call())
    hand, *others = interleaved(list(calls.values()), rounds, shortest)
    return [row(work, name, calls[name], hand, other) for name, other in zip(list(calls)[1:], others)]


def row(work, name, call, hand, other):
    "One row of the table."
    ratios = [b / a for a, b in zip(hand, other)]
    low, middle, high = statistics.quantiles(ratios, n=4)
    besides = []
    if work.operations and name != "jax": # which records nothing when it runs
        extra = statistics.median(b - a for a, b in zip(hand, other))
        besides.append(f"{extra / work.operations * 1e6:.1f} us an operation beyond by hand")
    if work.array and name in ("lux_nb", "autograd", "mygrad"): # the others' memory is not Python's
        besides.append(f"{peak(call) / work.array:.1f} arrays (by hand {peak(work.hand) / work.array:.1f})")
    aim = f"{work.aim:.1f}" if work.aim and name == "lux_nb" else ""
    return (work.title, name, readable(statistics.median(other)), readable(statistics.median(hand)),
            f"{middle:.2f}", f"{low:.2f} to {high:.2f}", aim, "; ".join(besides))


def readable(duration):
    "Seconds as text, in a unit that fits."
    unit, factor = next((u, f) for u, f in (("s", 1), ("ms", 1e3), ("us", 1e6), ("ns", 1e9)) if duration * f >= 1 or u == "ns")
    return f"{duration * factor:.3g} {unit}"


def table(rows):
    "The rows as text that is a Markdown table too."
    lines = [COLUMNS, *rows]
    widths = [max(len(line[k]) for line in lines) for k in range(len(COLUMNS))]
    text = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |" for line in lines]
    return "\n".join([text[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *text[1:]])


def conditions(rounds):
    "Where and how the numbers came about, in one line that names no machine."
    return (f"{date.today()}, {os.cpu_count()} cores of a {platform.machine()} server, Python {platform.python_version()}, "
            f"NumPy {np.__version__}, one thread, medians of {rounds} rounds.")


def write(text):
    "Put the table in its place in the README."
    path = Path(__file__).with_name("README.md")
    page, count = re.subn("(?s)(<!-- table -->\n).*(<!-- end -->)", lambda found: f"{found[1]}{text}\n{found[2]}", path.read_text())
    if count != 1:
        raise ValueError(f"{path} has no place for the table: one line <!-- table --> and, after it, one line <!-- end -->")
    path.write_text(page)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=WORKLOADS, nargs="+", metavar="NAME", help=f"of {', '.join(WORKLOADS)}")
    parser.add_argument("--quick", action="store_true", help="few rounds: to see that all runs, not to compare")
    parser.add_argument("--peers", action="store_true", help="also run HIPS autograd, MyGrad, PyTorch and JAX, where installed")
    parser.add_argument("--write", action="store_true", help="put the table into the README beside this file")
    options = parser.parse_args()
    peers = installed() if options.peers else {}
    rounds, shortest = (5, 0.002) if options.quick else (25, 0.02)
    rows = []
    for name in options.only or WORKLOADS:
        print(f"{name} ...", file=sys.stderr)
        rows += measure(WORKLOADS[name](), peers, rounds, shortest)
    text = f"{conditions(rounds)}\n\n{table(rows)}"
    print(text)
    if options.write:
        write(text)


if __name__ == "__main__":
    main()
