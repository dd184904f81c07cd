"""Which fits make up each table, and one of them."""

import warnings
from collections.abc import Sequence
from functools import lru_cache
from itertools import product
from typing import Any, NamedTuple

import torch
from threadpoolctl import threadpool_limits

from benchmarks.paper.methods import ALIASES, METHODS
from benchmarks.paper.protocol import DATASETS, Part, load_split
from benchmarks.paper.scores import fit_and_score
from skrunner import NetClassifier
from skrunner.datasets import make_biased_classification

COMPARED = tuple(METHODS)[:8]
CONTROLS = ("runner_best", "runner_random", "gap_best")


class Table(NamedTuple):
    """A table of the paper.

    Parameters
    ----------
    title : str
        What it shows.
    constraints : tuple of str
        The constraints.
    methods : tuple of str
        Keys of ``METHODS``.
    datasets : tuple of str, default=DATASETS
        The data sets.
    """

    title: str
    constraints: tuple[str, ...]
    methods: tuple[str, ...]
    datasets: tuple[str, ...] = DATASETS


TABLES = {
    "table1": Table(
        "Table 1: demographic parity",
        ("demographic_parity",),
        (*COMPARED, *CONTROLS),
    ),
    "table2": Table(
        "Table 2: equalized odds", ("equalized_odds",), (*COMPARED, *CONTROLS)
    ),
    "table3": Table(
        "Table 3: training times",
        ("demographic_parity",),
        (*COMPARED, "runner_best"),
    ),
    "table6": Table(
        "Table 6: the share of neurons",
        ("demographic_parity", "equalized_odds"),
        tuple(name for name in METHODS if name.startswith("runner_k")),
        ("adult",),
    ),
}


def points(
    name: str,
    table: Table,
    *,
    seeds: int,
    datasets: Sequence[str] | None = None,
    methods: Sequence[str] | None = None,
) -> list[dict[str, Any]]:
    """List the fits of a table, split by split, so that a part of them is of use.

    Parameters
    ----------
    name : str
        The table's name.
    table : Table
        The table.
    seeds : int
        Splits.
    datasets, methods : sequence of str, default=None
        Which of the table's; None takes all.

    Returns
    -------
    list of dict
        Table, seed, data set, constraint and method.
    """
    wanted = {part for name in methods or () for part in ALIASES.get(name, (name,))}
    names = ("table", "seed", "dataset", "constraints", "method")
    values = product(
        [name],
        range(seeds),
        [one for one in table.datasets if not datasets or one in datasets],
        table.constraints,
        [one for one in table.methods if not wanted or one in wanted],
    )
    return [dict(zip(names, value, strict=True)) for value in values]


def fit_point(point: dict[str, Any], device: str) -> dict[str, Any]:
    """Fit one method on one split and score it on the test rows.

    Parameters
    ----------
    point : dict
        Data set, constraint, method and seed.
    device : str
        Where to train.

    Returns
    -------
    dict
        The point with its scores and the warnings' names, or with an ``error``.
    """

    def fit() -> dict[str, Any]:
        method = METHODS[point["method"]]
        split = split_of(point["dataset"], point["seed"])
        common = {"device": device, "random_state": point["seed"]}
        estimator = method.make(point["dataset"], point["constraints"], common)
        return fit_and_score(estimator, getattr(split, method.rows), split.test)

    return {**point, **guarded(fit, device)}


def guarded(fit: Any, device: str) -> dict[str, Any]:
    """Fit on one warm thread; what goes wrong becomes a result too.

    Parameters
    ----------
    fit : callable
        Returns scores.
    device : str
        Where it trains.

    Returns
    -------
    dict
        The scores and the warnings' names, or an ``error``.
    """
    torch.set_num_threads(1)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            _warm_up(device)
            # As many fits as cores run at a time: no threads of BLAS or OpenMP besides.
            with threadpool_limits(1):
                scores = fit()
    # One failure of a thousand fits must not stop the others.
    except Exception as error:  # noqa: BLE001
        return {"error": f"{type(error).__name__}: {error}"}
    return {**scores, "warnings": sorted({w.category.__name__ for w in caught})}


@lru_cache(maxsize=8)
def split_of(name: str, seed: int) -> Any:
    """Load a split once a process: all methods of a split follow one another."""
    return load_split(name, seed)


@lru_cache(maxsize=1)
def _warm_up(device: str) -> None:
    """Let torch load what it loads at the first step, which would count as training."""
    data = make_biased_classification(100, random_state=0)
    part = Part(data.data, data.target, data.sensitive_features["group"])
    net = NetClassifier(max_epochs=1, device=device, random_state=0)
    fit_and_score(net, part, part)
