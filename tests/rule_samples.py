"""Rows of sample inputs for the table of derivatives: one row a function and a way to call it."""
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np


# Domains: where the values of an operand are drawn from, away from kinks and poles.
def real(rng, shape):
    "Values of both signs, none near zero, all well apart from each other."
    n = int(np.prod(shape))
    magnitudes = 0.3 + 1.5 * (rng.permutation(n) + rng.uniform(0.2, 0.8, n)) / max(n, 1)
    return (magnitudes * rng.choice([-1.0, 1.0], n)).reshape(shape)


def positive(rng, shape):
    "Values between 0.3 and 1.8, all well apart."
    return np.abs(real(rng, shape))


def unit(rng, shape):
    "Values between -0.9 and 0.9, none near zero."
    return real(rng, shape) / 2


def above_one(rng, shape):
    "Values between 1.3 and 2.8."
    return 1 + positive(rng, shape)


def square_matrix(rng, shape):
    "Well-conditioned matrices, their eigenvalues and singular values apart."
    n = shape[-1]
    return rng.uniform(-0.4, 0.4, shape) + np.diag(np.arange(1.0, n + 1))


def symmetric(rng, shape):
    "Symmetric matrices with eigenvalues apart."
    a = square_matrix(rng, shape)
    return (a + np.swapaxes(a, -1, -2)) / 2


def positive_definite(rng, shape):
    "Symmetric positive definite matrices."
    a = square_matrix(rng, shape)
    return a @ np.swapaxes(a, -1, -2) + np.eye(shape[-1])


def given(*values):
    "A domain of fixed values."
    return lambda rng, shape: np.array(values, float).reshape(shape)


def parts(y):
    "Real and imaginary parts, so that a sum of them has a gradient."
    return np.real(y), np.imag(y)


@dataclass(frozen=True)
class Row:
    "One function, one way to call it, and the operands to differentiate with respect to."

    function: Callable
    shapes: tuple # one shape an operand
    domains: tuple # one domain an operand
    call: Callable # call(function, *operands)
    invariant: Callable # applied to the result: what does not depend on a gauge (signs of eigenvectors)
    orders: int # up to which order finite differences are compared
    complex: bool # also with complex operands
    low_precision: bool # also in float32 (and float16 where NumPy has it)
    dask: bool # Dask implements it
    label: str = field(default="")

    def __str__(self):
        return self.label


def row(
    function: Callable, # the function under test
    *shapes: tuple, # one shape an operand
    domain=real, # one domain for all operands, or a tuple with one for each
    call: Callable | None = None, # call(function, *operands), where function(*operands, **kwargs) won't do
    invariant: Callable = lambda y: y, # applied to the result before it is compared
    orders: int = 2, # finite differences up to this order; 1 for functions whose second derivative is zero or undefined
    complex: bool = False, # also with complex operands
    low_precision: bool = True, # also in float32
    dask: bool = False, # Dask implements it: the gradient stays lazy
    **kwargs, # passed to the function
) -> Row:
    "A row of sample inputs."
    domains = domain if isinstance(domain, tuple) else (domain,) * len(shapes)
    name = getattr(function, "__name__", str(function))
    owner = getattr(function, "__self__", None)
    name = f"{owner.__name__}.{name}" if isinstance(owner, np.ufunc) else name
    label = f"{name}-{'-'.join('x'.join(map(str, s)) or '0d' for s in shapes)}"
    label += "".join(f"-{k}={v}" for k, v in kwargs.items() if not callable(v)) + ("-call" if call else "")
    if call is None:
        call = lambda f, *operands: f(*operands, **kwargs)
    return Row(function, shapes, domains, call, invariant, orders, complex, low_precision, dask, label.replace(" ", ""))
