"""Render the answer to whether choosing neurons pays."""

from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.paper.markdown import heading, titled_table
from benchmarks.paper.pages import CONSTRAINTS, TITLES
from benchmarks.peers.conditions import limits
from benchmarks.peers.few_groups import ROWS
from benchmarks.peers.neuron_answers import CONTROLS, answers, verdict
from benchmarks.peers.summary import RULE, UTILITIES, VOLUMES, table_of
from benchmarks.peers.verdicts import interval_text

TERMS = {
    "default": "default",
    "wasserstein": "distributions (Wasserstein)",
    "limited": "default, gradient limited",
}

FEW_GROUPS = (
    f"The plain net was trained on all rows and repaired on {ROWS} of them, the only "
    "ones whose groups are known; a quarter of these chose the epoch"
)


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
    return _write(rows, pages / "neurons.md", "Does choosing neurons pay?", about)


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
    return _write(rows, pages / "few_groups.md", title, f"{about}. {FEW_GROUPS}")


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
        *heading(title, 1),
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
        "net, fairness term",
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
        out += heading(title, 2)
        out += titled_table("The most important neurons less a control", header, cells)
    return "\n".join(out).rstrip() + "\n"
