"""Choose the defaults of RunnerClassifier on validation rows, never on test rows.

Splits 100 and up are used, the benchmarks' own are 0 and up: fit on the train rows
(with a validation share of its own inside), score on the validation rows.

    python -m benchmarks.paper.defaults --seeds 5 --jobs 2 --output defaults.jsonl
"""

import argparse
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from benchmarks.paper.grid import guarded, split_of
from benchmarks.paper.runs import run_points
from benchmarks.paper.scores import fit_and_score
from skrunner import NetClassifier, RunnerClassifier

FIRST_SEED = 100
CONSTRAINTS = ("demographic_parity", "equalized_odds")
GRID = {
    "gap": ("mean", "threshold", "wasserstein"),
    "sampling": ("two_stream", "shared"),
    "fairness_weight": (0.05, 0.1, 0.2, 0.3, 0.6, 1.0),
    "neuron_ratio": (0.05, 0.5),
}


def candidates() -> list[dict[str, Any]]:
    """List the settings to compare."""
    grid = [dict(zip(GRID, values, strict=True)) for values in product(*GRID.values())]
    return [{"constraints": name, **point} for name in CONSTRAINTS for point in grid]


def fit_setting(point: dict[str, Any], device: str) -> dict[str, Any]:
    """Fit one setting on one split; params ``{}`` are plain training.

    Parameters
    ----------
    point : dict
        Data set, seed and params.
    device : str
        Where to train.

    Returns
    -------
    dict
        The point with its scores on the validation rows, or an ``error``.
    """

    def fit() -> dict[str, Any]:
        split = split_of(point["dataset"], point["seed"])
        kind = RunnerClassifier if point["params"] else NetClassifier
        estimator = kind(**point["params"], device=device, random_state=point["seed"])
        return fit_and_score(estimator, split.train, split.valid)

    return {**point, **guarded(fit, device)}


def main() -> None:
    """Run the grid and write one JSON line a fit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", nargs="+", default=["adult", "compas"])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--output", type=Path, default=Path("defaults.jsonl"))
    options = parser.parse_args()
    points = [
        {"dataset": name, "seed": FIRST_SEED + seed, "params": params}
        for seed in range(options.seeds)
        for name in options.datasets
        for params in [{}, *candidates()]
    ]
    fit = partial(fit_setting, device=options.device)
    run_points(points, fit, lambda _: options.output, jobs=options.jobs)


if __name__ == "__main__":
    main()
