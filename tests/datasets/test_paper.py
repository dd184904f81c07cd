"""paper_preprocessor against references written from the formulas, row by row."""

import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skrunner.datasets import (
    load_adult,
    load_compas,
    load_credit,
    load_lsac,
    paper_preprocessor,
)

LOADERS = {
    "adult": load_adult,
    "compas": load_compas,
    "credit": load_credit,
    "lsac": load_lsac,
}
WIDTHS = {
    ("adult", None): 120,
    ("adult", "shared_edges"): 120,
    ("adult", "per_column"): 120,
    ("compas", None): 18,
    ("compas", "propublica"): 18,
    ("compas", "propublica_without_race"): 12,
    ("compas", "aif360"): 9,
    ("credit", None): 121,
    ("credit", "deciles"): 121,
    ("credit", "aif360"): 10,
    ("lsac", None): 2,
    ("lsac", "scores"): 2,
    ("lsac", "scores_race"): 10,
    ("lsac", "scores_zfya"): 3,
    ("lsac", "scores_zfya_race"): 11,
}
ADULT_NUMBERS = ["age", "education-num", "capital-gain", "capital-loss"]
ADULT_NUMBERS += ["hours-per-week"]


@pytest.fixture(scope="module")
def adult():
    """Return train, validation and test rows, of a random order as in the paper."""
    data = load_adult().data
    order = np.random.RandomState(3).permutation(len(data))
    block, test = order[: int(0.8 * len(data))], order[int(0.8 * len(data)) :]
    val, train = block[: len(test)], block[len(test) :]
    return data.iloc[train], data.iloc[val], data.iloc[test]


def quantile(values, q):
    """Interpolate linearly between the two order statistics around (n - 1) q."""
    values = sorted(values)
    low = int((len(values) - 1) * q)
    share = (len(values) - 1) * q - low
    high = min(low + 1, len(values) - 1)
    return values[low] + share * (values[high] - values[low])


def bin_of(value, edges):
    """Return the number of inner edges that are not above the value, 0 to 9."""
    return sum(value >= edge for edge in edges[1:-1])


def standardized(values, basis):
    mean = sum(basis) / len(basis)
    variance = sum((value - mean) ** 2 for value in basis) / len(basis)
    return [(value - mean) / variance**0.5 for value in values]


def slow_bins(column, edges_column, train, scale_on, rows):
    """Bin the rows' `column` with the deciles of `edges_column`, one at a time."""
    edges = [
        quantile(standardized(train[edges_column], scale_on[edges_column]), i / 10)
        for i in range(11)
    ]
    values = standardized(rows[column], scale_on[column])
    return [[float(bin_of(v, edges) == i) for i in range(10)] for v in values]


def slow_adult(train, scale_on, rows, *, shared):
    blocks = [
        slow_bins(column, "age" if shared else column, train, scale_on, rows)
        for column in ADULT_NUMBERS
    ]
    texts = ["workclass", "marital-status", "occupation", "relationship", "sex", "race"]
    # As in the reference: get_dummies of all rows, all but White dropped, sex skipped.
    dummies = pd.get_dummies(load_adult().data[texts].astype(str)).astype(float)
    dropped = dummies.filter(regex="^(race_(?!White)|sex_Female)").columns
    dummies = dummies.drop(columns=dropped).loc[rows.index]
    assert dummies.columns.get_loc("sex_Male") == 39 - 5
    names = dummies.columns.drop("sex_Male")
    blocks += [[[1 - b, b] for b in dummies[name]] for name in names]
    return np.hstack([np.asarray(block) for block in blocks])


@pytest.mark.parametrize(("variant", "shared"), [(None, True), ("per_column", False)])
def test_adult_against_the_formula(adult, variant, shared):
    train, val, test = adult
    scale_on = pd.concat([val, train])
    preprocessor = paper_preprocessor("adult", variant).fit(train, scale_on=scale_on)
    rows = test.iloc[:400]
    expected = slow_adult(train, scale_on, rows, shared=shared)
    np.testing.assert_array_equal(preprocessor.transform(rows), expected)


@pytest.mark.parametrize(
    ("variant", "n_bins"), [("shared_edges", 6), ("per_column", 1)]
)
def test_adult_own_edges_lose_capital_gain(adult, variant, n_bins):
    # More than nine tenths have no gain, so that all of the gain's own edges are equal.
    preprocessor = paper_preprocessor("adult", variant).set_output(transform="pandas")
    Z = preprocessor.fit_transform(adult[0])
    assert Z.filter(regex="^capital-gain_bin").any().sum() == n_bins
    assert Z.filter(regex="^age_bin").mean().between(0.07, 0.13).all()


def test_adult_names():
    names = paper_preprocessor("adult").fit(load_adult().data).get_feature_names_out()
    assert list(names[:2]) == ["age_bin_0", "age_bin_1"]
    assert list(names[50:52]) == ["workclass_Federal-gov_0", "workclass_Federal-gov_1"]
    assert list(names[-2:]) == ["race_White_0", "race_White_1"]
    assert not any("sex" in name for name in names)


def test_adult_scaler_comes_from_scale_on_and_edges_from_train(adult):
    train, val, _ = adult
    alone = paper_preprocessor("adult").fit(train)
    both = paper_preprocessor("adult").fit(train, scale_on=pd.concat([train, val]))
    assert alone.scaler_.mean_[0] == pytest.approx(train["age"].mean())
    assert both.scaler_.mean_[0] == pytest.approx(pd.concat([train, val])["age"].mean())
    back = both.edges_[0] * both.scaler_.scale_[0] + both.scaler_.mean_[0]
    np.testing.assert_allclose(back, np.quantile(train["age"], np.arange(11) / 10))
    np.testing.assert_array_equal(both.edges_[4], both.edges_[0])


def test_adult_unknown_texts_give_zeros():
    raw = load_adult(rows="raw").data
    preprocessor = paper_preprocessor("adult").set_output(transform="pandas")
    Z = preprocessor.fit(load_adult().data).transform(raw)
    unknown = raw["workclass"].isna()
    indicators = Z.filter(regex="^workclass_.*_1$")
    assert indicators.shape[1] == 7
    assert (indicators[unknown] == 0).all(axis=None)
    known = ~unknown & (raw["workclass"] != "Never-worked")
    assert (indicators[known].sum(axis=1) == 1).all()


def test_compas_propublica_against_the_formula():
    X = load_compas().data
    train, rows = X[:4000], X[4000:4300]
    scale_on = X[:5000]
    Z = paper_preprocessor("compas").fit(train, scale_on=scale_on).transform(rows)
    numbers = ["age", "priors_count", "juv_fel_count", "juv_misd_count"]
    for i, column in enumerate([*numbers, "juv_other_count"]):
        np.testing.assert_allclose(
            Z[:, i], standardized(rows[column], scale_on[column]), rtol=1e-10
        )
    texts = ["c_charge_degree", "age_cat", "sex", "race"]
    expected = pd.get_dummies(X[texts].astype(str)).loc[rows.index]
    np.testing.assert_array_equal(Z[:, 5:], expected)
    without = paper_preprocessor("compas", "propublica_without_race").fit(
        train, scale_on=scale_on
    )
    np.testing.assert_array_equal(without.transform(rows), Z[:, :12])


def test_compas_aif360_against_the_rules():
    X = load_compas(variant="aif360").data
    preprocessor = paper_preprocessor("compas", "aif360").fit(X)
    names = list(preprocessor.get_feature_names_out())
    Z = preprocessor.transform(X)
    for row, inputs in zip(X[:300].itertuples(), Z, strict=False):
        priors = row.priors_count
        coarse = "0" if priors <= 0 else "1 to 3" if priors <= 3 else "More than 3"
        expected = {
            f"age_cat_{row.age_cat}",
            f"priors_count_{coarse}",
            f"c_charge_degree_{row.c_charge_degree}",
        }
        expected |= {"sex_Female"} if row.sex == "Female" else set()
        assert {name for name, b in zip(names, inputs, strict=True) if b} == expected
    # The literature counts 36 distinct rows: 2 x 3 x 3 x 2.
    assert len(np.unique(Z, axis=0)) == 36


def test_credit_deciles_against_the_formula():
    X = load_credit().data
    train, rows = X[:600], X[600:]
    Z = paper_preprocessor("credit").fit(train).transform(rows)
    numbers = train.select_dtypes("number").columns
    assert len(numbers) == 7
    blocks = [slow_bins(name, name, train, train, rows) for name in numbers]
    np.testing.assert_array_equal(Z[:, :70], np.hstack(blocks))
    names = paper_preprocessor("credit").fit(X).get_feature_names_out()
    texts = train.select_dtypes("category").columns.drop("personal_status")
    dummies = pd.get_dummies(X[texts].astype(str)).loc[rows.index]
    assert dummies.shape[1] == 50
    np.testing.assert_array_equal(Z[:, 70:120], dummies[names[70:120]])
    male = load_credit().sensitive_features["sex"][rows.index] == "Male"
    np.testing.assert_array_equal(Z[:, 120], male)


def test_credit_aif360_against_the_counts():
    Z = (
        paper_preprocessor("credit", "aif360")
        .set_output(transform="pandas")
        .fit_transform(load_credit().data)
    )
    # Counted by code in german.data: A30 40, A31 49, A32 530, A33 88, A34 293; A61 603,
    # A62 103, A63 63, A64 48, A65 183; A71 62, A72 172, A73 339, A74 174, A75 253.
    assert Z.sum().to_dict() == {
        "age_>25": 810,
        "credit_history_Delay": 88,
        "credit_history_None/Paid": 619,
        "credit_history_Other": 293,
        "savings_status_500+": 111,
        "savings_status_<500": 706,
        "savings_status_Unknown/None": 183,
        "employment_1-4 years": 511,
        "employment_4+ years": 427,
        "employment_Unemployed": 62,
    }


def test_lsac_against_the_formula():
    X = load_lsac().data
    train, rows = X[:13000], X[20000:20200]
    Z = paper_preprocessor("lsac", "scores_zfya_race").fit(train).transform(rows)
    for i, column in enumerate(["LSAT", "UGPA", "ZFYA"]):
        np.testing.assert_allclose(
            Z[:, i], standardized(rows[column], train[column]), rtol=1e-9
        )
    races = pd.get_dummies(X["race"].astype(str)).loc[rows.index]
    np.testing.assert_array_equal(Z[:, 3:], races)
    plain = paper_preprocessor("lsac").fit(train).transform(rows)
    np.testing.assert_array_equal(plain, Z[:, :2])


@pytest.mark.parametrize(("name", "variant"), WIDTHS)
def test_transformer_contract(name, variant):
    X = LOADERS[name]().data[:300]
    preprocessor = paper_preprocessor(name, variant)
    Z = preprocessor.fit_transform(X)
    assert Z.shape == (300, WIDTHS[name, variant])
    assert Z.dtype == np.float64
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(preprocessor)).transform(X), Z
    )
    np.testing.assert_array_equal(clone(preprocessor).fit(X).transform(X), Z)
    names = preprocessor.get_feature_names_out()
    assert len(set(names)) == len(names) == Z.shape[1]
    frame = clone(preprocessor).set_output(transform="pandas").fit(X).transform(X[5:9])
    assert list(frame.columns) == list(names)
    assert list(frame.index) == [5, 6, 7, 8]
    np.testing.assert_array_equal(frame, Z[5:9])


def test_works_in_a_pipeline():
    data, target, _ = load_compas(return_X_y_a=True)
    model = make_pipeline(
        paper_preprocessor("compas", "aif360"), LogisticRegression()
    ).fit(data, target)
    # Coarse inputs and logistic regression are known to give about .66 here.
    assert model.score(data, target) == pytest.approx(0.66, abs=0.02)


def test_scale_on_is_routed():
    X = load_lsac().data
    with sklearn.config_context(enable_metadata_routing=True):
        preprocessor = paper_preprocessor("lsac").set_fit_request(scale_on=True)
        model = make_pipeline(preprocessor).fit(X[:100], scale_on=X)
    np.testing.assert_allclose(model[0].scaler_.mean_, X[["LSAT", "UGPA"]].mean())


def test_unknown_name_and_variant():
    with pytest.raises(ValueError, match="'adlt'; known are 'adult', 'compas'"):
        paper_preprocessor("adlt")
    with pytest.raises(ValueError, match="variant 'x'; known are 'deciles', 'aif360'"):
        paper_preprocessor("credit", "x")


def test_wrong_input():
    X = load_lsac().data
    with pytest.raises(TypeError, match=r"X must be a DataFrame .* got ndarray"):
        paper_preprocessor("lsac").fit(X.to_numpy())
    with pytest.raises(ValueError, match=r"X lacks the column\(s\) LSAT"):
        paper_preprocessor("lsac").fit(X.drop(columns="LSAT"))
    with pytest.raises(ValueError, match=r"scale_on lacks the column\(s\) UGPA"):
        paper_preprocessor("lsac").fit(X, scale_on=X.drop(columns="UGPA"))
    with pytest.raises(ValueError, match="X has missing values in UGPA"):
        paper_preprocessor("lsac").fit(X.assign(UGPA=np.nan))
    fitted = paper_preprocessor("lsac").fit(X)
    with pytest.raises(TypeError, match="got list"):
        fitted.transform([[1.0, 2.0]])
