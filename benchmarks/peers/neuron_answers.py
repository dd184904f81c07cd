"""Whether choosing neurons pays: comparisons with controls, and what they come to."""

from collections import Counter
from typing import NamedTuple

import numpy as np
import pandas as pd

from benchmarks.paper.pages import TITLES
from benchmarks.peers.hypervolume import FEWEST, mean_interval
from benchmarks.peers.methods import REFERENCE
from benchmarks.peers.neuron_plans import OUTPUT_ALONE, RATIOS, variant_name
from benchmarks.peers.summary import VOLUMES, paired, volumes

KEYS = ["dataset", "constraints", "net"]
CONTROLS = {"random": "random", "all": "all", OUTPUT_ALONE: "the output's gap alone"}


class Answer(NamedTuple):
    """The most important neurons against a control.

    Parameters
    ----------
    setting : tuple
        Data set, constraint, net and term.
    ratio : float
        The share of neurons.
    control : str
        A key of ``CONTROLS``.
    differences : dict
        (gap, utility) -> differences of hypervolumes, one a split.
    """

    setting: tuple[str, str, str, str]
    ratio: float
    control: str
    differences: dict[tuple[str, str], np.ndarray]


def answers(frame: pd.DataFrame) -> list[Answer]:
    """Compare the most important neurons with each control, split by split.

    Parameters
    ----------
    frame : DataFrame
        One row a fit, see ``neurons_page.read_table``.

    Returns
    -------
    list of Answer
        Those that there are fits of.
    """
    found = []
    for key, part in frame.groupby(KEYS, sort=False):
        plain = part[part["method"] == REFERENCE]
        own = part[part["method"] != REFERENCE]
        for term, fits in own.groupby("term", sort=False):
            measured = volumes(pd.concat([plain, fits]))
            for ratio in RATIOS:
                for control in CONTROLS:
                    other = variant_name(
                        control, ratio if control == "random" else None
                    )
                    first = variant_name("auto", ratio)
                    differences = {
                        volume: paired(measured, first, other, volume)
                        for volume in VOLUMES
                    }
                    if len(differences[VOLUMES[0]]):
                        setting = (*key, str(term))
                        found.append(Answer(setting, ratio, control, differences))
    return found


def verdict(found: list[Answer]) -> str:
    """Count how often the most important neurons are better and worse.

    Parameters
    ----------
    found : list of Answer
        All comparisons.

    Returns
    -------
    str
        A paragraph.
    """
    if not found:
        return "Nothing was compared yet."
    counted = [one for one in found if len(one.differences[VOLUMES[0]]) >= FEWEST]
    if not counted:
        return (
            f"With fewer than {FEWEST} splits there are no intervals, so that nothing "
            "can be said yet."
        )
    parts = []
    for control, title in CONTROLS.items():
        counts = Counter(
            _side(values)
            for one in counted
            if one.control == control
            for values in one.differences.values()
        )
        parts.append(
            f"against {title} neurons"
            if control != OUTPUT_ALONE
            else f"against {title}"
        )
        parts[-1] += (
            f", better in {counts['better']} and worse in {counts['worse']} of "
            f"{counts.total()}"
        )
    return (
        "Comparisons whose 95 % interval lies on one side of zero, for RUNNER with its "
        f"most important neurons: {'; '.join(parts)}. Were there no difference, about "
        "one in twenty would, half of them on either side; the measures are not "
        f"independent.{_left_out(found, counted)}"
    )


def _left_out(found: list[Answer], counted: list[Answer]) -> str:
    """Name what has too few splits to be counted."""
    few = {(one.setting[0], one.setting[2]) for one in found if one not in counted}
    if not few:
        return ""
    nets = ", ".join(f"{TITLES[dataset]} {net}" for dataset, net in sorted(few))
    return f" Not counted, for want of splits: {nets}."


def _side(values: np.ndarray) -> str:
    interval = mean_interval(values)
    if interval is None or interval[0] <= 0 <= interval[1]:
        return "neither"
    return "better" if interval[0] > 0 else "worse"
