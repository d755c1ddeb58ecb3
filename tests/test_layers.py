"What the chapter on layers promises."
import math

import numpy as np
import pytest

import lux_nb as lux
from lux_nb import (Chain, Dense, Dropout, FrozenDict, Layer, Xoshiro, bias_uniform, gelu, glorot_uniform, identity, kaiming_uniform, log_softmax,
                    parameter_count, relu, setup, sigmoid, softmax, tanh, zeros_init)

ACTIVATIONS = [identity, relu, tanh, sigmoid, gelu, softmax, log_softmax]
every_activation = pytest.mark.parametrize("f", ACTIVATIONS, ids=lambda f: f.__name__)
every_float = pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
both_generators = pytest.mark.parametrize("make", [lux.default_rng, np.random.default_rng], ids=["Xoshiro", "numpy"])
POINTS = np.array([-3.0, -1.0, -0.25, 0.5, 2.0])
EXACT = {
    identity: lambda x: x, relu: lambda x: np.maximum(x, 0), tanh: np.tanh, sigmoid: lambda x: 1 / (1 + np.exp(-x)),
    gelu: lambda x: x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    softmax: lambda x: np.exp(x) / np.sum(np.exp(x)), log_softmax: lambda x: x - np.log(np.sum(np.exp(x))),
}
LARGEST = {np.float16: 3e4, np.float32: 1.5e38, np.float64: 8e307} # so that differences do not overflow


class TestActivations:
    @every_activation
    def test_have_their_formulas(self, f):
        np.testing.assert_allclose(f(POINTS), EXACT[f](POINTS), rtol=1e-14)

    @every_activation
    def test_have_right_derivatives_of_two_orders(self, f):
        assert lux.check_gradients(f, POINTS).ok

    @every_activation
    @every_float
    def test_keep_dtype_and_shape(self, f, dtype):
        x = POINTS.astype(dtype)
        y, pullback = lux.vjp(f, x)
        assert f(x).dtype == y.dtype == dtype and y.shape == x.shape
        assert pullback(np.ones_like(y))[0].dtype == lux.jvp(f, (x,), (x,))[1].dtype == dtype

    @every_activation
    @every_float
    @pytest.mark.parametrize("size", [20, 1000, "largest"])
    def test_are_finite_at_extremes_in_value_and_derivative(self, f, dtype, size):
        size = LARGEST[dtype] if size == "largest" else size
        x = np.array([-size, 0, size], dtype)
        y, pullback = lux.vjp(f, x)
        assert np.all(np.isfinite([y, pullback(np.ones_like(y))[0], lux.jvp(f, (x,), (np.ones_like(x),))[1]]))

    @pytest.mark.parametrize("f, at, slope", [
        (relu, 1e6, 1), (relu, -1e6, 0), (relu, 0, 0), (sigmoid, 800, 0), (sigmoid, -800, 0), (sigmoid, 0, 0.25), (tanh, 400, 0),
        (gelu, 1e6, 1), (gelu, -1e6, 0), (gelu, 0, 0.5), (gelu, 10, 1), (gelu, -10, 0),
    ])
    def test_have_the_limits_slopes(self, f, at, slope):
        assert lux.grad(f)(float(at)) == slope

    def test_relu_lets_nan_through(self):
        assert np.isnan(relu(np.array(np.nan)))

    @every_float
    def test_sigmoid_keeps_its_accuracy_in_the_tails(self, dtype):
        x = np.linspace(-15, 15, 61).astype(dtype)
        exact = 1 / (1 + np.exp(-x.astype(np.longdouble)))
        close = exact > np.finfo(dtype).tiny
        assert np.max(np.abs(sigmoid(x) / exact - 1)[close]) < 20 * np.finfo(dtype).eps

    def test_softmax_sums_to_one_along_its_axis(self):
        x = np.arange(6.0).reshape(2, 3) * 300
        for axis in (0, 1, -1):
            np.testing.assert_allclose(np.sum(softmax(x, axis=axis), axis=axis), 1)
            np.testing.assert_allclose(np.sum(np.exp(log_softmax(x, axis=axis)), axis=axis), 1)

    def test_softmax_gives_what_is_excluded_a_weight_of_zero(self):
        x = np.array([0.0, -np.inf, 0.0])
        y, pullback = lux.vjp(softmax, x)
        assert np.array_equal(y, [0.5, 0, 0.5])
        np.testing.assert_allclose(pullback(np.array([1.0, 5, 0]))[0], [0.25, 0, -0.25])

    def test_log_softmax_keeps_small_differences(self):
        assert log_softmax(np.array([0.0, 40.0]))[1] == pytest.approx(-math.exp(-40), rel=1e-12)


class TestInitializers:
    @pytest.mark.parametrize("init, bound", [
        (lambda rng: kaiming_uniform(rng, (400, 50), gain=2.0), 2 * math.sqrt(3 / 50)), (lambda rng: glorot_uniform(rng, (400, 50)), math.sqrt(6 / 450)),
        (lambda rng: bias_uniform(rng, (20000,), 50), 1 / math.sqrt(50)),
    ], ids=["kaiming", "glorot", "bias"])
    @both_generators
    def test_fill_their_interval(self, init, bound, make):
        values = init(make(0))
        assert values.dtype == np.float32 and values.flags.c_contiguous
        assert 0.99 * bound < np.max(values) <= bound * (1 + 1e-6) and -bound * (1 + 1e-6) <= np.min(values) < -0.99 * bound
        assert abs(np.mean(values)) < 0.03 * bound

    def test_make_other_dtypes(self):
        assert kaiming_uniform(Xoshiro(0), (2, 3), dtype=np.float64).dtype == np.float64
        assert not np.any(zeros_init(None, (2, 3)))

    @pytest.mark.parametrize("activation, gain", [(identity, 1), (relu, 2), (tanh, 5 / 3), (gelu, 1)], ids=["identity", "relu", "tanh", "gelu"])
    def test_dense_takes_its_activations_gain(self, activation, gain):
        weight = setup(Xoshiro(0), Dense(30, 400, activation))[0].weight
        assert np.max(np.abs(weight)) == pytest.approx(gain * math.sqrt(3 / 30), rel=1e-3)


class TestDense:
    @both_generators
    def test_is_a_matrix_a_vector_and_an_activation(self, make):
        layer = Dense(3, 2, tanh)
        ps, st = setup(make(0), layer)
        x = np.arange(12, dtype=np.float32).reshape(4, 3) / 10
        y, after = layer(x, ps, st)
        assert (ps.weight.shape, ps.bias.shape, y.shape, y.dtype) == ((2, 3), (2,), (4, 2), np.float32) and after == st == FrozenDict()
        np.testing.assert_allclose(y, np.tanh(x @ ps.weight.T + ps.bias), rtol=1e-6)

    def test_takes_any_number_of_samples(self):
        layer = Dense(3, 2)
        ps, st = setup(Xoshiro(0), layer)
        for shape in ((3,), (0, 3), (5, 4, 3)):
            assert layer(np.ones(shape, np.float32), ps, st)[0].shape == (*shape[:-1], 2)

    def test_may_have_no_bias_and_other_initializers(self):
        ps, _ = setup(Xoshiro(0), Dense(3, 2, use_bias=False, init_weight=zeros_init))
        assert list(ps) == ["weight"] and not np.any(ps.weight)
        ps, _ = setup(Xoshiro(0), Dense(3, 2, init_bias=zeros_init))
        assert not np.any(ps.bias) and np.any(ps.weight)

    @pytest.mark.parametrize("shape", [(4,), (3, 4), (), (4, 1)])
    def test_names_both_sizes_where_the_input_does_not_fit(self, shape):
        layer = Dense(3, 2)
        with pytest.raises(ValueError, match=rf"Dense\(3, 2\) needs an input of shape \(..., 3\), got \({', '.join(map(str, shape))},?\)"):
            layer(np.ones(shape), *setup(Xoshiro(0), layer))

    @pytest.mark.parametrize("sizes, name", [
        ((0, 2), "in_dims=0"), ((3, -1), "out_dims=-1"), ((2.0, 2), "in_dims=2.0"), ((True, 2), "in_dims=True"), (("3", 2), "in_dims='3'"),
    ])
    def test_needs_positive_whole_sizes(self, sizes, name):
        with pytest.raises(ValueError, match=f"positive integers, got {name}: write Dense"):
            Dense(*sizes)

    def test_needs_an_activation_that_can_be_called(self):
        with pytest.raises(TypeError, match="activation that can be called, got 'relu'"):
            Dense(3, 2, "relu")

    @pytest.mark.parametrize("layer, text", [
        (Dense(10, 5), "Dense(10, 5)"), (Dense(10, 5, relu), "Dense(10, 5, relu)"),
        (Dense(10, 5, np.tanh, use_bias=False), "Dense(10, 5, tanh, use_bias=False)"),
    ])
    def test_prints_as_it_is_written(self, layer, text):
        assert repr(layer) == text

    def test_shows_its_parameters(self):
        shown = []
        Dense(10, 5)._repr_pretty_(type("Printer", (), {"text": staticmethod(shown.append)}), False)
        assert shown == ["Dense(10, 5)  # 55 parameters"]

    def test_is_equal_to_its_like_and_can_be_a_key(self):
        assert Dense(3, 2) == Dense(3, 2) != Dense(3, 2, relu) and len({Dense(3, 2), Dense(3, 2)}) == 1


class TestChain:
    model = Chain(Dense(3, 4, tanh), np.square, Dense(4, 2))

    def test_applies_one_after_the_other(self):
        ps, st = setup(Xoshiro(0), self.model)
        x = np.ones((5, 3), np.float32)
        first, _ = self.model[0](x, ps.layer_0, st.layer_0)
        expected, _ = self.model[2](first**2, ps.layer_2, st.layer_2)
        y, after = self.model(x, ps, st)
        assert np.array_equal(y, expected) and lux.tree_structure(after) == lux.tree_structure(st)
        assert len(self.model) == 3 and list(ps) == ["layer_0", "layer_1", "layer_2"]

    def test_may_name_its_layers(self):
        model = Chain(hidden=Dense(3, 4), output=Dense(4, 2))
        ps, _ = setup(Xoshiro(0), model)
        assert ps.output.weight.shape == (2, 4) and model["hidden"] == Dense(3, 4)
        assert repr(model) == "Chain(hidden=Dense(3, 4), output=Dense(4, 2))"

    def test_draws_its_layers_in_order(self):
        rng = Xoshiro(0)
        expected = [setup(rng, Dense(3, 4, tanh))[0], setup(rng, Dense(4, 2))[0]]
        ps, _ = setup(Xoshiro(0), self.model)
        assert [ps.layer_0, ps.layer_2] == expected

    def test_refuses_what_is_no_layer(self):
        with pytest.raises(TypeError, match="needs layers or functions, got 5 for layer_1"):
            Chain(Dense(3, 4), 5)
        with pytest.raises(TypeError, match="by position or by name, not both"):
            Chain(Dense(3, 4), last=Dense(4, 2))

    def test_says_which_layer_an_input_does_not_fit(self):
        model = Chain(Dense(3, 4), Dense(5, 2))
        with pytest.raises(ValueError, match=r"Dense\(5, 2\) needs an input of shape \(..., 5\), got \(7, 4\)"):
            model(np.ones((7, 3)), *setup(Xoshiro(0), model))

    def test_counts_its_parameters(self):
        assert parameter_count(self.model) == parameter_count(setup(Xoshiro(0), self.model)[0]) == 26

    @pytest.mark.parametrize("as_vector", [False, True], ids=["FrozenDict", "ComponentArray"])
    def test_differentiates_in_both_modes(self, as_vector):
        ps, st = setup(Xoshiro(0), self.model)
        ps = lux.ComponentArray(ps) if as_vector else ps
        f = lambda ps: np.sum(self.model(np.ones((5, 3), np.float32), ps, st)[0])
        reverse, forward = lux.gradient(f, ps), lux.gradient(f, ps, ad=lux.AutoForward())
        for a, b in zip(lux.tree_leaves(reverse), lux.tree_leaves(forward)):
            assert a.dtype == b.dtype == np.float32
            np.testing.assert_allclose(a, b, rtol=1e-5)


class TestSetup:
    @pytest.mark.parametrize("rng, model", [(0, Dense(3, 2)), (Xoshiro(0), np.tanh), (Dense(3, 2), Xoshiro(0))])
    def test_needs_a_generator_and_a_layer(self, rng, model):
        with pytest.raises(TypeError, match=r"setup needs a generator and a layer, got .*write setup\(default_rng\(0\), model\)"):
            setup(rng, model)

    @both_generators
    def test_draws_from_the_generator(self, make):
        rng = make(0)
        first, second = setup(rng, Dense(3, 2))[0], setup(rng, Dense(3, 2))[0]
        assert first == setup(make(0), Dense(3, 2))[0] != second

    def test_keeps_the_states_that_layers_return(self):
        class Counter(Layer):
            def initial_states(self, rng):
                return FrozenDict(calls=0)

            def __call__(self, x, ps, st):
                return x, FrozenDict(calls=st.calls + 1)

        model = Chain(Dense(3, 2), Counter())
        ps, st = setup(Xoshiro(0), model)
        _, after = model(np.ones((1, 3)), ps, st)
        assert st.layer_1.calls == 0 and after.layer_1.calls == 1


class TestDropout:
    @both_generators
    def test_drops_the_share_it_should_and_keeps_the_mean(self, make):
        layer = Dropout(0.25)
        ps, st = setup(make(0), layer)
        y, _ = layer(np.ones((400, 100), np.float32), ps, st)
        assert y.dtype == np.float32 and set(np.unique(y)) == {np.float32(0), np.float32(1 / 0.75)}
        assert abs(np.mean(y == 0) - 0.25) < 0.01

    @both_generators
    def test_is_pure_and_its_states_go_on(self, make):
        layer, x = Dropout(0.5), np.ones((4, 6))
        ps, st = setup(make(0), layer)
        first, after = layer(x, ps, st)
        assert np.array_equal(first, layer(x, ps, st)[0])
        assert not np.array_equal(first, layer(x, ps, after)[0])

    def test_a_gradient_passes_what_was_kept(self):
        layer, x = Dropout(0.5), np.full((3, 5), 2.0)
        ps, st = setup(Xoshiro(0), layer)
        y, _ = layer(x, ps, st)
        for ad in (lux.AutoForward(), lux.AutoReverse()):
            assert np.array_equal(lux.gradient(lambda x: np.sum(layer(x, ps, st)[0]), x, ad=ad), y / 2)

    def test_does_nothing_in_test_mode(self):
        model = Chain(Dense(3, 4), Dropout(0.5))
        ps, st = setup(Xoshiro(0), model)
        x, used = np.ones((2, 3), np.float32), lux.testmode(st)
        assert np.array_equal(model(x, ps, used)[0], model["layer_0"](x, ps["layer_0"], FrozenDict())[0])
        assert lux.trainmode(used) == st and used["layer_1"]["training"] is False

    def test_two_layers_draw_differently(self):
        _, st = setup(Xoshiro(0), Chain(Dropout(0.5), Dropout(0.5)))
        assert st["layer_0"]["rng"] != st["layer_1"]["rng"]

    @pytest.mark.parametrize("p", [-0.1, 1, 1.5, np.nan])
    def test_refuses_what_is_no_probability(self, p):
        with pytest.raises(ValueError, match="Dropout needs a probability of at least 0 and below 1"):
            Dropout(p)
