"""Sections of the pages: the goals on images, the rivals, the control."""

from typing import Any

import pandas as pd

from benchmarks.images.goals import GOALS, Point, against, measure, reaches
from benchmarks.images.methods import METHODS, RIVALS
from benchmarks.images.rows import title_of
from benchmarks.paper.agreement import Spread
from benchmarks.paper.markdown import heading, titled_table
from benchmarks.paper.scores import GAPS

OURS, CONTROL = "runner_best", "gap_best"
TITLES = {
    "demographic_parity": "demographic parity",
    "equalized_odds": "equalized odds",
}


def verdicts(rows: pd.DataFrame) -> list[str]:
    """Say which goals are met, and who is ahead.

    Parameters
    ----------
    rows : DataFrame
        One row a fit on one page.

    Returns
    -------
    list of str
        Lines; none if the best settings were not run.
    """
    goals, rivals = [], []
    for (dataset, constraints), part in rows.groupby(["dataset", "constraints"]):
        ours, vanilla = (_of(part, name) for name in (OURS, "vanilla"))
        what = f"{title_of(dataset)}, {TITLES[constraints]}"
        if not ours:
            continue
        collapsed = bool(part[part["method"] == OURS]["collapsed"].any())
        goal = GOALS.get((dataset.split("/")[0], constraints))
        if goal and vanilla:
            wanted = goal.resolve(vanilla)
            met = reaches(ours, wanted) and not collapsed
            verdict = "met" if met else "missed"
            verdict += ", collapsed" if collapsed else ""
            goals.append([what, str(wanted), str(ours), verdict])
        for name in (*RIVALS, CONTROL):
            rival = _of(part, name)
            if rival:
                title = METHODS[name].title
                verdict = "collapsed" if collapsed else against(ours, rival)
                paired = str(_paired(part, name, constraints))
                rivals.append([what, title, str(ours), str(rival), paired, verdict])
    return [*goals_section(goals), *rivals_section(rivals)]


def goals_section(cells: list[list[str]]) -> list[str]:
    """Return the goals beside what was measured.

    Parameters
    ----------
    cells : list of list of str
        Rows of the table.

    Returns
    -------
    list of str
        Lines; none without rows.
    """
    if not cells:
        return []
    text = (
        "Goals that were set before the measurement, for the best settings: a largest "
        "gap at a least average precision. That of wavy hair is half of Vanilla's gap, "
        "and its average precision less .02. Nets of which one collapsed meet none."
    )
    header = ("what", "goal", "measured", "verdict")
    table = titled_table("Goals of this project", header, cells)
    return [*heading("Goals", 2), text, "", *table]


def rivals_section(cells: list[list[str]]) -> list[str]:
    """Return the best settings beside the rivals and the control.

    Parameters
    ----------
    cells : list of list of str
        Rows of the table.

    Returns
    -------
    list of str
        Lines; none without rows.
    """
    if not cells:
        return []
    text = (
        "The best settings beside each rival and the control. *ahead*: no larger a gap "
        "at no lower average precision; *behind*: the reverse; *neither*: one has the "
        "smaller gap and the other ranks better, so that these two points cannot say "
        "who is ahead at the same gap. The paired difference in average precision is "
        "RUNNER's less the rival's with the same seed."
    )
    header = ("what", "rival", "RUNNER", "the rival", "AP, paired", "RUNNER is")
    return [
        *heading("Rivals and control", 2),
        text,
        "",
        *titled_table("On the same test images", header, cells),
    ]


def collapses(rows: pd.DataFrame) -> dict[Any, int]:
    """Count the fits that collapsed.

    Parameters
    ----------
    rows : DataFrame
        One row a fit.

    Returns
    -------
    dict
        (data set, constraint, method) -> fits.
    """
    names = ["dataset", "constraints", "method"]
    return dict(rows.groupby(names)["collapsed"].sum().astype(int))


def _of(part: pd.DataFrame, method: str) -> Point | None:
    fits = part[part["method"] == method]
    return measure(fits, fits["constraints"].iloc[0]) if len(fits) else None


def _paired(part: pd.DataFrame, rival: str, constraints: str) -> Spread:
    ours, other = (
        part[part["method"] == name].set_index("seed")[["ap", GAPS[constraints]]]
        for name in (OURS, rival)
    )
    difference = (ours - other).dropna()["ap"]
    return Spread(float(difference.mean()), float(difference.std()))
