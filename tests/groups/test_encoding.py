"""Sensitive features in every form they come in."""

# A GroupEncoding's values are no DataFrame's.
# ruff: noqa: PD011

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

from skrunner.groups import encode_groups

ONE = ["b", "a", "c", "b", "b"]
TWO = [["b", 1], ["a", 0], ["a", 1], ["b", 1], ["b", 0]]


@pytest.mark.parametrize(
    "container",
    [
        list,
        tuple,
        np.array,
        lambda v: np.array(v, dtype=object),
        pd.Series,
        lambda v: pd.Series(v, dtype="category"),
        lambda v: pd.Series(v, index=[9, 9, 3, 2, 1]),
        pd.Categorical,
        lambda v: pd.DataFrame({"race": v}),
        lambda v: np.array(v)[:, None],
    ],
)
def test_containers_of_one_feature(container):
    groups = encode_groups(container(ONE), n_samples=5)
    np.testing.assert_array_equal(groups.codes, [1, 0, 2, 1, 1])
    assert groups.codes.dtype == np.int64
    assert groups.values == ("a", "b", "c")
    assert groups.names == ("a", "b", "c")
    assert groups.n_groups == 3
    np.testing.assert_array_equal(groups.encode(container(ONE)), groups.codes)


@pytest.mark.parametrize(
    "container",
    [
        list,
        lambda v: np.array(v, dtype=object),
        lambda v: pd.DataFrame(v, columns=["race", "sex"]),
        lambda v: pd.DataFrame(v).astype({0: "category"}),
    ],
)
def test_several_features_intersect(container):
    groups = encode_groups(container(TWO))
    np.testing.assert_array_equal(groups.codes, [3, 0, 1, 3, 2])
    assert groups.values == (("a", 0), ("a", 1), ("b", 0), ("b", 1))
    assert groups.names == ("a & 0", "a & 1", "b & 0", "b & 1")
    np.testing.assert_array_equal(groups.encode(container(TWO[::-1])), [2, 3, 1, 0, 3])


def test_only_groups_that_occur():
    groups = encode_groups([["a", 0], ["b", 1], ["a", 0]])
    assert groups.values == (("a", 0), ("b", 1))
    unused = pd.Series(["x", "y"], dtype=pd.CategoricalDtype(["x", "y", "z"]))
    assert encode_groups(unused).values == ("x", "y")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([2, 0, 10, 2], (0, 2, 10)),
        ([True, False, True], (False, True)),
        ([1.0, 0.0, 1.0], (0.0, 1.0)),
        (pd.array([1, 0, 1], dtype="Int64"), (0, 1)),
        (pd.array([True, False], dtype="boolean"), (False, True)),
        (np.array(["b", 1, "a"], dtype=object), (1, "a", "b")),
    ],
)
def test_values_are_sorted_as_what_they_are(values, expected):
    groups = encode_groups(pd.Series(values))
    assert groups.values == expected
    assert [groups.values[code] for code in groups.codes] == list(values)


def test_names_of_the_features():
    assert encode_groups(pd.Series([0, 1], name="sex")).feature_names == ("sex",)
    assert encode_groups(pd.Series([0, 1])).feature_names == ("sensitive_feature",)
    assert encode_groups([0, 1]).feature_names == ("sensitive_feature",)
    frame = pd.DataFrame({"race": ONE, 1: ONE})
    assert encode_groups(frame).feature_names == ("race", "1")
    names = encode_groups(np.zeros((3, 2))).feature_names
    assert names == ("sensitive_feature_0", "sensitive_feature_1")


def test_columns_of_one_name():
    frame = pd.DataFrame(TWO, columns=["x", "x"])
    assert encode_groups(frame).values == encode_groups(TWO).values


def test_data_frames_of_other_libraries():
    class Foreign:
        def to_pandas(self):
            return pd.Series(ONE, name="race")

    groups = encode_groups(Foreign())
    assert groups.values == ("a", "b", "c")
    assert groups.feature_names == ("race",)


@pytest.mark.parametrize("nothing", [None, np.nan, pd.NA])
def test_missing_values(nothing):
    values = np.array(["b", nothing, "a", nothing], dtype=object)
    with pytest.raises(ValueError, match=r"2 row\(s\) with a missing.*missing='group'"):
        encode_groups(values)
    groups = encode_groups(values, missing="group")
    assert groups.values == ("<missing>", "a", "b")
    np.testing.assert_array_equal(groups.codes, [2, 0, 1, 0])
    np.testing.assert_array_equal(groups.encode(values[::-1]), [0, 1, 0, 2])
    with pytest.raises(ValueError, match="missing value"):
        encode_groups(["a", "b"]).encode(values)
    with pytest.raises(ValueError, match="missing must be 'error' or 'group', got 'x'"):
        encode_groups(values, missing="x")


def test_missing_values_of_one_of_two_features():
    frame = pd.DataFrame({"race": ["a", None, "a"], "sex": [0.0, 1.0, np.nan]})
    groups = encode_groups(frame, missing="group")
    assert set(groups.values) == {("a", 0.0), ("<missing>", 1.0), ("a", "<missing>")}


def test_unseen_groups():
    groups = encode_groups(ONE)
    with pytest.raises(ValueError, match=r"unseen in training: d, e\. Known.*a, b, c"):
        groups.encode(["a", "e", "d", "e"])
    pairs = encode_groups(TWO[:2])
    with pytest.raises(ValueError, match="unseen"):
        pairs.encode([["b", 0]])
    with pytest.raises(ValueError, match=r"has 1 column\(s\).* made of 2: sensitive"):
        pairs.encode(["a", "b"])


def test_other_dtypes_of_the_same_values():
    groups = encode_groups(np.array([0, 1, 2]))
    for values in ([2.0, 1.0], np.array([2, 1], dtype=np.int8), pd.Series([2, 1])):
        np.testing.assert_array_equal(groups.encode(values), [2, 1])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (ONE[:3], r"sensitive_features has 3 row\(s\), but X has 5"),
        (np.zeros((5, 2, 2)), "must have one or two dimensions, got 3"),
        ("a", "must have one or two dimensions, got 0"),
        (np.empty((5, 0)), "has no column"),
        (pd.DataFrame(index=range(5)), "has no column"),
    ],
)
def test_shapes(values, message):
    with pytest.raises(ValueError, match=message):
        encode_groups(values, n_samples=5)


def test_continuous_features_are_refused():
    age = np.random.default_rng(0).normal(40, 10, 200)
    message = "'age' looks continuous: 200 distinct values.*pandas.cut"
    with pytest.raises(ValueError, match=message):
        encode_groups(pd.DataFrame({"sex": ["f"] * 200, "age": age}))
    objects = pd.DataFrame({"sex": ["f"] * 200, "age": age}).to_numpy()
    for rows in (objects, objects.tolist()):
        with pytest.raises(ValueError, match="looks continuous: 200 distinct values"):
            encode_groups(rows)
    assert encode_groups(pd.cut(age, 4)).n_groups == 4
    assert encode_groups(age.round()).n_groups == len(np.unique(age.round()))
    assert encode_groups(np.arange(20) / 10).n_groups == 20


def test_the_groups_alone():
    groups = encode_groups(TWO)
    known = groups.without_rows()
    assert known.codes.shape == (0,)
    assert known.values == groups.values
    np.testing.assert_array_equal(known.encode(TWO), groups.codes)


def test_it_pickles():
    groups = encode_groups(TWO)
    copy = pickle.loads(pickle.dumps(groups))
    np.testing.assert_array_equal(copy.codes, groups.codes)
    assert copy.values == groups.values


def test_columns_of_a_frame_are_found_by_name():
    frame = pd.DataFrame({"sex": [0, 0, 1, 1], "race": [0, 1, 0, 1]})
    known = encode_groups(frame)
    turned = frame[["race", "sex"]]
    np.testing.assert_array_equal(known.encode(turned), known.codes)
    # An array has no names: its columns keep their places.
    by_place = known.encode(turned.to_numpy())
    np.testing.assert_array_equal(by_place, [0, 2, 1, 3])
    np.testing.assert_array_equal(
        encode_groups(frame.to_numpy()).encode(turned), by_place
    )
    with pytest.raises(ValueError, match="columns sex, age, but the groups were made"):
        known.encode(frame.set_axis(["sex", "age"], axis=1))


def test_sparse_columns():
    sparse = csr_array([[0.0], [2.0], [0.0]])
    assert encode_groups(sparse).codes.tolist() == [0, 1, 0]
