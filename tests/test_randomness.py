"The promises of lux_nb.randomness: Julia's stream to the bit, NumPy's names, arguments and errors."
import copy
import hashlib
import json
import math
import pickle
import subprocess
import sys
import threading
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lux_nb import randomness
from lux_nb.randomness import Xoshiro, default_rng, replicate, seed

ORACLE = json.loads((Path(__file__).parent / "oracle.json").read_text(encoding="utf-8"))
WORD = 2**64


# --- a plain reference: one number after another, in plain Python ------------------------------------------------

class Reference:
    "Julia's generator as its source describes it, one word at a time, with nothing shared with the library."

    def __init__(self, state):
        self.s = list(state[:4])

    def word(self):
        s, total = self.s, (self.s[0] + self.s[3]) % WORD
        word = ((total << 23 | total >> 41) + s[0]) % WORD
        shifted = s[1] << 17 & WORD - 1
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= shifted
        s[3] = (s[3] << 45 | s[3] >> 19) % WORD
        return word

    def bulk(self, size):
        "The words of a fill of so many bytes."
        words = []
        if size >= 64:
            factors = (0x02011CE34BCE797F, 0x5A94851FB48A6E05, 0x3688CF5D48899FA7, 0x867B4BB4C42E5661)
            seeds = [[self.word() * factor % WORD for _ in range(8)] for factor in factors]
            lanes = [Reference(state) for state in zip(*seeds)]
            words = [lane.word() for _ in range(size // 64) for lane in lanes]
        return words + [self.word() for _ in range(-(-(size % 64) // 8))]

    def uniforms(self, count, dtype):
        if dtype == np.float64:
            return [(word >> 11) / 2**53 for word in self.bulk(8 * count)]
        halves = [half for word in self.bulk(4 * count) for half in (word % 2**32, word >> 32)]
        return [(half >> 8) / 2**24 for half in halves[:count]]

    def uniform(self):
        return (self.word() >> 11) / 2**53

    def normal(self, word=None):
        k, w, f = randomness._ziggurat()
        r = (self.word() if word is None else word) >> 12
        m, negative = r >> 1, r & 1
        x = (-m if negative else m) * w[m & 255]
        if m < k[m & 255]:
            return x
        if m & 255 == 0:
            R = 3.6541528853610088
            while True:
                xx, yy = -(1 / R) * math.log1p(-self.uniform()), -math.log1p(-self.uniform())
                if yy + yy > xx * xx:
                    return -R - xx if m >> 8 & 1 else R + xx
        i = m & 255
        if (f[i - 1] - f[i]) * self.uniform() + f[i] < math.exp(-0.5 * x * x):
            return x
        return self.normal()

    def normals(self, count, dtype):
        if dtype == np.float32 or count < 7:
            return [self.normal() for _ in range(count)]
        return [self.normal(word) for word in self.bulk(8 * count)]


def oracle(section, name):
    return next(entry for entry in ORACLE[section] if entry["name"] == name)


def shown(values):
    "As Julia shows a float in an array: six significant digits."
    return [[f"{value:.6g}" for value in row] for row in values.tolist()]


class Stand:
    "A stand-in for BigFloat: 256 bits, exact."
    random_words = 4

    def __init__(self, value):
        self.value = value

    @classmethod
    def from_random_words(cls, words):
        assert len(words) == 4 and all(type(word) is int for word in words)
        return cls(Fraction(sum(word << 64 * i for i, word in enumerate(words)), 2**256))


# --- seeding -----------------------------------------------------------------------------------------------------

def test_state_of_seed_0():
    assert list(Xoshiro(0).state) == oracle("Managing Randomness", "state")["values"]


# From the documentation of Julia's Random: rand(Xoshiro(1234), 2), rand!(Xoshiro(123), zeros(5)), randn!(the same)
@pytest.mark.parametrize("number, method, expected", [
    (1234, "random", [0.32597672886359486, 0.5490511363155669]),
    (123, "random",
     [0.521213795535383, 0.5868067574533484, 0.8908786980927811, 0.19090669902576285, 0.5256623915420473]),
    (123, "standard_normal",
     [-0.6457306721039767, -1.4632513788889214, -1.6236037455860806, -0.21766510678354617, 0.4922456865251828]),
])
def test_documented_draws(number, method, expected):
    assert getattr(Xoshiro(number), method)(len(expected)).tolist() == expected


@pytest.mark.parametrize("number, hashed", [
    (0, b"\0\0\0\0"),
    (1, b"\1\0\0\0"),
    (2**32 - 1, b"\xff\xff\xff\xff"),
    (2**32, b"\0\0\0\0\1\0\0\0"),
    (2**64 + 5, b"\5\0\0\0\0\0\0\0\1\0\0\0"),
    (-1, b"\0\0\0\0\1"), # ~(-1) = 0, and the byte of a negative seed
    (-2, b"\1\0\0\0\1"),
    (-(2**32) - 1, b"\0\0\0\0\1\0\0\0\1"),
])
def test_seeding(number, hashed):
    digest = hashlib.sha256(hashed).digest()
    words = [int.from_bytes(digest[i : i + 8], "little") for i in range(0, 32, 8)]
    state = Xoshiro(number).state
    assert list(state[:4]) == words
    assert state[4] == (words[0] + 3 * words[1] + 5 * words[2] + 7 * words[3]) % WORD


def test_integers_of_all_kinds_are_seeds():
    assert Xoshiro(np.int64(-7)) == Xoshiro(-7) and Xoshiro(np.uint8(200)) == Xoshiro(200)


@pytest.mark.parametrize("number", [1.0, "1", [1, 2], np.array([1, 2]), 1j])
def test_other_seeds_are_type_errors(number):
    for start in (Xoshiro, default_rng, lambda n: seed(Xoshiro(0), n)):
        with pytest.raises(TypeError, match="a seed must be an integer"):
            start(number)


# --- the oracle --------------------------------------------------------------------------------------------------

def test_tutorial_arrays():
    rng = Xoshiro(0)
    assert shown(rng.random((5, 3))) == oracle("Arrays", "rand_f64")["text"]
    big = rng.random((5, 3), dtype=Stand)
    assert shown(np.vectorize(lambda number: float(number.value))(big)) == oracle("Arrays", "rand_big")["text"]
    x = rng.random((5, 3), dtype=np.float32)
    assert shown(x) == oracle("Arrays", "rand_f32")["text"]
    assert x[1, 2] == np.float32(oracle("Arrays", "x_2_3")["values"])
    W, x = rng.standard_normal((5, 10)), rng.random(10)
    expected = np.array(oracle("Arrays", "W_times_x")["values"])
    assert (abs(W @ x - expected) <= 4 * np.spacing(abs(expected))).all()


def test_tutorial_randomness():
    rng = Xoshiro(0)
    for i in (1, 2, 3):
        assert replicate(rng).random(10).tolist() == oracle("Managing Randomness", f"replicate_{i}")["values"]
    for i in (1, 2, 3):
        assert rng.random(10).tolist() == oracle("Managing Randomness", f"successive_{i}")["values"]
    v = rng.standard_normal(4, dtype=np.float32)
    assert v.tolist() == np.float32(oracle("Automatic Differentiation", "v")["values"]).tolist()


def test_tutorial_regression():
    rng = Xoshiro(0)
    weight = (rng.random((5, 10), dtype=np.float32) - np.float32(0.5)) * 2 * np.float32(0.5477225) # sqrt(3 / 10)
    assert (weight == np.float32(oracle("Linear Regression", "weight")["values"])).all()
    rng.random(5, dtype=np.float32)
    rng.standard_normal((5, 10), dtype=np.float32)
    b = rng.standard_normal(5, dtype=np.float32)
    assert (b == np.float32(oracle("Linear Regression", "b")["values"])).all()


# --- streams against the reference -------------------------------------------------------------------------------

SIZES = [0, 1, 2, 6, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 256, 257, 1000, 2047, 10_000]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("method", ["random", "standard_normal"])
def test_streams(method, dtype):
    rng, reference = Xoshiro(-3), Reference(Xoshiro(-3).state)
    draw = reference.uniforms if method == "random" else reference.normals
    for count in SIZES: # one after another, so that the state after each is tested by the next
        numbers = getattr(rng, method)(count, dtype=dtype)
        assert numbers.dtype == dtype and (numbers == np.array(draw(count, dtype), dtype=dtype)).all(), count
    assert list(rng.state[:4]) == reference.s


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_long_normals(dtype):
    "Over 10**5 draws there are wedges, rejected wedges and tails, and the fill is cut into many segments."
    count = 120_001
    rng, reference = Xoshiro(5), Reference(Xoshiro(5).state)
    numbers = rng.standard_normal(count, dtype=dtype)
    assert (numbers == np.array(reference.normals(count, dtype), dtype=dtype)).all()
    assert list(rng.state[:4]) == reference.s
    assert (abs(numbers) > 3.6541528853610088).sum() > 10


def test_fill_of_several_pieces(monkeypatch):
    monkeypatch.setattr(randomness, "_PIECE", 2**12)
    for count in (2**12 + 8, 3 * 2**12, 50_001):
        rng, reference = Xoshiro(1), Reference(Xoshiro(1).state)
        assert rng.random(count).tolist() == reference.uniforms(count, np.float64)
        rng, reference = Xoshiro(2), Reference(Xoshiro(2).state)
        words, after = randomness._words(rng.state[:4], count)
        assert words.tolist() == [reference.word() for _ in range(count)] and list(after) == reference.s


def test_pieces_of_the_real_size():
    "Two million words: the first, the last, and those at the seam of two pieces, each lane walked alone."
    count, width = 2**21 + 24, 8
    numbers = Xoshiro(9).random(count)
    seeds, _ = randomness._words(Xoshiro(9).state[:4], 32)
    lanes = (seeds.reshape(4, 8) * randomness._FORK[:, None]).T
    for step in (0, 2**17 - 1, 2**17, 2**17 + 1, 2**18 - 1, 2**18, 2**18 + 2):
        start = randomness._jump(lanes, step)
        expected = [Reference(state).word() for state in start.tolist()]
        assert numbers[width * step : width * (step + 1)].tolist() == [(word >> 11) / 2**53 for word in expected]


def test_jump_is_the_published_one():
    "Blackman and Vigna give the polynomial of a jump by 2**128 steps."
    polynomial = (0x180EC6D33CFD0ABA, 0xD5A61266F0C9392C, 0xA9582618E03FC9AA, 0x39ABDC4529B1661C)
    walker, jumped = Reference(Xoshiro(0).state), [0, 0, 0, 0]
    for word in polynomial:
        for bit in range(64):
            if word >> bit & 1:
                jumped = [a ^ b for a, b in zip(jumped, walker.s)]
            walker.word()
    start = np.array([Xoshiro(0).state[:4]], np.uint64)
    assert randomness._jump(start, 2**128)[0].tolist() == jumped


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 3000), st.integers(-(2**70), 2**70))
def test_jump_is_so_many_steps(steps, number):
    reference = Reference(Xoshiro(number).state)
    start = np.array([reference.s], np.uint64)
    for _ in range(steps):
        reference.word()
    assert randomness._jump(start, steps)[0].tolist() == reference.s


def test_scalars():
    rng, reference = Xoshiro(4), Reference(Xoshiro(4).state)
    assert rng.random() == reference.uniform()
    assert rng.random(dtype=np.float32) == (reference.word() >> 40) / 2**24
    assert rng.standard_normal() == reference.normal()
    assert rng.standard_normal(dtype=np.float32) == np.float32(reference.normal())
    assert rng.random(dtype=Stand).value == Fraction(sum(reference.word() << 64 * i for i in range(4)), 2**256)
    assert list(rng.state[:4]) == reference.s


def test_the_fifth_word_never_changes():
    rng = Xoshiro(0)
    rng.random(100), rng.standard_normal(1000), rng.integers(5, size=9), rng.permutation(7)
    assert rng.state[4] == Xoshiro(0).state[4] and rng.state[:4] != Xoshiro(0).state[:4]


def test_one_call_for_twenty_is_not_two_for_ten():
    a, b = Xoshiro(0), Xoshiro(0)
    assert a.random(20).tolist() != b.random(10).tolist() + b.random(10).tolist()


# --- the ziggurat ------------------------------------------------------------------------------------------------

def test_tables():
    "A few entries as Marsaglia and Tsang's method gives them in other programs, and the strips' equal areas."
    k, w, f = randomness._ziggurat()
    assert [len(k), len(w), len(f)] == [256] * 3
    assert [k[0], k[1], k[2], k[3], k[255]] == [
        0x0007799EC012F7B2, 0, 0x0006045F4C7DE363, 0x0006D1AA7D5EC0A5, 0x00078D2D25998E24]
    assert [w[0], w[1], w[2]] == [1.7367254121602630e-15, 9.5586603514556339e-17, 1.2708704834810623e-16]
    assert [f[0], f[254], f[255]] == [1.0, 2.6090727461021627e-03, 1.2602859304985975e-03]
    x = np.array(w) * 2.0**51
    heights = -np.diff(np.array(f))
    areas = x[1:] * heights # strip i lies between f[i] and f[i - 1], and reaches to x[i]
    np.testing.assert_allclose(areas, areas[0], rtol=1e-11)
    np.testing.assert_allclose(x[0] * f[255], areas[0], rtol=1e-11)


def test_decimal_context_is_left_alone():
    code = "import decimal; before = str(decimal.getcontext()); import lux_nb.randomness as r; r._ziggurat()"
    subprocess.run([sys.executable, "-c", f"{code}; assert str(decimal.getcontext()) == before"], check=True)


def test_normals_are_normal():
    x = Xoshiro(11).standard_normal(10**6)
    n = len(x)
    assert abs(x.mean()) < 4 / math.sqrt(n)
    assert abs(x.var() - 1) < 4 * math.sqrt(2 / n)
    assert abs((x**3).mean()) < 4 * math.sqrt(15 / n)
    assert abs((x**4).mean() - 3) < 4 * math.sqrt(96 / n)
    edges = np.linspace(-4, 4, 81)
    below = np.array([0.5 * math.erfc(-edge / math.sqrt(2)) for edge in edges])
    expected = n * np.diff(below)
    observed, _ = np.histogram(x, edges)
    chi2 = ((observed - expected) ** 2 / expected).sum()
    assert chi2 < 80 + 5 * math.sqrt(2 * 80)
    beyond = n * math.erfc(3.6541528853610088 / math.sqrt(2))
    assert abs((abs(x) > 3.6541528853610088).sum() - beyond) < 5 * math.sqrt(beyond)


def test_uniforms_are_uniform():
    for dtype, digits in ((np.float64, 53), (np.float32, 24)):
        x = Xoshiro(12).random(10**6, dtype=dtype)
        assert x.min() >= 0 and x.max() < 1
        assert (np.float64(x) * 2.0**digits % 1 == 0).all()
        observed, _ = np.histogram(x, np.linspace(0, 1, 101))
        assert ((observed - 10**4) ** 2 / 10**4).sum() < 99 + 5 * math.sqrt(198)


# --- arrays ------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("method", ["random", "standard_normal"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_arrays_are_filled_column_by_column(method, dtype):
    flat = getattr(Xoshiro(0), method)(60, dtype=dtype)
    array = getattr(Xoshiro(0), method)((3, 4, 5), dtype=dtype)
    assert array.flags.f_contiguous and (array.ravel(order="F") == flat).all()
    layouts = [np.zeros((3, 4, 5), dtype), np.zeros((3, 4, 5), dtype, order="F"), np.zeros((6, 4, 5), dtype)[::2],
               np.zeros((4, 3, 5), dtype).swapaxes(0, 1), np.zeros((3, 4, 5), dtype)[::-1]]
    for out in layouts:
        for size in (None, (3, 4, 5)):
            result = getattr(Xoshiro(0), method)(size, dtype=dtype, out=out)
            assert result is out and (out == array).all()


def test_samples_of_the_tutorial_are_c_ordered():
    samples = Xoshiro(0).standard_normal((10, 20), dtype=np.float32).T
    assert samples.shape == (20, 10) and samples.flags.c_contiguous and samples.dtype == np.float32


def test_scalar_types_of_ones_own():
    flat = Xoshiro(0).random(6, dtype=Stand)
    array = Xoshiro(0).random((2, 3), dtype=Stand)
    assert array.dtype == object and array.flags.f_contiguous
    assert [a.value for a in array.ravel(order="F")] == [a.value for a in flat]
    out = np.empty((2, 3), object)
    assert Xoshiro(0).random(dtype=Stand, out=out) is out and out[1, 0].value == flat[1].value
    assert Xoshiro(0).random((), dtype=Stand).shape == () and Xoshiro(0).random(0, dtype=Stand).shape == (0,)
    with pytest.raises(TypeError):
        Xoshiro(0).random(2, dtype=Stand, out=np.zeros(2))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 6), max_size=4).map(tuple), st.sampled_from([np.float32, np.float64]))
def test_any_shape(shape, dtype):
    for method in ("random", "standard_normal"):
        array = getattr(Xoshiro(0), method)(shape, dtype=dtype)
        assert type(array) is np.ndarray and array.shape == shape and array.dtype == dtype


# --- the same arguments, results of the same type, errors of the same type as NumPy's -----------------------------

def same_behaviour(call):
    "Whether ours and NumPy's generator return the same kind of thing, or raise the same kind of error."
    outcomes = []
    for rng in (Xoshiro(0), np.random.default_rng(0)):
        try:
            result = call(rng)
            outcomes.append((type(result), getattr(result, "dtype", None), getattr(result, "shape", None)))
        except Exception as error:
            outcomes.append(type(error))
    return outcomes[0] == outcomes[1], outcomes


CALLS = """
random() random(()) random(3) random((2, 3)) random([2, 3]) random(np.int64(2)) random(np.array(2)) random(0)
random(3.0) random((2, 3.0)) random(-1) random((2, -1)) random("a") random((2, None))
random(dtype=np.float32) random((), dtype="f4") random(2, dtype="d") random(dtype=None) random(dtype="float32")
random(dtype=int) random(dtype=">f8") random(dtype=np.float16) random(dtype="nonsense") random(dtype=complex)
random(out=np.zeros(2)) random(2, out=np.zeros(2)) random((2,), out=np.zeros(2)) random(out=np.zeros(()))
random(3, out=np.zeros(2)) random(2, out=np.zeros((2, 1))) random(out=[0.0, 0.0])
random(out=np.zeros(2), dtype=np.float32) random(out=np.zeros(2, np.float32)) random(out=np.broadcast_to(0.0, 2))
standard_normal() standard_normal(()) standard_normal((2, 3), np.float32) standard_normal(dtype=np.float32)
standard_normal(dtype=int) standard_normal(-1) standard_normal(2.0) standard_normal(3, out=np.zeros(2))
standard_normal(out=np.zeros((2, 2), np.float32), dtype="f")
uniform() uniform(1, 2) uniform(1, 2, 3) uniform([0, 1], 2) uniform([0, 1], [[2], [3]]) uniform([0, 1], 2, (3, 2))
uniform(0, 1, ()) uniform(size=(2, 2)) uniform(high=5) uniform(np.float32(0), 1, 2) uniform(3, 3)
uniform(1, 0) uniform([0, 2], 1) uniform(0, np.inf) uniform(np.nan, 1) uniform(-1e308, 1e308) uniform([0, 1], 2, 3)
uniform([0, 1], 2, ()) uniform("a") uniform(1j) uniform(0, 1, -1)
normal() normal(1) normal(1, 2) normal([0.0, 1]) normal(0, 1, (2, 3)) normal([0, 1], 1, (3, 2)) normal(0, 0, 2)
normal(0, -1) normal([0, 1], [1, -1]) normal([0, 1], 1, 3) normal(0, np.nan) normal("a")
integers(3) integers(1, 3) integers(-5, 5, 4) integers(5, size=(2, 3)) integers(5, size=())
integers(3, 3, endpoint=True)
integers(3, dtype=np.int8) integers(2, dtype=bool) integers(3, dtype=int) integers(3, dtype="u2") 
integers(2, size=3, dtype=bool)
integers(0, 2**64, dtype=np.uint64) integers(-(2**63), 2**63) integers(128, dtype=np.int8) integers(0, size=0)
integers([1, 2], [5, 6]) integers([1, 2], [[5], [6]]) integers([1, 2], 5, (3, 2)) integers(0, [2**64], dtype=np.uint64)
integers(0) integers(3, 1) integers(3, 3) integers(-1) integers([1, 2], [5, 2]) integers([1, 2], 5, 3)
integers(5, size=-1)
integers(200, dtype=np.int8) integers(128, dtype=np.int8, endpoint=True) integers(-200, 2, dtype=np.int8)
integers(2**64) integers(3, dtype=float) integers(3, dtype=bool) integers(5, size=2.0)
permutation(5) permutation(0) permutation(np.int64(3)) permutation([3, 1, 2]) permutation(["a", "b"])
permutation(np.eye(3)) permutation(np.eye(3), axis=1) permutation(np.eye(3), axis=-1) permutation(np.eye(3), axis=2)
shuffle([1, 2]) shuffle(np.arange(4)) shuffle(np.eye(3), axis=1) shuffle(np.eye(3), axis=2) shuffle(5) shuffle("ab")
shuffle((1, 2)) shuffle(np.array(5)) shuffle([1, 2], axis=1) shuffle(np.broadcast_to(1, 3)) shuffle(None)
shuffle(range(3))
choice(5) choice(5, 3) choice(5, (2, 2)) choice(5, 3, False) choice([1, 2, 3]) choice([1.5, 2.5], ()) choice(["a", "b"])
choice(5, 2, p=[0.2] * 5) choice(5, 2, replace=False, p=[0.2] * 5) choice(np.eye(3)) choice(np.eye(3), 2)
choice(np.eye(3), 2, axis=1) choice(np.array(3)) choice([], 0) choice(5, 0) choice(3, p=[0.5, 0.5, 0])
choice(0) choice([]) choice(-1) choice(2.0) choice("abc") choice(5, 6, replace=False) choice(5, p=[0.5, 0.5])
choice(2, p=[0.5, 0.4]) choice(2, p=[1.5, -0.5]) choice(2, p=[np.nan, 1]) choice(2, p=[[0.5, 0.5]]) choice(5, -1)
choice(3, 3, replace=False, p=[0.5, 0.5, 0]) choice(5, 3, False, shuffle=False) choice(5, 2.0)
"""


def calls():
    "The calls above, one by one: they are separated where a blank stands outside all brackets."
    text, depth, call = " ".join(CALLS.split("\n")), 0, ""
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        if character == " " and depth == 0:
            if call:
                yield call
            call = ""
        else:
            call += character


@pytest.mark.parametrize("call", list(calls()))
def test_as_numpy_does(call):
    same, outcomes = same_behaviour(lambda rng: eval(f"rng.{call}", {"np": np, "rng": rng}))
    assert same, outcomes


def test_what_there_is_not():
    for name in ("gamma", "spawn", "bit_generator"):
        with pytest.raises(AttributeError):
            getattr(Xoshiro(0), name)


@pytest.mark.parametrize("bound", [2.5, [1.5, 2.5], "a", None])
def test_bounds_of_integers_must_be_integers(bound):
    with pytest.raises(TypeError, match="integers: a bound must be an integer"):
        Xoshiro(0).integers(bound)


def test_a_failed_call_draws_nothing():
    rng = Xoshiro(0)
    for call in (lambda: rng.random(-1), lambda: rng.integers(0), lambda: rng.random(2, out=np.zeros(3)),
                 lambda: rng.permutation(-1), lambda: rng.choice(3, 4, replace=False)):
        with pytest.raises(ValueError):
            call()
    assert rng == Xoshiro(0)


# --- integers, orders, choices -----------------------------------------------------------------------------------

@settings(max_examples=100, deadline=None)
@given(st.data(), st.sampled_from([np.int8, np.uint8, np.int16, np.uint32, np.int64, np.uint64]))
def test_integers_stay_in_range(data, dtype):
    info = np.iinfo(dtype)
    low, high = sorted(data.draw(st.tuples(*[st.integers(int(info.min), int(info.max))] * 2)))
    numbers = Xoshiro(0).integers(low, high, size=50, dtype=dtype, endpoint=True)
    assert numbers.dtype == dtype and numbers.min() >= low and numbers.max() <= high


def test_integers_are_fair():
    for low, high in ((0, 6), (-3, 4), (10, 11), (0, 1000)):
        counts = np.bincount(Xoshiro(1).integers(low, high, size=10**5) - low, minlength=high - low)
        expected = 10**5 / (high - low)
        assert len(counts) == high - low
        assert ((counts - expected) ** 2 / expected).sum() < (high - low) + 5 * math.sqrt(2 * (high - low))


def test_integers_are_redrawn_not_folded():
    "A range of 3 * 2**62: remainders alone would make the lower third twice as likely."
    numbers = Xoshiro(2).integers(0, 3 * 2**62, size=30_000, dtype=np.uint64)
    assert numbers.max() < 3 * 2**62
    for third in range(3):
        assert abs((numbers // 2**62 == third).mean() - 1 / 3) < 0.02


def test_integers_with_all_bits():
    numbers = Xoshiro(3).integers(0, 2**64, size=1000, dtype=np.uint64)
    assert (numbers == Xoshiro(3).integers(-(2**63), 2**63, size=1000).view(np.uint64) ^ np.uint64(2**63)).all()
    assert numbers.max() > 2**63 > numbers.min()


def test_integers_with_array_bounds():
    low, high = np.array([0, 10, -5]), np.array([[1], [1000]])
    high = np.maximum(high, low + 1)
    numbers = Xoshiro(0).integers(low, high, size=(400, 2, 3))
    assert (numbers >= low).all() and (numbers < high).all() and (numbers[:, 0, 0] == 0).all()
    assert numbers[:, 1, 0].max() > 900


def test_orders_are_fair():
    rng, seen = Xoshiro(0), {}
    for _ in range(6000):
        order = tuple(rng.permutation(3).tolist())
        seen[order] = seen.get(order, 0) + 1
    assert len(seen) == 6 and all(abs(times - 1000) < 150 for times in seen.values())


def test_equal_words_are_drawn_again(monkeypatch):
    words = iter([[5, 5, 1], [2, 1, 3]])
    monkeypatch.setattr(randomness, "_bulk", lambda state, size: (np.array(next(words), np.uint64), state))
    assert Xoshiro(0).permutation(3).tolist() == [1, 0, 2]


def test_permutation_and_shuffle():
    x = np.arange(24).reshape(4, 6)
    original = x.copy()
    for axis in (0, 1):
        permuted = Xoshiro(0).permutation(x, axis)
        assert (x == original).all() and permuted.shape == x.shape
        assert sorted(permuted.take(0, 1 - axis).tolist()) == x.take(0, 1 - axis).tolist()
        shuffled = x.copy()
        assert Xoshiro(0).shuffle(shuffled, axis) is None
        assert (shuffled == permuted).all()
    items = [[1], "a", None, 4.0]
    shuffled = list(items)
    Xoshiro(1).shuffle(shuffled)
    assert all(any(a is b for b in items) for a in shuffled) and len(shuffled) == 4
    view = np.arange(10)[::2]
    Xoshiro(0).shuffle(view)
    assert sorted(view.tolist()) == [0, 2, 4, 6, 8]


def test_choices():
    rng = Xoshiro(0)
    p = np.array([0.5, 0.2, 0.0, 0.3])
    counts = np.bincount(rng.choice(4, 40_000, p=p), minlength=4)
    assert counts[2] == 0 and (abs(counts / 40_000 - p) < 0.015).all()
    assert sorted(rng.choice(10, 10, replace=False).tolist()) == list(range(10))
    pairs = np.array([rng.choice(3, 2, replace=False, p=[0.6, 0.3, 0.1]) for _ in range(4000)])
    assert (pairs[:, 0] != pairs[:, 1]).all()
    assert abs((pairs[:, 0] == 0).mean() - 0.6) < 0.04
    both = (pairs == [0, 1]).all(axis=1).mean()
    assert abs(both - 0.6 * 0.3 / 0.4) < 0.04


# --- generators as values ----------------------------------------------------------------------------------------

def test_repr_is_the_state():
    rng = Xoshiro(0)
    words = ", ".join(oracle("Managing Randomness", "state")["text"])
    assert repr(rng) == f"Xoshiro({words})" and eval(repr(rng)) == rng
    assert Xoshiro(*rng.state[:4]) == rng # the fifth word follows from the four


@pytest.mark.parametrize("words", [(1, 2), (1, 2, 3), (0, 0, 0, 0), (1, 2, 3, WORD), (-1, 2, 3, 4), (1, 2, 3, 4, 5, 6)])
def test_impossible_states(words):
    with pytest.raises(ValueError, match="a state is 4 or 5 words below"):
        Xoshiro(*words)
    rng = Xoshiro(0)
    with pytest.raises(ValueError):
        rng.state = words
    assert rng == Xoshiro(0)
    with pytest.raises(TypeError, match="a word of the state must be an integer"):
        rng.state = (1.0, 2, 3, 4)


@pytest.mark.parametrize("copied", [replicate, copy.copy, copy.deepcopy, lambda rng: pickle.loads(pickle.dumps(rng))])
@pytest.mark.parametrize("make", [Xoshiro, np.random.default_rng])
def test_copies(copied, make):
    if copied is copy.copy and make is not Xoshiro:
        pytest.skip("NumPy's own shallow copy shares its state")
    rng = make(3)
    rng.random(5)
    other = copied(rng)
    assert type(other) is type(rng) and other is not rng
    ahead = other.random(100)
    assert (rng.random(100) == ahead).all()
    rng.random()
    assert other.random() != rng.random()


def test_copies_in_structures():
    rng = Xoshiro(0)
    tree = {"a": rng, "b": [rng, 1]}
    other = copy.deepcopy(tree)
    assert other["a"] is other["b"][0] and other["a"] is not rng and other["a"] == rng


def test_copies_of_a_subclass():
    class Mine(Xoshiro):
        pass
    assert type(replicate(Mine(0))) is Mine and Mine(0) != Xoshiro(0)


@pytest.mark.parametrize("value", [0, None, "rng", np.random, np.random.PCG64(0)])
def test_only_generators_are_copied_and_seeded(value):
    with pytest.raises(TypeError, match="replicate copies a Xoshiro or a numpy.random.Generator"):
        replicate(value)
    with pytest.raises(TypeError, match="seed restarts a Xoshiro or a numpy.random.Generator"):
        seed(value, 0)


def test_equality():
    assert Xoshiro(0) == Xoshiro(0) != Xoshiro(1)
    assert Xoshiro(0) != 0 and Xoshiro(0) != Xoshiro(0).state
    state = Xoshiro(0).state
    assert Xoshiro(*state[:4], 1) != Xoshiro(0)
    with pytest.raises(TypeError):
        hash(Xoshiro(0))


def test_seed():
    rng = Xoshiro(5)
    rng.random(3)
    assert seed(rng, 0) is rng and rng == Xoshiro(0)
    assert seed(rng, -9) == Xoshiro(-9)
    assert seed(rng, None) != seed(Xoshiro(0), None)
    theirs = np.random.default_rng(5)
    theirs.random(3)
    assert seed(theirs, 7) is theirs and theirs.random() == np.random.default_rng(7).random()
    philox = np.random.Generator(np.random.Philox(1))
    assert seed(philox, 2).random() == np.random.Generator(np.random.Philox(2)).random()


def test_default_rng():
    assert default_rng(0) == Xoshiro(0) and default_rng(0) is not default_rng(0)
    assert default_rng() != default_rng() and Xoshiro() != Xoshiro()
    for rng in (Xoshiro(0), np.random.default_rng(0)):
        assert default_rng(rng) is rng


def test_threads_share_a_generator():
    "Each draw of 10 numbers is whole, whichever thread makes it: together they are the draws of one thread."
    shared, alone, drawn = Xoshiro(0), Xoshiro(0), []

    def work():
        for _ in range(100):
            drawn.append(tuple(shared.random(10).tolist()))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(drawn) == sorted(tuple(alone.random(10).tolist()) for _ in range(400))
    assert shared == alone


def test_import_is_light():
    "No tables are made before they are needed."
    code = ("import sys, numpy; before = set(sys.modules); import lux_nb.randomness as r; "
            "new = set(sys.modules) - before; assert not new & {'matplotlib', 'cupy', 'IPython'}, new; "
            "assert r._ziggurat.cache_info().currsize == r._jump_table.cache_info().currsize == 0")
    subprocess.run([sys.executable, "-c", code], check=True)
