"""Where RUNNER's fits of the search on images collapsed."""

from itertools import pairwise

import numpy as np
import pandas as pd

from benchmarks.paper.markdown import heading, titled_table

COLLAPSE = (
    "All fits in the file of this page, also with budgets that were given up. A fit "
    "counts as collapsed if its training warned of it or its positive rate on the "
    "validation part is outside 0.5 to 1.5 times the base rate."
)
# Limits of the term's gradient; the last part is without one.
BOUNDS = (0.0, 0.2, 0.35, 0.6, np.inf)


def collapse_section(frame: pd.DataFrame) -> list[str]:
    """Say at which weights, shares and limits RUNNER collapsed.

    Parameters
    ----------
    frame : DataFrame
        One row a fit.

    Returns
    -------
    list of str
        Lines.
    """
    fits = frame[frame["method"] == "runner_best"]
    if fits.empty:
        return []
    n = int(fits["collapsed"].sum())
    verdict = f"RUNNER collapsed in {n} of {len(fits)} fits: the goal (none) is "
    return [
        *heading("Collapses", 2),
        f"{COLLAPSE} {verdict}{'missed' if n else 'met'}.",
        "",
        *_by_weight(fits),
        *_by_limit(fits),
    ]


def _by_weight(fits: pd.DataFrame) -> list[str]:
    weights, ratios = (_params(fits, n) for n in ("fairness_weight", "neuron_ratio"))
    shares = sorted(ratios.unique())
    cells = [
        [
            f"{weight:g}",
            *(_of(fits[(weights == weight) & (ratios == one)]) for one in shares),
        ]
        for weight in sorted(weights.unique())
    ]
    header = ("λ", *(f"k = {ratio:.0%}" for ratio in shares))
    return titled_table("RUNNER's fits that collapsed, of all", header, cells)


def _by_limit(fits: pd.DataFrame) -> list[str]:
    limits = _params(fits, "fairness_gradient_limit").astype(float).fillna(np.inf)
    warned = fits["warnings"].map(lambda names: "CollapseWarning" in names)
    cells = []
    for above, most in pairwise(BOUNDS):
        part = (limits > above) & (limits <= most)
        title = f"up to {most:g}" if np.isfinite(most) else "greater, or none"
        cells.append([title, _of(fits[part]), str(int(warned[part].sum()))])
    header = ("limit of the gradient", "collapsed", "of them with a warning")
    return titled_table("The same fits by their limit", header, cells)


def _params(fits: pd.DataFrame, name: str) -> pd.Series:
    values = [params.get(name) for params in fits["params"]]
    return pd.Series(values, index=fits.index)


def _of(fits: pd.DataFrame) -> str:
    return f"{int(fits['collapsed'].sum())} of {len(fits)}"
