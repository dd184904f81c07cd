"""The fits that tell whether it matters which neurons are repaired, or that any are.

RUNNER with the most important neurons against random ones, against all of them and
against the gap of the output alone, on nets of several depths and widths, at the same
weights λ, with the paper's inputs.
"""

from collections.abc import Collection, Sequence
from itertools import product
from typing import Any

from benchmarks.paper.grid import guarded, split_of
from benchmarks.paper.methods import VALIDATION, vanilla
from benchmarks.paper.scores import fit_and_score
from benchmarks.peers.cost import guess
from benchmarks.peers.methods import REFERENCE
from benchmarks.peers.neuron_plans import (
    GAP_TERMS,
    NETS,
    OUTPUT_ALONE,
    PLANS,
    VARIANTS,
    Block,
)
from benchmarks.peers.splits import DATASETS
from skrunner import RunnerClassifier, baselines

Point = dict[str, Any]


def points(
    *,
    plan: Sequence[Block] = PLANS["full"],
    seeds: int | None = None,
    datasets: Sequence[str] = DATASETS,
    nets: Sequence[str] = tuple(NETS),
    gap_terms: Collection[str] = GAP_TERMS,
) -> list[Point]:
    """List the fits: by the stages of the plan, and in each split by split.

    Parameters
    ----------
    plan : sequence of Block, default=PLANS["full"]
        What is compared where.
    seeds : int, default=None
        The first so many splits of each block; None takes all.
    datasets : sequence of str
        The data sets.
    nets : sequence of str
        Keys of ``NETS``.
    gap_terms : collection of str
        Of ``GAP_TERMS``.

    Returns
    -------
    list of dict
        Seed, data set, constraint, net, term, method and strength; the plain net once a
        net. In each split slow fits come first.
    """
    wanted = [
        block for block in plan if block.dataset in datasets and block.net in nets
    ]
    rounds = sorted(
        {(block.stage, seed) for block in wanted for seed in block.splits[:seeds]}
    )
    found: list[Point] = []
    for stage, seed in rounds:
        of_split: list[Point] = []
        for block in wanted:
            if block.stage == stage and seed in block.splits[:seeds]:
                # Blocks of one net share its plain fits.
                of_split += [
                    point
                    for point in _points_of(block, seed, gap_terms)
                    if point not in of_split
                ]
        found += sorted(of_split, key=guess, reverse=True)
    return found


def _points_of(block: Block, seed: int, gap_terms: Collection[str]) -> list[Point]:
    names = ("seed", "dataset", "constraints", "net", "term", "method", "strength")
    found = []
    for constraints in block.constraints:
        rest: list[tuple[str, str, Point]] = [("default", REFERENCE, {})]
        rest += [
            (term, variant, {"fairness_weight": weight})
            for term, variant, weight in product(
                block.terms, block.variants, block.weights
            )
            if term in gap_terms
        ]
        place = (seed, block.dataset, constraints, block.net)
        found += [dict(zip(names, (*place, *one), strict=True)) for one in rest]
    return found


def make(point: Point, device: str) -> Any:
    """Make the estimator of a point.

    Parameters
    ----------
    point : dict
        See `points`.
    device : str
        Where to train.

    Returns
    -------
    estimator
        Unfitted.
    """
    common = {"device": device, "random_state": point["seed"]}
    net = {"net_params": {"hidden": NETS[point["net"]]}}
    if point["method"] == REFERENCE:
        plain = vanilla(point["dataset"], point["constraints"], common)
        return plain.set_params(**net)
    importance, ratio = VARIANTS[point["method"]]
    params = {
        "constraints": point["constraints"],
        **GAP_TERMS[point["term"]],
        **VALIDATION,
        **point["strength"],
        **net,
        **common,
    }
    if importance == OUTPUT_ALONE:
        return baselines.GapRegularizationClassifier(**params)
    return RunnerClassifier(importance=importance, neuron_ratio=ratio, **params)


def fit_point(point: Point, device: str) -> Point:
    """Fit one variant on one split and score it on the test rows.

    Parameters
    ----------
    point : dict
        See `points`.
    device : str
        Where to train.

    Returns
    -------
    dict
        The point with its scores and the base rate, or with an ``error``.
    """

    def fit() -> dict[str, Any]:
        split = split_of(point["dataset"], point["seed"])
        scores = fit_and_score(make(point, device), split.fit, split.test)
        return {**scores, "base_rate": float(split.test.y.mean())}

    return {**point, **guarded(fit, device)}
