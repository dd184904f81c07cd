"""Which fits make up the comparison, and one of them."""

from collections import Counter
from collections.abc import Sequence
from itertools import product
from typing import Any

from threadpoolctl import threadpool_limits

from benchmarks.paper.grid import guarded
from benchmarks.paper.scores import GAPS, fit_and_score
from benchmarks.peers.makers import Task
from benchmarks.peers.methods import METHODS, REFERENCE
from benchmarks.peers.splits import load_inputs

Point = dict[str, Any]


def points(
    *,
    seeds: int,
    datasets: Sequence[str],
    methods: Sequence[str] | None = None,
    inputs: Sequence[bool] = (False, True),
    constraints: Sequence[str] = tuple(GAPS),
) -> list[Point]:
    """List the fits, split by split, so that a part of them is of use.

    Parameters
    ----------
    seeds : int
        Splits.
    datasets : sequence of str
        The data sets.
    methods : sequence of str, default=None
        Keys of ``METHODS``, None for all; the plain net, whose gap is the reference, is
        always among them.
    inputs : sequence of bool, default=(False, True)
        Whether the sensitive column is an input.
    constraints : sequence of str
        The constraints.

    Returns
    -------
    list of dict
        Seed, data set, inputs, constraint, method and strength.
    """
    wanted = {REFERENCE, *(methods or METHODS)}
    names = ("seed", "dataset", "sensitive_input", "constraints", "method", "strength")
    settings = product(range(seeds), datasets, inputs, constraints)
    return [
        dict(zip(names, (*setting, method, strength), strict=True))
        for setting in settings
        for method in METHODS
        if method in wanted
        for strength in METHODS[method].strengths_of(setting[-1])
    ]


def fit_point(point: Point, device: str) -> Point:
    """Fit one method at one strength on one split and score it on the test rows.

    Parameters
    ----------
    point : dict
        See `points`.
    device : str
        Where our nets train.

    Returns
    -------
    dict
        The point with its scores and the base rate, or with an ``error``.
    """

    def fit() -> dict[str, Any]:
        split = load_inputs(
            point["dataset"], point["seed"], sensitive_input=point["sensitive_input"]
        )
        task = Task(
            dataset=point["dataset"],
            constraints=point["constraints"],
            seed=point["seed"],
            n_rows=len(split.fit.y),
            device=device,
        )
        estimator = METHODS[point["method"]].make(task, point["strength"])
        with threadpool_limits(1):
            scores = fit_and_score(estimator, split.fit, split.test)
        return {**scores, "base_rate": float(split.test.y.mean())}

    return {**point, **guarded(fit, device)}


def describe_cost(todo: Sequence[Point], done: Sequence[Point], jobs: int) -> str:
    """Say how many fits there are, and how long they may take.

    Parameters
    ----------
    todo : sequence of dict
        All points.
    done : sequence of dict
        Rows of finished fits, for their seconds.
    jobs : int
        Fits at a time.

    Returns
    -------
    str
        The number of fits of each method; with a time where every method has finished
        fits of the same data set.
    """
    counts = Counter(point["method"] for point in todo)
    text = ", ".join(f"{method} {count}" for method, count in counts.items())
    known: dict[tuple[str, str], list[float]] = {}
    for row in done:
        if "seconds" in row:
            key = row["dataset"], row["method"]
            known.setdefault(key, []).append(row["seconds"])
    keys = [(point["dataset"], point["method"]) for point in todo]
    lines = [f"{len(todo)} fits in all: {text}."]
    if all(key in known for key in keys):
        total = sum(sum(known[key]) / len(known[key]) for key in keys)
        lines.append(
            f"About {total / 3600:.1f} core hours by the seconds of finished fits, "
            f"{total / 3600 / jobs:.1f} hours with {jobs} job(s)."
        )
    return "\n".join(lines)
