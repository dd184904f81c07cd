"""The page of training times: ratios to Vanilla of the same split and run."""

from collections.abc import Iterator

import pandas as pd

from benchmarks.paper import published
from benchmarks.paper.agreement import (
    AGREES,
    TIME_RULE,
    Spread,
    time_agreement,
)
from benchmarks.paper.grid import TABLES
from benchmarks.paper.markdown import heading, titled_table
from benchmarks.paper.methods import METHODS

Titles = dict[str, str]


def time_ratios(rows: pd.DataFrame) -> dict[tuple[str, str], Spread]:
    """Divide each fit's seconds by those of Vanilla on the same split.

    Parameters
    ----------
    rows : DataFrame
        One row a fit.

    Returns
    -------
    dict
        (data set, method) -> mean and deviation of the ratios.
    """
    seconds = rows.pivot_table("seconds", ["dataset", "seed"], "method")
    if "vanilla" not in seconds:
        return {}
    ratios = seconds.div(seconds["vanilla"], axis=0)
    return {
        (str(name), str(method)): Spread(
            float(part[method].mean()), float(part[method].std())
        )
        for name, part in ratios.groupby("dataset")
        for method in ratios
        if part[method].notna().any()
    }


def paper_ratio(name: str, method: str) -> float | None:
    """Return a method's time in the paper, Vanilla's being 1.

    Parameters
    ----------
    name, method : str
        The data set and our method.

    Returns
    -------
    float or None
        The ratio, None where the paper has no time.
    """
    time = published.TABLE3.get((name, METHODS[method].column or ""))
    return time and time.seconds / published.TABLE3[name, "vanilla"].seconds


def differing_times(rows: pd.DataFrame) -> set[tuple[str, str]]:
    """List data sets and columns of the paper whose times are not reproduced.

    Parameters
    ----------
    rows : DataFrame
        One row a fit.

    Returns
    -------
    set of (str, str)
        Data set and column.
    """
    return {
        (name, METHODS[method].column or "")
        for name, method, verdict in _verdicts(rows)
        if METHODS[method].reproduces and verdict != AGREES
    }


def _verdicts(rows: pd.DataFrame) -> Iterator[tuple[str, str, str]]:
    for (name, method), ours in time_ratios(rows).items():
        theirs = paper_ratio(name, method)
        if theirs is not None:
            yield name, method, time_agreement(ours.mean, theirs)


def times_body(rows: pd.DataFrame, titles: Titles) -> list[str]:
    """Render the tables of times.

    Parameters
    ----------
    rows : DataFrame
        One row a fit.
    titles : dict of str to str
        Titles of the data sets.

    Returns
    -------
    list of str
        Lines.
    """
    ratios = time_ratios(rows)
    verdicts = {(name, method): text for name, method, text in _verdicts(rows)}
    out = [
        "Seconds of ``fit`` with the settings of Table 1, as ratios to Vanilla's on "
        "the same split. The paper's are of its Table 3, those of Vanilla and "
        "Oversample of its section 4.3, which finds ROC close to Vanilla and "
        f"Reweighting close to Oversample. {TIME_RULE}",
        "",
    ]
    for name in dict.fromkeys(data for data, _ in ratios):
        out += heading(titles[name], 2)
        cells = [
            _row(rows, name, method, ratios[name, method], verdicts)
            for method in TABLES["table3"].methods
            if (name, method) in ratios
        ]
        header = ("method", "times Vanilla", "epochs", "seconds")
        out += titled_table("Times of training", header, cells)
    return out


def _row(
    rows: pd.DataFrame,
    name: str,
    method: str,
    ours: Spread,
    verdicts: dict[tuple[str, str], str],
) -> list[str]:
    part = rows[(rows["dataset"] == name) & (rows["method"] == method)]
    seconds, epochs = part["seconds"].mean(), part["epochs"].mean()
    theirs = paper_ratio(name, method)
    if theirs is None:
        beside = ("not in the paper", "", "")
    else:
        time = published.TABLE3[name, METHODS[method].column or ""]
        beside = (
            f"paper {theirs:.2f}\n*{verdicts[name, method]}*",
            f"\npaper {time.epochs}",
            f"\npaper {time.seconds:.1f}",
        )
    spread = f"{ours.mean:.2f}" + ("" if pd.isna(ours.sd) else f" ± {ours.sd:.2f}")
    return [
        METHODS[method].title,
        f"{spread}\n{beside[0]}",
        f"{epochs:.0f}{beside[1]}",
        f"{seconds:.1f}{beside[2]}",
    ]
