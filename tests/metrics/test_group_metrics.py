"""The table of group metrics against fairlearn and scikit-learn group by group."""

import numpy as np
import pandas as pd
import pytest
from fairlearn.metrics import (
    MetricFrame,
    false_positive_rate,
    selection_rate,
    true_positive_rate,
)
from pandas.testing import assert_frame_equal
from sklearn.metrics import accuracy_score, average_precision_score, f1_score

from skrunner.metrics import delta_dp, delta_eo, group_metrics

RATES = {
    "selection_rate": selection_rate,
    "true_positive_rate": true_positive_rate,
    "false_positive_rate": false_positive_rate,
}


@pytest.fixture
def data():
    """Return 400 rows: labels, scores, predictions, two sensitive columns, weights."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "race": rng.choice(["a", "b", "c"], 400, p=[0.6, 0.3, 0.1]),
            "sex": rng.choice([0, 1], 400),
            "y": rng.integers(0, 2, 400),
            "w": rng.uniform(0.1, 2, 400),
        }
    )
    frame["score"] = rng.random(400) + 0.2 * frame["y"] + 0.1 * frame["sex"]
    frame["p"] = (frame["score"] > 0.6).astype(int)
    return frame


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("columns", [["race"], ["race", "sex"]], ids=len)
def test_it_equals_fairlearn_where_all_is_defined(data, columns, weighted):
    weight = data["w"] if weighted else None
    ours = group_metrics(
        data["y"], data["p"], sensitive_features=data[columns], sample_weight=weight
    )
    functions = {"accuracy": accuracy_score} | RATES
    theirs = MetricFrame(
        metrics=functions,
        y_true=data["y"],
        y_pred=data["p"],
        sensitive_features=data[columns],
        sample_params={name: {"sample_weight": weight} for name in functions}
        if weighted
        else None,
    )
    assert_frame_equal(ours.by_group[list(functions)], theirs.by_group, rtol=1e-12)
    np.testing.assert_allclose(ours.overall[list(functions)], theirs.overall)
    sizes = data.groupby(columns).size()
    np.testing.assert_array_equal(ours.by_group["count"], sizes)


def test_its_differences_are_the_metrics_of_the_room(data):
    groups = data[["race", "sex"]]
    frame = group_metrics(data["y"], data["p"], sensitive_features=groups)
    gaps = frame.difference()
    dp = delta_dp(data["y"], data["p"], sensitive_features=groups)
    eo = delta_eo(data["y"], data["p"], sensitive_features=groups)
    assert gaps["selection_rate"] == pytest.approx(dp, abs=1e-12)
    both = gaps["true_positive_rate"] + gaps["false_positive_rate"]
    assert both == pytest.approx(eo, abs=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
def test_average_precision_by_group(data, weighted):
    frame = group_metrics(
        data["y"],
        data["p"],
        sensitive_features=data["race"],
        y_score=data["score"],
        sample_weight=data["w"] if weighted else None,
    )
    for name, rows in data.groupby("race"):
        expected = average_precision_score(
            rows["y"], rows["score"], sample_weight=rows["w"] if weighted else None
        )
        value = frame.by_group.loc[name, "average_precision"]
        assert value == pytest.approx(expected, abs=1e-12)


def test_undefined_rates_are_nan():
    frame = group_metrics(
        [1, 0, 0, 0, 1],
        [1, 1, 1, 0, 1],
        sensitive_features=list("aabbc"),
        y_score=[0.9, 0.8, 0.7, 0.1, 0.6],
        sample_weight=[1, 1, 2, 1, 0],
    )
    table = frame.by_group
    assert list(table.index) == ["a", "b", "c"]
    np.testing.assert_allclose(table["count"], [2, 2, 1])
    np.testing.assert_allclose(table["accuracy"], [1 / 2, 1 / 3, np.nan])
    np.testing.assert_allclose(table["selection_rate"], [1, 2 / 3, np.nan])
    np.testing.assert_allclose(table["true_positive_rate"], [1, np.nan, np.nan])
    np.testing.assert_allclose(table["false_positive_rate"], [1, 2 / 3, np.nan])
    np.testing.assert_allclose(table["average_precision"], [1, np.nan, np.nan])


def test_three_classes_have_a_column_each(data):
    rng = np.random.default_rng(1)
    y, p = rng.choice(["x", "y", "z"], (2, 400))
    scores = rng.dirichlet([1, 1, 1], 400)
    kwargs = {"sensitive_features": data["race"]}
    table = group_metrics(y, p, **kwargs, y_score=scores).by_group
    for i, label in enumerate("xyz"):
        single = group_metrics(
            y == label, p == label, **kwargs, y_score=scores[:, i]
        ).by_group
        for name in (*RATES, "average_precision"):
            np.testing.assert_allclose(table[f"{name}_{label}"], single[name])
        alone = group_metrics(y, p, **kwargs, pos_label=label).by_group
        np.testing.assert_allclose(
            alone["true_positive_rate"], single["true_positive_rate"]
        )


def test_own_metrics_get_what_they_ask_for(data):
    def mean_score(y_true, y_pred, y_score):
        return y_score.mean()

    frame = group_metrics(
        data["y"],
        data["p"],
        sensitive_features=data["race"],
        y_score=data["score"],
        metrics={"f1": f1_score, "mean_score": mean_score},
        sample_weight=data["w"],
    )
    assert list(frame.by_group) == ["f1", "mean_score"]
    for name, rows in data.groupby("race"):
        expected = f1_score(rows["y"], rows["p"], sample_weight=rows["w"])
        assert frame.by_group.loc[name, "f1"] == pytest.approx(expected)
        value = frame.by_group.loc[name, "mean_score"]
        assert value == pytest.approx(rows["score"].mean())


def test_lists_of_several_features():
    frame = group_metrics(
        [0, 1, 1], [0, 1, 0], sensitive_features=[["f", 1], ["f", 1], ["m", 0]]
    )
    assert frame.by_group.loc[("f", 1), "accuracy"] == 1
    assert frame.by_group.loc[("m", 0), "accuracy"] == 0
    assert np.isnan(frame.by_group.loc[("m", 1), "accuracy"])


@pytest.mark.parametrize("name", ["y_true", "y_pred"])
def test_features_named_as_the_labels_are_refused(name):
    groups = pd.Series([0, 1, 0, 1], name=name)
    with pytest.raises(ValueError, match=f"is named {name}.*Rename it"):
        group_metrics([0, 1, 1, 0], [0, 1, 0, 1], sensitive_features=groups)


def test_values_of_one_feature_may_be_tuples():
    groups = pd.Series([("a", 1), ("b", 1)] * 2)
    frame = group_metrics([0, 1, 0, 1], [0, 1, 1, 1], sensitive_features=groups)
    assert frame.by_group["selection_rate"].tolist() == [0.5, 1.0]


@pytest.mark.parametrize("nothing", [None, pd.NA, np.nan])
def test_missing_labels(nothing):
    labels = pd.Series(["x", nothing, "x", "y"], dtype=object)
    whole, groups = list("xyxy"), list("aabb")
    with pytest.raises(ValueError, match="y_true misses 1 of 4 labels"):
        group_metrics(labels, whole, sensitive_features=groups)
    with pytest.raises(ValueError, match="y_pred misses 1 of 4 labels"):
        group_metrics(whole, labels, sensitive_features=groups)
