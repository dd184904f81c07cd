"""Lines of a training against the table that they are drawn from."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from skrunner import RunnerClassifier
from skrunner.plotting import plot_history

EPOCHS = [1, 2, 3, 4]
UTILITY = [0.60, 0.72, 0.75, 0.70]
GAP = [0.0, 0.30, 0.12, 0.05]


def table(**changes):
    columns = {"epoch": EPOCHS, "valid_utility": UTILITY, "valid_gap": GAP}
    return pd.DataFrame({**columns, "valid_loss": [9.0] * 4, **changes})


def drawn(ax):
    return {line.get_label(): line.get_xydata().tolist() for line in ax.lines}


def points(values):
    return [list(pair) for pair in zip(EPOCHS, values, strict=True)]


def legend_of(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_utility_and_gap_by_epoch():
    ax = plot_history(table())
    assert drawn(ax) == {
        "utility": points(UTILITY),
        "gap between groups": points(GAP),
    }
    assert legend_of(ax) == ["utility", "gap between groups"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "on validation rows")
    assert ax.get_ylim() == (0, 1)


def test_the_chosen_epoch_is_marked_from_bottom_to_top():
    ax = plot_history(table(), chosen_epoch=3)
    mark = ax.lines[2]
    assert mark.get_label() == "chosen epoch"
    assert list(mark.get_xdata()) == [3, 3]
    assert list(mark.get_ydata()) == [0, 1]  # of the axes' height
    assert mark.get_transform().transform((3, 1))[1] == pytest.approx(ax.bbox.y1)
    assert legend_of(ax)[2] == "chosen epoch"
    assert mark.get_color() not in [line.get_color() for line in ax.lines[:2]]


def test_a_gap_above_one_is_not_cut_off():
    # Equalized odds adds two differences up.
    ax = plot_history(table(valid_gap=[1.4, 0.9, np.nan, 0.3]))
    assert ax.get_ylim() == (0, 1.4)


def test_epochs_are_whole_numbers():
    ax = plot_history(table())
    ax.figure.canvas.draw()
    ticks = ax.get_xticks()
    assert len(ticks) >= 4
    np.testing.assert_array_equal(ticks, ticks.round())


def test_it_draws_on_passed_axes():
    figure, (left, right) = plt.subplots(1, 2)
    assert plot_history(table(), ax=right) is right
    assert len(right.lines) == 2
    assert len(left.lines) == 0
    assert plt.get_fignums() == [figure.number]
    assert plot_history(table()).figure is not figure


def test_without_validation_rows():
    message = r"no validation scores.*select_epoch='within_utility'.*validation_frac"
    with pytest.raises(ValueError, match=message):
        plot_history(table().drop(columns="valid_gap"))
    assert not plt.get_fignums()


def test_no_table():
    with pytest.raises(TypeError, match=r"got RunnerClassifier.*history_ of a fitted"):
        plot_history(RunnerClassifier())


def test_the_history_of_an_estimator():
    rng = np.random.default_rng(0)
    groups = rng.choice(["a", "b", "c"], 300, p=[0.5, 0.3, 0.2])
    X = rng.normal(size=(300, 3)) + (groups == "a")[:, None]
    y = (X.sum(axis=1) + rng.normal(size=300) > 1).astype(int)
    params = {"net_params": {"hidden": (4,)}, "max_epochs": 3, "lr": 0.02}
    fitted = RunnerClassifier(**params, utility_drop=1.0, random_state=0)
    fitted.fit(X, y, sensitive_features=groups)
    history = fitted.history_
    lines = drawn(plot_history(history, chosen_epoch=fitted.chosen_epoch_))
    for label, column in (
        ("utility", "valid_utility"),
        ("gap between groups", "valid_gap"),
    ):
        np.testing.assert_array_equal(
            lines[label], history[["epoch", column]].to_numpy()
        )
    assert lines["chosen epoch"][0][0] == fitted.chosen_epoch_
