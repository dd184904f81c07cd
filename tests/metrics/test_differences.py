"""The differences against fairlearn, loops over classes and hand-worked tables."""

import numpy as np
import pandas as pd
import pytest
from fairlearn.metrics import (
    MetricFrame,
    demographic_parity_difference,
    equalized_odds_difference,
    false_positive_rate,
    true_positive_rate,
)

from skrunner.exceptions import UndefinedRateWarning
from skrunner.metrics import delta_dp, delta_eo, delta_fpr, delta_tpr, parity_gap

METRICS = (delta_dp, delta_eo, delta_tpr, delta_fpr)
AGREEMENT = 1e-12


@pytest.fixture
def frame():
    """Return 900 rows with two sensitive columns of unequal sizes, and weights."""
    rng = np.random.default_rng(0)
    race = rng.choice(["a", "b", "c"], 900, p=[0.6, 0.3, 0.1])
    sex = rng.choice(["f", "m"], 900, p=[0.3, 0.7])
    y = rng.integers(0, 2, 900)
    chance = 0.2 + 0.3 * y + 0.2 * (race == "a") + 0.1 * (sex == "m")
    p = (rng.random(900) < chance).astype(int)
    weight = rng.uniform(0.1, 3, 900)
    return pd.DataFrame({"race": race, "sex": sex, "y": y, "p": p, "w": weight})


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("columns", ["race", "sex", ["race", "sex"]])
def test_two_classes_equal_fairlearn(frame, columns, weighted):
    kwargs = {"sensitive_features": frame[columns]}
    if weighted:
        kwargs["sample_weight"] = frame["w"]
    y, p = frame["y"], frame["p"]
    expected = demographic_parity_difference(y, p, **kwargs)
    assert delta_dp(y, p, **kwargs) == pytest.approx(expected, abs=AGREEMENT)
    for ours, theirs in (("max", "worst_case"), ("mean", "mean")):
        expected = equalized_odds_difference(y, p, **kwargs, agg=theirs)
        value = delta_eo(y, p, **kwargs, agg=ours)
        assert value == pytest.approx(expected, abs=AGREEMENT)
    assert delta_eo(y, p, **kwargs) == pytest.approx(2 * value, abs=AGREEMENT)


def test_the_two_halves_equal_fairlearn(frame):
    y, p, groups = frame["y"], frame["p"], frame[["race", "sex"]]
    for ours, theirs in (
        (delta_tpr, true_positive_rate),
        (delta_fpr, false_positive_rate),
    ):
        rates = MetricFrame(
            metrics=theirs, y_true=y, y_pred=p, sensitive_features=groups
        )
        value = ours(y, p, sensitive_features=groups)
        assert value == pytest.approx(rates.difference(), abs=AGREEMENT)


def test_a_table_worked_by_hand():
    # a: 2 of 4 selected, TPR 1/2, FPR 1/2; b: 3 of 4, TPR 1, FPR 1/2; c: 1 of 3, TPR
    # 1, FPR 0
    y = [1, 1, 0, 0, 1, 1, 0, 0, 1, 0, 0]
    p = [1, 0, 1, 0, 1, 1, 1, 0, 1, 0, 0]
    groups = {"sensitive_features": list("aaaabbbbccc")}
    assert delta_dp(y, p, **groups) == pytest.approx(3 / 4 - 1 / 3)
    assert delta_tpr(y, p, **groups) == 1 / 2
    assert delta_fpr(y, p, **groups) == 1 / 2
    assert delta_eo(y, p, **groups) == 1
    assert delta_eo(y, p, **groups, agg="max") == 1 / 2
    assert delta_eo(y, p, **groups, agg="mean") == 1 / 2


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("labels", [[0, 1, 2], ["x", "yy", "zzz"]], ids=["int", "str"])
def test_three_classes_are_one_against_rest(labels, weighted):
    rng = np.random.default_rng(1)
    groups = rng.choice(3, 600, p=[0.5, 0.3, 0.2])
    true = rng.integers(0, 3, 600)
    guess = rng.choice(3, 600, p=[0.6, 0.3, 0.1])
    predicted = np.where(rng.random(600) < 0.4 + 0.2 * groups, true, guess)
    kwargs = {"sensitive_features": groups}
    if weighted:
        kwargs["sample_weight"] = rng.uniform(0.5, 2, 600)
    y, p = np.asarray(labels)[true], np.asarray(labels)[predicted]
    for metric in METRICS:
        singles = [metric(true == c, predicted == c, **kwargs) for c in range(3)]
        assert len(set(singles)) == 3
        by_class = metric(y, p, **kwargs, average=None)
        assert by_class == pytest.approx(singles, abs=AGREEMENT)
        macro, largest = np.mean(singles), max(singles)
        assert metric(y, p, **kwargs) == pytest.approx(macro, abs=AGREEMENT)
        value = metric(y, p, **kwargs, average="max")
        assert value == pytest.approx(largest, abs=AGREEMENT)
        value = metric(y, p, **kwargs, pos_label=labels[1])
        assert value == pytest.approx(singles[1], abs=AGREEMENT)


@pytest.mark.parametrize("agg", ["sum", "max", "mean"])
def test_agg_comes_before_the_average_over_classes(agg):
    rng = np.random.default_rng(2)
    groups, true, predicted = rng.integers(0, 3, (3, 300))
    kwargs = {"sensitive_features": groups}
    singles = [delta_eo(true == c, predicted == c, **kwargs, agg=agg) for c in range(3)]
    value = delta_eo(true, predicted, **kwargs, agg=agg, average="max")
    assert value == pytest.approx(max(singles), abs=AGREEMENT)


def test_the_public_metrics_are_the_training_metric(frame):
    codes = np.unique(frame["race"], return_inverse=True)[1]
    names = (
        "demographic_parity",
        "equalized_odds",
        "true_positive_rate_parity",
        "false_positive_rate_parity",
    )
    y, p = frame["y"].to_numpy(), frame["p"].to_numpy()
    for name, metric in zip(names, METRICS, strict=True):
        gap = parity_gap(name, y, p, codes, n_groups=3, n_classes=2)
        assert metric(y, p, sensitive_features=frame["race"]) == gap


@pytest.mark.parametrize(
    "container",
    [list, np.asarray, pd.Series, lambda v: pd.Series(v, dtype="category")],
    ids=["list", "array", "series", "category"],
)
@pytest.mark.parametrize(
    "labels", [(0, 1), (0.0, 1.0), (False, True), ("no", "yes"), (-1, 1)], ids=str
)
def test_containers_and_labels(frame, container, labels):
    expected = delta_eo(frame["y"], frame["p"], sensitive_features=frame["race"])
    y = container([labels[v] for v in frame["y"]])
    p = container([labels[v] for v in frame["p"]])
    groups = container(frame["race"].tolist())
    assert delta_eo(y, p, sensitive_features=groups) == expected


def test_pos_label_of_two_classes(frame):
    kwargs = {"sensitive_features": frame["race"]}
    y, p = frame["y"], frame["p"]
    assert delta_tpr(y, p, **kwargs, pos_label=0) == pytest.approx(
        delta_tpr(1 - y, 1 - p, **kwargs), abs=AGREEMENT
    )
    assert delta_tpr(y, p, **kwargs, pos_label=0) == pytest.approx(
        delta_fpr(y, p, **kwargs), abs=AGREEMENT
    )
    assert delta_tpr(y, p, **kwargs) != delta_fpr(y, p, **kwargs)
    with pytest.raises(ValueError, match=r"pos_label='yes' is not a label.*0, 1"):
        delta_tpr(y, p, **kwargs, pos_label="yes")


def test_a_rate_without_rows_is_nan_and_named():
    # b has no positive row: fairlearn calls its true positive rate 0, the gap 1.
    y, p, groups = [1, 1, 0, 0, 0], [1, 1, 0, 1, 0], list("aaabb")
    assert equalized_odds_difference(y, p, sensitive_features=groups) == 1
    message = r"true positive rate of b \(2 with label 0, 0 with label 1\)\. Measure"
    for metric in (delta_eo, delta_tpr):
        with pytest.warns(UndefinedRateWarning, match=message) as caught:
            value = metric(y, p, sensitive_features=groups)
        assert np.isnan(value)
        assert caught[0].filename == __file__
    assert delta_fpr(y, p, sensitive_features=groups) == 1 / 2
    assert delta_dp(y, p, sensitive_features=groups) == pytest.approx(2 / 3 - 1 / 2)


@pytest.mark.parametrize("agg", ["sum", "max", "mean"])
def test_undefined_whatever_agg(agg):
    with pytest.warns(UndefinedRateWarning, match="false positive rate of b"):
        value = delta_eo(
            [1, 0, 1, 1], [1, 0, 0, 1], sensitive_features=list("aabb"), agg=agg
        )
    assert np.isnan(value)


def test_a_group_without_weight_is_undefined():
    weight = [1, 2, 0, 0]
    with pytest.warns(UndefinedRateWarning, match="selection rate of b"):
        value = delta_dp(
            [0, 1, 0, 1],
            [0, 1, 1, 1],
            sensitive_features=list("aabb"),
            sample_weight=weight,
        )
    assert np.isnan(value)


def test_one_class_undefined_of_three():
    y, p, groups = [0, 1, 2, 0, 1, 1], [0, 1, 2, 0, 1, 2], list("aaabbb")
    with pytest.warns(UndefinedRateWarning, match=r"of b \(1 with label 0, 2 with"):
        by_class = delta_tpr(y, p, sensitive_features=groups, average=None)
    np.testing.assert_array_equal(by_class, [0, 0.5, np.nan])
    for average in ("macro", "max"):
        with pytest.warns(UndefinedRateWarning, match="true positive rate of b"):
            value = delta_tpr(y, p, sensitive_features=groups, average=average)
        assert np.isnan(value)


@pytest.mark.parametrize("metric", METRICS)
def test_a_single_group_is_undefined(metric):
    with pytest.warns(UndefinedRateWarning, match="m is the only group"):
        assert np.isnan(metric([0, 1], [0, 1], sensitive_features=["m", "m"]))


def test_constant_predictions():
    y, groups = np.array([0, 1, 0, 1, 0, 1]), list("aabbcc")
    for value in (0, 1):
        for metric in METRICS:
            assert metric(y, np.full(6, value), sensitive_features=groups) == 0


@pytest.mark.parametrize("label", [0, 1, -1, True, False])
def test_a_lone_customary_label(label):
    y, groups = [label] * 4, list("aabb")
    assert delta_dp(y, y, sensitive_features=groups) == 0
    with pytest.warns(UndefinedRateWarning, match="0 with label"):
        assert np.isnan(delta_eo(y, y, sensitive_features=groups))
    expected = delta_tpr if label > 0 else delta_fpr
    assert expected(y, y, sensitive_features=groups) == 0


def test_a_lone_label_of_unknown_meaning():
    y, groups = ["good"] * 4, list("aabb")
    with pytest.raises(ValueError, match=r"predictions are .*good.*Pass pos_label"):
        delta_dp(y, y, sensitive_features=groups)
    assert delta_dp(y, y, sensitive_features=groups, pos_label="good") == 0
    assert delta_tpr(y, y, sensitive_features=groups, pos_label="good") == 0
    assert delta_fpr(y, y, sensitive_features=groups, pos_label="excellent") == 0


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"agg": "median"}, "agg must be one of sum, max, mean, got 'median'"),
        ({"average": "micro"}, "average must be one of macro, max or None, got 'mic"),
        (
            {"sample_weight": [1, 1, 1]},
            "sample_weight must hold 4 finite non-neg.* got 3",
        ),
        ({"sample_weight": [1, 1, 1, -2]}, "sample_weight .* got 4 with minimum -2"),
        ({"sample_weight": [1, 1, 1, np.nan]}, "sample_weight .* minimum nan"),
        ({"sensitive_features": list("aab")}, "3 row.*but X has 4"),
    ],
)
def test_options_are_checked(kwargs, message):
    kwargs = {"sensitive_features": list("aabb")} | kwargs
    with pytest.raises(ValueError, match=message):
        delta_eo([0, 1, 0, 1], [0, 1, 1, 1], **kwargs)


def test_predictions_are_checked():
    groups = {"sensitive_features": list("aabb")}
    with pytest.raises(ValueError, match="continuous"):
        delta_dp([0, 1, 0, 1], [0.2, 0.8, 0.3, 0.4], **groups)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        delta_dp([0, 1, 0, 1], [0, 1, 0], **groups)
    with pytest.raises(ValueError, match="string and number"):
        delta_dp([0, 1, 0, 1], list("abab"), **groups)


def test_no_rows_and_endless_weights_are_refused():
    with pytest.raises(ValueError, match="no rows"):
        delta_dp([], [], sensitive_features=[])
    with pytest.raises(ValueError, match="finite non-negative"):
        delta_dp(
            [0, 1], [0, 1], sensitive_features=["a", "b"], sample_weight=[np.inf, 1]
        )
