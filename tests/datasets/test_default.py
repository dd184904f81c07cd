"""default_preprocessor makes the inputs that its description promises."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from skrunner.datasets import (
    default_preprocessor,
    load_adult,
    load_compas,
    load_credit,
    load_lsac,
)

LOADERS = {
    "adult": load_adult,
    "compas": load_compas,
    "credit": load_credit,
    "lsac": load_lsac,
}
# Without and with the sensitive columns; adult: 5 + 2 numbers, 7 work classes,
# 7 marital states, 14 occupations, 6 relations, 41 countries; 2 sexes, 5 races.
WIDTHS = {
    "adult": (82, 89),
    "compas": (5 + 2, 5 + 2 + 8),
    "credit": (6 + 48, 7 + 48 + 6),
    "lsac": (2, 2 + 10),
}
MADE_OF = {
    "adult": ("sex", "race"),
    "compas": ("sex", "race"),
    "credit": ("personal_status", "age", "foreign_worker"),
    "lsac": ("sex", "race"),
}


@pytest.mark.parametrize("name", LOADERS)
def test_width_and_dropped_columns(name):
    X = LOADERS[name]().data
    without, with_sensitive = WIDTHS[name]
    Z = default_preprocessor(name).fit_transform(X)
    assert isinstance(Z, np.ndarray)
    assert Z.shape == (len(X), without)
    kept = default_preprocessor(name, keep_sensitive=True).fit(X)
    assert kept.transform(X).shape == (len(X), with_sensitive)
    names = default_preprocessor(name).fit(X).get_feature_names_out()
    assert not any(column.startswith(MADE_OF[name]) for column in names)
    for column in MADE_OF[name]:
        assert any(out.startswith(column) for out in kept.get_feature_names_out())


def test_adult_against_the_formulas():
    X = load_adult().data
    Z = default_preprocessor("adult").set_output(transform="pandas").fit_transform(X)
    logarithm = np.log(1 + X["capital-gain"].to_numpy())
    expected = (logarithm - logarithm.mean()) / logarithm.std()
    np.testing.assert_allclose(Z["log1p_capital-gain"], expected)
    for column in ("age", "capital-gain"):
        values = X[column].to_numpy()
        expected = (values - values.mean()) / values.std()
        np.testing.assert_allclose(Z[column], expected)
    np.testing.assert_array_equal(
        Z["occupation_Sales"], (X["occupation"] == "Sales").astype(float)
    )


def test_unknown_text_gives_zeros():
    X = load_compas().data
    fitted = default_preprocessor("compas").set_output(transform="pandas").fit(X)
    odd = X[:4].assign(c_charge_degree=pd.Categorical(["F", "O", "M", "F"]))
    Z = fitted.transform(odd)
    assert Z["c_charge_degree_F"].tolist() == [1, 0, 0, 1]
    assert Z["c_charge_degree_M"].tolist() == [0, 0, 1, 0]


def test_drops_the_columns_even_if_they_are_absent():
    data = load_lsac().data
    fitted = default_preprocessor("lsac").fit(data.drop(columns=["sex", "race"]))
    np.testing.assert_array_equal(
        fitted.transform(data), default_preprocessor("lsac").fit_transform(data)
    )


@pytest.mark.parametrize("name", LOADERS)
def test_clones_and_pickles(name):
    X = LOADERS[name]().data[:500]
    preprocessor = default_preprocessor(name)
    Z = preprocessor.fit_transform(X)
    np.testing.assert_array_equal(clone(preprocessor).fit_transform(X), Z)
    again = pickle.loads(pickle.dumps(preprocessor))
    np.testing.assert_array_equal(again.transform(X), Z)


def test_unknown_name():
    with pytest.raises(ValueError, match="'x'; known are 'adult', 'compas', 'credit'"):
        default_preprocessor("x")
