"""Sections of the pages: the goals on images, the rivals, the control."""

from typing import Any

import pandas as pd

from benchmarks.images.goals import GOALS, Point, measure, reaches
from benchmarks.images.methods import METHODS, RIVALS
from benchmarks.images.rows import title_of
from benchmarks.images.same_gap import Meeting, meet
from benchmarks.paper.markdown import heading, titled_table

SAME_GAP = (
    "RUNNER's best settings at several limits of the fairness term's gradient (the "
    "last with a greater weight), and Vanilla, are points of a frontier (means over "
    "seeds; those that another one beats in both the gap and average precision are "
    "left out, and limits at which a net collapsed; between two the line is straight). "
    "It is read at the gap of each rival, which has one point, on the seeds that all "
    "of them have; *read between* says how much each point counts there. Where that is "
    "nearly all Vanilla's, the rival is compared with Vanilla. Where nets of a rival "
    "collapsed, which is no repair, they are counted beside its point. Intervals (95 "
    "%) are Student's over the seeds, which are few, for the points as they are; "
    "*ahead* and *behind* are said where they exclude zero. They do not hold the "
    "noise of the test images that all share. *no point so fair*: no limit reached "
    "the rival's gap, and RUNNER's fairest point is compared, which has the larger "
    "gap."
)
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
            met = meet(part, name, constraints)
            if met:
                rivals.append([what, METHODS[name].title, *_cells(met)])
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
        "and its average precision less .02. Nets of which one collapsed meet none. "
        "The settings were chosen on validation images, several times: how earlier "
        "choices did on these test images was known by then (see the end of the page)."
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
    header = (
        "what",
        "rival",
        "the rival",
        "RUNNER's AP less its",
        "read between",
        "seeds",
        "RUNNER is",
    )
    return [
        *heading("Rivals and control at the same gap", 2),
        SAME_GAP,
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


def _cells(met: Meeting) -> list[str]:
    difference = f"{met.differences.mean():+.3f}"
    if met.interval:
        difference += "\n[{:+.3f}, {:+.3f}]".format(*met.interval)
    seeds = str(len(met.differences))
    rival = str(met.rival)
    if met.collapsed:
        rival += f"\n{met.collapsed} collapsed"
    return [rival, difference, met.read_at, seeds, met.verdict]


def _of(part: pd.DataFrame, method: str) -> Point | None:
    fits = part[part["method"] == method]
    return measure(fits, fits["constraints"].iloc[0]) if len(fits) else None
