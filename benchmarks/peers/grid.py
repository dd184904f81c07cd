"""Which fits make up the comparison, and one of them."""

from collections.abc import Sequence
from itertools import product
from typing import Any

from benchmarks.paper.grid import guarded
from benchmarks.paper.scores import GAPS, fit_and_score
from benchmarks.peers.cost import guess
from benchmarks.peers.makers import Task
from benchmarks.peers.methods import METHODS, REFERENCE
from benchmarks.peers.plans import PLANS, Block
from benchmarks.peers.splits import DATASETS, load_inputs

Point = dict[str, Any]
NAMES = ("seed", "dataset", "sensitive_input", "constraints", "method", "strength")


def points(
    *,
    plan: Sequence[Block] = PLANS["full"],
    seeds: int | None = None,
    datasets: Sequence[str] = DATASETS,
    methods: Sequence[str] | None = None,
    inputs: Sequence[bool] = (False, True),
) -> list[Point]:
    """List the fits, split by split, so that a part of them is of use.

    Parameters
    ----------
    plan : sequence of Block, default=PLANS["full"]
        Which splits and how many strengths of what.
    seeds : int, default=None
        The first so many splits of each block; None takes all.
    datasets : sequence of str
        The data sets.
    methods : sequence of str, default=None
        Keys of ``METHODS``, None for all; the plain net, whose gap is the reference, is
        always among them.
    inputs : sequence of bool, default=(False, True)
        Which blocks: those without the sensitive column as an input, or with it.

    Returns
    -------
    list of dict
        Seed, data set, inputs, constraint, method and strength. In each split slow fits
        come first, so that none of them is left to the end of a run.
    """
    wanted = {REFERENCE, *(methods or METHODS)}
    found = [
        point
        for block in plan
        if block.dataset in datasets and block.sensitive_input in inputs
        for seed in block.splits[:seeds]
        for point in _points_of(block, seed)
        if point["method"] in wanted
    ]
    return sorted(found, key=lambda point: (point["seed"], -guess(point)))


def _points_of(block: Block, seed: int) -> list[Point]:
    place = (seed, block.dataset, block.sensitive_input)
    return [
        dict(zip(NAMES, (*place, constraints, key, strength), strict=True))
        for constraints, (key, method) in product(GAPS, METHODS.items())
        for strength in block.chosen(key, method.strengths_of(constraints))
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
        scores = fit_and_score(estimator, split.fit, split.test)
        return {**scores, "base_rate": float(split.test.y.mean())}

    return {**point, **guarded(fit, device)}
