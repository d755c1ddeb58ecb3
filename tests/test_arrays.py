"""BigFloat keeps its 256 bits in every operation and every thread; the display writes the tutorial's digits."""
import copy
import json
import math
import operator
import pickle
import subprocess
import sys
import threading
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import gmpy2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lux_nb.arrays import BigFloat, array_text, big, number_text, show

ORACLE = json.loads((Path(__file__).parent / "oracle.json").read_text(encoding="utf-8"))
ENTRIES = [entry for section in ORACLE.values() for entry in section]

words = st.tuples(*[st.integers(0, 2**64 - 1)] * 4)
floats = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def big_floats(draw):
    "Numbers with 256 random bits, over 200 binary orders of magnitude, of both signs."
    exponent, sign = draw(st.integers(-100, 100)), draw(st.sampled_from([-1, 1]))
    return sign * BigFloat.from_random_words(draw(words)) * BigFloat(2) ** exponent


def exactly(x) -> Fraction:
    return Fraction(*x.as_integer_ratio())


def nearest(exact: Fraction, bits: int = 256) -> Fraction:
    "The rational number rounded to so many significant bits, ties to even, by integers alone."
    if exact == 0: return exact
    shift = bits - (abs(exact.numerator).bit_length() - exact.denominator.bit_length())
    shift -= abs(exact) * Fraction(2) ** shift >= 2**bits
    return round(exact * Fraction(2) ** shift) / Fraction(2) ** shift


# --- construction -----------------------------------------------------------------------------------------------------

@given(st.integers(-(2**256) + 1, 2**256 - 1))
def test_integers_of_256_bits_are_exact(n):
    assert BigFloat(n) == n and int(BigFloat(n)) == n and hash(BigFloat(n)) == hash(n)


@given(floats)
def test_floats_are_exact_there_and_back(x):
    assert BigFloat(x) == x and float(BigFloat(x)) == x and hash(BigFloat(x)) == hash(x)


@given(st.fractions())
def test_fractions_are_rounded_once(x):
    assert exactly(BigFloat(x)) == nearest(x)


@pytest.mark.parametrize("x", [True, np.True_, np.int8(-3), np.uint64(2**64 - 1), np.float16(0.1), np.float32(0.1),
                               np.float64(0.1), Fraction(3, 8), Decimal("0.5"), BigFloat(7)], ids=repr)
def test_real_numbers_are_taken_as_they_are(x):
    assert BigFloat(x) == BigFloat(Fraction(*x.as_integer_ratio()) if hasattr(x, "as_integer_ratio") else int(x))


def test_long_doubles_are_exact():
    x = np.longdouble(1) / 3
    assert exactly(BigFloat(x)) == Fraction(*x.as_integer_ratio())
    assert float(BigFloat(np.longdouble("-inf"))) == -math.inf and BigFloat(np.longdouble("nan")) != 0


def test_numerals_are_rounded_at_256_bits():
    assert exactly(BigFloat("0.1")) == nearest(Fraction(1, 10)) != exactly(BigFloat(0.1))
    assert BigFloat(" 1_000.5e1 ") == 10005 and BigFloat("-Infinity") == -math.inf and BigFloat("nan") != BigFloat("nan")
    assert BigFloat() == 0 and BigFloat(Decimal("0.1")) == BigFloat("0.1")


@pytest.mark.parametrize("text", ["", "abc", "0x10", "1@5", "1/3", "١", "1,5"])
def test_other_text_is_refused(text):
    with pytest.raises(ValueError, match="BigFloat needs a decimal number such as '0.1'"):
        BigFloat(text)


@pytest.mark.parametrize("x", [1j, np.complex64(1), None, [1], np.ones(2), b"1", np.datetime64("2020-01-01")], ids=repr)
def test_what_is_no_real_number_is_refused(x):
    with pytest.raises(TypeError, match=f"BigFloat needs a real number .* got {type(x).__name__}: use big"):
        BigFloat(x)


@given(words)
def test_random_words_are_the_bits_of_the_number(four):
    x = BigFloat.from_random_words(four)
    assert exactly(x) == Fraction(sum(word << 64 * i for i, word in enumerate(four)), 2**256) and 0 <= x < 1
    assert BigFloat.random_words == 4 and BigFloat.from_random_words(np.array(four, dtype=np.uint64)) == x


# --- arithmetic -------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("f", [operator.add, operator.sub, operator.mul, operator.truediv])
@given(big_floats(), big_floats() | floats.filter(lambda x: abs(x) > 1e-100) | st.integers() | st.fractions())
def test_operators_round_once_on_either_side(f, x, y):
    for left, right in (x, y), (y, x):
        if f is operator.truediv and right == 0: continue
        p, q = (exactly(BigFloat(side) if isinstance(side, Fraction) else side) for side in (left, right))
        assert exactly(f(left, right)) == nearest(f(p, q))


@given(big_floats(), big_floats() | st.integers(-(10**9), 10**9) | floats)
def test_comparisons_are_exact(x, y):
    for f in operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne:
        assert f(x, y) is f(exactly(x), exactly(y)) and f(y, x) is f(exactly(y), exactly(x))


@given(st.integers(-(10**30), 10**30), st.integers(-(10**9), 10**9).filter(bool))
def test_floor_division_is_that_of_integers(n, m):
    assert divmod(BigFloat(n), m) == divmod(n, m) == divmod(n, BigFloat(m))


@given(big_floats(), big_floats().filter(bool))
def test_remainder_lies_between_zero_and_the_divisor(x, y):
    quotient, remainder = divmod(x, y)
    assert quotient == round(quotient) and (0 <= remainder <= y or y <= remainder <= 0)
    assert abs(exactly(quotient) * exactly(y) + exactly(remainder) - exactly(x)) <= (abs(exactly(x)) + abs(exactly(y))) / 2**254


@pytest.mark.parametrize("x, y", [(1.0, 0.0), (-1.0, 0.0), (0.0, 0.0), (math.inf, 2.0), (-2.0, math.inf), (2.0, -math.inf),
                                  (-7.0, 7.0), (7.0, -7.0), (0.0, math.inf), (math.nan, 1.0), (5.5, -2.0)])
@pytest.mark.parametrize("f", [operator.truediv, operator.floordiv, operator.mod])
def test_special_values_divide_as_in_numpy(f, x, y):
    with np.errstate(all="ignore"):
        expected = f(np.float64(x), np.float64(y))
    np.testing.assert_array_equal(float(f(BigFloat(x), y)), expected)
    assert np.signbit(float(f(BigFloat(x), y))) == np.signbit(expected) or np.isnan(expected)


def test_powers_and_overflow():
    assert BigFloat(2) ** 0.5 == BigFloat(2).sqrt() and 2 ** BigFloat(10) == 1024 and BigFloat(-2) ** 3 == -8
    assert np.isnan(float(BigFloat(-8) ** 0.5)) and BigFloat(10) ** 10**12 == math.inf and BigFloat(0) ** 0 == 1
    assert BigFloat(1) / 0 == math.inf and -BigFloat(1) / 0 == -math.inf


def test_unary_operators_and_truth():
    x = BigFloat("-0.1")
    assert +x == x and -x == BigFloat("0.1") == abs(x) and bool(x) and not BigFloat(0) and bool(BigFloat("nan"))
    assert x.real == x and x.imag == 0 and x.conjugate() == x and complex(BigFloat(0.5)) == 0.5


def test_nothing_is_mixed_with_complex_numbers_or_text():
    for y in 1j, "1", [1], None:
        with pytest.raises(TypeError):
            BigFloat(1) + y
        assert BigFloat(1) != y
    with pytest.raises(TypeError):
        BigFloat(1) < 1j


# --- threads ----------------------------------------------------------------------------------------------------------

def every_operation() -> list:
    "What the arithmetic, the functions, the conversions and the texts give, as plain values."
    x, y = BigFloat("0.1"), BigFloat(1) / 3
    numbers = [x + y, x - y, x * y, x / y, y // x, y % x, x**y, 2**x, x + 0.1, 0.1 * y, 10**30 + y, x / Fraction(1, 7), -x, abs(-x),
               x**Fraction(1, 7), x % Fraction(1, 70), np.hypot(x, 0.1), *big([0.1, 10**30, "0.1"]), round(y, 20),
               BigFloat.from_random_words([2**64 - 1, 1, 2, 3])]
    numbers += [getattr(y, name)() for name in FUNCTIONS]
    return [exactly(number) for number in numbers] + [float(y), str(y), f"{y:.5f}", f"{y:.5e}", number_text(y, 6), int(y * 7),
                                                      math.floor(y * 7), math.ceil(y), round(y * 10)]


FUNCTIONS = ("sqrt cbrt exp exp2 expm1 log log2 log10 log1p sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arctanh "
             "rint fabs degrees radians rad2deg deg2rad").split()


@pytest.mark.parametrize("rounding", [gmpy2.RoundToNearest, gmpy2.RoundUp, gmpy2.RoundToZero])
def test_the_context_of_the_thread_has_no_say(rounding):
    expected, found = every_operation(), []

    def work():
        gmpy2.get_context().precision = 5
        gmpy2.get_context().round = rounding
        found.extend(every_operation())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == expected


def test_the_context_of_the_thread_is_left_alone():
    before = str(gmpy2.get_context())
    every_operation()
    assert str(gmpy2.get_context()) == before


# --- NumPy ------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("name", FUNCTIONS + ["arccosh", "arctan2", "hypot", "fmod", "negative", "positive", "absolute", "square",
                                              "reciprocal", "conjugate", "maximum", "minimum", "add", "divide", "power"])
def test_ufuncs_of_object_arrays_give_the_function_in_256_bits(name):
    f = getattr(np, name)
    samples = np.array([[1.25, 2.5, 1.0]] if name == "arccosh" else [[0.25, 0.75, 0.5]])
    values = f(*[big(samples)] * f.nin)
    assert values.shape == samples.shape and all(type(value) is BigFloat for value in values.flat)
    np.testing.assert_allclose(values.astype(np.float64), f(*[samples] * f.nin), rtol=1e-14, atol=1e-15)


def test_functions_are_right_to_the_last_bits():
    x = big(["0.1", "0.7", "2.3"])
    tolerance = 8 * BigFloat.epsilon
    for there, back in (np.exp, np.log), (np.sinh, np.arcsinh), (np.expm1, np.log1p), (np.exp2, np.log2), (np.cbrt, lambda y: y**3):
        assert np.all(np.abs(back(there(x)) - x) < tolerance * x)
    assert np.all(np.abs(np.sin(x) ** 2 + np.cos(x) ** 2 - 1) < tolerance)
    pi = "3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803"
    assert 4 * np.arctan(BigFloat(1)) == BigFloat(pi) == np.radians(BigFloat(180))


@pytest.mark.parametrize("scalar", [np.float64, np.float32, np.float16, np.longdouble, np.int64, np.uint8], ids=lambda t: t.__name__)
@pytest.mark.parametrize("f", [operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod,
                               operator.pow])
def test_numpy_scalars_on_either_side(scalar, f):
    x = BigFloat(7) / 3
    for result, expected in (f(scalar(2), x), f(BigFloat(2), x)), (f(x, scalar(2)), f(x, BigFloat(2))):
        assert type(result) is BigFloat and result == expected
    assert (scalar(2) < x) is True and (x > scalar(2)) is True and scalar(2) == BigFloat(2) == scalar(2)


def test_arrays_on_either_side():
    x, y = np.arange(3.0), BigFloat("0.1")
    for result in x + y, y + x, big(x) + y, y + big(x), big(x) + 0 * x + y:
        assert result.dtype == object and all(value == BigFloat(i) + y for i, value in enumerate(result))
    assert np.array_equal(y < x, [False, True, True]) and np.array_equal(x <= big(x), [True] * 3)
    with pytest.raises(TypeError): # a float array cannot hold the digits, and does not pretend to
        x += big(x)


def test_products_and_reductions_keep_all_bits():
    rng = np.random.default_rng(0)
    a, b = rng.random((3, 4)), rng.random((4, 2))
    A, B = big(a), big(b)
    exact = np.array([[sum(Fraction(p) * Fraction(q) for p, q in zip(row, column)) for column in b.T] for row in a])
    for product in A @ B, np.matmul(A, B), np.dot(A, B), np.einsum("ij,jk->ik", A, B), A @ b, a @ B, np.tensordot(A, B, 1):
        assert all(abs(exactly(p) - q) <= q / 2**250 for p, q in zip(product.flat, exact.flat))
    total = sum(map(Fraction, a.ravel()))
    assert exactly(A.sum()) == total and exactly(A.sum(axis=0).sum()) == total
    assert abs(exactly(A.mean()) - total / 12) < Fraction(1, 2**250) and type(A.std()) is BigFloat


def test_order_and_selection():
    a = np.random.default_rng(1).random((3, 4))
    A = big(a)
    np.testing.assert_array_equal(np.sort(A, axis=1).astype(np.float64), np.sort(a, axis=1))
    np.testing.assert_array_equal(np.argsort(A, axis=0), np.argsort(a, axis=0))
    assert A.max() == a.max() and A.argmin() == a.argmin() and np.median(A) == np.median(big(a))
    assert np.array_equal(np.maximum(A, big(0.5)) == 0.5, a <= 0.5) and np.array_equal(np.clip(A, 0.2, 0.6), np.clip(a, 0.2, 0.6))


def test_big_keeps_shapes_and_takes_text():
    assert big(np.zeros((2, 0, 3))).shape == (2, 0, 3) and big(0.5) == 0.5 and type(big(np.array(0.5))) is BigFloat
    x = big([["0.1", "1e-400"]])
    assert x.dtype == object and x[0, 0] == BigFloat("0.1") and x[0, 1] > 0 and np.array_equal(big(x), x)
    assert np.isnan(float(big([np.nan])[0]))
    with pytest.raises(TypeError, match="got complex"):
        big([1j])


def test_linear_algebra_says_that_it_cannot():
    with pytest.raises(TypeError):
        np.linalg.inv(big(np.eye(2)))


# --- conversion back --------------------------------------------------------------------------------------------------

@given(big_floats())
def test_float_is_the_nearest(x):
    assert Fraction(float(x)) == nearest(exactly(x), 53) and big([x]).astype(np.float64)[0] == float(x)


def test_float_at_the_ends_of_its_range():
    assert float(BigFloat("1e400")) == math.inf and float(BigFloat("-1e400")) == -math.inf
    assert float(BigFloat("2.4e-324")) == 0.0 and float(BigFloat("2.5e-324")) == 5e-324
    tie = BigFloat(2) ** -1074 * 1.5
    assert float(tie) == 2 * 5e-324 and float(tie - BigFloat(2) ** -1300) == 5e-324 # one rounding, not two


@pytest.mark.parametrize("x", [2.5, 3.5, -2.5, -2.7, 0.0, 1e20])
def test_whole_numbers_as_of_a_float(x):
    for f in int, math.trunc, math.floor, math.ceil, round:
        assert f(BigFloat(x)) == f(x) and type(f(BigFloat(x))) is int
    assert round(BigFloat("2.675"), 2) in (BigFloat("2.67"), BigFloat("2.68")) and round(BigFloat("1234.5"), -2) == 1200


@pytest.mark.parametrize("f", [int, math.trunc, math.floor, math.ceil, round])
def test_infinity_and_nan_are_not_whole(f):
    with pytest.raises(OverflowError, match="infinity"):
        f(BigFloat("inf"))
    with pytest.raises(ValueError, match="NaN"):
        f(BigFloat("nan"))
    assert round(BigFloat("inf"), 2) == math.inf


# --- text -------------------------------------------------------------------------------------------------------------

@given(big_floats())
def test_texts_read_back(x):
    assert BigFloat(str(x)) == x == eval(repr(x)) == pickle.loads(pickle.dumps(x)) == copy.deepcopy(x)
    assert len(str(x).partition("e")[0].replace(".", "").strip("-0")) <= 79


@given(st.decimals(allow_nan=False, allow_infinity=False, places=30, min_value=-(10**40), max_value=10**40))
def test_what_was_written_shortly_is_shown_shortly(x):
    assert Decimal(str(BigFloat(x))) == x


def test_text_of_special_values():
    assert [str(BigFloat(x)) for x in ("inf", "-inf", "nan", "0", "-0", "1e20", "1e-5")] == \
        ["inf", "-inf", "nan", "0.0", "-0.0", "1.0e20", "1.0e-5"]
    assert repr(BigFloat("0.1")) == "BigFloat('0.1')" and str(pickle.loads(pickle.dumps(BigFloat("-0")))) == "-0.0"


@pytest.mark.parametrize("spec", [".10f", "10.3f", ">20.3f", "<20.3g", "^20.2e", "+.2e", "012.3f", ".1%", "e", "g", "f", " .3f", ".0f", "<8.0f", "8.0f", "*^12.2f", "08.0f", "+010.1e", ".0e", ".0%", ".4g", "g>9.4g", ".8"])
def test_format_specifications_as_of_a_float(spec):
    for x in 1234.5625, -1234.5625, 3.0:
        assert format(BigFloat(x), spec) == format(x, spec)


@pytest.mark.parametrize("spec", ["x", ",.2f", ".f", "abc"])
def test_other_formats_are_refused(spec):
    with pytest.raises(ValueError, match=f"BigFloat takes formats such as '.10f', .* got '{spec}'"):
        format(BigFloat(1), spec)


def test_format_without_precision_keeps_every_digit():
    assert f"{BigFloat('0.1')}" == "0.1" and f"{BigFloat('0.1'):>6}" == f"{BigFloat('0.1'):6}" == "   0.1"
    assert f"{BigFloat(2):+}" == "+2.0" and f"{BigFloat(-2):*<6}" == "-2.0**" and f"{BigFloat(1) / 3:.70f}" == "0." + "3" * 70


# --- display ----------------------------------------------------------------------------------------------------------

def leaves(entry) -> list:
    "The texts of an entry beside its values."
    flat = lambda tree: [leaf for branch in tree for leaf in flat(branch)] if isinstance(tree, list) else [tree]
    return list(zip(flat(entry["text"]), flat(entry["values"])))


@pytest.mark.parametrize("entry", [e for e in ENTRIES if e["display"] in ("compact6", "shortest", "int")], ids=lambda e: e["name"])
def test_numbers_are_written_as_in_the_tutorial(entry):
    kinds = {"Float32": np.float32, "Float64": np.float64, "BigFloat": lambda value: BigFloat(str(value))}
    for text, value in leaves(entry):
        number = kinds.get(entry["dtype"], int)(value)
        shown = text.replace("f", "e") # Julia marks the exponent of a Float32 with f when it shows it, with e when it prints it
        assert number_text(number, 6 if entry["display"] == "compact6" else None) == shown


@pytest.mark.parametrize("x, text, six", [
    (0.1 + 0.2, "0.30000000000000004", "0.3"), (1e-4, "0.0001", "0.0001"), (9.99e-5, "9.99e-5", "9.99e-5"), (1e6, "1.0e6", "1.0e6"),
    (999999.7, "999999.7", "1.0e6"), (123456.0, "123456.0", "123456.0"), (-0.0, "-0.0", "-0.0"), (np.inf, "inf", "inf"),
    (np.nan, "nan", "nan"), (np.float32(1) / 3, "0.33333334", "0.333333"), (np.float16(0.1), "0.1", "0.1"), (1 - 2e-9j, "1.0-2.0e-9j", "1.0-2.0e-9j"),
    (np.complex64(1 / 3), "0.33333334+0.0j", "0.333333+0.0j"), (True, "True", "True"), (10**30, str(10**30), str(10**30)),
    (BigFloat("0.1"), "0.1", "0.1"), (BigFloat(2) / 3, "0." + "6" * 76 + "7", "0.666667"), (Fraction(1, 3), "1/3", "1/3"), ("a", "a", "a"),
], ids=repr)
def test_text_of_one_number(x, text, six):
    assert number_text(x) == text if not isinstance(x, BigFloat) else BigFloat(number_text(x)) == x
    assert number_text(x, 6) == six


@given(st.floats(allow_nan=False), st.floats(width=32, allow_nan=False))
def test_shortest_digits_read_back(x, y):
    assert float(number_text(x)) == x and np.float32(number_text(np.float32(y))) == y


def test_layout_of_arrays():
    assert array_text([[0.455238, 1e-7], [123456.0, -2.0]]) == "[[     0.455238      1.0e-7  ]\n [123456.0          -2.0     ]]"
    assert array_text(np.array(3.0)) == "3.0" and array_text(np.zeros((0, 3))) == "[]" and array_text([True, False]) == "[ True False]"
    assert array_text(np.arange(2000)) == "[   0    1    2 ... 1997 1998 1999]"
    assert array_text(np.zeros((1, 1, 2))) == "[[[0.0 0.0]]]" and array_text(big([[0.5, 2]])) == "[[0.5 2.0]]"


@pytest.mark.parametrize("x, line", [
    (np.zeros((5, 3)), "5x3 array of float64"), (np.zeros(4, np.float32), "4-element array of float32"),
    (np.zeros((4, 1)), "4x1 array of float64"), (big(np.zeros((2, 2))), "2x2 array of BigFloat"), (np.array(1), "0-d array of int64"),
    (np.array([1, 0.5], object), "2-element array of object"), ([[1j]], "1x1 array of complex128"), (np.zeros((2, 0)), "2x0 array of float64"),
], ids=lambda x: x if isinstance(x, str) else "")
def test_the_line_above_an_array(x, line, capsys):
    assert show(x) is None
    assert capsys.readouterr().out == f"{line}\n{array_text(x)}\n"


def test_the_module_is_light():
    code = "import sys, lux_nb.arrays; print({'matplotlib', 'cupy', 'IPython'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
