"""Steps of training on a GPU, beside CuPy written by hand: python benchmarks/gpu.py [--quick]

The computation of a perceptron with relu and the mean square, one step of gradient descent. PyTorch takes the same step where it is
installed, its products in full single precision. Every call waits for the card.
"""
import argparse
import platform
import statistics
from datetime import date

from run import interleaved, readable # first: it sets the number of threads

import numpy as np

import lux_nb as lux

SHAPES = [((10, 5), 20), ((784, 256, 128, 10), 128), ((1024, 1024, 1024, 1024), 1024), ((4096, 4096, 4096, 4096), 4096)] # widths, samples
RATE = 0.01


def by_hand(cupy, parameters, x, y):
    "One step: the loss before it, and the parameters after it. `parameters` is [weight, bias, weight, bias, ...]."
    weights, biases, values = parameters[::2], parameters[1::2], [x]
    for k, (weight, bias) in enumerate(zip(weights, biases)):
        z = values[-1] @ weight.T + bias
        values.append(cupy.maximum(z, 0) if k < len(weights) - 1 else z)
    residual = values[-1] - y
    g, new = residual * np.float32(2 / residual.size), []
    for k in reversed(range(len(weights))):
        if k < len(weights) - 1:
            g = g * (values[k + 1] > 0)
        new = [weights[k] - np.float32(RATE) * (g.T @ values[k]), biases[k] - np.float32(RATE) * g.sum(0), *new]
        if k:
            g = g @ weights[k]
    return [cupy.mean(cupy.square(residual)), *new]


def ours(model, parameters, states, data, ad):
    "The same step by `single_train_step`."
    tstate = lux.TrainState(model, parameters, states, lux.SGD(RATE))

    def step():
        _, loss, _, new = lux.single_train_step(ad, lux.MSELoss(), data, tstate)
        return [loss, *lux.tree_leaves(new.parameters)]

    return step


def by_torch(torch, parameters, x, y):
    "The same step by PyTorch."
    torch.backends.cuda.matmul.allow_tf32 = False
    there = [torch.tensor(p.get(), device="cuda", requires_grad=True) for p in parameters]
    x, y = torch.tensor(x.get(), device="cuda"), torch.tensor(y.get(), device="cuda")

    def step():
        value = x
        for k in range(0, len(there), 2):
            value = torch.nn.functional.linear(value, there[k], there[k + 1])
            value = torch.relu(value) if k + 2 < len(there) else value
        loss = torch.nn.functional.mse_loss(value, y)
        grads = torch.autograd.grad(loss, there)
        with torch.no_grad():
            return [loss, *(p - RATE * g for p, g in zip(there, grads))]

    return step


def systems(cupy, widths, samples):
    "The calls to measure, by name, hand-written first; each gives the same arrays."
    rng, gpu = np.random.default_rng(0), lux.gpu_device(force=True)
    model = lux.Chain(*[lux.Dense(a, b, lux.relu if k < len(widths) - 2 else lux.identity) for k, (a, b) in enumerate(zip(widths, widths[1:]))])
    parameters, states = lux.setup(rng, model)
    data = gpu(tuple(rng.standard_normal((samples, n), dtype=np.float32) for n in (widths[0], widths[-1])))
    parameters = gpu(parameters)
    leaves = lux.tree_leaves(parameters)
    calls = {"by hand": lambda: by_hand(cupy, leaves, *data),
             "lux_nb": ours(model, parameters, states, data, lux.AutoReverse()),
             "lux_nb, compiled": ours(model, parameters, states, data, lux.AutoReverse(compiled=True))}
    try:
        import torch
    except ImportError:
        return calls
    return calls | {"torch": by_torch(torch, leaves, *data)}


def waiting(cupy, call):
    "The call, done when it returns. CuPy and PyTorch both queue on the card's usual stream."
    def waited():
        result = call()
        cupy.cuda.runtime.deviceSynchronize()
        return result
    return waited


def main():
    import cupy

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds: to see that all runs, not to compare")
    rounds, shortest = (3, 0.01) if parser.parse_args().quick else (15, 0.05)
    card = cupy.cuda.runtime.getDeviceProperties(0)["name"].decode()
    print(f"{date.today()}, {card}, Python {platform.python_version()}, NumPy {np.__version__}, CuPy {cupy.__version__}, medians of {rounds} rounds.\n")
    print("| widths, samples | by hand | " + " | ".join(["lux_nb", "lux_nb, compiled", "torch"]) + " |\n|:--|" + "--:|" * 4)
    for widths, samples in SHAPES:
        calls = {name: waiting(cupy, call) for name, call in systems(cupy, widths, samples).items()}
        expected = [cupy.asnumpy(a) for a in calls["by hand"]()]
        for call in calls.values():
            for a, b in zip(expected, call(), strict=True):
                b = b.detach().cpu().numpy() if hasattr(b, "detach") else cupy.asnumpy(b)
                np.testing.assert_allclose(b, a, rtol=0, atol=2e-4 * np.max(np.abs(a)))
        hand, *others = interleaved(list(calls.values()), rounds, shortest)
        cells = [f"{readable(statistics.median(other))} ({statistics.median([b / a for a, b in zip(hand, other)]):.2f})" for other in others]
        print(f"| {'-'.join(map(str, widths))}, {samples} | {readable(statistics.median(hand))} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
