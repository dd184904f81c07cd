"""What new heads have less of with one repair than with another, split by split."""

from collections.abc import Iterable
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.peers.hypervolume import FEWEST
from benchmarks.peers.methods import REFERENCE
from benchmarks.peers.neuron_plans import OUTPUT_ALONE
from benchmarks.peers.transfer import HEADS

GAPS = ("delta_dp", "strong_delta_dp")
CHOSEN = "auto 20%"
TITLES = {
    REFERENCE: "plain net",
    OUTPUT_ALONE: "output's gap alone",
    CHOSEN: "RUNNER, 20 % most important neurons",
    "random 20%": "RUNNER, 20 % random neurons",
    "all": "RUNNER, all neurons",
}
# What is compared with what: any neurons with none, and chosen ones with random ones.
ASKED = (
    ("all", OUTPUT_ALONE),
    ("random 20%", OUTPUT_ALONE),
    (CHOSEN, OUTPUT_ALONE),
    (CHOSEN, "random 20%"),
)
Floats = npt.NDArray[np.float64]


class Comparison(NamedTuple):
    """One method less another, in one gap of one new head.

    Parameters
    ----------
    pair : (str, str)
        The methods, of ``ASKED``.
    setting : (str, float)
        Data set and weight λ.
    gaps : ndarray of shape (n_splits,)
        Differences of gaps.
    ap : ndarray of shape (n_splits,)
        Differences of average precision.
    plain : float
        The mean gap of the same head on the plain net.
    """

    pair: tuple[str, str]
    setting: tuple[str, float]
    gaps: Floats
    ap: Floats
    plain: float


def read_table(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """Collect the fits that did not fail.

    Parameters
    ----------
    rows : iterable of dict
        One a fit.

    Returns
    -------
    DataFrame
        One row a fit, with the column ``weight``, NaN for the plain net.
    """
    frame = pd.DataFrame([row for row in rows if "error" not in row])
    if not frame.empty:
        weights = [one.get("fairness_weight", np.nan) for one in frame["strength"]]
        frame["weight"] = np.asarray(weights, dtype=np.float64)
    return frame


def values_of(
    part: pd.DataFrame, method: str, weight: float, column: str
) -> "pd.Series[float]":
    """Return a measure by split; the plain net's at any weight.

    Parameters
    ----------
    part : DataFrame
        Fits of one data set, see `read_table`.
    method : str
        The method.
    weight : float
        λ.
    column : str
        The measure.

    Returns
    -------
    Series
        Indexed by split.
    """
    own = part[part["method"] == method]
    if method != REFERENCE:
        own = own[own["weight"] == weight]
    return own.set_index("seed")[column]


def differences(
    part: pd.DataFrame, pair: tuple[str, str], weight: float, column: str
) -> Floats:
    """Subtract a measure of the second method from the first's, split by split.

    Parameters
    ----------
    part, weight, column
        See `values_of`.
    pair : (str, str)
        The methods.

    Returns
    -------
    ndarray of shape (n_splits,)
        On the splits that both have.
    """
    first, second = (values_of(part, one, weight, column) for one in pair)
    return (first - second).dropna().to_numpy()


def weights_of(part: pd.DataFrame) -> list[float]:
    """List the weights λ that were fitted, by size."""
    return sorted(part["weight"].dropna().unique().tolist())


def compare_all(frame: pd.DataFrame) -> list[Comparison]:
    """Compare the pairs of ``ASKED``.

    Parameters
    ----------
    frame : DataFrame
        See `read_table`.

    Returns
    -------
    list of Comparison
        Those with at least three splits, of all heads, weights and gaps.
    """
    found = []
    for dataset, part in frame.groupby("dataset", sort=False):
        for pair, weight, head, gap in product(ASKED, weights_of(part), HEADS, GAPS):
            gaps, ap = (
                differences(part, pair, weight, f"{head}_{one}") for one in (gap, "ap")
            )
            plain = values_of(part, REFERENCE, weight, f"{head}_{gap}").mean()
            if len(gaps) >= FEWEST:
                setting = (str(dataset), weight)
                found.append(Comparison(pair, setting, gaps, ap, float(plain)))
    return found


def left_over(frame: pd.DataFrame, heads: Iterable[str]) -> dict[str, float]:
    """Say which share of the plain net's gaps is left.

    Parameters
    ----------
    frame : DataFrame
        See `read_table`.
    heads : iterable of str
        Keys of ``HEADS``, or ``"own"``.

    Returns
    -------
    dict of str to float
        Method -> the sum of mean gaps over data sets, heads, weights and both gaps,
        divided by the plain net's, on the splits that both have.
    """
    sums: dict[str, Floats] = {}
    for _, part in frame.groupby("dataset", sort=False):
        places = product(list(TITLES)[1:], heads, weights_of(part), GAPS)
        for method, head, weight, gap in places:
            names = (method, REFERENCE)
            pair = [values_of(part, one, weight, f"{head}_{gap}") for one in names]
            both = pd.concat(pair, axis=1, join="inner").to_numpy()
            if len(both):
                sums[method] = sums.get(method, np.zeros(2)) + both.mean(axis=0)
    return {method: float(own / plain) for method, (own, plain) in sums.items()}
