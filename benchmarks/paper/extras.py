"""Sections of the pages on what goes beyond the paper: goals, controls, settings."""

import json
from typing import Any

import pandas as pd

from benchmarks.paper.agreement import Spread
from benchmarks.paper.goals import GOALS, Goal, judge, measure, missing
from benchmarks.paper.markdown import heading, titled_table
from benchmarks.paper.methods import BEST, METHODS
from benchmarks.paper.scores import GAPS

Titles = dict[str, str]
CONTROLS = ("runner_random", "gap_best")


ON_CPU = (
    " The last column is of an earlier run of the same splits and seeds on CPU cores, "
    "which decides nothing: other rounding makes other nets, so that the two differ by "
    "what one training differs from the next."
)


def goals_section(
    rows: pd.DataFrame, on_cpu: pd.DataFrame, constraints: str, titles: Titles
) -> list[str]:
    """Say whether the best settings reach the project's goals.

    Parameters
    ----------
    rows : DataFrame
        One row a fit.
    on_cpu : DataFrame
        Rows of the same fits on CPU cores, which decide nothing; may be empty.
    constraints : str
        The constraint.
    titles : dict of str to str
        Titles of the data sets.

    Returns
    -------
    list of str
        Lines; none if the best settings were not run.
    """
    cells = []
    for (name, constraint), goal in GOALS.items():
        part = rows[rows["dataset"] == name]
        best = part[part["method"] == "runner_best"]
        vanilla = part[part["method"] == "vanilla"]
        if constraint == constraints and len(best) and len(vanilla):
            plain = measure(vanilla, constraints)
            verdict = judge(goal, measure(best, constraints), plain)
            missed = ["missed", *missing(verdict, best, constraints)]
            met = "met" if verdict.met else "\n".join(missed)
            cells.append([titles[name], *map(_goal, verdict[:2]), met])
            if len(on_cpu):
                ours = (on_cpu["dataset"] == name) & (on_cpu["method"] == "runner_best")
                cells[-1].append(_goal(measure(on_cpu[ours], constraints)))
    if not cells:
        return []
    text = (
        "Goals that were set before the measurement, for the row of best settings: a "
        "largest gap at a least average precision and accuracy. On Credit and LSAC "
        "they are Vanilla's gap, and its AP and ACC less .005. A goal that is missed "
        "by less than a standard error of the mean over the splits is neither reached "
        "nor out of reach by what was measured."
    )
    header = ["data set", "goal", "measured", "verdict"]
    if len(on_cpu):
        text += ON_CPU
        header.append("on CPU cores")
    table = titled_table("Goals of this project", header, cells)
    return [*heading("Goals", 2), text, "", *table]


def _goal(goal: Goal) -> str:
    return f"gap {goal.gap:.3f}, AP {goal.ap:.3f}, ACC {goal.acc:.3f}"


def controls_section(rows: pd.DataFrame, constraints: str, titles: Titles) -> list[str]:
    """Compare the best settings with the controls, split by split.

    Parameters
    ----------
    rows : DataFrame
        One row a fit.
    constraints : str
        The constraint.
    titles : dict of str to str
        Titles of the data sets.

    Returns
    -------
    list of str
        Lines; none if no control was run.
    """
    cells = []
    names = ("ap", "acc", GAPS[constraints])
    for name in titles:
        part = rows[rows["dataset"] == name]
        for control in CONTROLS:
            difference = _paired(part, "runner_best", control, names)
            if len(difference):
                row = [
                    str(Spread(float(difference[c].mean()), float(difference[c].std())))
                    for c in names
                ]
                cells.append([titles[name], METHODS[control].title, *row])
    if not cells:
        return []
    text = (
        "Does it matter which neurons are repaired, or that neurons are? Differences "
        "of RUNNER with the best settings and a control on the same split, means ± "
        "standard deviations over splits. Random neurons take RUNNER's settings; the "
        "output gap alone has its own, chosen by the same search. A positive "
        "difference in AP or ACC and a negative one in the gap speak for RUNNER."
    )
    header = ("data set", "RUNNER less ...", "AP", "ACC", "gap")
    table = titled_table("Paired differences", header, cells)
    return [*heading("Controls", 2), text, "", *table]


def _paired(
    part: pd.DataFrame, method: str, control: str, names: tuple[str, ...]
) -> pd.DataFrame:
    ours, other = (
        part[part["method"] == name].set_index("seed")[list(names)]
        for name in (method, control)
    )
    return (ours - other).dropna()


def best_section(constraints: str, titles: Titles) -> list[str]:
    """Tell the best settings and how they were chosen.

    Parameters
    ----------
    constraints : str
        The constraint.
    titles : dict of str to str
        Titles of the data sets.

    Returns
    -------
    list of str
        Lines.
    """
    stored = json.loads(BEST.read_text())
    out = heading("The best settings", 2)
    if not stored["command"]:
        return [*out, "Not searched yet: the defaults of the package.", ""]
    out += [
        f"Chosen by ``{stored['command']}``, never on test rows. {stored['rule']}",
        "",
    ]
    out += [
        "The rows of a data set are the same in all splits: validation rows of the "
        "search are test rows of other splits, which favors ten or twenty settings a "
        "data set by little.",
        "",
    ]
    cells = [
        [titles[name], METHODS[method].title, _settings(chosen)]
        for method, by_key in stored["settings"].items()
        for key, chosen in by_key.items()
        for name, constraint in [key.split("/")]
        if constraint == constraints and name in titles
    ]
    return [
        *out,
        *titled_table("What was chosen", ("data set", "method", "settings"), cells),
    ]


def _settings(chosen: dict[str, Any]) -> str:
    return ", ".join(f"``{name}={value!r}``" for name, value in chosen.items())
