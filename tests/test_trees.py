"What the chapter (Im)mutability promises."
import copy
import pickle
from collections import OrderedDict, defaultdict, namedtuple
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp
from numpy.lib.mixins import NDArrayOperatorsMixin

from lux_nb.trees import (ComponentArray, FrozenDict, Layout, dispatching, flatten_parts, frozen, register_pytree_node,
                          tree_flatten, tree_leaves, tree_leaves_with_path, tree_map, tree_map_with_path,
                          tree_structure, tree_unflatten, unravel, updated)

Pair = namedtuple("Pair", "left right")


@dataclass
class Point:
    x: object
    y: object


register_pytree_node(Point, lambda p: ((p.x, p.y), None, ("x", "y")), lambda _, children: Point(*children))


class Recorder(NDArrayOperatorsMixin):
    "A small array of another kind: it wraps data, and answers for functions by recording them."
    __array_priority__ = 1000.0

    def __init__(self, data):
        self.data = np.asarray(data)
        self.shape, self.dtype = self.data.shape, self.data.dtype

    def __array__(self, dtype=None, copy=None): raise TypeError("a way out of the trace")
    def __getitem__(self, index): return Recorder(self.data[index])
    def reshape(self, *shape): return Recorder(self.data.reshape(*shape))
    def __array_ufunc__(self, ufunc, method, *inputs): return Recorder(getattr(ufunc, method)(*map(_bare, inputs)))

    def __array_function__(self, function, types, args, kwargs):
        result = getattr(function, "__wrapped__", function)(*map(_bare, args), **kwargs)
        return tuple(map(Recorder, result)) if isinstance(result, tuple) else Recorder(result)


def _bare(x):
    if isinstance(x, (list, tuple)): return type(x)(map(_bare, x))
    return x.data if isinstance(x, Recorder) else x


def parameters(dtype=np.float64):
    return {"layer_0": {"weight": np.arange(6, dtype=dtype).reshape(3, 2), "bias": np.ones(3, dtype)},
            "layer_1": {"weight": np.full((1, 3), 2, dtype), "bias": np.zeros(1, dtype)}}


@pytest.fixture
def theta(): return ComponentArray(parameters())


# dispatching


def named(name, priority=0.0, base=object, answer=True):
    "A class that answers with its name and the types it was given."
    def answer_for(self, function, types, args, kwargs): return (name, function, types) if answer else NotImplemented
    return type(name, (base,), {"__array_function__": answer_for, "__array_priority__": priority})


@dispatching
def plain(*args, **kwargs):
    "Its own docstring."
    return "plain"


def test_plain_arguments_reach_the_implementation():
    class Matrix(np.ndarray): pass
    assert plain(np.ones(2), 1, "a", None, [np.ones(2)], key=(1, 2)) == "plain"
    assert plain(np.ones(2).view(Matrix)) == "plain"
    assert plain.__wrapped__() == "plain" and plain.__name__ == "plain" and plain.__doc__ == "Its own docstring."


@pytest.mark.parametrize("call", [lambda a: plain(a), lambda a: plain(1, a), lambda a: plain([1, a]),
                                  lambda a: plain((a,)), lambda a: plain(Pair(1, a)), lambda a: plain(key=a),
                                  lambda a: plain(1, key=[a])])
def test_another_array_answers_wherever_it_stands(call):
    Speaker = named("Speaker")
    assert call(Speaker()) == ("Speaker", plain, (Speaker,))


def test_a_tuple_is_looked_into_every_time():
    assert plain(Pair(1, 2)) == "plain" and plain((1,)) == "plain"
    assert plain(Pair(1, named("Speaker")()))[0] == "Speaker"


def test_who_is_asked_first():
    Low, High = named("Low"), named("High", 10.0)
    Sub = named("Sub", base=Low)
    assert plain(Low(), High())[0] == "High"
    assert plain(Low(), Sub())[::2] == ("Sub", (Sub, Low))
    assert plain(named("A")(), named("B")())[0] == "A"


def test_if_none_answers_the_implementation_runs():
    Silent = named("Silent", answer=False)
    assert plain(Silent()) == "plain" and plain(Silent(), named("Speaker")())[0] == "Speaker"


def test_libraries_that_know_only_numpys_functions_are_not_asked():
    Foreign = named("Foreign")
    Foreign.__module__ = "cupy._core.core"
    assert plain(Foreign()) == "plain"


# updated


@given(hnp.arrays(np.int64, hnp.array_shapes(min_dims=0, max_dims=3)), st.data())
def test_updated_is_the_assignment_on_a_copy(x, data):
    index = data.draw(hnp.basic_indices(x.shape))
    before, expected = x.copy(), x.copy()
    expected[index] = 7
    assert np.array_equal(updated(x, index, 7), expected) and np.array_equal(x, before)


@pytest.mark.parametrize("order", ["C", "F"])
def test_updated_keeps_dtype_and_memory_order(order):
    x = np.zeros((2, 3), np.float32, order=order)
    y = updated(x, (0, 0), 1.5)
    assert y.dtype == np.float32 and y.strides == x.strides and y[0, 0] == 1.5
    assert updated(np.zeros((2, 3, 4)).transpose(1, 0, 2), 0, 1).strides == (32, 96, 8)


def test_updated_casts_as_an_assignment_does():
    assert updated(np.zeros(2, int), 0, 1.9)[0] == 1
    assert updated(np.zeros(2, complex), 0, 1j)[0] == 1j
    assert updated(np.zeros(2, object), 0, 1j)[0] == 1j
    assert updated(np.array(1.0), (), 2.0) == 2.0


@pytest.mark.parametrize("value", [1j, np.complex64(1j), np.array([1j])])
def test_updated_refuses_to_drop_an_imaginary_part(value):
    with pytest.raises(TypeError, match="complex value into an array of float64.*value.real"):
        updated(np.zeros(1), 0, value)


@pytest.mark.parametrize("x", [1.0, np.float64(1), [1, 2], (1, 2), {"a": 1}])
def test_updated_says_what_it_needs(x):
    with pytest.raises(TypeError, match=f"updated needs an array.*got {type(x).__name__}"): updated(x, 0, 1)


def test_updated_dispatches():
    assert isinstance(updated(np.zeros(2), 0, Recorder(1.0)), Recorder)


# trees


def test_declaration_order_everywhere():
    for cls in dict, OrderedDict, FrozenDict, lambda entries: defaultdict(int, entries):
        tree = cls({"weight": 1, "bias": 2, "a": cls({"z": 3, "b": 4})})
        assert tree_leaves(tree) == [1, 2, 3, 4]
        assert [path for path, _ in tree_leaves_with_path(tree)] == ["weight", "bias", "a.z", "a.b"]
    assert tree_leaves(ComponentArray(weight=1.0, bias=2.0))[0].tolist() == [1.0, 2.0]


def test_all_kinds_of_nodes_and_their_paths(theta):
    tree = {"layers": [Pair(1, None), (2, FrozenDict(a=3))], "point": Point(4, 5), "no name": 6, 7: 8, "theta": theta}
    paths, leaves = zip(*tree_leaves_with_path(tree))
    assert paths == ("layers[0].left", "layers[1][0]", "layers[1][1].a", "point.x", "point.y", "['no name']", "[7]",
                     "theta.data")
    assert leaves[:-1] == (1, 2, 3, 4, 5, 6, 8) and leaves[-1] is theta.data
    assert tree_leaves_with_path(5) == [("", 5)]


def test_flatten_and_unflatten_give_the_same_objects_and_keep_aliases(theta):
    w = np.ones(3)
    tree = FrozenDict(a=w, b=[w, None], c=Pair(w, theta))
    leaves, treedef = tree_flatten(tree)
    again = tree_unflatten(treedef, leaves)
    assert again.a is again.b[0] is again.c.left is w and again.b[1] is None and again.c.right.data is theta.data
    assert treedef == tree_structure(tree) and hash(treedef) == hash(tree_structure(again))
    mapped = tree_map(lambda x: x, tree)
    assert mapped.a is w and mapped.b[0] is w and mapped.c.right.data is theta.data


def test_tree_map_over_several_trees():
    a, b = {"x": 1, "y": [2]}, {"y": [20], "x": 10}
    assert tree_map(lambda p, q: p + q, a, b) == {"x": 11, "y": [22]}
    assert tree_map_with_path(lambda path, p, q: (path, p, q), a, b) == {"x": ("x", 1, 10), "y": [("y[0]", 2, 20)]}
    assert tree_map(len, {"x": [1, 2]}, is_leaf=lambda node: isinstance(node, list)) == {"x": 2}
    assert tree_map(lambda p, q: q, {"x": 1}, {"x": {"deeper": 2}}) == {"x": {"deeper": 2}}


def test_any_object_may_come_out_of_a_map(theta):
    assert tree_map(np.shape, theta).data == (13,)
    assert tree_map(lambda _: None, FrozenDict(a=1)).a is None


@pytest.mark.parametrize("tree, other, words", [
    ({"a": {"w": 1, "b": 2}}, {"a": {"w": 1}}, r"at a, expected dict of \('w', 'b'\), got dict of \('w',\)"),
    ({"a": [1, 2]}, {"a": [1]}, "at a, expected list of 2, got list of 1"),
    ({"a": [1, (2,)]}, {"a": [1, 2]}, r"at a\[1\], expected tuple of 1, got a leaf \(int\)"),
    ({"a": None}, {"a": 1}, r"at a, expected None, got a leaf \(int\)"),
    ([1], (1,), "at the root, expected list of 1, got tuple of 1"),
    ({"p": Pair([1], 2)}, {"p": Pair(1, 2)}, r"at p.left, expected list of 1, got a leaf \(int\)"),
    (FrozenDict(a=1, b=2), FrozenDict(b=2, a=1),
     r"at the root, expected FrozenDict with \('a', 'b'\), got \('b', 'a'\)"),
    ([ComponentArray(a=1.0)], [ComponentArray(b=1.0)],
     r"at \[0\], expected ComponentArray with Layout\(a=\(\)\), got Layout\(b=\(\)\)"),
    ({"f": FrozenDict(a=1)}, {"f": {"a": 1}}, r"at f, expected FrozenDict of \('a',\), got dict of \('a',\)"),
])
def test_structures_that_differ(tree, other, words):
    with pytest.raises(ValueError, match="tree_map needs trees of one structure: " + words): tree_map(min, tree, other)
    with pytest.raises(ValueError, match=words): tree_map_with_path(min, tree, other)


def test_an_error_in_the_function_stays_what_it_is():
    def fail(x, y): raise ValueError("mine")
    with pytest.raises(ValueError, match="^mine$"): tree_map(fail, [1], [2])


# frozen


def test_frozen_copies_and_locks():
    x = np.asfortranarray(np.ones((2, 3), np.float32))
    y = frozen(x)
    x[0, 0] = 5
    assert y[0, 0] == 1 and y.dtype == x.dtype and y.strides == x.strides
    with pytest.raises(ValueError, match="read-only"): y[0, 0] = 2


def test_frozen_leaves_no_way_through_a_view():
    x = np.zeros(4)
    view = x[:2]
    view.setflags(write=False)
    y = frozen(view)
    x[0] = 1
    assert y is not view and y[0] == 0
    with pytest.raises(ValueError, match="read-only"): y[0] = 2


def test_frozen_again_copies_nothing(theta):
    tree = frozen({"a": np.ones(3), "theta": theta, "b": None, "n": 3, "s": "text"})
    again = frozen(tree)
    assert again["a"] is tree["a"] and again["theta"].data is tree["theta"].data and again["s"] == "text"
    assert frozen(tree["a"][1:])[0] == 1 and frozen(tree["a"][1:]).base is tree["a"]
    with pytest.raises(ValueError, match="read-only"): tree["theta"].layer_0.weight[0, 0] = 1


def test_frozen_keeps_aliases():
    w = np.ones(2)
    tree = frozen([w, {"tied": w}])
    assert tree[0] is tree[1]["tied"] is not w


def test_frozen_refuses_arrays_that_cannot_be_locked():
    with pytest.raises(TypeError, match="frozen needs NumPy's arrays, got Recorder.*updated"): frozen([Recorder([1.0])])


# FrozenDict


def test_frozen_dict_is_a_mapping_with_attributes():
    d = FrozenDict({"weight": 1, "nested": {"items": 2}}, bias=3)
    assert d.weight == d["weight"] == 1 and d.bias == 3 and list(d) == ["weight", "nested", "bias"] and len(d) == 3
    assert isinstance(d.nested, FrozenDict) and d.nested["items"] == 2 and callable(d.nested.items)
    assert dict(d.items())["bias"] == 3 and d.get("none", 5) == 5 and "weight" in d and "weight" in dir(d)
    assert FrozenDict(entries=1, self=2).self == 2 and FrozenDict([("a", 1)]).a == 1 and len(FrozenDict()) == 0


def test_frozen_dict_does_not_share_with_what_it_was_made_from():
    source = {"a": {"b": 1}}
    d = FrozenDict(source)
    source["a"]["b"] = 2
    assert d.a.b == 1


def test_frozen_dict_refuses_changes():
    d = FrozenDict(weight=1)
    with pytest.raises(AttributeError, match="names of a FrozenDict cannot be assigned.*updated"): d.weight = 2
    with pytest.raises(TypeError, match=r"updated\(x, 'weight', value\)"): d["weight"] = 2
    with pytest.raises(AttributeError): del d["weight"]
    with pytest.raises(AttributeError): del d.weight
    with pytest.raises(TypeError): hash(FrozenDict(w=np.ones(2)))
    assert hash(FrozenDict(a=1, b=FrozenDict(c=2))) == hash(FrozenDict(b=FrozenDict(c=2), a=1))
    assert d == {"weight": 1}


def test_frozen_dict_says_which_names_it_has():
    d = FrozenDict(weight=1, bias=2)
    with pytest.raises(AttributeError, match="FrozenDict has no 'wieght'; its names are 'weight', 'bias'"): d.wieght
    with pytest.raises(KeyError, match="no 'wieght'"): d["wieght"]
    with pytest.raises(KeyError, match="no 'wieght'"): updated(d, "wieght", 1)
    with pytest.raises(TypeError, match="names that are strings, got 1"): FrozenDict({1: 2})
    assert not hasattr(d, "_repr_html_")


def test_frozen_dict_updated_and_merged():
    d = FrozenDict(weight=1, bias=2)
    assert list(updated(d, "weight", 5).items()) == [("weight", 5), ("bias", 2)] and d.weight == 1
    assert (d | {"c": {"e": 3}}).c.e == 3 and isinstance({"z": 0} | d, FrozenDict) and list({"z": 0} | d)[0] == "z"
    assert updated(d, "weight", Recorder([1.0])).weight.shape == (1,)
    assert updated(x=d, index="bias", value=0).bias == 0
    with pytest.raises(TypeError, match="FrozenDict"): updated(np.zeros(2), 0, d)


def test_frozen_dict_equality():
    w = np.ones((2, 3))
    d = FrozenDict(w=w, l=[w, 1], n=None)
    assert d == FrozenDict(w=w.copy(), l=[w.copy(), 1], n=None) == {"n": None, "l": [w, 1], "w": w}
    assert d != FrozenDict(w=w + 1, l=[w, 1], n=None) and d != FrozenDict(w=w[:1], l=[w, 1], n=None)
    assert d != {"w": w} and d != 3 and FrozenDict(a={"b": w}) == {"a": {"b": w}}


def test_frozen_dict_is_no_array():
    d = FrozenDict(a=np.ones(2))
    with pytest.raises(TypeError, match="sum needs arrays, got a FrozenDict.*tree_map"): np.sum(d)
    with pytest.raises(TypeError): np.ones(2) * d
    with pytest.raises(TypeError): np.exp(d)
    assert plain(d) == "plain"


def test_frozen_dict_repr():
    d = FrozenDict(weight=np.ones((5, 10), np.float32), scale=2)
    assert repr(d) == "FrozenDict(weight=float32[5, 10], scale=2)"
    assert repr(FrozenDict(layer_0=d, layer_1=d)) == (
        "FrozenDict(\n    layer_0=FrozenDict(weight=float32[5, 10], scale=2),\n"
        "    layer_1=FrozenDict(weight=float32[5, 10], scale=2),\n)")
    assert repr(FrozenDict()) == "FrozenDict()"


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_frozen_dict_and_component_array_travel(again, theta):
    d = FrozenDict(a=np.ones(2), b={"c": 1})
    assert again(d) == d and type(again(d).b) is FrozenDict
    twin = again(theta)
    twin[0] = 100
    assert type(twin) is ComponentArray and twin.layout == theta.layout and hash(twin.layout) == hash(theta.layout)
    assert theta[0] == 0 and twin.layer_0.weight[0, 0] == 100 and twin.layer_1.bias.shape == (1,)


# Layout, unravel, flatten_parts

names = st.text("abcdef", min_size=1, max_size=3)
shapes = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3)
layouts = st.deferred(lambda: st.dictionaries(names, shapes | layouts, max_size=3)
                      .map(lambda parts: Layout(tuple(parts.items()))))
leads = hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=3)


@given(layouts, leads)
def test_unravel_and_flatten_parts_are_inverse(layout, lead):
    flat = np.random.default_rng(0).standard_normal((*lead, layout.size))
    parts = unravel(flat, layout)
    assert [part.shape for part in parts] == [lead + shape for _, shape in layout.leaves]
    if parts: assert np.array_equal(flatten_parts(parts, layout), flat)
    assert sum(place.stop - place.start for place, _ in layout.leaves) == layout.size


@given(layouts.filter(lambda layout: layout.leaves), leads)
def test_unravel_and_flatten_parts_are_transposes(layout, lead):
    rng = np.random.default_rng(1)
    flat = rng.integers(-9, 9, (*lead, layout.size))
    parts = tuple(rng.integers(-9, 9, lead + shape) for _, shape in layout.leaves)
    products = [(a * b).sum() for a, b in zip(unravel(flat, layout), parts)]
    assert (flat * flatten_parts(parts, layout)).sum() == sum(products)


def test_parts_lie_in_c_order_one_after_the_other():
    w = np.asfortranarray(np.arange(6).reshape(2, 3))
    assert ComponentArray(w=w, b=np.array([7])).data.tolist() == [0, 1, 2, 3, 4, 5, 7]


def test_unravel_gives_views():
    flat = np.zeros(9)
    weight, bias = unravel(flat, Layout((("weight", (3, 2)), ("bias", (3,)))))
    weight[1, 0] = 5
    bias[:] = 6
    assert flat.tolist() == [0, 0, 5, 0, 0, 0, 6, 6, 6]


def test_sizes_that_do_not_fit():
    layout = Layout((("weight", (3, 2)), ("bias", (3,))))
    with pytest.raises(ValueError, match=r"unravel needs a last axis of 9 for Layout\(.*got shape \(2, 8\)"):
        unravel(np.zeros((2, 8)), layout)
    with pytest.raises(ValueError, match=r"flatten_parts needs.*\(2, 3\)"):
        flatten_parts((np.zeros((2, 3)), np.zeros(3)), layout)
    with pytest.raises(ValueError, match="one lead"): flatten_parts((np.zeros((3, 2)), np.zeros((4, 3))), layout)
    with pytest.raises(ValueError, match="got none"): flatten_parts((), layout)
    with pytest.raises(ValueError, match=r"shape \(9,\) for Layout.*got \(8,\)"):
        ComponentArray.from_data(np.zeros(8), layout)


def test_unravel_and_flatten_parts_dispatch():
    layout = Layout((("weight", (3, 2)), ("bias", (3,))))
    parts = unravel(Recorder(np.arange(9.0)), layout)
    assert all(isinstance(part, Recorder) for part in parts)
    assert isinstance(flatten_parts((np.zeros((3, 2)), parts[1]), layout), Recorder)


def test_layout_is_a_value():
    a, b = ComponentArray(parameters()).layout, ComponentArray(parameters()).layout
    assert a == b and hash(a) == hash(b) and a != ComponentArray(x=1.0).layout and a.names == ("layer_0", "layer_1")
    assert repr(a.parts[1][1]) == "Layout(weight=(1, 3), bias=(1,))"
    with pytest.raises(AttributeError): a.size = 3


# ComponentArray


def test_parts_by_name(theta):
    assert theta.layer_0.weight.shape == theta["layer_0"]["weight"].shape == (3, 2)
    assert theta.layer_0.weight is theta.layer_0.weight and np.shares_memory(theta.layer_0.weight, theta.data)
    assert type(theta.layer_1) is ComponentArray and theta.layer_1.data.tolist() == [2, 2, 2, 0]
    assert np.shares_memory(theta.layer_1.data, theta.data)
    assert "layer_0" in theta and "bias" not in theta and 2.0 in theta
    assert {"layer_0", "layer_1", "mean", "to_dict"} <= set(dir(theta))


def test_names_of_arrays_are_reached_by_index():
    ps = ComponentArray(mean=np.zeros(2), T=np.ones(3), data=2.0, layout=3.0)
    assert ps.mean() == 8 / 7 and ps["mean"].tolist() == [0, 0] and ps.T.shape == (7,) and ps["T"].shape == (3,)
    assert ps.data.shape == (7,) and ps["data"] == 2 and ps["layout"] == 3


def test_what_it_can_be_made_of():
    expected = ComponentArray(a=np.ones(2), b=ComponentArray(c=np.zeros(1)))
    plain_dict = {"a": np.ones(2), "b": {"c": np.zeros(1)}}
    for tree in plain_dict, FrozenDict(plain_dict), OrderedDict(plain_dict), expected:
        assert ComponentArray(tree).layout == expected.layout and np.array_equal(ComponentArray(tree), expected)
    assert ComponentArray(Pair(np.ones(2), Pair(1.0, 2.0))).right.left == 1
    assert ComponentArray({"a": 1.0}, b=2.0).layout.names == ("a", "b")
    assert ComponentArray().data.shape == ComponentArray(a={}).data.shape == (0,)


def test_it_copies_what_it_is_made_of():
    w = np.zeros(2)
    ps = ComponentArray(w=w)
    w[0] = 1
    assert ps.w[0] == 0


def test_numbers_adopt_the_dtype_of_the_arrays():
    ps = ComponentArray(scale=2.5, weight=np.ones(2, np.float32), count=3)
    assert ps.dtype == np.float32 and ps.scale.shape == () and ps.scale == 2.5
    assert ComponentArray(a=1, b=2.5).dtype == float and ComponentArray(a=1, b=2).dtype == int


@pytest.mark.parametrize("parts, words", [
    ({"w": np.ones(2, np.float32), "b": {"c": np.ones(2)}}, "one dtype, got w: float32, b.c: float64: .*astype"),
    ({"w": np.ones(2, int), "b": 1.5}, "one dtype, got w: int64, b: float"),
    ({"w": {"v": [1, 2]}}, "got list at w.v"),
    ({"w": None}, "got NoneType at w"),
    ({"w": {1: 2.0}}, "names that are strings, got 1"),
])
def test_what_it_cannot_be_made_of(parts, words):
    with pytest.raises(TypeError, match=words): ComponentArray(parts)


def test_a_tree_without_names():
    with pytest.raises(TypeError, match="a mapping or named tuple, got ndarray"): ComponentArray(np.ones(3))


def test_arithmetic_keeps_the_names(theta):
    v = np.arange(13.0)
    results = [theta + theta, 2 * theta, v - theta, theta / 2, theta ** 2, -theta, abs(theta), theta > 1,
               theta == theta, v + theta, theta + list(v), np.exp(theta), np.maximum(theta, 1), np.add(v, theta),
               divmod(theta, 2)[1],
               theta.astype(np.float32), theta.copy(), theta.round(), theta.clip(0, 1), theta.real, theta.conj(),
               np.where(theta > 1, theta, 0), np.zeros_like(theta), np.ones_like(theta), np.full_like(theta, 3),
               np.empty_like(theta), np.copy(theta), np.clip(theta, 0, 1), np.nan_to_num(theta), np.real(theta),
               np.imag(theta), np.round(theta), np.modf(theta)[0], np.isfinite(theta)]
    for result in results:
        assert type(result) is ComponentArray and result.layout == theta.layout
    assert np.array_equal((v - theta).data, v - theta.data) and np.array_equal((theta ** 2).data, theta.data ** 2)
    assert (theta > 1).dtype == bool and theta.astype(np.float32).dtype == np.float32


def test_all_else_is_plain(theta):
    n = theta.size
    for result in (np.sum(theta), theta.sum(), theta.mean(), np.linalg.norm(theta), theta @ theta,
                   np.ones((2, n)) @ theta, np.eye(n) @ theta, theta @ np.eye(n), np.dot(np.eye(n), theta),
                   np.concatenate([theta, theta]), np.cumsum(theta), np.sort(theta), np.add.reduce(theta),
                   np.add.accumulate(theta),
                   theta[1:3],
                   theta[theta > 1], theta[0], theta.T, theta.reshape(1, n), np.multiply.outer(theta, theta),
                   np.ones((2, n)) * theta, theta * np.ones((2, 1)), np.allclose(theta, theta), np.asarray(theta)):
        assert not isinstance(result, ComponentArray)
    assert (np.ones((2, n)) * theta).shape == (2, n) and np.concatenate([theta, theta]).shape == (2 * n,)


def test_it_looks_like_its_vector(theta):
    assert (theta.shape, theta.ndim, theta.size, theta.dtype, len(theta)) == ((13,), 1, 13, float, 13)
    assert list(theta) == theta.data.tolist() and np.asarray(theta) is theta.data
    assert theta.dtype == np.asarray(theta).dtype and not hasattr(theta, "__array_interface__")
    assert np.array(theta) is not theta.data and np.asarray(theta, np.float32).dtype == np.float32
    with pytest.raises(ValueError, match="ambiguous"): bool(theta)
    with pytest.raises(TypeError): hash(theta)


def test_layouts_do_not_mix():
    a, b = ComponentArray(w=np.ones(2), b=np.ones(1)), ComponentArray(b=np.ones(1), w=np.ones(2))
    words = (r"needs ComponentArrays of one layout, got Layout\(w=\(2,\), b=\(1,\)\) "
             r"and Layout\(b=\(1,\), w=\(2,\)\).*x.data")
    for act in (lambda: a + b, lambda: a == b, lambda: np.add(a, b), lambda: np.where(a > 0, a, b),
                lambda: np.clip(a, 0, b), lambda: np.add(a, 1, out=b), lambda: a.__iadd__(b)):
        with pytest.raises(ValueError, match=words): act()
    with pytest.raises(ValueError): a + ComponentArray(w=np.ones(3), b=np.ones(1))


def test_writing_to_the_vector_is_seen_by_the_parts(theta):
    weight, same = theta.layer_0.weight, theta
    theta += 1
    assert theta is same and weight[0, 0] == 1 and theta.layer_0.weight[0, 0] == 1
    theta[0] = 9
    theta[theta > 8] *= 2
    assert weight[0, 0] == 18
    theta[...] = theta * 2
    assert weight[0, 0] == 36
    target = np.zeros_like(theta)
    assert np.add(theta, 1, out=target) is target and target.layer_0.weight[0, 0] == 37
    vector = np.zeros(13)
    assert np.add(theta, 1, out=vector) is vector and vector[0] == 37


def test_in_place_on_frozen_data_makes_a_new_one(theta):
    first = second = frozen(theta)
    first += 1
    assert first is not second and second[0] == 0 and first.layer_0.weight[0, 0] == 1
    with pytest.raises(ValueError, match="read-only"): second[0] = 1
    with pytest.raises(ValueError, match="read-only"): np.add(second, 1, out=second)


def test_names_are_not_assigned(theta):
    with pytest.raises(AttributeError, match=r"a ComponentArray cannot be assigned.*updated\(x, 'layer_0', value\)"):
        theta.layer_0 = 1
    with pytest.raises(TypeError, match=r"updated\(x, 'layer_0', value\)"): theta["layer_0"] = 1
    with pytest.raises(AttributeError, match="has no 'layer_2'; its names are 'layer_0', 'layer_1'"): theta.layer_2
    with pytest.raises(KeyError, match="has no 'layer_2'"): theta["layer_2"]


def test_updated_by_name(theta):
    layer = updated(theta.layer_0, "weight", np.full((3, 2), 7))
    assert layer.weight[2, 1] == 7 and layer.bias[0] == 1 and theta.layer_0.weight[2, 1] == 5 and layer.dtype == float
    for value in layer, layer.to_dict(), dict(layer.to_dict()):
        assert updated(theta, "layer_0", value).layer_0.weight[0, 0] == 7
    assert updated(theta, slice(0, 2), -1).layer_0.weight.tolist() == [[-1, -1], [2, 3], [4, 5]]
    assert updated(np.zeros(13), slice(None), theta).tolist() == theta.data.tolist()
    with pytest.raises(ValueError, match=r"a value of \(3, 2\) for 'weight', got \(2, 3\)"):
        updated(theta.layer_0, "weight", np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"of \(3, 2\) for 'weight', got \(\)"): updated(theta.layer_0, "weight", 1.0)
    with pytest.raises(ValueError, match=r"Layout\(weight=\(3, 2\).*got Layout\(weight=\(1, 3\)"):
        updated(theta, "layer_0", theta.layer_1)
    with pytest.raises(TypeError, match="complex"): updated(theta.layer_0, "bias", np.full(3, 1j))
    with pytest.raises(KeyError, match="has no 'x'"): updated(theta, "x", 1)


def test_the_way_back(theta):
    tree = theta.to_dict()
    assert tree == parameters() and type(tree.layer_0) is FrozenDict and np.shares_memory(tree.layer_0.bias, theta.data)


def test_it_is_a_node_with_one_leaf(theta):
    leaves, treedef = tree_flatten(theta)
    assert len(leaves) == 1 and leaves[0] is theta.data and treedef.num_leaves == 1
    doubled = tree_map(lambda x: 2 * x, theta)
    assert doubled.layer_0.weight[0, 1] == 2 and doubled.layout is theta.layout


def test_any_array_can_be_its_data(theta):
    ps = ComponentArray.from_data(Recorder(np.arange(13.0)), theta.layout)
    assert isinstance(ps.layer_0.weight, Recorder) and ps.layer_1.weight.data.tolist() == [[9, 10, 11]]
    for result in ps + theta, theta + ps, np.exp(ps), theta * Recorder(np.ones(13)), 2 * ps, np.zeros_like(ps):
        assert type(result) is ComponentArray and type(result.data) is Recorder
    made = ComponentArray(a=Recorder(np.ones(2)), b=np.zeros(1))
    assert type(made.data) is Recorder and type(made.a) is Recorder
    assert type(updated(theta.layer_0, "bias", Recorder(np.zeros(3))).data) is Recorder
    assert type(updated(ps.layer_0, "bias", np.zeros(3)).data) is Recorder
    with pytest.raises(TypeError, match="way out"): np.asarray(ps)


def test_repr():
    ps = ComponentArray(weight=np.array([[1, 2], [3, 4]], np.float32), bias=np.zeros(2, np.float32))
    assert repr(ps) == ("ComponentArray(\n    weight=array([[1., 2.],\n                  [3., 4.]], dtype=float32),\n"
                        "    bias=array([0., 0.], dtype=float32),\n)")
    assert repr(ComponentArray(a=np.ones(2))) == "ComponentArray(a=array([1., 1.]))"
    again = eval(repr(ps), {"ComponentArray": ComponentArray, "array": np.array, "float32": np.float32})
    assert np.array_equal(again, ps) and again.layout == ps.layout
