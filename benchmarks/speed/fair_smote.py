"""Time the making of Fair-SMOTE's rows against one neighbor query a row.

    python -m benchmarks.speed.fair_smote --output fair_smote.json

The rows are the paper's training rows of Adult. The batched way makes all of them, each
repeat anew; the other way asks for the neighbors of one parent at a time, as the
released code of Fair-SMOTE does, and is measured on a sample of the new rows and scaled
up. Neighbors are searched by the same library in both. A time above its limit makes
the command fail.
"""

import argparse
import json
import platform
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import sklearn
from sklearn.neighbors import NearestNeighbors
from threadpoolctl import threadpool_limits

from benchmarks.paper.protocol import load_split
from skrunner.baselines._column_blocks import find_two_valued
from skrunner.baselines._smote import RowRule, fill_cells, make_rows

PAPER_SECONDS = 100.9  # RUNNER's table of running times, FairSMOTE on Adult
LIMIT_SECONDS = 3.0


def adult_rows(seed: int) -> tuple[Any, Any]:
    """Return the training rows of a split and their cells."""
    train = load_split("adult", seed).train
    cells = 2 * (train.groups.to_numpy() == "Male") + train.y
    return train.X, cells.astype(np.int64)


def batched(X: Any, cells: Any, rule: RowRule, seed: int) -> tuple[float, int]:
    """Return the seconds of making all rows at once, and their number."""
    start = perf_counter()
    made, _ = fill_cells(X, cells, rule, np.random.default_rng(seed))
    return perf_counter() - start, len(made)


def one_by_one(X: Any, cells: Any, rule: RowRule, seed: int, sample: int) -> float:
    """Return the seconds of one query a row, for all rows, from a sample of them."""
    rng = np.random.default_rng(seed)
    counts = np.bincount(cells)
    total = 0.0
    for cell, missing in enumerate(counts.max() - counts):
        rows = X[cells == cell]
        n_timed = min(sample, missing)
        if not n_timed:
            continue
        search = NearestNeighbors(n_neighbors=3).fit(rows)
        start = perf_counter()
        for parent in rng.integers(len(rows), size=n_timed):
            donors = search.kneighbors(rows[[parent]], return_distance=False)
            make_rows(rows, donors, rule, rng)
        total += (perf_counter() - start) * missing / n_timed
    return total


def main() -> None:
    """Measure, print, write, and fail above the limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--sample", type=int, default=200)
    parser.add_argument("--output", type=Path, default=Path("fair_smote.json"))
    options = parser.parse_args()
    X, cells = adult_rows(seed=0)
    results: dict[str, dict[str, float]] = {}
    for name, strict in (("categories drawn", False), ("literal rule", True)):
        blocks = () if strict else (find_two_valued(X),)
        rule = RowRule(strict=strict, blocks=blocks)
        with threadpool_limits(limits=options.threads):
            pairs = [
                (
                    *batched(X, cells, rule, i),
                    one_by_one(X, cells, rule, i, options.sample),
                )
                for i in range(options.repeats)
            ]
        seconds = [ours for ours, _, _ in pairs]
        results[name] = {
            "rows": len(X),
            "columns": X.shape[1],
            "made_rows": pairs[0][1],
            "seconds": median(seconds),
            "least": min(seconds),
            "most": max(seconds),
            "limit": LIMIT_SECONDS,
            "one_by_one_seconds": median(slow for *_, slow in pairs),
            "ratio": median(slow / ours for ours, _, slow in pairs),
            "paper_seconds": PAPER_SECONDS,
        }
    about = {
        "scikit-learn": sklearn.__version__,
        "python": platform.python_version(),
        "threads": options.threads,
        "sampled_rows_a_cell": options.sample,
    }
    options.output.write_text(json.dumps({"about": about, "times": results}, indent=1))
    late = [name for name, row in results.items() if row["seconds"] > LIMIT_SECONDS]
    for name, row in results.items():
        print(
            f"{name:17} {row['made_rows']:,} rows of {row['columns']} columns: "
            f"{row['seconds']:.2f} s ({row['least']:.2f}..{row['most']:.2f}), limit "
            f"{LIMIT_SECONDS:.0f} s; one query a row "
            f"{row['one_by_one_seconds']:.0f} s, {row['ratio']:.0f} times; "
            f"the paper's run took {PAPER_SECONDS} s"
        )
    raise SystemExit(f"above the limit: {'; '.join(late)}" if late else 0)


if __name__ == "__main__":
    main()
