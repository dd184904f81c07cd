"""Which fits make up Tables 4, 5 and 7, and one of them."""

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

from benchmarks.images.faces import open_faces
from benchmarks.images.methods import LADDER, METHODS, UNAWARE, best_settings
from benchmarks.images.tasks import TASKS, Budget, common_settings
from benchmarks.paper.grid import Table, guarded
from benchmarks.paper.protocol import Part
from benchmarks.paper.scores import GAPS, fit_and_score

COMPARED = (*tuple(METHODS)[:7], *LADDER)
TABLES = {
    "table4": Table(
        'Table 4: "attractive" on CelebA', tuple(GAPS), COMPARED, ("attractive",)
    ),
    "table5": Table(
        'Table 5: "wavy hair" on CelebA', tuple(GAPS), COMPARED, ("wavy_hair",)
    ),
    "table7": Table(
        'Table 7: the share of neurons, "attractive" on CelebA',
        tuple(GAPS),
        tuple(name for name in METHODS if name.startswith("runner_k")),
        ("attractive",),
    ),
}
# What CollapseWarning means: positives are this many times as frequent as in truth.
SOUND = (0.5, 1.5)


def points(
    name: str,
    budget: Budget,
    *,
    seeds: int,
    tasks: Sequence[str] | None = None,
    nets: Sequence[str] | None = None,
    methods: Sequence[str] | None = None,
    constraints: Sequence[str] | None = None,
) -> list[dict[str, Any]]:
    """List the fits of a table, seed by seed, so that a part of them is of use.

    Parameters
    ----------
    name : str
        The table.
    budget : Budget
        How long all methods train.
    seeds : int
        Training seeds; each also draws other validation rows.
    tasks : sequence of str, default=None
        Which of the table's; None takes all.
    nets : sequence of str, default=None
        Nets of the tasks; None takes the paper's.
    methods : sequence of str, default=None
        Which of the table's; None takes all.
    constraints : sequence of str, default=None
        Which of the table's; None takes all.

    Returns
    -------
    list of dict
        Table, seed, task, net, constraint, method and budget.
    """
    table = TABLES[name]
    first = (constraints or table.constraints)[0]
    return [
        {
            "table": name,
            "seed": seed,
            "task": task,
            "net": net,
            "constraints": constraint,
            "method": method,
            "budget": budget.as_json(),
        }
        for seed in range(seeds)
        for task in table.datasets
        if not tasks or task in tasks
        for net, constraint, method in product(
            nets or (TASKS[task].net,), table.constraints, table.methods
        )
        if not constraints or constraint in constraints
        if method not in UNAWARE or constraint == first
        if not methods or method in methods
        if not _is_best(method, task, net, constraint)
    ]


def _is_best(method: str, task: str, net: str, constraints: str) -> bool:
    """Say whether a rung is the best settings, which are fitted anyway."""
    best = best_settings("runner_best", task, net, constraints)
    rung = LADDER.get(method, {})
    return bool(rung) and rung.items() <= best.items()


def fit_point(point: dict[str, Any], *, faces: Path, device: str) -> dict[str, Any]:
    """Fit one method with one seed and score it on the official test part.

    Parameters
    ----------
    point : dict
        See `points`.
    faces : Path
        Where the images are, see `open_faces`.
    device : str
        Where to train.

    Returns
    -------
    dict
        The point with its scores and the warnings' names, or with an ``error``.
    """

    def fit() -> dict[str, Any]:
        split = open_faces(faces).split(point["task"])
        share = len(split.valid.y) / len(split.fit.y)
        common = common_settings(point, device, aside=share)
        make = METHODS[point["method"]].make
        estimator = make(point["task"], point["constraints"], common)
        settings = own_settings(estimator, common)
        return {
            **fit_and_count(estimator, split.fit, split.test),
            "settings": settings,
        }

    return {**point, **with_collapse(guarded(fit, device))}


def own_settings(estimator: Any, common: dict[str, Any]) -> dict[str, str]:
    """Return what sets a method apart, so that its rows say what was trained.

    Parameters
    ----------
    estimator : estimator
        The method.
    common : dict
        The parameters that all methods share.

    Returns
    -------
    dict of str to str
        Parameters other than the class's defaults, as they are printed.
    """
    usual = type(estimator)().get_params(deep=False)
    return {
        name: repr(value)
        for name, value in estimator.get_params(deep=False).items()
        if name not in common and value != usual[name]
    }


def fit_and_count(estimator: Any, fit: Part, test: Part) -> dict[str, float]:
    """Fit, score, and say how frequent positives are in truth.

    Parameters
    ----------
    estimator : estimator
        See `fit_and_score`.
    fit, test : Part
        The rows.

    Returns
    -------
    dict of str to float
        The scores, with ``base_rate``.
    """
    scores = fit_and_score(estimator, fit, test)
    return {**scores, "base_rate": float(test.y.mean())}


def with_collapse(scores: dict[str, Any]) -> dict[str, Any]:
    """Add whether a fit collapsed: its training says so, or its positive rate.

    Parameters
    ----------
    scores : dict
        The scores and warnings of a fit, or its ``error``.

    Returns
    -------
    dict
        With ``collapsed``, unless the fit failed.
    """
    if "error" in scores:
        return scores
    low, high = SOUND
    times = scores["positive_rate"] / scores["base_rate"]
    sound = low <= times <= high and "CollapseWarning" not in scores["warnings"]
    return {**scores, "collapsed": not sound}
