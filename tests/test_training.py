"What the chapter on training promises: a step takes a state and gives a new one."
import dataclasses

import numpy as np
import pytest

import lux_nb as lux
from lux_nb import (SGD, Adam, AutoForward, AutoReverse, Chain, ComponentArray, Dense, FrozenDict, Layer, MSELoss, Momentum, TrainState, Xoshiro,
                    apply_gradients, compute_gradients, setup, single_train_step, tanh)

both_modes = pytest.mark.parametrize("ad", [AutoForward(), AutoReverse()], ids=["forward", "reverse"])
every_optimizer = pytest.mark.parametrize("optimizer", [SGD(0.05), Momentum(0.01), Adam(0.01)], ids=lambda o: type(o).__name__)


@pytest.fixture
def data(rng):
    x = rng.standard_normal((20, 3), np.float32)
    return x, x @ rng.standard_normal((3, 2), np.float32)


@pytest.fixture
def model():
    return Chain(Dense(3, 4, tanh), Dense(4, 2))


def start(model, optimizer=SGD(0.05)):
    return TrainState(model, *setup(Xoshiro(0), model), optimizer)


def copied(tree):
    return lux.tree_map(lambda leaf: np.copy(leaf) if isinstance(leaf, np.ndarray) else leaf, tree)


def same(a, b):
    return lux.tree_structure(a) == lux.tree_structure(b) and all(map(np.array_equal, lux.tree_leaves(a), lux.tree_leaves(b)))


def content(state):
    return {"ps": state.parameters, "st": state.states, "memory": state.optimizer_state, "step": state.step}


@every_optimizer
def test_a_step_is_the_gradient_and_then_the_optimizer(model, data, optimizer):
    state = start(model, optimizer)
    grads, loss, stats, after = single_train_step(AutoReverse(), MSELoss(), data, state)
    objective = lambda ps: MSELoss()(model(data[0], ps, state.states)[0], data[1])
    value, expected = lux.value_and_grad(objective)(state.parameters)
    assert loss == value and same(grads, expected) and stats == {}
    assert same(after.parameters, optimizer.update(expected, state.optimizer_state, state.parameters)[0]) and after.step == 1


@every_optimizer
@both_modes
def test_old_states_stay_valid(model, data, optimizer, ad):
    state = start(model, optimizer)
    for _ in range(3):
        before = copied(content(state))
        first, second = (single_train_step(ad, MSELoss(), data, state) for _ in range(2))
        assert same(content(state), before) and same(content(first[3]), content(second[3])) and first[1] == second[1]
        state = first[3]
    assert state.step == 3


def test_both_modes_take_the_same_step(model, data):
    forward, reverse = (single_train_step(ad, MSELoss(), data, start(model)) for ad in (AutoForward(), AutoReverse()))
    for a, b in zip(lux.tree_leaves(forward[3].parameters), lux.tree_leaves(reverse[3].parameters)):
        assert a.dtype == b.dtype == np.float32
        np.testing.assert_allclose(a, b, rtol=1e-5)


@every_optimizer
def test_the_loss_falls(model, data, optimizer):
    state, losses = start(model, optimizer), []
    for _ in range(100):
        _, loss, _, state = single_train_step(AutoReverse(), MSELoss(), data, state)
        losses.append(loss)
    assert losses[-1] < 0.5 * losses[0] and losses[0].dtype == np.float32


def test_the_loss_is_the_one_before_the_step(model, data):
    state = start(model)
    _, loss, _, after = single_train_step(AutoReverse(), MSELoss(), data, state)
    assert loss == MSELoss()(model, state.parameters, state.states, data)[0] > MSELoss()(model, after.parameters, after.states, data)[0]


def test_gradients_can_be_computed_and_applied_apart(model, data):
    state = start(model)
    grads, loss, stats, same_parameters = compute_gradients(AutoReverse(), MSELoss(), data, state)
    assert same(same_parameters.parameters, state.parameters) and same_parameters.step == 0
    assert same(content(apply_gradients(same_parameters, grads)), content(single_train_step(AutoReverse(), MSELoss(), data, state)[3]))


@both_modes
def test_states_and_statistics_come_out_plain(data, ad):
    class Counter(Layer):
        def initial_states(self, rng):
            return FrozenDict(calls=0, mean=np.zeros(2, np.float32))

        def __call__(self, x, ps, st):
            return x, FrozenDict(calls=st.calls + 1, mean=np.mean(x, axis=0))

    def lossfn(model, ps, st, data):
        y, st = model(data[0], ps, st)
        loss = np.mean((y - data[1]) ** 2)
        return loss, st, {"root": np.sqrt(loss)}

    state = start(Chain(Dense(3, 2), Counter()))
    _, loss, stats, after = single_train_step(ad, lossfn, data, state)
    assert after.states.layer_1.calls == 1 and state.states.layer_1.calls == 0
    assert type(after.states.layer_1.mean) is np.ndarray and np.any(after.states.layer_1.mean)
    assert stats["root"] == np.sqrt(loss) and isinstance(stats["root"], np.floating)
    _, _, _, twice = single_train_step(ad, lossfn, data, after)
    assert twice.states.layer_1.calls == 2


def test_parameters_may_be_one_vector(model, data):
    ps, st = setup(Xoshiro(0), model)
    nested, flat = (TrainState(model, p, st, Adam(0.01)) for p in (ps, ComponentArray(ps)))
    for _ in range(3):
        nested, flat = (single_train_step(AutoReverse(), MSELoss(), data, s)[3] for s in (nested, flat))
    assert type(flat.parameters) is ComponentArray
    np.testing.assert_allclose(flat.parameters.layer_0.weight, nested.parameters.layer_0.weight, rtol=1e-6)


def test_a_state_cannot_be_changed(model):
    state = start(model)
    with pytest.raises(dataclasses.FrozenInstanceError):
        state.step = 5


def test_memory_that_is_given_is_kept(model):
    ps, st = setup(Xoshiro(0), model)
    memory = Momentum().init(ps)
    assert TrainState(model, ps, st, Momentum(), memory, 7).optimizer_state is memory
    assert same(start(model, Momentum()).optimizer_state, memory)


def test_an_error_in_the_objective_reaches_the_user(model, data):
    with pytest.raises(ValueError, match="same shape"):
        single_train_step(AutoReverse(), MSELoss(), (data[0], data[1][:, :1]), start(model))


def test_an_objective_that_gives_the_loss_alone_is_named(model, data):
    with pytest.raises((TypeError, ValueError), match="loss, states, statistics|unpack|iteration"):
        single_train_step(AutoReverse(), lambda model, ps, st, data: np.mean(model(data[0], ps, st)[0] ** 2), data, start(model))


@pytest.mark.parametrize("stats", [0.0, {}, np.zeros(2), {"accuracy": 0.0}], ids=["zero", "empty", "array", "named"])
def test_statistics_come_back_as_they_are_also_where_they_are_zero(stats):
    model = lux.Dense(2, 1)
    ps, st = lux.setup(lux.Xoshiro(0), model)
    x = np.ones((3, 2), np.float32)

    def lossfn(model, ps, st, data):
        return np.mean(np.square(model(data, ps, st)[0])), st, stats

    _, _, got, _ = lux.single_train_step(lux.AutoReverse(), lossfn, x, lux.TrainState(model, ps, st, lux.SGD(0.1)))
    assert type(got) is type(stats) and np.array_equal(got, stats)


@pytest.mark.parametrize("make", [lux.Xoshiro, np.random.default_rng])
def test_a_layer_that_draws_trains_in_a_program_as_it_does_eagerly(make, data):
    x, y = data
    model = lux.Chain(lux.Dense(3, 8, lux.tanh), lux.Dropout(0.5), lux.Dense(8, 2))
    ps, st = lux.setup(make(1), model)
    eager = program = lux.TrainState(model, ps, st, lux.Adam(0.01))
    for _ in range(4):
        grads, loss, _, eager = lux.single_train_step(lux.AutoReverse(), lux.MSELoss(), data, eager)
        program_grads, program_loss, _, program = lux.single_train_step(lux.AutoReverse(compiled=True), lux.MSELoss(), data, program)
        assert np.isclose(loss, program_loss, rtol=1e-5)
        for a, b in zip(lux.tree_leaves(grads), lux.tree_leaves(program_grads), strict=True):
            assert np.allclose(a, b, rtol=1e-3, atol=1e-5)
    assert lux.replicate(eager.states.layer_1.rng).random() == lux.replicate(program.states.layer_1.rng).random()
