"What the chapter on losses promises."
import math

import numpy as np
import pytest

import lux_nb as lux
from lux_nb import BinaryCrossEntropyLoss, CrossEntropyLoss, Dense, HuberLoss, MAELoss, MSELoss, Xoshiro, check_gradients, setup

PREDICTED, TRUE = np.array([[0.5, -2.0], [3.0, 1.0]]), np.array([[1.0, 0.0], [1.0, 0.5]])
SHARES, TARGETS = np.array([[0.2, 0.8], [0.5, 0.5]]), np.array([[0.0, 1.0], [1.0, 0.0]])
every_float = pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
LOSSES = [MSELoss(), MAELoss(), HuberLoss(), HuberLoss(delta=2.0), CrossEntropyLoss(), CrossEntropyLoss(logits=False),
          BinaryCrossEntropyLoss(), BinaryCrossEntropyLoss(logits=False)]


def named(value):
    "The name of a loss for the name of a test."
    return type(value).__name__ + ("" if getattr(value, "logits", True) else " of shares") if isinstance(value, lux.Loss) else None


every_loss = pytest.mark.parametrize("loss", LOSSES, ids=named)


@pytest.mark.parametrize("loss, y, t, expected", [
    (MSELoss(), PREDICTED, TRUE, (0.25 + 4 + 4 + 0.25) / 4), (MAELoss(), PREDICTED, TRUE, (0.5 + 2 + 2 + 0.5) / 4),
    (HuberLoss(), PREDICTED, TRUE, (0.125 + 1.5 + 1.5 + 0.125) / 4), (HuberLoss(delta=2.0), PREDICTED, TRUE, (0.125 + 2 + 2 + 0.125) / 4),
    (CrossEntropyLoss(logits=False), SHARES, TARGETS, -(math.log(0.8) + math.log(0.5)) / 2),
    (CrossEntropyLoss(), np.log(SHARES) + 7, TARGETS, -(math.log(0.8) + math.log(0.5)) / 2),
    (BinaryCrossEntropyLoss(logits=False), SHARES, TARGETS, -2 * (math.log(0.8) + math.log(0.5)) / 4),
    (BinaryCrossEntropyLoss(), np.log(SHARES / (1 - SHARES)), TARGETS, -2 * (math.log(0.8) + math.log(0.5)) / 4),
], ids=named)
def test_formula(loss, y, t, expected):
    assert loss(y, t) == pytest.approx(expected, rel=1e-14)


@every_loss
def test_derivatives_of_two_orders(loss):
    assert check_gradients(lambda y: loss(y, TARGETS), SHARES + 0.05).ok


@every_loss
@every_float
def test_dtype_is_the_predictions(loss, dtype):
    y, t = SHARES.astype(dtype), TARGETS.astype(dtype)
    assert loss(y, t).dtype == dtype and lux.gradient(lambda y: loss(y, t), y).dtype == dtype


@every_loss
def test_aggregation(loss):
    costs = type(loss)(**{**vars(loss), "agg": None})(SHARES, TARGETS)
    assert costs.shape == ((2,) if isinstance(loss, CrossEntropyLoss) else (2, 2))
    assert loss(SHARES, TARGETS) == np.mean(costs)
    assert type(loss)(**{**vars(loss), "agg": np.sum})(SHARES, TARGETS) == np.sum(costs)


@every_loss
@pytest.mark.parametrize("shape", [(2,), (2, 1), (4,), (1, 2, 2)])
def test_shapes_must_be_equal(loss, shape):
    message = rf"{type(loss).__name__} needs a prediction and a target of the same shape, got \(2, 2\) and \({shape[0]},.*not broadcast"
    with pytest.raises(ValueError, match=message):
        loss(SHARES, np.ones(shape))


@every_loss
def test_the_number_of_arguments_is_checked(loss):
    with pytest.raises(TypeError, match=r"takes \(y_pred, y_true\) or \(model, ps, st, data\), got 3 arguments"):
        loss(SHARES, TARGETS, TARGETS)


@every_loss
def test_is_an_objective_too(loss):
    model = Dense(3, 2)
    ps, st = setup(Xoshiro(0), model)
    x = np.ones((2, 3), np.float32) / 4
    ps = lux.updated(ps, "weight", np.abs(ps.weight))
    ps = lux.updated(ps, "bias", np.full(2, 0.05, np.float32))
    value, after, stats = loss(model, ps, st, (x, TARGETS.astype(np.float32)))
    assert value == loss(model(x, ps, st)[0], TARGETS.astype(np.float32)) and after == st and stats == {}


@pytest.mark.parametrize("loss", [CrossEntropyLoss(), BinaryCrossEntropyLoss()], ids=named)
@every_float
@pytest.mark.parametrize("size", [20, 1000, 3e4])
def test_logits_may_be_extreme(loss, dtype, size):
    y, t = np.array([[-size, size], [size, -size]], dtype), np.array([[0, 1], [0, 1]], dtype)
    value, slope = lux.value_and_grad(lambda y: type(loss)(agg=None)(y, t)[1].sum())(y)
    assert np.isfinite(value) and value == pytest.approx(2 * size, rel=1e-3) and np.all(np.isfinite(slope))
    right = type(loss)(agg=None)(y, t)[0]
    assert np.all(right >= 0) and np.all(right <= math.exp(-20) * 2)


@pytest.mark.parametrize("loss", [CrossEntropyLoss(logits=False), BinaryCrossEntropyLoss(logits=False)], ids=named)
def test_a_share_of_zero_that_is_right_costs_nothing(loss):
    value, slope = lux.value_and_grad(lambda y: loss(y, TARGETS))(TARGETS.copy())
    assert value == 0 and np.all(np.isfinite(slope))


def test_a_class_that_is_excluded_costs_nothing():
    assert CrossEntropyLoss()(np.array([0.0, -np.inf]), np.array([1.0, 0.0])) == 0


@pytest.mark.parametrize("delta", [0.5, 1.0, 2.0])
def test_huber_is_smooth_where_square_meets_line(delta):
    slope = lux.elementwise_grad(lambda r: HuberLoss(agg=None, delta=delta)(r, np.zeros_like(r)))
    at = np.array([-2 * delta, -delta, -delta / 2, 0, delta / 2, delta, 2 * delta])
    np.testing.assert_allclose(slope(at), np.clip(at, -delta, delta))


@pytest.mark.parametrize("loss", [MSELoss(), MAELoss(), HuberLoss()], ids=named)
def test_the_slope_of_a_perfect_prediction_is_zero(loss):
    assert np.array_equal(lux.gradient(lambda y: loss(y, TRUE), TRUE), np.zeros((2, 2)))
