"""Bars and whiskers against fairlearn's rates, counts by hand and scipy's intervals."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from fairlearn.metrics import (
    MetricFrame,
    false_positive_rate,
    selection_rate,
    true_positive_rate,
)
from scipy.stats import binomtest
from sklearn.metrics import accuracy_score

from skrunner.plotting import plot_group_rates

THEIRS = {
    "selection_rate": selection_rate,
    "true_positive_rate": true_positive_rate,
    "false_positive_rate": false_positive_rate,
    "accuracy": accuracy_score,
}


@pytest.fixture
def people():
    """Return 300 rows of three races and two sexes, with two classifiers' labels."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "race": rng.choice(["a", "b", "c"], 300, p=[0.5, 0.3, 0.2]),
            "sex": rng.choice([0, 1], 300, p=[0.4, 0.6]),
            "y": rng.choice([0, 1], 300, p=[0.7, 0.3]),
        }
    )
    for name, share in (("plain", 0.3), ("repaired", 0.15)):
        wrong = rng.random(300) < share
        frame[name] = np.where(wrong, 1 - frame["y"], frame["y"])
    return frame


def heights(ax):
    """Return one row of bar heights a classifier."""
    kinds = [item for item in ax.containers if hasattr(item, "patches")]
    return np.array([[bar.get_height() for bar in kind] for kind in kinds])


def whiskers(ax):
    """Return the lower and upper ends that are drawn, one row a classifier."""
    kinds = [item for item in ax.containers if hasattr(item, "lines")]
    ends = [kind.lines[2][0].get_segments() for kind in kinds]
    return np.array([[ends[:, 1] for ends in kind if len(ends)] for kind in ends])


def group_labels(ax):
    return [label.get_text() for label in ax.get_xticklabels()]


def interval(hits, rows):
    found = binomtest(int(hits), int(rows)).proportion_ci(0.95, method="wilson")
    return found.low, found.high


@pytest.mark.parametrize("rate", THEIRS)
@pytest.mark.parametrize("columns", [["race"], ["race", "sex"]], ids=len)
def test_heights_are_fairlearns_rates(people, columns, rate):
    predictions = {name: people[name] for name in ("plain", "repaired")}
    ax = plot_group_rates(
        people["y"], predictions, sensitive_features=people[columns], rate=rate
    )
    expected = [
        MetricFrame(
            metrics=THEIRS[rate],
            y_true=people["y"],
            y_pred=predicted,
            sensitive_features=people[columns],
        ).by_group.to_numpy()
        for predicted in predictions.values()
    ]
    np.testing.assert_allclose(heights(ax), expected, rtol=1e-12)
    assert heights(ax).shape == (2, 3 if len(columns) == 1 else 6)
    assert ax.get_ylabel() == rate.replace("_", " ")


CONDITIONS = {
    "selection_rate": lambda rows: rows["y"] >= 0,
    "accuracy": lambda rows: rows["y"] >= 0,
    "true_positive_rate": lambda rows: rows["y"] == 1,
    "false_positive_rate": lambda rows: rows["y"] == 0,
}


@pytest.mark.parametrize("rate", CONDITIONS)
def test_whiskers_are_of_the_rows_that_the_rate_is_a_share_of(people, rate):
    ax = plot_group_rates(
        people["y"],
        {"plain": people["plain"]},
        sensitive_features=people["race"],
        rate=rate,
    )
    expected = []
    for _, group in people[CONDITIONS[rate](people)].groupby("race"):
        right = group["plain"] == (group["y"] if rate == "accuracy" else 1)
        expected.append(interval(right.sum(), len(group)))
    # 1.96 stands for 1.95996.
    np.testing.assert_allclose(whiskers(ax)[0], expected, rtol=1e-4)


def test_whiskers_of_the_shares_0_and_1_stay_within():
    # Rounding puts the upper end of 6 in 6 below 1.
    groups = np.repeat(["none", "one of", "per cent"], [8, 6, 10])
    predicted = np.repeat([0, 1, 1, 0], [8, 6, 1, 9])
    labels = np.tile([0, 1, 1], 8)
    ax = plot_group_rates(labels, {"net": predicted}, sensitive_features=groups)
    np.testing.assert_allclose(heights(ax), [[0, 1, 0.1]])
    expected = [interval(0, 8), interval(6, 6), interval(1, 10)]
    np.testing.assert_allclose(whiskers(ax)[0], expected, rtol=1e-4, atol=1e-15)
    assert (whiskers(ax) >= 0).all()
    assert (whiskers(ax) <= 1).all()


@pytest.mark.parametrize("label", ["x", "y", "z"])
def test_three_classes_are_drawn_one_at_a_time(people, label):
    rng = np.random.default_rng(1)
    y, predicted = rng.choice(["x", "y", "z"], (2, 300), p=[0.5, 0.3, 0.2])
    race = people["race"]
    for kind, rows in (("true", y == label), ("false", y != label)):
        rate = f"{kind}_positive_rate_{label}"
        ax = plot_group_rates(y, {"net": predicted}, sensitive_features=race, rate=rate)
        hits = pd.Series(predicted == label)[rows].groupby(race[rows])
        np.testing.assert_allclose(heights(ax)[0], hits.mean())
        expected = [interval(group.sum(), len(group)) for _, group in hits]
        np.testing.assert_allclose(whiskers(ax)[0], expected, rtol=1e-4)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_bars_stand_side_by_side_around_their_group(people, number):
    names = ["plain", "repaired", "y"][:number]
    ax = plot_group_rates(
        people["y"],
        {name: people[name] for name in names},
        sensitive_features=people["race"],
    )
    centers = [bar.get_x() + bar.get_width() / 2 for bar in ax.patches]
    expected = {
        1: [[0.0, 1.0, 2.0]],
        2: [[-0.2, 0.8, 1.8], [0.2, 1.2, 2.2]],
        3: [np.arange(3) - 0.8 / 3, np.arange(3), np.arange(3) + 0.8 / 3],
    }[number]
    np.testing.assert_allclose(centers, np.ravel(expected), atol=1e-12)
    widths = [bar.get_width() for bar in ax.patches]
    np.testing.assert_allclose(widths, 0.8 / number)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == names
    colors = [bar.get_facecolor() for bar in ax.patches]
    assert len(set(colors)) == number
    assert all(len(set(colors[i : i + 3])) == 1 for i in range(0, 3 * number, 3))
    assert list(ax.get_xticks()) == [0, 1, 2]
    assert ax.get_xlim() == (-0.5, 2.5)


def test_intersections_keep_the_type_of_their_values(people):
    frame = pd.DataFrame({"old": people["race"] == "a", "code": people["sex"] + 1})
    ax = plot_group_rates(
        people["y"], {"net": people["plain"]}, sensitive_features=frame
    )
    names = ["False & 1", "False & 2", "True & 1", "True & 2"]
    assert group_labels(ax) == names
    means = people["plain"].groupby([frame["old"], frame["code"]]).mean()
    np.testing.assert_allclose(heights(ax)[0], means)


def test_a_group_without_rows_for_the_rate_has_its_place_and_no_bar():
    groups = [["f", 1], ["f", 1], ["f", 1], ["m", 0], ["m", 0], ["m", 1]]
    ax = plot_group_rates(
        [1, 1, 0, 1, 0, 0],
        {"net": [1, 0, 0, 1, 1, 0]},
        sensitive_features=groups,
        rate="true_positive_rate",
    )
    assert group_labels(ax) == ["f & 0", "f & 1", "m & 0", "m & 1"]
    np.testing.assert_array_equal(heights(ax), [[np.nan, 0.5, 1, np.nan]])
    expected = [interval(1, 2), interval(1, 1)]
    np.testing.assert_allclose(whiskers(ax)[0], expected, rtol=1e-4)


def test_one_label_alone_is_the_negative_one():
    ax = plot_group_rates(
        [0] * 5,
        {"net": [0] * 5},
        sensitive_features=list("aabbb"),
        rate="false_positive_rate",
    )
    np.testing.assert_array_equal(heights(ax), [[0, 0]])
    expected = [interval(0, 2), interval(0, 3)]
    np.testing.assert_allclose(whiskers(ax)[0], expected, rtol=1e-4, atol=1e-15)


def test_the_legend_hides_no_whisker(people):
    names = ["plain", "repaired", "y"]
    ax = plot_group_rates(
        people["y"],
        {name: people[name] for name in names},
        sensitive_features=people["race"],
    )
    ax.figure.canvas.draw()
    legend = ax.get_legend().get_window_extent()
    highest = ax.transData.transform((0, whiskers(ax).max()))[1]
    assert legend.y0 > highest
    assert legend.y1 <= ax.bbox.y1
    assert ax.get_ylim()[0] == 0


@pytest.mark.parametrize(("length", "angle"), [(4, 0), (30, 90)])
def test_long_names_of_groups_are_turned(people, length, angle):
    names = people["race"].str.repeat(length)
    ax = plot_group_rates(people["y"], {"net": people["y"]}, sensitive_features=names)
    assert {label.get_rotation() for label in ax.get_xticklabels()} == {angle}


def test_it_draws_on_passed_axes(people):
    data = people["y"], {"net": people["plain"]}
    figure, (left, right) = plt.subplots(1, 2)
    ax = plot_group_rates(*data, sensitive_features=people["race"], ax=right)
    assert ax is right
    assert heights(right).shape == (1, 3)
    assert not left.containers
    assert plt.get_fignums() == [figure.number]
    other = plot_group_rates(*data, sensitive_features=people["race"])
    assert other.figure is not figure


@pytest.mark.parametrize("rate", ["count", "precision"])
def test_an_unknown_rate(people, rate):
    known = "accuracy, selection_rate, true_positive_rate, false_positive_rate"
    with pytest.raises(ValueError, match=rf"no rate '{rate}'. Pass one of: {known}\."):
        plot_group_rates(
            people["y"],
            {"net": people["plain"]},
            sensitive_features=people["race"],
            rate=rate,
        )
    assert not plt.get_fignums()


@pytest.mark.parametrize(("given", "kind"), [({}, "dict"), (np.ones(3), "ndarray")])
def test_predictions_need_names(given, kind):
    message = rf"at least one name to predicted labels, got {kind}. Pass \{{'name'"
    with pytest.raises(ValueError, match=message):
        plot_group_rates([0, 1, 1], given, sensitive_features=["a", "b", "c"])
