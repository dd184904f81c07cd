"""COMPAS has the rows and base rates of its three variants."""

import pytest

from skrunner.datasets import load_compas


@pytest.mark.parametrize(
    ("variant", "n_rows", "base_rate"),
    [("raw", 7214, 0.451), ("propublica", 6172, 0.455), ("aif360", 5278, 0.470)],
)
def test_rows_and_base_rate(variant, n_rows, base_rate):
    compas = load_compas(variant=variant)
    assert len(compas.data) == len(compas.sensitive_features) == n_rows
    assert compas.target.mean() == pytest.approx(base_rate, abs=5e-4)
    assert f"Rows: {n_rows}" in compas.DESCR
    assert list(compas.data.index) == list(range(n_rows))


@pytest.mark.parametrize(
    ("variant", "other", "rate_of_other"),
    [("propublica", "Other", 0.383), ("aif360", "Caucasian", 0.391)],
)
def test_base_rates_by_race(variant, other, rate_of_other):
    compas = load_compas(variant=variant)
    rates = compas.target.groupby(compas.sensitive_features["race"]).mean()
    assert rates.to_dict() == pytest.approx(
        {"African-American": 0.523, other: rate_of_other}, abs=5e-4
    )


def test_detailed_race_is_that_of_the_data():
    compas = load_compas()
    detailed = compas.sensitive_features["race_detailed"]
    assert detailed.equals(compas.data["race"].astype(str).rename("race_detailed"))
    assert detailed.nunique() == 6
    african_american = compas.sensitive_features["race"] == "African-American"
    assert african_american.equals(detailed == "African-American")
    assert load_compas(variant="aif360").data["race"].cat.categories.size == 2


def test_label_one_is_unfavorable_and_no_feature_leaks_it():
    compas = load_compas()
    assert compas.favorable_label == 0
    assert compas.target_names[1] == "new charge within two years"
    assert set(compas.compas_scores) == {"decile_score", "score_text"}
    assert not {"is_recid", "decile_score", "two_year_recid"} & set(compas.data)
    assert len(compas.compas_scores) == len(compas.data)


def test_tables_only():
    data, target, sensitive_features = load_compas(variant="raw", return_X_y_a=True)
    assert data.shape == (7214, 9)
    assert target.name == "two_year_recid"
    assert list(sensitive_features) == ["race", "race_detailed", "sex"]


def test_unknown_variant():
    with pytest.raises(ValueError, match='"propublica", "aif360" or "raw", got \'x\''):
        load_compas(variant="x")
