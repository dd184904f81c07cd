"""The main job on real data: Vanilla against repaired nets on Adult, offline."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.random import RandomState
from sklearn.metrics import accuracy_score, average_precision_score
from tqdm.auto import tqdm

from skrunner.datasets import load_adult, paper_preprocessor
from skrunner.diagnosis import NeuronDiagnosis
from skrunner.estimators import NetClassifier, RunnerClassifier
from skrunner.metrics import delta_dp, delta_eo
from skrunner.plotting import plot_group_rates, plot_history, plot_importance

QUICK_ROWS, EPOCHS = 6000, 10
PARITY, ODDS = "repaired: demographic parity", "repaired: equalized odds"


@dataclass(frozen=True)
class SplitResult:
    """What one random split gave.

    Attributes
    ----------
    scores : DataFrame
        One row a net.
    nets : dict
        The fitted nets by name.
    test : tuple
        X, y and groups of the test rows.
    """

    scores: pd.DataFrame
    nets: dict[str, Any]
    test: tuple[Any, Any, Any]


def run_demo(n_seeds: int, *, quick: bool, output: Path) -> None:
    """Train, compare, diagnose, draw.

    Parameters
    ----------
    n_seeds : int
        Random splits into 80 % training and 20 % test rows.
    quick : bool
        One split of few rows, to see that everything runs.
    output : Path
        Where the figure is written.
    """
    seeds = range(1 if quick else n_seeds)
    with tqdm(total=3 * len(seeds), unit="net", desc="training") as bar:
        results = [_run_split(seed, bar, quick=quick) for seed in seeds]
    _say("\nAdult (UCI census income), groups: sex, which the nets do not see.")
    _say(f"Test rows of {len(seeds)} random split(s), mean ± sd over splits:\n")
    _say(_table([result.scores for result in results]))
    last = results[-1]
    X, _, groups = last.test
    diagnosis = last.nets["Vanilla"].diagnose(X, sensitive_features=groups)
    _say("\nMost responsible neurons of the Vanilla net (ΔDP, last split):\n")
    top = diagnosis.to_frame().sort_values("importance", ascending=False).head(5)
    _say(top.to_string(index=False, float_format="{:.2e}".format))
    _draw(last, diagnosis, output)
    _say(f"\nFigure: {output}")


def _run_split(seed: int, bar: Any, *, quick: bool) -> SplitResult:
    data = load_adult()
    rows = RandomState(seed).permutation(len(data.target))
    rows = rows[:QUICK_ROWS] if quick else rows
    train, test = np.split(rows, [int(0.8 * len(rows))])
    X = paper_preprocessor("adult").fit(data.data.iloc[train]).transform(data.data)
    y, groups = np.asarray(data.target), data.sensitive_features["sex"].to_numpy()
    budget: dict[str, Any] = {"max_epochs": EPOCHS, "random_state": seed}
    nets = {
        "Vanilla": NetClassifier(**budget),
        PARITY: RunnerClassifier(constraints="demographic_parity", **budget),
        ODDS: RunnerClassifier(constraints="equalized_odds", **budget),
    }
    scores = {}
    for name, net in nets.items():
        net.fit(X[train], y[train], sensitive_features=groups[train])
        scores[name] = _score(net, X[test], y[test], groups[test])
        bar.update()
    return SplitResult(pd.DataFrame(scores).T, nets, (X[test], y[test], groups[test]))


def _score(net: Any, X: Any, y: Any, groups: Any) -> dict[str, float]:
    predicted = net.predict(X)
    return {
        "AP": float(average_precision_score(y, net.predict_proba(X)[:, 1])),
        "ACC": float(accuracy_score(y, predicted)),
        "positive rate": float(predicted.mean()),
        "ΔDP": float(delta_dp(y, predicted, sensitive_features=groups)),
        "ΔEO": float(delta_eo(y, predicted, sensitive_features=groups)),
    }


def _table(scores: list[pd.DataFrame]) -> str:
    by_net = pd.concat(scores).groupby(level=0, sort=False)
    mean, spread = by_net.mean(), by_net.std()
    cells = pd.DataFrame(
        {
            column: [
                f"{value:.3f} ± {sd:.3f}" if len(scores) > 1 else f"{value:.3f}"
                for value, sd in zip(mean[column], spread[column], strict=True)
            ]
            for column in mean.columns
        },
        index=mean.index,
    )
    return cells.to_string()


def _draw(result: SplitResult, diagnosis: NeuronDiagnosis, output: Path) -> None:
    import matplotlib.pyplot as plt

    X, y, groups = result.test
    figure, axes = plt.subplots(1, 3, figsize=(15, 4.5), layout="constrained")
    names = ["Vanilla", PARITY]
    plot_group_rates(
        y,
        {name: result.nets[name].predict(X) for name in names},
        sensitive_features=groups,
        ax=axes[0],
    )
    axes[0].set_title("Predicted to earn over 50K, by sex (test rows)")
    plot_importance(diagnosis, ax=axes[1])
    repaired = result.nets[PARITY]
    plot_history(repaired.history_, chosen_epoch=repaired.chosen_epoch_, ax=axes[2])
    axes[2].set_title("The repair, epoch by epoch")
    figure.savefig(output, dpi=120)
    plt.close(figure)


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 (it is the command's output)
