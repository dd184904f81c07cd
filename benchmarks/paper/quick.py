"""Vanilla, the paper's settings and our defaults on Adult and COMPAS, in minutes.

    python -m benchmarks.paper.quick --seeds 5 --jobs 2 --output quick

Prints every number beside the paper's and the project's first goals; ``quick/`` gets
one JSON line a fit, and the run goes on there when started again. Rendered by

    python -m benchmarks.paper.quick_page --results quick --output quick.md
"""

import argparse
import json
from functools import partial
from pathlib import Path

import pandas as pd

from benchmarks.machine import describe
from benchmarks.paper.goals import Goal, judge, measure
from benchmarks.paper.grid import Table, fit_point, points
from benchmarks.paper.methods import METHODS
from benchmarks.paper.runs import run_points
from benchmarks.paper.scores import GAPS
from benchmarks.paper.summary import Key, Line, compared, successful, summarize

QUICK = Table(
    "Quick comparison",
    tuple(GAPS),
    ("vanilla_default", "runner_paper", "runner_default"),
    ("adult", "compas"),
)
# The largest gap at the least AP and ACC.
GOALS = {
    ("adult", "demographic_parity", "runner_paper"): Goal(0.065, 0.76, 0.0),
    ("adult", "equalized_odds", "runner_default"): Goal(0.07, 0.77, 0.84),
    ("compas", "demographic_parity", "runner_default"): Goal(0.03, 0.66, 0.645),
    ("compas", "equalized_odds", "runner_default"): Goal(0.08, 0.66, 0.645),
}


def print_lines(lines: dict[Key, Line], rows: pd.DataFrame) -> None:
    """Print means and deviations beside the paper's and the goals.

    Parameters
    ----------
    lines : dict
        See `summarize`.
    rows : DataFrame
        One row a fit.
    """
    for key, line in lines.items():
        name, constraints, method = key
        print(f"\n{name}, {constraints}, {METHODS[method].title}")
        for title, (ours, theirs, verdict) in zip(
            ("AP", "ACC", "gap"), compared(key, line), strict=True
        ):
            paper = f"{theirs[0]:.3f} ± {theirs[1]:.3f}"
            print(f"  {title:3}  {ours}   paper {paper}   {verdict}")
        rate, seconds = (line.spreads[n].mean for n in ("positive_rate", "seconds"))
        print(f"  positive rate {rate:.3f}, {seconds:.1f} s")
        goal = GOALS.get(key)
        if goal:
            met = "met" if is_met(key, rows) else "MISSED"
            print(f"  goal: gap {goal.gap}, AP {goal.ap}, ACC {goal.acc}: {met}")


def is_met(key: Key, rows: pd.DataFrame) -> bool:
    """Say whether the goal of a line is met.

    Parameters
    ----------
    key : (str, str, str)
        Data set, constraint and method.
    rows : DataFrame
        One row a fit.

    Returns
    -------
    bool
        Whether it is.
    """
    parts = rows.groupby(["dataset", "constraints", "method"])
    measured = measure(parts.get_group(key), key[1])
    return judge(GOALS[key], measured, measured).met


def main() -> None:
    """Run everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--output", type=Path, default=Path("quick"))
    options = parser.parse_args()
    fit = partial(fit_point, device=options.device)
    file = options.output / "quick.jsonl"
    options.output.mkdir(parents=True, exist_ok=True)
    about = json.dumps(describe(options.device, options.jobs), indent=1)
    (options.output / "about.json").write_text(about + "\n")
    todo = points("quick", QUICK, seeds=options.seeds)
    rows = successful(run_points(todo, fit, lambda _: file, jobs=options.jobs))
    print_lines(summarize(rows), rows)


if __name__ == "__main__":
    main()
