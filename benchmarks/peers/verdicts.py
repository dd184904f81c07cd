"""Sentences on who is ahead, made from the numbers alone."""

from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from benchmarks.peers.hypervolume import FEWEST, bootstrap_interval, mean_interval
from benchmarks.peers.methods import METHODS, OURS
from benchmarks.peers.summary import SETTING, VOLUMES, methods_in, paired

Name = Callable[[tuple[Any, ...]], str]


class Comparison(NamedTuple):
    """RUNNER with the best settings against one other method.

    Parameters
    ----------
    setting : tuple
        Data set, inputs and constraint.
    method : str
        The other method.
    volume : (str, str)
        Which hypervolume, of ``VOLUMES``.
    n : int
        Splits that both have.
    mean : float
        The mean of the other's hypervolume less RUNNER's.
    interval : (float, float) or None
        Student's interval of the mean.
    """

    setting: tuple[Any, ...]
    method: str
    volume: tuple[str, str]
    n: int
    mean: float
    interval: tuple[float, float] | None

    @property
    def clear(self) -> bool:
        """Whether the other method is ahead with an interval above zero."""
        return self.interval is not None and self.interval[0] > 0


def compare_all(measured: dict[tuple[Any, ...], pd.DataFrame]) -> list[Comparison]:
    """Compare every method that is not RUNNER with RUNNER.

    Parameters
    ----------
    measured : dict
        Setting -> hypervolumes, see `benchmarks.peers.summary.volumes`.

    Returns
    -------
    list of Comparison
        In the order of settings and methods.
    """
    found = []
    for setting, table in measured.items():
        for method in methods_in(table):
            if METHODS[method].family in ("RUNNER", "plain"):
                continue
            for volume in VOLUMES:
                values = paired(table, method, OURS, volume)
                if len(values):
                    mean, interval = float(values.mean()), mean_interval(values)
                    found.append(
                        Comparison(setting, method, volume, len(values), mean, interval)
                    )
    return found


def first_paragraph(comparisons: list[Comparison], name: Name) -> str:
    """Say first where others are ahead.

    Parameters
    ----------
    comparisons : list of Comparison
        All of them.
    name : callable
        Turns a setting into words.

    Returns
    -------
    str
        A paragraph.
    """
    if not comparisons:
        return f"RUNNER was not compared yet: there are no fits of ``{OURS}``."
    ahead = [one for one in comparisons if one.mean > 0]
    total = len(comparisons)
    if not ahead:
        text = f"No other method has a larger mean hypervolume in {total} comparisons."
    else:
        clear = [one for one in ahead if one.clear]
        text = (
            f"Other methods have a larger mean hypervolume than RUNNER with its best "
            f"settings in {len(ahead)} of {total} comparisons, {len(clear)} of them "
            f"with a 95 % interval above zero. {'These' if clear else 'All'} are, with "
            f"how many of the {len(VOLUMES)} hypervolumes below: "
            f"{_list_ahead(clear or ahead, name)}"
        )
    few = dict.fromkeys(name(one.setting) for one in comparisons if one.n < FEWEST)
    if few:
        text += (
            f" With fewer than {FEWEST} splits there are no intervals, which is the "
            f"case here: {'; '.join(few)}."
        )
    return text


def _list_ahead(ahead: list[Comparison], name: Name) -> str:
    by_setting: dict[tuple[Any, ...], Counter[str]] = {}
    for one in ahead:
        methods = by_setting.setdefault(one.setting, Counter())
        methods[METHODS[one.method].title] += 1
    parts = [
        f"{name(setting)}: "
        + "; ".join(f"{title} ({count})" for title, count in methods.items())
        for setting, methods in by_setting.items()
    ]
    return " ".join(f"{part}." for part in parts)


def interval_text(
    values: np.ndarray, *, sign: bool = False, bootstrap: bool = False
) -> str:
    """Write a mean over splits with its interval.

    Parameters
    ----------
    values : ndarray of shape (n_splits,)
        The values.
    sign : bool, default=False
        Whether the signs are written, for differences.
    bootstrap : bool, default=False
        Whether the interval is the bootstrap's; else it is Student's.

    Returns
    -------
    str
        The mean, and the interval below it where there are three splits.
    """
    if not len(values):
        return "-"
    form = "+.3f" if sign else ".3f"
    text = f"{values.mean():{form}}"
    interval = bootstrap_interval(values) if bootstrap else mean_interval(values)
    if interval is None:
        return text
    return f"{text}\n[{interval[0]:{form}}, {interval[1]:{form}}]"


def settings_of(frame: pd.DataFrame) -> dict[tuple[Any, ...], pd.DataFrame]:
    """Cut fits into settings, in the order in which they appear.

    Parameters
    ----------
    frame : DataFrame
        See `benchmarks.peers.summary.table_of`.

    Returns
    -------
    dict
        (data set, inputs, constraint) -> fits.
    """
    return dict(iter(frame.groupby(SETTING, sort=False)))
