"""From fits to frontiers: which points count, references, hypervolumes, differences."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.paper.scores import GAPS
from benchmarks.peers.hypervolume import Reference, hypervolume
from benchmarks.peers.methods import METHODS, REFERENCE

SETTING = ["dataset", "sensitive_input", "constraints"]
UTILITIES = {"ap": "AP", "acc": "ACC"}
STRONG = {"demographic_parity": "strong_delta_dp", "equalized_odds": "strong_delta_eo"}
# What a hypervolume is of: a utility against a gap, by the names of their columns.
VOLUMES = tuple(product(("threshold", "strong"), UTILITIES))
LEAST_SHARE = 0.5
RULE = (
    "The hypervolume of a method on a split is the area of all gaps and utilities that "
    "are no better than one of its points, up to the plain net's gap (its mean over "
    "splits) and down to the utility that takes no learning (the base rate for AP, the "
    "share of the larger class for ACC), divided by that of the plain net's utility at "
    "no gap: 1 is all of the gap removed for nothing, 0 is none of it. Points of a "
    "classifier that says one of the labels less than half as often as it occurs, or "
    "whose accuracy is no better than that of the larger class, do not count: what "
    "answers with one label has no gap either."
)


def column_of(which: str, constraints: str) -> str:
    """Return the column of a gap.

    Parameters
    ----------
    which : {"threshold", "strong"}
        At the threshold, or over all thresholds.
    constraints : str
        The constraint.

    Returns
    -------
    str
        Its name.
    """
    return GAPS[constraints] if which == "threshold" else STRONG[constraints]


def table_of(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """Collect the fits that did not fail, once each.

    Parameters
    ----------
    rows : iterable of dict
        In the order in which they were written; the last of a point counts.

    Returns
    -------
    DataFrame
        One row a fit, with the strength as text and whether the point counts.
    """
    frame = pd.DataFrame([row for row in rows if "error" not in row])
    if frame.empty:
        return frame
    frame["strength"] = [strength_text(one) for one in frame["strength"]]
    frame = frame.drop_duplicates([*SETTING, "seed", "method", "strength"], keep="last")
    base = frame["base_rate"]
    rate = frame["positive_rate"]
    share = np.minimum(rate / base, (1 - rate) / (1 - base))
    better = frame["acc"] > np.maximum(base, 1 - base)
    frame["counts"] = (share >= LEAST_SHARE) & better
    return frame


def whole_splits(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out splits on which a method does not have all of its strengths yet.

    A run that was stopped ends in the middle of a split, and half a frontier looks
    worse than a whole one.

    Parameters
    ----------
    rows : sequence of dict
        One a fit; one that failed counts as there.

    Returns
    -------
    list of dict
        The rows of whole frontiers.
    """
    found: dict[tuple[Any, ...], dict[int, set[str]]] = defaultdict(dict)
    for row in rows:
        found[_curve(row)].setdefault(row["seed"], set()).add(str(row.get("strength")))
    wanted = {curve: set().union(*splits.values()) for curve, splits in found.items()}
    return [
        row for row in rows if found[_curve(row)][row["seed"]] == wanted[_curve(row)]
    ]


def _curve(row: dict[str, Any]) -> tuple[Any, ...]:
    names = (*SETTING, "net", "term", "method")
    return tuple(row.get(name) for name in names)


def strength_text(strength: dict[str, Any]) -> str:
    """Write a strength as it stands on the pages."""
    return ", ".join(f"{name}={value!r}" for name, value in strength.items())


def references(part: pd.DataFrame) -> dict[tuple[str, str], Reference]:
    """Set the corners of a setting by its plain net.

    Parameters
    ----------
    part : DataFrame
        Fits of one data set, inputs and constraint.

    Returns
    -------
    dict
        (gap, utility) of ``VOLUMES`` -> corner; none without the plain net.
    """
    plain = part[part["method"] == REFERENCE]
    if plain.empty:
        return {}
    constraints = plain["constraints"].iloc[0]
    base = plain["base_rate"]
    least = {"ap": base, "acc": np.maximum(base, 1 - base)}
    return {
        (which, utility): Reference(
            gap=float(plain[column_of(which, constraints)].mean()),
            utility=float(least[utility].mean()),
            full=float(plain[utility].mean()),
        )
        for which, utility in VOLUMES
    }


def volumes(part: pd.DataFrame) -> pd.DataFrame:
    """Measure the hypervolume of every method on every split.

    Parameters
    ----------
    part : DataFrame
        Fits of one data set, inputs and constraint.

    Returns
    -------
    DataFrame
        The columns method, seed, gap, utility and volume; without rows if the plain
        net is not there.
    """
    corners = references(part)
    found = []
    for (name, seed), points in part.groupby(["method", "seed"], sort=False):
        counting = points[points["counts"]]
        for (which, utility), corner in corners.items():
            gap = counting[column_of(which, points["constraints"].iloc[0])]
            volume = hypervolume(gap, counting[utility], corner)
            found.append((name, seed, which, utility, volume))
    return pd.DataFrame(found, columns=["method", "seed", "gap", "utility", "volume"])


def paired(
    measured: pd.DataFrame, first: str, second: str, volume: tuple[str, str]
) -> np.ndarray:
    """Subtract one method's hypervolume from another's, split by split.

    Parameters
    ----------
    measured : DataFrame
        See `volumes`; its first column names the methods.
    first, second : str
        Less the second.
    volume : (str, str)
        Which, of ``VOLUMES``.

    Returns
    -------
    ndarray of shape (n_splits,)
        The differences on the splits that both have.
    """
    chosen = measured[
        (measured["gap"] == volume[0]) & (measured["utility"] == volume[1])
    ]
    wide = chosen.pivot_table("volume", "seed", measured.columns[0])
    if first not in wide or second not in wide:
        return np.empty(0)
    return (wide[first] - wide[second]).dropna().to_numpy()


def methods_in(part: pd.DataFrame) -> list[str]:
    """List the methods that have fits, in the order of ``METHODS``."""
    present = set(part["method"])
    return [name for name in METHODS if name in present]
