"""The fits that tell whether it matters which neurons are repaired, or that any are.

RUNNER with the most important neurons against random ones, against all of them and
against the gap of the output alone, on nets of several depths and widths, at the same
weights λ, with the paper's inputs.
"""

from collections.abc import Sequence
from itertools import product
from typing import Any

from benchmarks.paper.grid import guarded, split_of
from benchmarks.paper.methods import VALIDATION, vanilla
from benchmarks.paper.scores import GAPS, fit_and_score
from benchmarks.peers.methods import REFERENCE
from skrunner import RunnerClassifier, baselines

NETS = {
    "200x2": (200,) * 2,
    "50x4": (50,) * 4,
    "200x8": (200,) * 8,
    "1000x2": (1000,) * 2,
}
RATIOS = (0.05, 0.5)
WEIGHTS = (0.1, 0.2, 0.5)
# How the output's gap is compared in the term; "default" is the constraint's own.
GAP_TERMS = ("default", "wasserstein")
OUTPUT_ALONE = "output"

Point = dict[str, Any]


def variant_name(importance: str, ratio: float | None = None) -> str:
    """Name a choice of neurons.

    Parameters
    ----------
    importance : str
        How neurons are chosen, or ``OUTPUT_ALONE``.
    ratio : float, default=None
        The share of neurons, where it is free.

    Returns
    -------
    str
        Such as ``"auto 5%"``.
    """
    return importance if ratio is None else f"{importance} {ratio:.0%}"


# name -> (importance, share of neurons)
VARIANTS: dict[str, tuple[str, float | None]] = {
    **{
        variant_name(importance, ratio): (importance, ratio)
        for importance, ratio in product(("auto", "random"), RATIOS)
    },
    "all": ("all", None),
    OUTPUT_ALONE: (OUTPUT_ALONE, None),
}


def points(
    *,
    seeds: int,
    datasets: Sequence[str],
    nets: Sequence[str] = tuple(NETS),
    gap_terms: Sequence[str] = GAP_TERMS,
    weights: Sequence[float] = WEIGHTS,
) -> list[Point]:
    """List the fits, split by split.

    Parameters
    ----------
    seeds : int
        Splits.
    datasets : sequence of str
        The data sets.
    nets : sequence of str
        Keys of ``NETS``.
    gap_terms : sequence of str
        Of ``GAP_TERMS``.
    weights : sequence of float
        The weights λ.

    Returns
    -------
    list of dict
        Seed, data set, constraint, net, term, method and strength; the plain net once a
        net.
    """
    names = ("seed", "dataset", "constraints", "net", "term", "method", "strength")
    found = []
    for setting in product(range(seeds), datasets, GAPS, nets):
        rest = [("default", REFERENCE, {})]
        rest += [
            (term, variant, {"fairness_weight": weight})
            for term, variant, weight in product(gap_terms, VARIANTS, weights)
        ]
        found += [dict(zip(names, (*setting, *one), strict=True)) for one in rest]
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
    gap = None if point["term"] == "default" else point["term"]
    params = {
        "constraints": point["constraints"],
        "gap": gap,
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
