"""Choose the defaults of RunnerClassifier on validation rows, never on test rows.

Splits 100 and up are used, the benchmarks' own are 0 and up: fit on the train rows
(with a validation share of its own inside), score on the validation rows.

    python -m benchmarks.paper.defaults --seeds 5 --jobs 2 --output defaults.jsonl
"""

import argparse
import json
from itertools import product
from pathlib import Path
from typing import Any

import torch
from joblib import Parallel, delayed
from tqdm.auto import tqdm

from benchmarks.paper.protocol import load_split
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


def run(name: str, seed: int, params: dict[str, Any], device: str) -> dict[str, Any]:
    """Fit one setting on one split; ``{}`` is plain training."""
    torch.set_num_threads(1)
    split = load_split(name, seed)
    kind = RunnerClassifier if params else NetClassifier
    estimator = kind(**params, device=device, random_state=seed)
    scores = fit_and_score(estimator, split.train, split.valid)
    return {"dataset": name, "seed": seed, "params": params, **scores}


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
        (name, FIRST_SEED + seed, params)
        for name in options.datasets
        for params in [{}, *candidates()]
        for seed in range(options.seeds)
    ]
    tasks = (delayed(run)(*point, options.device) for point in points)
    results = Parallel(options.jobs, return_as="generator_unordered")(tasks)
    with options.output.open("w") as file:
        for result in tqdm(results, total=len(points)):
            file.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
