"""The fits that tell whether neurons help where few rows have a known group.

A plain net is trained on all rows, then repaired on a few hundred, the only ones whose
groups are known. Terms of fewer neurons might fit so few rows less closely.
"""

from functools import lru_cache
from typing import Any

import numpy as np
from torch import nn

from benchmarks.paper.grid import guarded, split_of
from benchmarks.paper.methods import vanilla
from benchmarks.paper.protocol import Part
from benchmarks.paper.scores import fit_and_score
from benchmarks.peers import neurons
from benchmarks.peers.methods import REFERENCE
from benchmarks.peers.neuron_plans import FEW_VARIANTS, PAPER_NET, Block

Point = dict[str, Any]

ROWS = 300
BLOCK = Block("compas", PAPER_NET, range(1, 11), (0.2, 0.5, 2.0), FEW_VARIANTS)
PLAN = (BLOCK, BLOCK._replace(dataset="adult"))
REPAIR = {"net_params": None, "steps_per_epoch": 10, "max_epochs": 20}


@lru_cache(maxsize=2)
def plain_net(name: str, seed: int, device: str) -> nn.Module:
    """Train the plain net on all rows of a split, which needs no groups.

    Parameters
    ----------
    name : {"adult", "compas"}
        The data set.
    seed : int
        The split.
    device : str
        Where to train.

    Returns
    -------
    Module
        The net that all repairs of the split begin with.
    """
    fit = split_of(name, seed).fit
    estimator = vanilla(
        name, "demographic_parity", {"device": device, "random_state": seed}
    )
    estimator.fit(fit.X, fit.y, sensitive_features=fit.groups)
    module: nn.Module = estimator.net_.module_
    return module


def few_rows(part: Part, seed: int) -> Part:
    """Draw the rows whose groups are known.

    Parameters
    ----------
    part : Part
        All rows.
    seed : int
        The same rows for all methods of a split.

    Returns
    -------
    Part
        ``ROWS`` of them.
    """
    rows = np.random.default_rng(seed).permutation(len(part.y))[:ROWS]
    return Part(part.X[rows], part.y[rows], part.groups.iloc[rows])


def make(point: Point, device: str) -> Any:
    """Make what repairs the plain net of the split.

    Parameters
    ----------
    point : dict
        See `benchmarks.peers.neurons.points`.
    device : str
        Where to train.

    Returns
    -------
    estimator
        Unfitted.
    """
    net = plain_net(point["dataset"], point["seed"], device)
    return neurons.make(point, device).set_params(net=net, **REPAIR)


def fit_point(point: Point, device: str) -> Point:
    """Repair with one variant on one split and score it on the test rows.

    Parameters
    ----------
    point : dict
        See `benchmarks.peers.neurons.points`; the plain net is trained on all rows.
    device : str
        Where to train.

    Returns
    -------
    dict
        The point with its scores and the base rate, or with an ``error``.
    """

    def fit() -> dict[str, Any]:
        split = split_of(point["dataset"], point["seed"])
        if point["method"] == REFERENCE:
            scores = fit_and_score(neurons.make(point, device), split.fit, split.test)
        else:
            rows = few_rows(split.fit, point["seed"])
            scores = fit_and_score(make(point, device), rows, split.test)
        return {**scores, "base_rate": float(split.test.y.mean())}

    return {**point, **guarded(fit, device)}
