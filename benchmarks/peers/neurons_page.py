"""Render the answer to whether choosing neurons pays."""

from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from benchmarks.paper.pages import CONSTRAINTS, TITLES
from benchmarks.paper.rst import heading, list_table
from benchmarks.peers.conditions import limits
from benchmarks.peers.few_groups import ROWS
from benchmarks.peers.hypervolume import FEWEST, mean_interval
from benchmarks.peers.methods import REFERENCE
from benchmarks.peers.neuron_plans import OUTPUT_ALONE, RATIOS, variant_name
from benchmarks.peers.summary import RULE, UTILITIES, VOLUMES, paired, table_of, volumes
from benchmarks.peers.verdicts import interval_text

KEYS = ["dataset", "constraints", "net"]
CONTROLS = {"random": "random", "all": "all", OUTPUT_ALONE: "the output's gap alone"}
TERMS = {"default": "default", "wasserstein": "distributions (Wasserstein)"}

FEW_GROUPS = (
    f"The plain net was trained on all rows and repaired on {ROWS} of them, the only "
    "ones whose groups are known; a quarter of these chose the epoch"
)


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
        One row a fit, see `read_table`.

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


def read_table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Collect the fits; net and term take the place of the inputs.

    Parameters
    ----------
    rows : list of dict
        One a fit.

    Returns
    -------
    DataFrame
        One row a fit that did not fail.
    """
    inputs = [{**row, "sensitive_input": f"{row['net']} {row['term']}"} for row in rows]
    return table_of(inputs)


def write_neurons(rows: list[dict[str, Any]], pages: Path, about: str) -> list[Path]:
    """Write the page.

    Parameters
    ----------
    rows : list of dict
        One a fit.
    pages : Path
        The folder.
    about : str
        What the run was made with.

    Returns
    -------
    list of Path
        The page; none without a fit that did not fail.
    """
    return _write(rows, pages / "neurons.rst", "Does choosing neurons pay?", about)


def write_few_groups(rows: list[dict[str, Any]], pages: Path, about: str) -> list[Path]:
    """Write the page of repairs by few rows.

    Parameters
    ----------
    rows : list of dict
        One a fit.
    pages : Path
        The folder.
    about : str
        What the run was made with.

    Returns
    -------
    list of Path
        The page; none without a fit that did not fail.
    """
    title = "Do neurons help where few groups are known?"
    return _write(rows, pages / "few_groups.rst", title, f"{about}. {FEW_GROUPS}")


def _write(
    rows: list[dict[str, Any]], path: Path, title: str, about: str
) -> list[Path]:
    frame = read_table(rows)
    if frame.empty:
        return []
    path.parent.mkdir(parents=True, exist_ok=True)
    failed = sum("error" in row for row in rows)
    path.write_text(neurons_page(frame, failed, about, title))
    return [path]


def neurons_page(frame: pd.DataFrame, failed: int, about: str, title: str) -> str:
    """Render the page.

    Parameters
    ----------
    frame : DataFrame
        See `read_table`.
    failed : int
        Fits that failed.
    about : str
        What the run was made with.
    title : str
        The page's.

    Returns
    -------
    str
        The page.
    """
    found = answers(frame)
    out = [
        *heading(title, "="),
        verdict(found),
        "",
        f"Measured by {about}. Differences of hypervolumes of RUNNER with "
        "its most important neurons and a control, which has the same net, weights λ, "
        "output gap, rows and seeds: means over splits, with their 95 % intervals "
        "below. Positive differences speak for the most important neurons. The weights "
        "are the same for all, set beforehand; what has one of them has a frontier of "
        "one point.",
        "",
        limits(frame),
        "",
        RULE,
        "",
    ]
    if failed:
        out += [f"{failed} fits failed and are left out.", ""]
    header = (
        "net, output gap in the term",
        "share",
        "less ...",
        *(f"{UTILITIES[utility]}, {which}" for which, utility in VOLUMES),
    )
    sections: dict[tuple[str, str], list[list[str]]] = {}
    for one in found:
        dataset, constraints, net, term = one.setting
        cells = [
            f"{net}, {TERMS[term]}",
            f"{one.ratio:.0%}",
            CONTROLS[one.control],
            *(interval_text(one.differences[volume], sign=True) for volume in VOLUMES),
        ]
        sections.setdefault((dataset, constraints), []).append(cells)
    for (dataset, constraints), cells in sections.items():
        title = f"{TITLES[dataset]}, {CONSTRAINTS[constraints]}"
        out += heading(title, "-")
        out += list_table("The most important neurons less a control", header, cells)
    return "\n".join(out).rstrip() + "\n"


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
