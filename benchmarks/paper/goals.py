"""What the best settings are to reach, and whether they do."""

import math
from typing import NamedTuple

import pandas as pd

from benchmarks.paper.scores import GAPS

ROUNDED = 5e-4  # goals are judged in the three digits of the tables


class Goal(NamedTuple):
    """A largest gap at a least utility.

    Parameters
    ----------
    gap, ap, acc : float
        The gap, average precision and accuracy.
    of_vanilla : bool, default=False
        Whether they are added to what the plain net has.
    """

    gap: float
    ap: float
    acc: float
    of_vanilla: bool = False


class Verdict(NamedTuple):
    """A goal in numbers, beside what was measured.

    Parameters
    ----------
    goal : Goal
        The goal; none of it relative.
    measured : Goal
        Means over splits.
    met : bool
        Whether all three parts are, in the three digits of the tables.
    """

    goal: Goal
    measured: Goal
    met: bool


NOT_WORSE = Goal(0.0, -0.005, -0.005, of_vanilla=True)
GOALS = {
    ("adult", "demographic_parity"): Goal(0.040, 0.765, 0.838),
    ("adult", "equalized_odds"): Goal(0.055, 0.778, 0.848),
    ("compas", "demographic_parity"): Goal(0.025, 0.665, 0.650),
    ("compas", "equalized_odds"): Goal(0.065, 0.665, 0.650),
    **{
        (name, constraints): NOT_WORSE
        for name in ("credit", "lsac")
        for constraints in GAPS
    },
}


def resolve(goal: Goal, vanilla: Goal) -> Goal:
    """Turn a goal relative to the plain net into numbers.

    Parameters
    ----------
    goal : Goal
        The goal.
    vanilla : Goal
        What the plain net has on the same rows.

    Returns
    -------
    Goal
        A goal in numbers.
    """
    if not goal.of_vanilla:
        return goal
    pairs = zip(goal[:3], vanilla[:3], strict=True)
    return Goal(*(float(part + plain) for part, plain in pairs))


def measure(rows: pd.DataFrame, constraints: str) -> Goal:
    """Average what goals are about.

    Parameters
    ----------
    rows : DataFrame
        Rows of one method on one data set.
    constraints : str
        The constraint.

    Returns
    -------
    Goal
        Means over splits.
    """
    return Goal(
        *(float(rows[name].mean()) for name in (GAPS[constraints], "ap", "acc"))
    )


def judge(goal: Goal, measured: Goal, vanilla: Goal) -> Verdict:
    """Say whether a goal is met.

    Parameters
    ----------
    goal : Goal
        The goal.
    measured, vanilla : Goal
        What the method and the plain net have.

    Returns
    -------
    Verdict
        The verdict.
    """
    target = resolve(goal, vanilla)
    gap, ap, acc = (
        round(got, 3) - round(wanted, 3)
        for got, wanted in zip(measured[:3], target[:3], strict=True)
    )
    return Verdict(target, measured, gap < ROUNDED and ap > -ROUNDED and acc > -ROUNDED)


def missing(verdict: Verdict, rows: pd.DataFrame, constraints: str) -> list[str]:
    """Say by how much a goal is missed, beside what the splits can tell.

    Parameters
    ----------
    verdict : Verdict
        The verdict.
    rows : DataFrame
        What was measured, one row a split.
    constraints : str
        The constraint.

    Returns
    -------
    list of str
        For each part that is missed the distance, and how many standard errors of the
        mean over the splits that is.
    """
    names = {"gap": GAPS[constraints], "AP": "ap", "ACC": "acc"}
    texts = []
    for i, (title, name) in enumerate(names.items()):
        sign = -1 if title == "gap" else 1
        goal, measured = verdict.goal[i], verdict.measured[i]
        if sign * (round(goal, 3) - round(measured, 3)) < ROUNDED:
            continue
        short = sign * (goal - measured)
        errors = short / (rows[name].std() / math.sqrt(len(rows)))
        told = "" if math.isnan(errors) else f" ({errors:.1f} standard errors)"
        texts.append(f"{title} by {short:.4f}{told}")
    return texts
