"""The demo runs, and prints what an independent fit and fairlearn say."""

import contextlib
import io
from pathlib import Path
from typing import NamedTuple

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
from matplotlib.axes import Axes
from numpy.random import RandomState
from sklearn.metrics import accuracy_score, average_precision_score

from skrunner import NetClassifier, NeuronDiagnosis, RunnerClassifier, diagnose_neurons
from skrunner.cli import _demo, main
from skrunner.datasets import load_adult, paper_preprocessor

COLUMNS = ["AP", "ACC", "positive rate", "ΔDP", "ΔEO"]


class Demo(NamedTuple):
    path: Path
    axes: list[Axes]
    status: int
    out: str
    err: str


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """Run the quick demo once."""
    path = tmp_path_factory.mktemp("demo") / "figure.png"
    closed = []
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(io.StringIO()) as out,
        contextlib.redirect_stderr(io.StringIO()) as err,
    ):
        patch.setattr(plt, "close", closed.append)
        status = main(["demo", "--quick", "--output", str(path)])
    (figure,) = closed
    plt.close(figure)
    assert not plt.get_fignums()
    return Demo(path, figure.axes, status, out.getvalue(), err.getvalue())


@pytest.fixture(scope="module")
def split():
    """Return the split of seed 0, made in another way than the demo does."""
    X, y, groups = load_adult(return_X_y_a=True)
    rows = RandomState(0).permutation(len(y))
    train, test = rows[:4800], rows[4800:6000]
    inputs = paper_preprocessor("adult").fit(X.iloc[train])
    return [
        (inputs.transform(X.iloc[part]), y.iloc[part], groups["sex"].iloc[part])
        for part in (train, test)
    ]


def printed_row(demo, name):
    """Return the numbers of a line of the table."""
    (line,) = [line for line in demo.out.splitlines() if line.startswith(name + "  ")]
    return [float(number) for number in line.removeprefix(name).split()]


def scores_of(net, X, y, groups):
    predicted = net.predict(X)
    rates = {
        "selected": selection_rate,
        "true": true_positive_rate,
        "false": false_positive_rate,
    }
    gaps = MetricFrame(
        metrics=rates, y_true=y, y_pred=predicted, sensitive_features=groups
    ).difference()
    return [
        average_precision_score(y, net.predict_proba(X)[:, 1]),
        accuracy_score(y, predicted),
        (predicted == 1).sum() / len(predicted),
        gaps["selected"],
        gaps["true"] + gaps["false"],
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "classifier", "params"),
    [
        ("Vanilla", NetClassifier, {}),
        (
            "repaired: demographic parity",
            RunnerClassifier,
            {"constraints": "demographic_parity"},
        ),
        (
            "repaired: equalized odds",
            RunnerClassifier,
            {"constraints": "equalized_odds"},
        ),
    ],
)
def test_the_table_is_what_a_fit_of_ones_own_gives(
    demo, split, name, classifier, params
):
    (X, y, groups), test = split
    net = classifier(max_epochs=10, random_state=0, **params)
    net.fit(X, y, sensitive_features=groups)
    np.testing.assert_allclose(
        printed_row(demo, name), scores_of(net, *test), atol=5.01e-4
    )
    if name == _demo.PARITY:
        _, gap, chosen = demo.axes[2].lines
        np.testing.assert_allclose(gap.get_ydata(), net.history_["valid_gap"])
        assert chosen.get_xdata()[0] == net.chosen_epoch_
    if name == "Vanilla":
        frame = diagnose_neurons(
            net.net_.module_, test[0].astype("float32"), sensitive_features=test[2]
        ).to_frame()
        top = frame.loc[frame["importance"].idxmax()]
        after = demo.out.split("Most responsible neurons of the Vanilla net")[1]
        first = after.splitlines()[3].split()
        assert first[:2] == [top["layer"], str(top["neuron"])]
        assert float(first[2]) == pytest.approx(top["importance"], rel=0.01)


@pytest.mark.slow
def test_the_figure_is_a_png_of_three_axes(demo):
    assert demo.path.read_bytes().startswith(b"\x89PNG")
    pixels = plt.imread(demo.path)
    assert pixels.shape == (540, 1800, 4)
    for third in np.array_split(pixels[..., :3], 3, axis=1):
        assert len(np.unique(third.reshape(-1, 3), axis=0)) > 100
    assert demo.out.endswith(f"Figure: {demo.path}\n")


@pytest.mark.slow
def test_the_figure_shows_the_gaps_of_the_table(demo):
    rates, importance, history, _colorbar = demo.axes
    legend = [text.get_text() for text in rates.get_legend().get_texts()]
    assert legend == ["Vanilla", _demo.PARITY]
    heights = [bar.get_height() for bar in rates.patches]
    for name, (women, men) in zip(legend, np.split(np.array(heights), 2), strict=True):
        assert men - women == pytest.approx(printed_row(demo, name)[3], abs=5.01e-4)
    assert rates.get_title() == "Predicted to earn over 50K, by sex (test rows)"
    assert importance.get_title() == "Most responsible neurons of 400"
    assert history.get_title() == "The repair, epoch by epoch"
    assert len(history.lines[1].get_xdata()) == 10


@pytest.mark.slow
def test_progress_goes_to_stderr(demo):
    assert demo.status == 0
    assert "training: 100%" in demo.err
    assert "3/3" in demo.err
    assert "training:" not in demo.out
    assert "1 random split(s)" in demo.out
    assert "AP" not in demo.err


def frames(n_splits):
    rng = np.random.default_rng(0)
    return [
        pd.DataFrame(rng.random((2, 5)), ["Vanilla", _demo.PARITY], COLUMNS)
        for _ in range(n_splits)
    ]


def parse(table):
    """Return mean and spread of each cell, by name of the net."""
    lines = table.splitlines()
    cells = {}
    for name in ("Vanilla", _demo.PARITY):
        (line,) = [line for line in lines if line.startswith(name)]
        numbers = line.removeprefix(name).replace("±", " ").split()
        cells[name] = np.array(numbers, dtype=float)
    return cells


def test_several_splits_are_told_by_mean_and_sample_deviation():
    scores = frames(4)
    cells = parse(_demo._table(scores))
    for name, rows in pd.concat(scores).groupby(level=0):
        expected = np.column_stack([rows.mean(), rows.std(ddof=1)]).ravel()
        np.testing.assert_allclose(cells[name], expected, atol=5.01e-4)


def test_one_split_has_no_spread():
    (scores,) = frames(1)
    table = _demo._table([scores])
    assert "±" not in table
    assert table.split("\n")[0].split() == " ".join(COLUMNS).split()
    for name, numbers in parse(table).items():
        np.testing.assert_allclose(numbers, scores.loc[name], atol=5.01e-4)


class Diagnosed:
    """A net that says on which rows it was diagnosed."""

    def __init__(self, seed):
        self.seed = seed

    def diagnose(self, X, *, sensitive_features):
        assert sensitive_features == f"groups {self.seed}"
        return NeuronDiagnosis(
            layer=np.array([f"net_{self.seed}"], dtype=object),
            neuron=np.array([5]),
            importance=np.array([0.25]),
            discrimination=np.array([0.5]),
            discrimination_by_pair=np.array([[0.5]]),
            rank=np.array([1]),
            selected=np.array([True]),
        )


@pytest.mark.parametrize(("quick", "seeds"), [(False, [0, 1, 2]), (True, [0])])
def test_every_seed_is_a_split_and_the_last_is_diagnosed(
    monkeypatch, capsys, quick, seeds
):
    scores, seen, drawn = frames(3), [], []

    def run_split(seed, _bar, *, quick):
        seen.append((seed, quick))
        net, test = Diagnosed(seed), ("X", "y", f"groups {seed}")
        return _demo.SplitResult(scores[seed], {"Vanilla": net}, test)

    monkeypatch.setattr(_demo, "_run_split", run_split)
    monkeypatch.setattr(_demo, "_draw", lambda *given: drawn.append(given))
    _demo.run_demo(3, quick=quick, output=Path("figure.png"))
    assert seen == [(seed, quick) for seed in seeds]
    out = capsys.readouterr().out
    assert _demo._table(scores[: len(seeds)]) in out
    assert f"Test rows of {len(seeds)} random split(s)" in out
    assert f"net_{seeds[-1]}       5    2.50e-01        5.00e-01" in out
    (given,) = drawn
    assert given[0].test[2] == f"groups {seeds[-1]}"
    assert given[2] == Path("figure.png")
