"""Choose RUNNER's settings on images by validation rows, never by test rows.

Seeds 100 and up are used, those of the tables are 0 and up: fit on the official train
part (with a validation share of its own inside), score on the official validation part.
The same rows say at which settings a net collapses.
"""

import json
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.images.faces import open_faces
from benchmarks.images.goals import Point, aim, measure, missing
from benchmarks.images.grid import fit_and_count, with_collapse
from benchmarks.images.methods import METHODS, UNAWARE, tuned
from benchmarks.images.search_grid import SEARCHED, Grid
from benchmarks.images.tasks import TASKS, Budget, common_settings
from benchmarks.paper.grid import guarded
from benchmarks.paper.scores import GAPS

FIRST_SEED = 100
RULE = (
    "Among the settings that never collapsed, the one that comes closest to the goal "
    "on the validation part: of the least sum of what its mean gap is too large by and "
    "its mean average precision too low by. Where the goal's average precision is more "
    "than Vanilla's less 0.03 ('attractive' and demographic parity) or 0.02, that is "
    "aimed at; where there is no goal, half of Vanilla's gap. Of those that reach it, "
    "the one of the smallest gap. Where some settings were repeated with more seeds, "
    "the choice is among those."
)


def search_points(
    grid: Grid,
    budget: Budget,
    *,
    seeds: int,
    tasks: Sequence[str] | None = None,
    nets: Sequence[str] | None = None,
    constraints: Sequence[str] | None = None,
    methods: Sequence[str] | None = None,
) -> list[dict[str, Any]]:
    """List the fits of the search, seed by seed.

    Parameters
    ----------
    grid : Grid
        The settings.
    budget : Budget
        How long all of them train.
    seeds : int
        Seeds.
    tasks, nets : sequence of str, default=None
        Tasks, None takes all; their nets, None takes the paper's.
    constraints, methods : sequence of str, default=None
        Constraints and methods, None takes all.

    Returns
    -------
    list of dict
        Seed, task, net, constraint, method, parameters and budget.
    """
    return [
        {
            "seed": seed,
            "task": task,
            "net": net,
            "constraints": name,
            "method": method,
            "params": params,
            "budget": budget.as_json(),
        }
        for seed in range(FIRST_SEED, FIRST_SEED + seeds)
        for task in tasks or TASKS
        for net, name in product(nets or (TASKS[task].net,), constraints or GAPS)
        for method, params in grid.candidates()
        if not methods or method in methods
        if method not in UNAWARE or name == next(iter(GAPS))
    ]


def fit_candidate(point: dict[str, Any], *, faces: Path, device: str) -> dict[str, Any]:
    """Fit one candidate on the train part and score it on the validation part.

    Parameters
    ----------
    point : dict
        See `search_points`.
    faces : Path
        Where the images are, see `open_faces`.
    device : str
        Where to train.

    Returns
    -------
    dict
        The point with its scores, or an ``error``.
    """

    def fit() -> dict[str, Any]:
        split = open_faces(faces).split(point["task"])
        share = len(split.valid.y) / len(split.fit.y)
        common = common_settings(point, device, aside=share)
        method = point["method"]
        if method in SEARCHED:
            estimator = tuned(method, point["params"], common)
        else:
            make = METHODS[method].make
            estimator = make(point["task"], point["constraints"], common)
        return fit_and_count(estimator, split.train, split.valid)

    return {**point, **with_collapse(guarded(fit, device))}


def choose(rows: pd.DataFrame) -> dict[str, dict[str, dict[str, Any]]]:
    """Apply the rule to all that was measured.

    Parameters
    ----------
    rows : DataFrame
        One row a fit that did not fail.

    Returns
    -------
    dict
        Method -> "task/net/constraint" -> parameters.
    """
    chosen: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in SEARCHED}
    if rows.empty:
        return chosen
    for (task, net, constraints), part in rows.groupby(["task", "net", "constraints"]):
        plain = part[part["method"] == "vanilla"]
        if plain.empty:
            continue
        wanted = aim(task, constraints, measure(plain, constraints))
        for method in SEARCHED:
            means = settings_of(most_repeated(part[part["method"] == method]), method)
            if means:
                key = min(means, key=lambda key: _order(*means[key], wanted))
                name = f"{task}/{net}/{constraints}"
                chosen[method][name] = json.loads(key)
    return chosen


def most_repeated(fits: pd.DataFrame) -> pd.DataFrame:
    """Keep the settings that were fitted with the most seeds.

    Parameters
    ----------
    fits : DataFrame
        Rows of one method on one task, net and constraint.

    Returns
    -------
    DataFrame
        Their rows.
    """
    keys = fits["params"].map(json.dumps)
    repeats = keys.map(keys.value_counts())
    return fits[repeats == repeats.max()]


def settings_of(part: pd.DataFrame, method: str) -> dict[str, tuple[Point, bool]]:
    """Average each setting of a method over seeds.

    Parameters
    ----------
    part : DataFrame
        Rows of one task, net and constraint.
    method : str
        The method.

    Returns
    -------
    dict
        Parameters as JSON -> the point, and whether a fit collapsed.
    """
    fits = part[part["method"] == method]
    keys = fits["params"].map(json.dumps)
    return {
        key: (measure(group, group["constraints"].iloc[0]), bool(group.collapsed.any()))
        for key, group in fits.groupby(keys, sort=False)
    }


def _order(mean: Point, collapsed: bool, wanted: Point) -> tuple[bool, float, float]:
    """Order by collapse, by what is missing, then by the gap."""
    return collapsed, missing(mean, wanted), mean.gap
