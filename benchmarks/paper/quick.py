"""Vanilla, the paper's settings and our defaults on Adult and COMPAS, in minutes.

    python -m benchmarks.paper.quick --seeds 5 --jobs 2 --output docs/results/quick.json

Prints every number beside the paper's and the project's goals, and writes all runs.
"""

import argparse
import json
import platform
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from joblib import Parallel, delayed
from tqdm.auto import tqdm

from benchmarks.paper import published
from benchmarks.paper.protocol import load_split
from benchmarks.paper.scores import fit_and_score
from skrunner import NetClassifier, RunnerClassifier, __version__

DATASETS = ("adult", "compas")
CONSTRAINTS = ("demographic_parity", "equalized_odds")
METHODS = ("vanilla", "paper", "default")
GAPS = {"demographic_parity": "delta_dp", "equalized_odds": "delta_eo_sum"}
# (data set, constraint, method): the largest gap at the least AP and ACC.
GOALS = {
    ("adult", "demographic_parity", "paper"): (0.065, 0.76, 0.0),
    ("adult", "equalized_odds", "default"): (0.07, 0.77, 0.84),
    ("compas", "demographic_parity", "default"): (0.03, 0.66, 0.645),
    ("compas", "equalized_odds", "default"): (0.08, 0.66, 0.645),
}


def run(
    name: str, constraints: str, method: str, seed: int, device: str
) -> dict[str, Any]:
    """Fit one method on one split and score it on the test rows."""
    torch.set_num_threads(1)
    split = load_split(name, seed)
    common = {"device": device, "random_state": seed}
    if method == "vanilla":
        estimator: Any = NetClassifier(constraints=constraints, **common)
        rows = split.train
    elif method == "paper":
        settings = RunnerClassifier.paper_settings(name, constraints)
        estimator = RunnerClassifier(**settings, **common)
        rows = split.fit
    else:
        # A quarter of train and validation rows: as many as the paper validates on.
        estimator = RunnerClassifier(
            constraints=constraints, validation_fraction=0.25, **common
        )
        rows = split.fit
    scores = fit_and_score(estimator, rows, split.test)
    where = {
        "dataset": name,
        "constraints": constraints,
        "method": method,
        "seed": seed,
    }
    return {**where, **scores}


def summarize(runs: pd.DataFrame) -> pd.DataFrame:
    """Put means and deviations beside the paper's numbers and the goals."""
    rows = []
    for key, part in runs.groupby(["dataset", "constraints", "method"], sort=False):
        name, constraints, method = key
        table = published.VANILLA if method == "vanilla" else published.RUNNER
        paper = table[name, constraints]
        gap = GAPS[constraints]
        row = {"data": name, "constraint": constraints, "method": method}
        for label, column, theirs in (
            ("AP", "ap", paper.ap),
            ("ACC", "acc", paper.acc),
            ("gap", gap, paper.gap),
        ):
            row[label] = f"{part[column].mean():.3f} ± {part[column].std():.3f}"
            row[f"{label} (paper)"] = f"{theirs[0]:.3f} ± {theirs[1]:.3f}"
        row["positive rate"] = f"{part['positive_rate'].mean():.3f}"
        row["seconds"] = f"{part['seconds'].mean():.1f}"
        row["goal"] = _verdict(GOALS.get(key), part, gap)
        rows.append(row)
    return pd.DataFrame(rows)


def _verdict(
    goal: tuple[float, float, float] | None, part: pd.DataFrame, gap: str
) -> str:
    if goal is None:
        return ""
    most, ap, acc = goal
    met = (
        part[gap].mean() <= most
        and part["ap"].mean() >= ap
        and part["acc"].mean() >= acc
    )
    text = f"gap <= {most}, AP >= {ap}" + (f", ACC >= {acc}" if acc else "")
    return f"{text}: {'met' if met else 'MISSED'}"


def main() -> None:
    """Run everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--output", type=Path, default=Path("quick.json"))
    options = parser.parse_args()
    points = list(product(DATASETS, CONSTRAINTS, METHODS, range(options.seeds)))
    tasks = (delayed(run)(*point, options.device) for point in points)
    results = Parallel(options.jobs, return_as="generator")(tasks)
    runs = list(tqdm(results, total=len(points), unit="fit"))
    about = {
        "skrunner": __version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "device": options.device,
    }
    options.output.write_text(json.dumps({"about": about, "runs": runs}, indent=1))
    print(summarize(pd.DataFrame(runs)).to_string(index=False))


if __name__ == "__main__":
    main()
