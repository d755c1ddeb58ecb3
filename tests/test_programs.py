"""Programs give what the functions give that they were recorded from, and their results belong to the caller alone."""
import array
import collections
import contextlib
import copy
import enum
import threading
import warnings
from dataclasses import dataclass
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lux_nb as lux
from lux_nb.programs import Program, compiled, passes, source
from test_rules import ROWS, flat_outputs, like, operands_of


def single(x):
    return x.astype(np.float32)


UNARY = [
    np.sin, np.cos, np.tanh, np.exp, np.square, np.abs, np.negative, np.sqrt, np.log1p, np.positive, np.copy, np.floor, np.sign,
    lambda x: x * 2, lambda x: 3 * x, lambda x: x + 0, lambda x: x * 1, lambda x: x / 4, lambda x: -x, lambda x: 1 - x, lambda x: x**2, lambda x: x**3,
    lambda x: x.T, lambda x: np.transpose(x), lambda x: x.reshape(-1), lambda x: np.reshape(x, x.shape[::-1]), lambda x: x[..., ::-1], lambda x: x[None][0],
    lambda x: np.sum(x, axis=0), lambda x: np.sum(x, axis=-1, keepdims=True), lambda x: np.mean(x), lambda x: np.max(x, axis=0), lambda x: np.cumsum(x, axis=0),
    lambda x: np.broadcast_to(x, (2, *x.shape)), lambda x: np.zeros_like(x), lambda x: np.ones_like(x) * 3, lambda x: np.full_like(x, 7.0),
    lambda x: np.where(x > 0.5, x, 0), lambda x: np.where(x <= 0, 0, x), lambda x: np.concatenate([np.ravel(x), np.ravel(x * x)]), lambda x: np.clip(x, 0.2, 0.7),
    lambda x: lux.updated(x, 0, 1.0) if x.ndim else x, single, lambda x: x.astype(np.float64), lambda x: np.sort(x, axis=-1), lambda x: np.expand_dims(x, 1),
    lambda x: np.stack([x, x]), lambda x: x @ np.ones(x.shape[-1], x.dtype), lambda x: np.flip(x), lambda x: np.linalg.norm(x), lambda x: np.argsort(x, axis=-1),
    lambda x: np.swapaxes(x, 0, -1), lambda x: np.roll(x, 1), lambda x: np.maximum(x, 0.5), lambda x: x[np.array([0, 0])], lambda x: np.diag(np.ravel(x)[:3]),
]
BINARY = [np.add, np.subtract, np.multiply, np.maximum, np.arctan2, np.hypot, lambda a, b: a - -b, lambda a, b: (2 * a) * (3 * b), lambda a, b: np.vdot(a, b) if a.size == b.size else a]


def composition(numbers, x, y):
    "A random composition of table functions: every result may be read again, and all of them are returned."
    values = [x, y]
    for kind, i, j in numbers:
        a, b = values[i % len(values)], values[j % len(values)]
        try:
            if kind < len(UNARY):
                value = UNARY[kind](a)
            else:
                value = BINARY[kind - len(UNARY)](a, b)
        except (ValueError, IndexError, AttributeError, np.exceptions.AxisError): # shapes that don't go together
            continue
        if value.size <= 200:
            values.append(value)
    return values[2:]


def assert_close(expected, found, epsilon=0.0):
    "Equal types, shapes and dtypes, values equal to rounding; `epsilon` is that of the coarsest dtype on the way."
    assert type(found) is type(expected) and found.dtype == expected.dtype and np.shape(found) == np.shape(expected)
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(np.isfinite(found), finite)
    a, b = np.asarray(expected)[finite], np.asarray(found)[finite]
    if a.dtype.kind == "f":
        scale = np.max(np.abs(a), initial=1)
        np.testing.assert_allclose(b, a, rtol=0, atol=1e4 * max(epsilon, np.finfo(a.dtype).eps) * scale)
    else:
        np.testing.assert_array_equal(b, a)


def run_alone(program, *inputs):
    "The results of a program's source, executed with nothing but what it imports and its captured values."
    space = {}
    exec(program.source, space)
    run = space["build"](*program.objects) if "build" in space else space["program"]
    return run(*inputs)


@contextlib.contextmanager
def groups_of(size, block):
    "Have elementwise operations on arrays of so many elements run in blocks of so many bytes, so that small arrays show what large ones do."
    with mock.patch.object(passes.group, "__defaults__", (size,)), mock.patch.object(source, "BLOCK", block):
        yield


usual_or_small_blocks = pytest.mark.parametrize("blocks", [contextlib.nullcontext, lambda: groups_of(2, 32)], ids=["usual", "small blocks"])
steps = st.lists(st.tuples(st.integers(0, len(UNARY) + len(BINARY) - 1), st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=12)
shapes = st.sampled_from([(3, 4), (4, 4), (5,), (1,), (2, 3, 2), (0, 3), ()])


@usual_or_small_blocks
@settings(max_examples=200, deadline=None)
@given(steps, shapes, st.sampled_from([np.float32, np.float64]), st.integers(0, 2**32 - 1))
def test_a_composition_equals_the_eager_one(blocks, numbers, shape, dtype, seed):
    rng = np.random.default_rng(seed)
    x, y = (np.asarray(rng.uniform(0.1, 0.9, shape)).astype(dtype) for _ in range(2))
    with blocks(), warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        expected = composition(numbers, x.copy(), y.copy())
        f = compiled(lambda x, y: composition(numbers, x, y))
        first = f(x, y)
        again = f(x, y)
        other = f(y, x)
        epsilon = max([np.finfo(r.dtype).eps for r in expected if r.dtype.kind == "f"], default=0)
        for a, b in zip(expected, first, strict=True):
            assert_close(a, b, epsilon)
        for a, b in zip(expected, again, strict=True): # a second run, in the same buffers
            assert_close(a, b, epsilon)
        for a, b in zip(composition(numbers, y.copy(), x.copy()), other, strict=True):
            assert_close(a, b, epsilon)
    arrays = [r for results in (first, again, other) for r in results if isinstance(r, np.ndarray)]
    for k, a in enumerate(arrays):
        assert a.flags.writeable
        assert not any(np.shares_memory(a, b) for b in (*arrays[:k], x, y))


@usual_or_small_blocks
@settings(max_examples=100, deadline=None)
@given(steps, st.integers(0, 2**32 - 1))
def test_a_gradient_equals_the_eager_one(blocks, numbers, seed):
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(0.1, 0.9, (3, 4)), rng.uniform(0.1, 0.9, (3, 4))

    def loss(x, y):
        results = [r for r in composition(numbers, x, y) if r.dtype.kind == "f"]
        return sum((np.sum(r.astype(float)) for r in results), start=np.sum(x * y))

    both = lux.value_and_grad(loss, argnums=(0, 1))
    with blocks(), warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            expected = lux.tree_leaves(both(x, y))
        except (NotImplementedError, TypeError): # a function without a rule, or without one for scalars
            return
        program = compiled(both)
        epsilon = np.finfo(np.float32).eps if any(UNARY[k] is single for k, *_ in numbers if k < len(UNARY)) else 0
        for _ in range(2):
            for a, b in zip(expected, lux.tree_leaves(program(x, y)), strict=True):
                assert_close(a, b, epsilon)


NOT_RECORDED = {np.linalg.lstsq: "the rank decides on the shape of the residuals", np.extract: "its shape depends on values", np.bincount: "so does its",
                np.ravel: "the order K follows the memory", np.reshape: "so does the order A",
                **{f: "values decide on its dtype" for f in (np.real_if_close, *vars(np.emath).values()) if callable(f)},
                **{f: "values decide on its shape" for f in (np.polymul, np.polydiv, np.poly, np.roots)}, np.polyfit: "it solves by lstsq"}


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_every_row_of_the_table_is_recorded_with_its_derivatives(row):
    xs, rng = operands_of(row)
    f = flat_outputs(row)
    tangents, cotangents = tuple(like(rng, xs)), like(rng, f(*xs))
    both = lambda *xs: (lux.jvp(f, xs, tangents), lux.vjp(f, *xs)[1](cotangents))
    expected = lux.tree_leaves(both(*xs))
    for blocks in (contextlib.nullcontext(), groups_of(2, 32)):
        try:
            with blocks:
                found = lux.tree_leaves(compiled(both)(*xs))
        except TypeError as error:
            if row.function in NOT_RECORDED and "can't be recorded" in str(error):
                pytest.skip(NOT_RECORDED[row.function])
            raise
        for a, b in zip(expected, found, strict=True):
            assert_close(np.asarray(a), np.asarray(b))


@pytest.mark.parametrize("f", [
    lambda x: np.reshape(x, (4, 3), "F") * 2, lambda x: np.broadcast_to(x, (2, 3, 4), True) * 2, lambda x: np.transpose(a=x) * 2,
    lambda x: np.transpose(x) * 2, lambda x: np.transpose(np.transpose(a=x), (1, 0)), lambda x: np.swapaxes(a=x, axis1=0, axis2=1) * 2,
    lambda x: np.sum(a=x, axis=1), lambda x: np.clip(a=x, a_min=-1, a_max=0), lambda x: np.take(a=x, indices=[0, 0, 1], axis=1),
])
def test_arguments_may_be_given_in_any_way(f):
    x = normal(3, 4)
    tangent = lambda x: lux.jvp(f, (x,), (x,))[1]
    np.testing.assert_allclose(compiled(f)(x), f(x))
    np.testing.assert_allclose(compiled(tangent)(x), tangent(x))


def test_a_sum_in_a_block_is_taken_before_its_piece_is_used_again():
    def f(x, c):
        grown, wave = np.exp(x), np.sin(x)
        return np.sum(wave * grown), c * grown * np.cos(x) + c * wave

    x, c = np.linspace(0, 1, 100_001), np.linspace(1, 2, 100_001)
    for a, b in zip(f(x, c), compiled(f)(x, c)):
        np.testing.assert_allclose(b, a, rtol=1e-12)


def test_a_block_reads_a_transposed_buffer_as_it_is_now():
    def loss(x):
        return np.sum(np.sin(x)) + np.sum(np.sin(x.T)) + np.sum(x.T)

    x = normal(300, 400)
    np.testing.assert_allclose(compiled(lux.grad(loss))(x), lux.gradient(loss, x), rtol=1e-12)


def test_a_block_takes_an_array_without_axes_as_a_number():
    f = lambda x: np.sin(x) * np.reshape(np.sum(x), (1,))[..., 0] + np.cos(x)
    x = normal(100_000)
    np.testing.assert_allclose(compiled(f)(x), f(x), rtol=1e-12)


def test_a_transposed_part_is_not_computed_in_the_place_of_a_plain_one():
    def f(x):
        turned = np.sin(x).T
        return np.concatenate([np.ravel(turned), np.ravel(turned * 2)])

    x = np.arange(12.0).reshape(3, 4)
    np.testing.assert_allclose(compiled(f)(x), f(x))
    both = lux.value_and_grad(lambda x: np.sum(np.sin(f(x)) * np.arange(24.0)))
    np.testing.assert_allclose(compiled(both)(x)[1], both(x)[1])


# The workloads of the benchmark: value, gradient, and the source on its own

def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def scalar_chain(x):
    for _ in range(40):
        x = np.sin(x) * 1.1 + 0.1
    return x


def recurrent(w, u, b, xs):
    h = 0 * b
    for x in xs:
        h = np.tanh(h @ w + x @ u + b)
    return np.mean(h**2)


def eight(x):
    return np.sum(np.square(np.log(np.sqrt(np.tanh(np.exp(np.sin(x)))) * 2 + 1)))


def ten(x):
    return np.exp(np.cos(np.square(np.log(np.sqrt(np.tanh(np.exp(np.sin(x)))) * 2 + 1))))


def step(parameters, data, layout=lux.ComponentArray(weight=np.zeros((5, 10), np.float32), bias=np.zeros(5, np.float32)).layout):
    tstate = lux.TrainState(lux.Dense(10, 5), lux.ComponentArray.from_data(parameters, layout), lux.FrozenDict(), lux.SGD(0.01))
    grads, loss, _, new = lux.single_train_step(lux.AutoReverse(), lux.MSELoss(), data, tstate)
    return grads.data, loss, new.parameters.data


def mlp(x, y):
    model = lux.Chain(lux.Dense(7, 6, lux.relu), lux.Dense(6, 5, lux.tanh), lux.Dense(5, 3))
    ps, states = lux.setup(np.random.default_rng(0), model)
    return lux.value_and_grad(lambda ps: lux.CrossEntropyLoss()(model(x, ps, states)[0], y))(ps)


def normal(*shape, dtype=np.float64):
    return np.random.default_rng(shape).standard_normal(shape).astype(dtype)


WORKLOADS = {
    "step": (step, normal(55, dtype=np.float32), (normal(20, 10, dtype=np.float32), normal(20, 5, dtype=np.float32))),
    "mlp": (mlp, normal(8, 7, dtype=np.float32), np.eye(3, dtype=np.float32)[[0, 1, 2, 0, 1, 2, 0, 1]]),
    "scalars": (lux.value_and_grad(scalar_chain), np.float64(0.5)),
    "rosenbrock": (lux.value_and_grad(rosenbrock), normal(50)),
    "hvp": (lambda x, v: lux.hvp(rosenbrock, x, v), normal(50), normal(51)[:50]),
    "recurrent": (lux.value_and_grad(recurrent, argnums=(0, 1, 2)), normal(6, 6), normal(4, 6), normal(5, 6), normal(9, 5, 4)),
    "jvp": (lambda x, t: lux.jvp(ten, (x,), (t,)), normal(70_000, dtype=np.float32), normal(1, 70_000, dtype=np.float32)[0]),
    "eight": (lux.value_and_grad(eight), normal(300, 300, dtype=np.float32)),
    "forward": (lux.value_and_grad(lambda x: np.mean((np.tanh(x @ np.ones((9, 9))) - 1) ** 2), ad=lux.AutoForward()), normal(9)),
    "hessian": (lambda x: lux.hessian(rosenbrock, x), normal(5)),
}


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_workload_equals_the_eager_one_and_its_source_runs_alone(name):
    f, *args = WORKLOADS[name]
    expected, program = lux.tree_leaves(f(*args)), compiled(f)
    for _ in range(3):
        for a, b in zip(expected, lux.tree_leaves(program(*args)), strict=True):
            assert_close(a, b)
    source = program.program(*args)
    alone = run_alone(source, *lux.tree_leaves(args))
    for a, b in zip(expected, alone if isinstance(alone, tuple) else (alone,), strict=True):
        assert_close(a, b)
    assert all(callable(x) is False for x in source.objects)
    assert set(line for line in source.source.splitlines() if line.startswith(("import", "from"))) <= {"import numpy as np", "import math"}


def test_bits_are_equal_where_no_pass_reorders():
    def f(x):
        y = np.exp(x) * np.sin(x)
        return y / (1 + y * y), np.max(y, axis=0), np.cumsum(y, axis=1)

    x = normal(7, 5)
    for a, b in zip(f(x), compiled(f)(x)):
        np.testing.assert_array_equal(a, b)


def test_training_steps_follow_the_eager_path():
    model = lux.Chain(lux.Dense(3, 8, lux.tanh), lux.Dense(8, 2))
    ps, states = lux.setup(np.random.default_rng(0), model)
    data = normal(12, 3, dtype=np.float32), normal(12, 2, dtype=np.float32)
    for optimizer in (lux.SGD(0.1), lux.Momentum(0.1, nesterov=True), lux.Adam(0.1)):
        for parameters in (ps, lux.ComponentArray(ps)):
            for mode in (lux.AutoReverse, lux.AutoForward):
                eager = fast = lux.TrainState(model, parameters, states, optimizer)
                for _ in range(4):
                    *_, eager = lux.single_train_step(mode(), lux.MSELoss(), data, eager)
                    grads, loss, stats, fast = lux.single_train_step(mode(compiled=True), lux.MSELoss(), data, fast)
                assert fast.step == 4 and type(loss) is np.float32
                for a, b in zip(lux.tree_leaves(eager.parameters), lux.tree_leaves(fast.parameters)):
                    np.testing.assert_allclose(a, b, rtol=0, atol=2e-5)


# What is recorded, and what is not

def test_a_new_kind_of_arguments_is_recorded_anew_and_the_cache_is_bounded():
    f = compiled(lambda x: x * 2, size=3)
    for n in range(1, 6):
        np.testing.assert_array_equal(f(np.ones(n)), 2 * np.ones(n))
    assert len(f.programs) == 3 and isinstance(f.programs[-1], Program)
    assert f(np.ones(5, np.float32)).dtype == np.float32 and type(f(1.5)) is float and type(f(2)) is int
    f.clear()
    assert f.programs == []


def test_structures_static_arguments_and_keywords():
    f = compiled(lambda tree, n, *, scale: {"a": [tree["x"].reshape(n, -1) * scale, None], "b": (tree["y"], "text")}, static=(1,))
    tree = {"x": np.arange(6.0), "y": lux.FrozenDict(z=np.float32(1))}
    for n, shape in ((2, (2, 3)), (3, (3, 2)), (2, (2, 3))):
        result = f(tree, n, scale=2.0)
        assert result["a"][0].shape == shape and result["a"][1] is None and result["b"][1] == "text"
        assert isinstance(result["b"][0], lux.FrozenDict)


def test_captured_arrays_are_read_again_even_inside_a_gradient():
    for n in (3, 3000):
        w = np.ones(n)
        f = compiled(lux.grad(lambda x: np.sum(w * x * x)))
        x = np.arange(float(n))
        f(x)
        w[:] = 3
        np.testing.assert_array_equal(f(x), 6 * x)
        assert w.flags.writeable


def test_a_write_to_a_captured_array_raises_at_its_line():
    buffer = np.zeros(3)

    def f(x):
        y = x + buffer
        buffer[0] = 1
        return y

    with pytest.raises(ValueError, match="read-only"):
        compiled(f)(np.ones(3))
    assert buffer.flags.writeable


def test_writes_in_place_are_followed():
    def f(x):
        y = np.copy(x)
        alias = y
        y[0] = 0
        y += x
        y[1:] = y[1:] * 2
        return alias, np.sum(y)

    x = normal(4)
    for program in (compiled(f), compiled(lambda x: (f(x)[0], lux.grad(lambda x: f(x)[1])(x)))):
        np.testing.assert_array_equal(program(x)[0], f(x)[0])


@pytest.mark.parametrize("f, word", [
    (lambda x: x if x[0] > 0 else -x, "np.where"),
    (lambda x: float(x[0]), "float"),
    (lambda x: np.zeros(int(x[0])), "static"),
    (lambda x: x[x > 0], "np.where"),
    (lambda x: np.unique(x), "shapes are fixed"),
    (lambda x: np.nonzero(x), "shapes are fixed"),
    (lambda x: np.asarray(x), "np.stack"),
    (lambda x: np.array([x[0], x[1]]), "np.stack"),
    (lambda x: np.where(x > 0), "shapes are fixed"),
    (lambda x: x + lux.default_rng(0).random(3), "draw before"),
    (lambda x: lux.grad(lambda x: np.sum(x) if x[0] > 0 else np.sum(x * x))(x), "np.where"),
])
def test_what_cannot_be_recorded_raises_with_line_and_remedy(f, word):
    with pytest.raises(TypeError) as caught:
        compiled(f)(np.array([1.0, 2.0, 3.0]))
    text, error = "", caught.value
    while error is not None:
        text, error = text + str(error), error.__cause__ or error.__context__
    assert word in text and "test_programs.py" in text


both_generators = pytest.mark.parametrize("make", [lux.Xoshiro, np.random.default_rng])


def noisy(rng, x):
    rng = lux.replicate(rng)
    return x + rng.standard_normal(x.shape) * rng.random(), rng


@both_generators
def test_a_generator_goes_through_a_program_as_a_value(make):
    f, x = compiled(noisy, check=True), np.arange(3.0)
    given = make(0)
    first, after = f(given, x)
    again, _ = f(given, x)
    following, _ = f(after, x)
    expected, expected_after = noisy(make(0), x)
    assert np.array_equal(first, expected) and np.array_equal(first, again)
    assert np.array_equal(following, noisy(expected_after, x)[0]) and not np.array_equal(first, following)
    assert given.random() == make(0).random(), "the generator that was given must stay as it was"
    assert len(f.programs) == 1


@both_generators
@pytest.mark.parametrize("f, word", [
    (lambda rng, x: x + rng.random(3), "replicate"),
    (lambda rng, x: lux.replicate(rng).random(3, out=np.empty(3)), "out"),
    (lambda rng, x: lux.replicate(rng).shuffle([1, 2]), "permutation"),
])
def test_what_a_generator_cannot_do_in_a_program_raises(make, f, word):
    with pytest.raises(TypeError, match=word):
        compiled(f)(make(0), np.ones(3))


def test_two_draws_of_one_kind_are_two_draws():
    def f(rng):
        rng = lux.replicate(rng)
        return rng.random(3) - rng.random(3)

    assert np.array_equal(compiled(f)(lux.Xoshiro(0)), f(lux.Xoshiro(0))) and np.any(f(lux.Xoshiro(0)))


def test_check_finds_what_a_recording_cannot_see():
    factors = [1.0]
    f = compiled(lambda x: x * factors[0], check=True)
    f(np.ones(3))
    factors[0] = 2.0
    with pytest.raises(ValueError, match="differs"):
        f(np.ones(3))


def test_inside_a_transform_the_function_runs_as_it_is():
    f = compiled(lambda x: np.sum(np.sin(x)))
    np.testing.assert_allclose(lux.gradient(f, normal(3)), np.cos(normal(3)))
    np.testing.assert_allclose(compiled(lambda x: lux.gradient(f, x))(normal(3)), np.cos(normal(3)))


# Memory and threads

def test_results_share_memory_with_nothing():
    f = compiled(lambda x, y: (x, x.T, x + y, (x + y)[0], np.broadcast_to(y, (2, 3)), np.zeros(2), y))
    x, y = normal(2, 3), normal(3)
    results = [r for _ in range(2) for r in f(x, y)]
    for k, a in enumerate(results):
        assert a.flags.writeable and not any(np.shares_memory(a, b) for b in (x, y, *results[:k]))
        a[...] = np.nan
    for a, b in zip(f(x, y), (x, x.T, x + y, (x + y)[0], np.broadcast_to(y, (2, 3)), np.zeros(2), y)):
        np.testing.assert_array_equal(a, b)


def test_many_threads_may_call_one_program():
    f = compiled(lux.value_and_grad(lambda x: np.sum(np.tanh(x) ** 2 * x)))
    xs = [np.full(500, k / 10) for k in range(8)]
    expected = [f(x) for x in xs]
    wrong = []

    def work(k):
        for _ in range(200):
            value, grad = f(xs[k])
            if value != expected[k][0] or not np.array_equal(grad, expected[k][1]):
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


# Floats, blocks, other arrays

@pytest.mark.parametrize("x", [0.0, 1000.0, -1.0, np.inf, np.nan, 1e308])
def test_python_floats_give_numpys_answers(x):
    def f(x):
        return np.exp(x) / x, np.log(x) * 2 + 1, 1 / x - 3 * x, np.sqrt(x) + np.sin(x), x**0.5 * x**-2, x * x * x

    with np.errstate(all="ignore"):
        expected, found = f(np.float64(x)), compiled(f)(np.float64(x))
    for a, b in zip(expected, found):
        assert type(b) is np.float64
        np.testing.assert_allclose(b, a, rtol=1e-14)


def test_python_numbers_keep_their_errors():
    f = compiled(lambda x: 1.0 / x + 2.0 * x - x)
    f(1.0)
    with pytest.raises(ZeroDivisionError):
        f(0.0)


def test_blocks_cover_the_last_piece():
    for n in (65_536, 70_001):
        x = normal(n)
        value, grad = compiled(lux.value_and_grad(lambda x: np.sum(np.sin(x) * np.exp(x))))(x)
        np.testing.assert_allclose(value, np.sum(np.sin(x) * np.exp(x)), rtol=1e-12)
        np.testing.assert_allclose(grad, np.exp(x) * (np.sin(x) + np.cos(x)), rtol=1e-12, atol=1e-12)


def test_big_floats_and_complex_numbers_and_integers():
    z = normal(4) + 1j * normal(5)[:4]
    for f, x in ((lambda z: np.sum(z * np.conj(z)) * 2, z), (lambda n: (n + 1) // 2 * n, np.arange(5)), (lambda b: ~b & (b | True), np.array([True, False]))):
        np.testing.assert_allclose(compiled(f)(x), f(x))
    x = np.array([lux.BigFloat("1.5"), lux.BigFloat("2.5")], dtype=object)
    assert np.all(compiled(lambda x: x * x + 1)(x) == x * x + 1)


def test_a_rule_of_the_users_is_an_import_of_the_source():
    @lux.dispatching
    def twice(x):
        return 2 * x

    lux.def_rule(twice, lambda t, y, x: 2 * t, lambda g, y, x: 2 * g)
    f = compiled(lux.grad(lambda x: np.sum(twice(x) ** 2)))
    np.testing.assert_array_equal(f(np.ones(3)), 8 * np.ones(3))
    assert "twice" in f.programs[0].source and twice in f.programs[0].objects


def test_a_program_shows_itself():
    program = compiled(lambda x: np.sum(x * x) / 2).program(np.ones(3))
    assert "float64[3]" in str(program) and "return" in str(program) and program.cost().operations > 0
    assert "<" in program._repr_html_() and "2 instructions" not in repr(program.before)


def test_a_captured_mask_decides_on_shapes():
    mask = np.array([True, False, True])
    f = compiled(lambda x: np.sum(x[mask]) / x[mask].size)
    x = np.array([1.0, 2.0, 3.0])
    assert f(x) == 2.0
    mask[:] = True, True, False
    assert f(x) == 1.5
    mask[1] = False
    assert f(x) == f(x) == 1.0


def test_what_an_outer_transform_traces_is_not_lost():
    scale = [2.0]
    f = compiled(lambda x: np.sum(x * scale[0]))
    f(np.ones(3))

    def outer(w):
        scale[0] = w
        return f(np.ones(3))

    assert lux.gradient(outer, 5.0) == 3.0


def test_dask_arrays_stay_lazy():
    dask = pytest.importorskip("dask.array")
    x = dask.ones((4, 3), chunks=2)
    f = compiled(lambda x: np.sin(x) * 2 + np.sum(x, axis=0))
    result = f(x)
    assert isinstance(result, dask.Array)
    np.testing.assert_allclose(result.compute(), np.sin(np.ones((4, 3))) * 2 + 4)


def test_floats_beside_arrays_give_numpys_answers():
    def f(x, t):
        return np.sin(x) * (np.exp(t) / t + np.log(t) * 3), 1 / t

    for t in (1.0, 0.0, 1000.0):
        with np.errstate(all="ignore"):
            for a, b in zip(f(np.ones(3), np.float64(t)), compiled(f)(np.ones(3), np.float64(t))):
                np.testing.assert_array_equal(a, b)


def test_joined_parts_may_repeat():
    def f(x):
        y = np.sin(x) * 2
        z = np.concatenate([np.ravel(y), np.ravel(y), np.ravel(x), np.cumsum(y), np.ravel(y * y)])
        return z * 2, np.sum(np.concatenate([y, y]))

    x = np.arange(4.0)
    for a, b in zip(f(x), compiled(f)(x)):
        np.testing.assert_allclose(a, b, rtol=1e-14)


def test_choices_and_updates_of_what_is_read_no_more():
    def f(x, n):
        chosen = x > 1
        both = np.where(chosen, ~chosen, chosen)
        order = n + 0
        return both | chosen, lux.updated(order, order, order) + 1, np.where(x > 1, x * 2, x * 3) * 2

    x, n = np.arange(4.0), np.array([3, 2, 1, 0])
    for a, b in zip(f(x, n), compiled(f)(x, n)):
        np.testing.assert_array_equal(a, b)


# ---- captured arrays that change between calls
WAYS = {
    "value": lambda f: f, "reverse": lambda f: lambda x: lux.gradient(f, x), "forward": lambda f: lambda x: lux.gradient(f, x, ad=lux.AutoForward()),
    "tangent": lambda f: lambda x: lux.jvp(f, (x,), (WEIGHTS,)), "cotangent": lambda f: lambda x: lux.vjp(lambda x: f(x) * x, x)[1](WEIGHTS),
    "second": lambda f: lambda x: lux.hvp(f, x, WEIGHTS), "jacobian": lambda f: lambda x: lux.jacobian(lambda x: x * f(x), x),
    "of the captured": lambda f: lambda x: lux.gradient(lambda w: f(x) * np.sum(w * w), WEIGHTS),
}
WEIGHTS, LEVELS, COUNT, PLACES, SHAPE = np.zeros(4), np.zeros(4), np.array(0), np.zeros(2, int), np.zeros(2, int)


def written(x):
    y = np.copy(x)
    y += WEIGHTS
    y[PLACES] = 0
    return np.sum(y * y)


USES = {
    "product": lambda x: np.sum(WEIGHTS * x), "power": lambda x: np.sum(x**WEIGHTS), "exponential": lambda x: np.sum(np.float_power(WEIGHTS, x)),
    "cross": lambda x: np.sum(np.cross(x[:3], WEIGHTS[:3]) * x[1:]), "correlate": lambda x: np.sum(np.correlate(x, WEIGHTS, "same")), "vdot": lambda x: np.vdot(x, WEIGHTS),
    "average": lambda x: np.average(x, weights=WEIGHTS), "cov": lambda x: np.cov(x, aweights=WEIGHTS) * 1.0, "trapezoid": lambda x: np.trapezoid(x, x=LEVELS),
    "gradient": lambda x: np.sum(np.gradient(x, LEVELS) * WEIGHTS), "polyval": lambda x: np.sum(np.polyval(WEIGHTS, x)), "interp": lambda x: np.sum(np.interp(x, LEVELS, WEIGHTS)),
    "solve": lambda x: np.sum(np.linalg.solve(np.eye(4) + x, WEIGHTS)), "meshgrid": lambda x: np.sum(np.multiply(*np.meshgrid(x, WEIGHTS))), "maximum": lambda x: np.sum(np.maximum(x, WEIGHTS)),
    "stack": lambda x: np.sum(np.stack([x, WEIGHTS]) ** 2), "in place": written, "slice": lambda x: np.sum(x[COUNT:] ** 2), "step": lambda x: np.sum(x[::COUNT] ** 2),
    "index": lambda x: np.sum(x[PLACES] ** 2), "take": lambda x: np.sum(np.take(x, PLACES) ** 2), "repeat": lambda x: np.sum(np.repeat(x, COUNT) ** 2), "tile": lambda x: np.sum(np.sin(np.tile(x, COUNT))),
    "roll": lambda x: np.sum(np.roll(x, COUNT) * WEIGHTS), "reshape": lambda x: np.sum(np.sin(np.reshape(x, SHAPE)) @ np.ones(SHAPE[1:])) if np.prod(SHAPE) == 4 else 0 * x[0],
    "broadcast_to": lambda x: np.sum(np.sin(np.broadcast_to(x, (COUNT, 4)))), "delete": lambda x: np.sum(np.delete(x, PLACES) ** 2), "transpose": lambda x: np.sum(np.transpose(np.outer(x, x * x), PLACES) @ WEIGHTS),
    "pad": lambda x: np.sum(np.cumsum(np.pad(x, COUNT)) ** 2), "insert": lambda x: np.sum(np.insert(x, PLACES, 1.0) * np.arange(6.0)),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("use", USES)
def test_captured_arrays_are_read_as_they_are_now(use, way):
    f, x = WAYS[way](USES[use]), np.array([0.3, 0.7, 1.1, 1.9])
    program = compiled(f)
    for weights, levels, count, places, shape in (([1, 2, 3, 4], [0, 1, 2, 3], 1, [0, 1], [2, 2]), ([3, 1, 4, 1.5], [0.5, 1, 1.2, 2], 2, [1, 0], [1, 4]), ([1, 2, 3, 4], [0, 1, 2, 3], 1, [0, 1], [2, 2])):
        WEIGHTS[:], LEVELS[:], COUNT[...], PLACES[:], SHAPE[:] = weights, levels, count, places, shape
        expected = lux.tree_leaves(f(x))
        for _ in range(2):
            for a, b in zip(lux.tree_leaves(program(x)), expected, strict=True):
                assert np.shape(a) == np.shape(b)
                np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("first, second", [
    ((1, 2), (True, 2)), ((1,), (1.0,)), ((0.0,), (-0.0,)), (0.0, -0.0), ([1, 2], [1, 3]), ({1}, {2}), ({"a": 1}, {"a": 1.0}), (frozenset({1}), frozenset({True})), (slice(1), slice(1.0)),
], ids=str)
def test_a_program_is_made_for_a_static_value_as_it_is(first, second):
    seen = []
    program = compiled(lambda x, fixed: (seen.append(repr(fixed)), x * 2)[1], static=(1,))
    for fixed in (first, second, first, second, copy.copy(first)):
        assert np.array_equal(program(np.ones(2), fixed), [2, 2])
    assert seen == [repr(first), repr(second)]


@pytest.mark.parametrize("pack", [lambda held: held, lambda held: (held,), lambda held: {"a": held}])
@pytest.mark.parametrize("change", [lambda held: held.append(3), lambda held: held.clear()])
def test_a_static_list_that_changes_is_another(change, pack):
    held = [1, 2]
    fixed = pack(held)
    program = compiled(lambda x, fixed: x * len(held), static=(1,))
    assert program(np.ones(1), fixed) == program(np.ones(1), fixed) == 2
    change(held)
    assert program(np.ones(1), fixed) == program(np.ones(1), fixed) == len(held)


def test_what_may_change_unseen_is_no_static_argument():
    for fixed in (np.ones(2), bytearray(b"a"), (1, [np.ones(1)])):
        with pytest.raises(TypeError, match="does not hash, so that a change to it would not be seen"):
            compiled(lambda x, fixed: x, static=(1,))(1.0, fixed)
    with pytest.raises(TypeError, match="static argument of type bytearray"):
        compiled(lambda x, fixed: x)(1.0, bytearray(b"a"))


@pytest.mark.parametrize("way", ["value", "reverse", "forward", "jacobian"])
@pytest.mark.parametrize("make", [list, collections.deque, lambda x: array.array("d", x), lambda x: [list(x), list(x)]], ids=["list", "deque", "array", "nested"])
def test_captured_sequences_are_read_as_they_are_now(make, way):
    held, x = make([1, 2, 3]), np.array([0.3, 0.7, 1.1])
    f = WAYS[way](lambda x: np.sum(np.multiply(np.sin(x), held)) + np.average(x, weights=[*held][-1] if isinstance(held[0], list) else held))
    program = compiled(f)
    program(x)
    if isinstance(held[0], list):
        held[0][1] = 7
    else:
        held[1] = 7
    for _ in range(2):
        np.testing.assert_allclose(program(x), f(x), rtol=1e-12)


def test_lists_in_operators_are_read_as_they_are_now():
    held, x = [1, 2, 0], np.array([0.3, 0.7, 1.1])
    for f in (lambda x: x * held, lambda x: held - x, lambda x: x[held] * 2, lambda x: lux.gradient(lambda x: np.sum(held * x * x), x)):
        held[1] = 2
        program = compiled(f)
        program(x)
        held[1] = 0
        np.testing.assert_array_equal(program(x), f(x))


class Number(enum.IntEnum):
    ZERO = 0
    TWO = 2


class Half(float, enum.Enum):
    HALF = 0.5


@pytest.mark.parametrize("f", [
    lambda x: np.minimum(x, np.inf), lambda x: x * np.nan, lambda x: np.maximum(x, -np.inf) + np.float64(np.inf), lambda x: x * complex(np.nan, 1), lambda x: single(x) - np.inf,
    lambda x: lux.gradient(lambda x: np.sum(np.minimum(x, np.inf) ** 2), x), lambda x: x * Number.TWO, lambda x: x[Number.TWO] * 1, lambda x: np.sum(x, axis=Number.ZERO), lambda x: x * Half.HALF,
    lambda x: x.astype("m8[s]") + np.timedelta64(3, "s"),
])
def test_numbers_that_are_not_spelled_as_numbers(f):
    x = np.array([-1.0, 2.0, 3.0])
    with np.errstate(all="ignore"):
        expected, found = f(x), compiled(f)(x)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("held, change, f", [
    ([np.int64(0), np.int64(1)], {1: np.int64(2)}, lambda x, held: x[held] * 1),
    ([np.True_, np.False_, np.True_], {1: np.True_}, lambda x, held: x[held] * 1),
    ([True, False, True], {0: 1, 1: 0, 2: 1}, lambda x, held: x[held] * 1),
    ([np.array(2.0), 1.0, 3.0], {0: np.array(5.0)}, lambda x, held: x * held),
    ([1, 2, 3], {0: 1.0}, lambda x, held: x.astype(int) * held),
    ([0.0, 1.0, 1.0], {0: -0.0}, lambda x, held: np.copysign(x, held)),
], ids=["places", "mask", "arrays", "mask and places", "types", "signs"])
def test_a_list_is_told_apart_by_type_and_sign(held, change, f):
    held, x = list(held), np.array([1.0, 2.0, 3.0])
    program = compiled(lambda x: f(x, held))
    program(x)
    for k, value in change.items():
        held[k] = value
    expected = f(x, held)
    for _ in range(2):
        found = program(x)
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)


@dataclass(frozen=True)
class Setting:
    p: object


@pytest.mark.parametrize("pack", [Setting, lambda p: Setting((p,)), lambda p: lux.FrozenDict(a=p), lambda p: Setting(lux.FrozenDict(a=p))], ids=["field", "in a tuple", "FrozenDict", "in a field"])
@pytest.mark.parametrize("first, second", [(2, 2.0), (0.0, -0.0), (1, True)])
def test_static_values_are_told_apart_inside(pack, first, second):
    seen = []
    program = compiled(lambda x, fixed: (seen.append(repr(fixed)), x * 2)[1], static=1)
    for p in (first, second, first, second):
        program(np.ones(2), pack(p))
    assert seen == [repr(pack(first)), repr(pack(second))]


@pytest.mark.parametrize("f", [
    lambda x: lux.vjp(lambda u: (u**3, WEIGHTS), x, has_aux=True)[2], lambda x: lux.vjp(lambda u: (u**3, WEIGHTS), x)[0], lambda x: lux.remat(lambda u: (u * 2, WEIGHTS[1:]))(x)[1],
    lambda x: x * lux.vjp(lambda u: WEIGHTS, x)[0], lambda x: lux.vjp(lux.remat(lambda u: (u**3, WEIGHTS)), x)[0],
])
def test_a_captured_array_that_comes_back_is_read_as_it_is_now(f):
    x, program = np.array([0.3, 0.7, 1.1, 1.9]), compiled(f)
    for number in (1.0, 7.0):
        WEIGHTS[:] = number
        for a, b in zip(lux.tree_leaves(program(x)), lux.tree_leaves(f(x)), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12)
            assert not np.shares_memory(a, WEIGHTS)


def test_a_captured_axis():
    axis = np.array(0)
    program = compiled(lambda x: np.sum(x, axis=axis, keepdims=True) + np.max(x, axis=axis))
    x = normal(3, 3)
    for axis[...] in (0, 1):
        np.testing.assert_allclose(program(x), np.sum(x, axis=int(axis), keepdims=True) + np.max(x, axis=int(axis)), rtol=1e-12)


@pytest.mark.parametrize("make", [lux.Xoshiro, np.random.default_rng])
def test_numbers_are_drawn_again_in_a_program(make):
    def f(x, rng):
        rng = lux.replicate(rng)
        return lux.gradient(lambda x: np.sum(lux.remat(lambda z, rng: np.sin(z) * rng.random(4))(x, rng) ** 2), x)

    x = np.array([0.3, 0.7, 1.1, 1.9])
    np.testing.assert_allclose(compiled(f)(x, make(3)), f(x, make(3)), rtol=1e-12)


def test_a_program_is_kept_where_an_object_holds_nan():
    class Table:
        def __array__(self, dtype=None, copy=None):
            return np.array([0.0, np.nan])

    table = Table()
    program = compiled(lambda x: np.multiply(x, table))
    program(np.ones(2))
    last = program.last
    program(np.ones(2))
    assert program.last is last


@pytest.mark.parametrize("f", [lambda z, y: z * z, lambda z, y: z * z * y, lambda z, y: np.concatenate([z * y, y * y])])
def test_what_is_written_before_the_way_back_does_not_reach_it(f):
    def late(x):
        y = np.copy(x)
        value, pullback = lux.vjp(lambda z: f(z, y), y)
        y *= 2
        y[0] = 7
        return pullback(np.ones(value.shape))[0] * y

    x = np.array([1.0, 2.0, 3.0])
    np.testing.assert_allclose(compiled(late)(x), late(x))
    np.testing.assert_allclose(compiled(lambda x: lux.jacobian(late, x))(x), lux.jacobian(late, x))


@pytest.mark.parametrize("f", [
    lambda x: np.ravel(x.T.copy(), order="K"), lambda x: np.ravel(x.T * 2, "K"), lambda x: np.reshape(np.exp(x.T), -1, order="A"), lambda x: x.T.flatten("K"), lambda x: np.reshape(x, (3, 2), "A"),
])
def test_the_order_of_the_memory_is_none_of_a_program(f):
    with pytest.raises(TypeError, match="in the order of the memory can't be recorded .*give order='C' or order='F'"):
        compiled(f)(normal(2, 3))
    np.testing.assert_array_equal(compiled(lambda x: np.ravel(x[0], "K"))(normal(2, 3)), normal(2, 3)[0])


@pytest.mark.parametrize("f", [
    lambda x: np.sum(x[:, np.argmax(x[0])] ** 2), lambda x: x[0, np.argmax(x[0])] ** 2, lambda x: np.sum(x[[0, 1], [np.argmax(x[0]), 0]] ** 2),
    lambda x: np.sum(x[np.arange(2), np.argmax(x, 1)] ** 2), lambda x: np.sum(np.take(x, [0, np.argmax(x[0])], 1) ** 2), lambda x: np.sum(x[(slice(None), np.argsort(x[0]))] * x),
    lambda x: np.sum(lux.updated(x, (0, np.argmax(x[0])), 2 * x[1, 1]) ** 2),
])
def test_recorded_numbers_among_others_in_an_index(f):
    program = compiled(lambda x: lux.gradient(f, x))
    for x in (np.array([[1.0, 3, 2], [4, 5, 6]]), np.array([[7.0, 3, 2], [4, 8, 6]])):
        np.testing.assert_array_equal(program(x), lux.gradient(f, x))
        tangent = np.cos(x)
        np.testing.assert_allclose(compiled(lambda x: lux.jvp(f, (x,), (tangent,)))(x), lux.jvp(f, (x,), (tangent,)))


def test_a_captured_view_in_no_order_is_read_again():
    base = np.arange(12.0).reshape(3, 4)
    view = base[:, ::2]
    program = compiled(lambda s: lux.vjp(lambda w: np.sum(w * w), view)[0] * s)
    assert program(np.array(2.0)) == 2 * np.sum(view**2)
    base[:] = 1
    assert program(np.array(2.0)) == 12


@pytest.mark.parametrize("view", [
    np.atleast_1d, np.atleast_2d, lambda y: y.astype(float, copy=False), lambda y: np.nan_to_num(y, copy=False), lambda y: np.diff(y, 0), lambda y: np.polyder(y, 0),
    lambda y: np.clip(y, None, None), np.positive, lambda y: np.vstack([y, y]), lambda y: np.array_split(y, 2)[0], np.flip, lambda y: np.meshgrid(y, y, copy=False)[0],
])
def test_what_shares_memory_in_a_derivative_shares_it_in_a_program(view):
    def f(x):
        y = x * 1.0
        v = view(y)
        y *= 2.0
        return np.sum(v)

    x = np.arange(1.0, 5.0)
    for ad in (lux.AutoReverse(), lux.AutoForward()):
        both = lambda x: lux.value_and_grad(f, ad=ad)(x)
        try:
            expected = both(x)
        except ValueError as error: # a view that is read after a write to its base
            with pytest.raises(ValueError, match="view"):
                compiled(both)(x)
        else:
            found = compiled(both)(x)
            assert found[0] == expected[0] == f(x) and np.array_equal(found[1], expected[1])


def test_hessians_of_numbers_and_layers_of_arrays():
    assert compiled(lambda t: lux.hessian(lambda u: u**3, t))(2.0) == 12
    x = np.arange(6.0).reshape(2, 3)
    for f in (np.concatenate, lambda x: np.stack(x, 1), lambda x: lux.gradient(lambda x: np.sum(np.concatenate(x) ** 3), x)):
        np.testing.assert_array_equal(compiled(f)(x), f(x))
    for number in (1.0, np.float64(1.0)):
        np.testing.assert_array_equal(compiled(lambda x: lux.ComponentArray(a=x, k=2.0).data)(number), [1, 2])


WRITES = {
    "fill_diagonal": lambda y: np.fill_diagonal(y, 0.0), "copyto": lambda y: np.copyto(y, 0.0), "put": lambda y: np.put(y, [0], 0.0), "putmask": lambda y: np.putmask(y, y > 0, 0.0),
    "put_along_axis": lambda y: np.put_along_axis(y, np.array([[0]]), 0.0, 0), "nan_to_num": lambda y: np.nan_to_num(y, copy=False), "nan_to_num by position": lambda y: np.nan_to_num(y, False),
    "clip": lambda y: np.clip(y, 0, 1, out=y), "sum": lambda y: np.sum(y[None], 0, None, y), "mean": lambda y: np.mean(y[None], axis=0, out=y), "cumsum": lambda y: y.cumsum(0, out=y),
    "round": lambda y: y.round(0, y), "fix": lambda y: np.fix(y, y), "any": lambda y: np.any(y[None] > 1, 0, y), "argmax": lambda y: np.argmax(y[None], 0, y), "take": lambda y: y.take([0, 1], 0, y),
    "dot": lambda y: np.dot(np.eye(2), y, y), "einsum": lambda y: np.einsum("ij->ij", y, out=y), "concatenate": lambda y: np.concatenate([y], out=y), "choose": lambda y: np.choose(0, [y], y),
    "isposinf": lambda y: np.isposinf(y, y), "quantile": lambda y: np.quantile(y[None], 0.5, axis=0, out=y), "fft": lambda y: np.fft.fft(y, out=y * 1j), "ufunc": lambda y: np.add(y, 1, y),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_write_by_a_function_is_refused(write):
    def f(x):
        y = x * 1.0
        write(y)
        return np.sum(y)

    with pytest.raises(TypeError, match="writes into its argument|with `out`|would write"):
        compiled(f)(np.array([[3.0, 1.0], [-1.0, 2.0]]))


def test_a_write_to_what_shares_memory_with_a_result_is_seen():
    for take in (lambda y: np.split(y, 2)[0], np.real):
        def f(x):
            y = x * 1.0
            part = take(y)
            y[0] = 5.0
            return part * 2

        with pytest.raises(ValueError, match="view"):
            compiled(f)(np.array([1.0, 2.0]))


def test_factors_are_brought_together_only_within_range():
    single = np.full(3, 1e30, np.float32)
    for f in (lambda x: 1e-30 * (1e-30 * x), lambda x: (1e-30 * x) * (1e-30 * x), lambda x: 1e30 * (1e-20 * (1e-20 * x)), lambda x: lux.gradient(lambda x: np.sum(1e-30 * (1e-30 * x) * x), x)):
        np.testing.assert_allclose(compiled(f)(single), f(single), rtol=1e-6)
        assert np.all(f(single) != 0)
    x = np.full(3, 1e-200)
    f = lambda x: 1e-300 * (1e200 * (1e200 * x))
    np.testing.assert_allclose(compiled(f)(x), f(x), rtol=1e-14)
    program = compiled(lambda x: 2 * (3 * x))
    np.testing.assert_allclose(program(x), 6 * x)
    assert len(program.programs[0].recording.instructions) == 1


def test_functions_that_take_integers_or_one_bound():
    for n in (5, 3000, 140000):
        x = np.linspace(-1, 1, n)
        for f in (lambda x: np.ldexp(np.sin(x) * 2, 3), lambda x: lux.gradient(lambda x: np.sum(np.ldexp(np.sin(x), 3) * x), x), lambda x: x.clip(0) * 2):
            np.testing.assert_allclose(compiled(f)(x), f(x))


@pytest.mark.skipif(np.lib.NumpyVersion(np.__version__) < "2.2.0", reason="np.pad takes no dict before NumPy 2.2")
def test_a_captured_dict_is_watched():
    widths = {0: (1, 2)}
    program = compiled(lambda x: np.pad(x, widths))
    derivative = compiled(lambda x: lux.gradient(lambda x: np.sum(np.pad(x, widths) * np.arange(6.0)), x))
    for widths[0] in ((1, 2), (2, 1), (1, 2)):
        assert np.array_equal(program(np.ones(3)), np.pad(np.ones(3), widths)) and np.array_equal(derivative(np.ones(3)), np.arange(widths[0][0], widths[0][0] + 3))


def test_arrays_in_dicts_are_asked_for_by_themselves():
    double = lux.custom_rule(pull=lambda g, y, x, options: 2 * g)(lambda x, options: 2 * x + options["shift"])
    assert np.array_equal(compiled(lambda x: double(x, {"shift": 1.0}))(np.ones(2)), [3, 3])
    for shift in (lambda x: np.ones(2), lambda x: x):
        with pytest.raises(TypeError, match="array inside a dict"):
            compiled(lambda x: double(x, {"shift": shift(x)}))(np.ones(2))


def test_a_custom_function_may_return_a_view_or_its_own_buffer():
    buffer = np.zeros(3)

    def into_buffer(x):
        return np.multiply(x, 2, out=buffer)

    x = np.array([0.5, 1.0, 2.0])
    for f in (lambda x: np.sin(np.ravel(x)).reshape(np.shape(x)), into_buffer):
        rule = lux.custom_rule(pull=lambda g, y, x: 3 * g)(f)
        program = compiled(lambda x: rule(x) + 1)
        for z in (x, 2 * x, 3 * x):
            np.testing.assert_array_equal(program(z), f(z) + 1)
        np.testing.assert_array_equal(compiled(lambda x: lux.gradient(lambda x: np.sum(rule(x)), x))(x), [3, 3, 3])


def test_a_number_written_into_a_plain_array_is_refused_in_our_words():
    def f(x):
        y = np.zeros(3)
        y[1] = x[0]
        return y * x

    for g in (f, lambda x: lux.gradient(lambda x: np.sum(f(x)), x)):
        with pytest.raises(TypeError, match="lose its derivative|can't be recorded"):
            compiled(g)(np.ones(3))
    assert np.array_equal(compiled(lambda x: 2 * x)(np.ones(3)), [2, 2, 2])


def test_a_plain_table_asks_to_be_an_argument():
    table = np.arange(10.0)
    with pytest.raises(TypeError, match="looked up in is an argument"):
        compiled(lambda x: table[np.floor(x).astype(int)])(np.array([1.2, 3.4]))
    assert np.array_equal(compiled(lambda table, x: table[np.floor(x).astype(int)])(table, np.array([1.2, 3.4])), [1, 3])


def test_every_captured_shape_is_watched():
    a, b = np.array([1, 4]), np.array([4, 1])
    program = compiled(lambda x: np.reshape(x, a) + np.reshape(x, b))
    assert program(np.arange(4.0)).shape == (4, 4)
    b[:] = 2, 2
    with pytest.raises(ValueError):
        program(np.arange(4.0))


def test_the_quick_way_tells_layouts_and_counts_apart_and_keeps_lists():
    program = compiled(lambda c: c.a * 2)
    for names in ("ab", "ba", "ab"):
        c = lux.ComponentArray(**{name: np.full(2, float(name == "a")) for name in names})
        assert np.array_equal(program(c), [2, 2])
    total = compiled(lambda *xs: sum(xs))
    assert (total(1.0, 2.0), total(1.0, 2.0, 3.0), total(1.0, 2.0)) == (3, 6, 3)
    pair = compiled(lambda x: [x, 2 * x])
    assert [type(pair(1.0)) for _ in range(3)] == [list] * 3


def test_a_strong_minus_one_keeps_its_dtype():
    assert compiled(lambda a: np.float64(-1) * a)(np.ones(2, np.float32)).dtype == np.float64


def test_operands_may_all_be_named():
    assert compiled(lambda x: np.stack(arrays=[x, x]))(np.ones(1)).shape == (2, 1)


def test_checked_programs_compare_integers_dtypes_and_nan():
    with pytest.raises(ValueError):
        compiled(lambda x: np.argmax(x) + int(np.random.default_rng().integers(10**6)), check=True)(np.ones(2))
    single = [False]
    program = compiled(lambda x: x.astype(np.float32) * 1 if single[0] else x * 1, check=True)
    program(np.ones(2))
    single[0] = True
    with pytest.raises(ValueError):
        program(np.ones(2))
    assert np.array_equal(compiled(lambda x: np.where(x > 0, x, np.nan), check=True)(np.array([-1.0, 2.0])), [np.nan, 2], equal_nan=True)


def updated_in_order_f(x):
    return np.reshape(lux.updated(x, 0, 1.0), (3, 3), order="F")


def flat_in_order_f(x):
    y = x * 1.5
    y[0] = 0
    return y.reshape(-1, order="F")


@pytest.mark.parametrize("f, x", [(updated_in_order_f, np.zeros((3, 3))), (flat_in_order_f, np.ones(4)), (lambda x: (x * 2).reshape(1, -1, order="F"), np.ones(4))])
def test_what_is_reshaped_in_order_f_stays_as_it_was(f, x):
    program = compiled(f)
    first = program(x)
    program(x + 5)
    np.testing.assert_array_equal(first, f(x))


def test_views_of_a_later_operand_keep_its_memory():
    def f(x, y, w, take):
        b = y * w
        _, v = take(x * w, b)
        c = np.sin(b)
        return v * np.sum(c * c)

    for take in (np.broadcast_arrays, np.atleast_1d, lambda *xs: np.meshgrid(*xs, copy=False)):
        args = np.ones(3), np.arange(3.0), np.float64(2)
        np.testing.assert_allclose(compiled(lambda *xs: f(*xs, take))(*args), f(*args, take))


@pytest.mark.parametrize("f, x", [
    (lambda x: np.concatenate((np.reshape(x * 2, -1, order="F"), x[0])), np.arange(6.0).reshape(2, 3)), (lambda x: np.concatenate((x, x * 2), axis=None) * 3, np.ones((2, 3))),
    (lambda x: np.concatenate(np.split(x * 2.0, [3])), np.ones(3)), (lambda x: np.concatenate((np.atleast_1d(x * 2, x)[0], x)), np.ones(3)),
    (lambda x: np.concatenate(np.broadcast_arrays(x * 2, x)), np.ones(3)),
])
def test_joins_of_what_was_rearranged(f, x):
    np.testing.assert_array_equal(compiled(f)(x), f(x))


SMALL_INTEGERS = {
    "plus": (lambda u, y: y + (-u)), "minus": (lambda u, y: y - (-u)), "product": (lambda u, y: -(np.uint8(3) * y)), "float": (lambda u, y: (y * 1.0) + (-u)),
    "weak": (lambda u, y: -(2 * u)), "weak behind": (lambda u, y: np.negative(u * 2) * 2), "smallest": (lambda u, y: -(np.int8(-128) * y)), "twice": (lambda u, y: -(-u)),
}


@pytest.mark.parametrize("f", SMALL_INTEGERS.values(), ids=SMALL_INTEGERS)
@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int64, np.float32])
def test_signs_of_integers_wrap_around_as_in_numpy(f, dtype):
    for u in (np.array([1, 2, 3], dtype), np.array([np.iinfo(dtype).min if np.dtype(dtype).kind in "iu" else -7, 0, 1], dtype)):
        y = np.array([5, 6, 7])
        with np.errstate(over="ignore"):
            np.testing.assert_array_equal(compiled(f)(u, y), f(u, y), strict=True)


INFINITE = np.array([complex(np.inf, 0), complex(np.inf, 1), 1e200 + 1e200j, 2j])


@pytest.mark.parametrize("f, x", [
    *[(f, INFINITE) for f in (lambda z: 1 * z, lambda z: z * 1.0, lambda z: -1 * z, lambda z: z / 1, lambda z: np.power(z, -1), lambda z: z**-1 * 1j, lambda z: np.power(z, 2), lambda z: z**2)],
    (lambda z: z**0.5 * 1.0j, INFINITE), (lambda b: np.power(b, 2), np.array([True, False])), (lambda b: b**2, np.array([True, False])),
    *[(f, np.array([-np.inf, -0.0, 4.0])) for f in (lambda x: x**0.5 * 2, lambda x: np.power(x, 0.5) * 2)],
])
def test_infinities_and_short_cuts_of_powers(f, x):
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(compiled(f)(x), f(x), strict=True)


@pytest.mark.parametrize("f, args", [
    (lambda x: np.sum(1e-10 * (x * x)), (np.full(4, 1e154),)), (lambda x: np.sum(np.float32(0.1) * (x * x)), (np.full(4, 1.5e19, np.float32),)),
    (lambda c, x: np.sum(c * (x * x)), (np.float64(0), np.full(4, 1e154))), (lambda c, x: 1e6 * (c * x), (np.float32(1e34), np.full(2, 1e-10, np.float32))),
    (lambda c, x: 1e6 * (c * x), (1e305, np.full(2, 1e-10))), (lambda c, x: 1e-6 * (c * x), (1e-320, np.full(2, 1e100))),
])
def test_factors_stay_where_they_keep_a_sum_in_range(f, args):
    np.testing.assert_allclose(compiled(f)(*args), f(*args), rtol=1e-6)


def test_captured_sequences_of_arrays_are_watched():
    x = np.arange(1.0, 4.0)
    for make in (lambda: [np.ones(3), np.ones(3)], lambda: (np.ones(3), np.ones(3)), lambda: ([1.0, 1.0, 1.0], [1.0, 1.0, 1.0])):
        for f in (lambda x, c: x * c, lambda x, c: np.hypot(x, c), lambda x, c: c + x, lambda x, c: c @ x, lambda x, c: lux.gradient(lambda x: np.sum(x * c), x)):
            sequence = make()
            program = compiled(lambda x: f(x, sequence))
            for number in (1.0, 7.0, -0.0):
                sequence[0][0] = number
                np.testing.assert_array_equal(program(x), f(x, np.asarray(sequence)))


def test_results_share_no_memory_with_what_was_captured_or_given():
    weights = np.ones(3)
    for f in (lambda s: np.atleast_1d(weights, s), lambda s: np.broadcast_arrays(weights, s), lambda s: np.meshgrid(weights, s, copy=False)):
        compiled(f)(2.0)[0].flat[0] = 9
        assert np.array_equal(weights, np.ones(3))
    for f in (lambda x: x.flatten("F"), lambda x: np.ravel(x, "F"), np.ravel, lambda x: x.reshape(-1), lambda x: np.reshape(x, -1, order="F")):
        program = compiled(f)
        for order in "CFCF":
            x = np.ones((2, 3), order=order)
            program(x)[0] = 9
            assert np.array_equal(x, np.ones((2, 3)))


@pytest.mark.parametrize("make", [lux.default_rng, np.random.default_rng])
def test_two_replicas_are_two_generators(make):
    a, b = compiled(lambda rng: (lux.replicate(rng), lux.replicate(rng)))(make(0))
    assert a.random() == b.random()


def test_special_functions_of_an_integer_degree_on_large_arrays():
    special = pytest.importorskip("scipy.special")
    x = np.linspace(-1, 1, 70001)
    x[5] = np.inf
    for f in (lambda x: special.eval_chebyt(2, x) * 1.5, lambda x: special.eval_hermite(2, x) * 2, lambda x: special.eval_legendre(3, x) + x):
        with np.errstate(invalid="ignore"):
            np.testing.assert_array_equal(compiled(f)(x), f(x))


def test_ordered_dicts_of_arrays():
    program = compiled(lambda d: d["a"] * 2)
    for _ in range(3):
        assert np.array_equal(program(collections.OrderedDict(a=np.ones(2))), [2, 2])

