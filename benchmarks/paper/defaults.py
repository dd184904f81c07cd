"""Choose the defaults of RunnerClassifier on validation rows, never on test rows.

Splits 100 and up are used, the benchmarks' own are 0 and up: fit on the train rows
(with a validation share of its own inside), score on the validation rows.

    python -m benchmarks.paper.defaults --seeds 10 --jobs 2 --output defaults.jsonl
    python -m benchmarks.paper.defaults --output defaults.jsonl --page defaults.rst
"""

import argparse
import json
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.paper.agreement import Spread
from benchmarks.paper.grid import guarded, split_of
from benchmarks.paper.pages import CONSTRAINTS, TITLES
from benchmarks.paper.rst import heading, list_table
from benchmarks.paper.runs import read_rows, run_points
from benchmarks.paper.scores import GAPS, fit_and_score
from benchmarks.paper.summary import successful
from skrunner import RunnerClassifier

FIRST_SEED = 100
COMMON = {"validation_fraction": 0.25}
CANDIDATES: dict[str, list[dict[str, Any]]] = {
    "demographic_parity": [
        {"gap": "threshold", "fairness_weight": 0.1},
        {"gap": "threshold", "fairness_weight": 0.2},
        {"gap": "threshold", "fairness_weight": 0.3},
        {"gap": "mean", "fairness_weight": 0.3},
        {"gap": "wasserstein", "fairness_weight": 0.2},
        {"gap": "threshold", "fairness_weight": 0.2, "sampling": "shared"},
    ],
    "equalized_odds": [
        {"gap": "threshold", "fairness_weight": 0.2},
        {"gap": "threshold", "fairness_weight": 0.3},
        {"gap": "mean", "fairness_weight": 0.2},
        {"gap": "mean", "fairness_weight": 0.3},
        {"gap": "mean", "fairness_weight": 0.2, "fairness_batch_size": 1000},
        {"gap": "threshold", "fairness_weight": 0.3, "sampling": "shared"},
    ],
}
INTRO = """What the defaults of ``RunnerClassifier`` were chosen by: means ± standard
deviations on the *validation* rows of splits that no other page reports, measured by
``python -m benchmarks.paper.defaults`` on a CPU; not every setting was run on every
data set and split, and none yet for demographic parity. The rows shown were fitted as
the command does, before it was cut to these candidates. Times are of a machine that did
other work besides, and only comparable within a table by their order."""


def points(datasets: list[str], seeds: int) -> list[dict[str, Any]]:
    """List the fits, split by split.

    Parameters
    ----------
    datasets : list of str
        The data sets.
    seeds : int
        Splits.

    Returns
    -------
    list of dict
        Seed, data set, constraint and parameters.
    """
    return [
        {"seed": seed, "dataset": name, "constraints": constraints, "params": params}
        for seed in range(FIRST_SEED, FIRST_SEED + seeds)
        for name in datasets
        for constraints, candidates in CANDIDATES.items()
        for params in candidates
    ]


def fit_setting(point: dict[str, Any], device: str) -> dict[str, Any]:
    """Fit one setting on one split.

    Parameters
    ----------
    point : dict
        Data set, seed, constraint and parameters.
    device : str
        Where to train.

    Returns
    -------
    dict
        The point with its scores on the validation rows, or an ``error``.
    """

    def fit() -> dict[str, Any]:
        split = split_of(point["dataset"], point["seed"])
        estimator = RunnerClassifier(
            constraints=point["constraints"],
            **point["params"],
            **COMMON,
            device=device,
            random_state=point["seed"],
        )
        return fit_and_score(estimator, split.train, split.valid)

    return {**point, **guarded(fit, device)}


def render(rows: list[dict[str, Any]]) -> str:
    """Render the page.

    Parameters
    ----------
    rows : list of dict
        One a fit.

    Returns
    -------
    str
        reStructuredText.
    """
    frame = successful(rows)
    frame["setting"] = [_words(params) for params in frame["params"]]
    out = [*heading("How the defaults were chosen", "="), INTRO, ""]
    for (constraints, name), part in frame.groupby(["constraints", "dataset"]):
        gap = GAPS[constraints]
        strong = "strong_" + gap.removesuffix("_sum")
        cells = [
            [setting, str(len(fits)), *_spreads(fits, gap, strong)]
            for setting, fits in part.groupby("setting", sort=False)
        ]
        header = ("setting", "splits", "AP", "ACC", "gap", "strong gap", "seconds")
        title = f"{TITLES[name]}, {CONSTRAINTS[constraints]}"
        out += list_table(title, header, cells)
    return "\n".join(out).rstrip() + "\n"


def _words(params: dict[str, Any]) -> str:
    return ", ".join(f"{name}={json.dumps(value)}" for name, value in params.items())


def _spreads(fits: pd.DataFrame, gap: str, strong: str) -> list[str]:
    return [
        str(Spread(float(fits[name].mean()), float(fits[name].std())))
        for name in ("ap", "acc", gap, strong)
    ] + [f"{fits['seconds'].mean():.1f}"]


def main() -> None:
    """Run the candidates, or render what they gave."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", nargs="+", default=["adult", "compas"])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--output", type=Path, default=Path("defaults.jsonl"))
    parser.add_argument("--page", type=Path)
    options = parser.parse_args()
    if options.page:
        options.page.write_text(render(read_rows(options.output)))
        return
    fit = partial(fit_setting, device=options.device)
    todo = points(options.datasets, options.seeds)
    run_points(todo, fit, lambda _: options.output, jobs=options.jobs)


if __name__ == "__main__":
    main()
