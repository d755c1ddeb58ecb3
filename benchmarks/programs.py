"""Compiled programs beside NumPy written by hand: python benchmarks/programs.py [--only NAME] [--quick]

The hand-written baselines are those of the eager path, frozen; the objectives are its workloads'. Tracing is not counted, but told.
"""
import argparse
import math
import platform
import statistics
import time
from dataclasses import replace
from functools import partial

from run import check, interleaved, peak, readable # first: it sets the number of threads

import numpy as np

import baselines
import lux_nb as lux
import workloads
from lux_nb.programs import compiled

AIMS = {"step": 0.50, "mlp": 0.93, "scalars": 1.1, "rosenbrock": 0.65, "rosenbrock_hvp": 2.0, "recurrent": 0.65, "tangents": 0.55, "elementwise": 0.5}


def floats(turns, x=0.5):
    "The chain of operations on a scalar, by hand in Python's floats."
    before = []
    for _ in range(turns):
        before.append(x)
        x = math.sin(x) * 1.1 + 0.1
    g = 1.0
    for y in reversed(before):
        g = g * 1.1 * math.cos(y)
    return np.float64(x), np.float64(g)


def reverse(work):
    "The value and the gradients of a workload's objective, compiled."
    both = lux.value_and_grad(partial(work.objective, np), argnums=tuple(range(len(work.arrays))))

    @compiled
    def program(*arrays):
        value, grads = both(*arrays)
        return value, *grads

    return lambda: program(*work.arrays, *work.constants)


def step(work, model, lossfn, optimizer):
    "One step of training, by `single_train_step`, compiled."
    ps, st = lux.setup(np.random.default_rng(0), model)
    tstate, data = lux.TrainState(model, ps, st, optimizer), work.constants
    ad = lux.AutoReverse(compiled=True)

    def ours():
        _, loss, _, new = lux.single_train_step(ad, lossfn, data, tstate)
        return loss, *lux.tree_leaves(new.parameters)

    return ours


def program_of(name):
    "A workload, and the same with its compiled program."
    work = workloads.WORKLOADS[name]()
    if name == "step":
        return work, step(work, lux.Dense(10, 5), lux.MSELoss(), lux.SGD(0.01))
    if name == "mlp":
        model = lux.Chain(lux.Dense(784, 256, lux.relu), lux.Dense(256, 128, lux.relu), lux.Dense(128, 10))
        return work, step(work, model, lux.CrossEntropyLoss(), lux.SGD(0.1))
    if name == "scalars":
        return replace(work, hand=lambda: floats(333)), reverse(work)
    if name == "rosenbrock_hvp":
        f, x, v = partial(workloads.rosenbrock().objective, np), workloads.normal(1000, dtype=float), workloads.normal(1000, dtype=float, seed=1)
        product = compiled(lambda x, v: lux.hvp(f, x, v))
        return work, lambda: [product(x, v)]
    if name == "tangents":
        f = lambda x: np.exp(np.cos(np.square(np.log(np.sqrt(np.tanh(np.exp(np.sin(x)))) * 2 + 1))))
        x, t = workloads.normal(10**6), workloads.normal(10**6, seed=1)
        pushed = compiled(lambda x, t: lux.jvp(f, (x,), (t,)))
        return work, lambda: pushed(x, t)
    return work, reverse(work)


def tutorial():
    "The tutorial's step as the tutorial has it: the parameters are one flat vector with named parts. Its hand-written baseline keeps two arrays."
    work = workloads.WORKLOADS["step"]()
    model, lossfn, ad = lux.Dense(10, 5), lux.MSELoss(), lux.AutoReverse(compiled=True)
    ps, st = lux.setup(np.random.default_rng(0), model)
    tstate, data = lux.TrainState(model, lux.ComponentArray(ps), st, lux.SGD(0.01)), work.constants

    def ours():
        _, loss, _, new = lux.single_train_step(ad, lossfn, data, tstate)
        return loss, new.parameters

    check(work, [ours()[0], *lux.tree_leaves(ours()[1].to_dict())])
    return replace(work, title=work.title + ", flat parameters", check=lambda *_: None), ours


def row(name, rounds, shortest):
    "The row of one workload."
    work, ours = tutorial() if name == "tutorial" else program_of(name)
    start = time.perf_counter()
    result = ours()
    first = time.perf_counter() - start
    (work.check or partial(check, work))(*([result] if work.check is None else [None, result]))
    hand, times = interleaved([work.hand, ours], rounds, shortest)
    low, middle, high = statistics.quantiles([b / a for a, b in zip(hand, times)], n=4)
    memory = f"; {peak(ours) / work.array:.1f} arrays" if work.array else ""
    aim = AIMS.get(name if name != "tutorial" else "step")
    return (work.title, readable(statistics.median(times)), readable(statistics.median(hand)), f"{middle:.2f}", f"{low:.2f} to {high:.2f}",
            f"{aim:.2f}" if aim else "", f"first call {readable(first)}{memory}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    names = ["tutorial", *AIMS, "small"]
    parser.add_argument("--only", choices=names, nargs="+", metavar="NAME", help=f"of {', '.join(names)}")
    parser.add_argument("--quick", action="store_true", help="few rounds: to see that all runs, not to compare")
    options = parser.parse_args()
    rounds, shortest = (5, 0.002) if options.quick else (25, 0.02)
    rows = [("workload", "program", "by hand", "ratio", "quartiles", "aim", "besides"), *[row(name, rounds, shortest) for name in options.only or names]]
    widths = [max(len(line[k]) for line in rows) for k in range(len(rows[0]))]
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, one thread; medians of {rounds} rounds\n")
    for number, line in enumerate(rows):
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |")
        if not number:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")


if __name__ == "__main__":
    main()
