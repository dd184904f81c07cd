"""Render the results of a run as pages of the documentation."""

import json
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.paper.agreement import RULE
from benchmarks.paper.cells import compared_row, counts, failures, other_row
from benchmarks.paper.extras import best_section, controls_section, goals_section
from benchmarks.paper.grid import TABLES
from benchmarks.paper.markdown import definition, heading, titled_table
from benchmarks.paper.methods import METHODS
from benchmarks.paper.notes import notes_on, unexplained
from benchmarks.paper.runs import read_rows
from benchmarks.paper.summary import (
    MEASURES,
    Key,
    Line,
    compared,
    differing,
    successful,
    summarize,
)
from benchmarks.paper.times import differing_times, times_body

TITLES = {"adult": "Adult", "compas": "COMPAS", "credit": "Credit", "lsac": "LSAC"}
CONSTRAINTS = {
    "demographic_parity": "demographic parity",
    "equalized_odds": "equalized odds",
}
GAP_TITLES = {"demographic_parity": "ΔDP", "equalized_odds": "ΔEO"}


def write_pages(results: Path, pages: Path) -> list[Path]:
    """Render a page of every table that has results.

    Parameters
    ----------
    results : Path
        The folder of the JSON lines.
    pages : Path
        Where the pages go.

    Returns
    -------
    list of Path
        The pages.
    """
    pages.mkdir(parents=True, exist_ok=True)
    written = []
    for name in TABLES:
        rows = _latest(results_of(name, results))
        if rows:
            path = pages / f"{name}.md"
            on_cpu = _latest(read_rows(results / "cpu" / f"{name}.jsonl"))
            path.write_text(render(name, rows, about_of(name, results), on_cpu))
            written.append(path)
    return written


def about_of(name: str, results: Path) -> dict[str, Any]:
    """Read what a table was measured with.

    Parameters
    ----------
    name : str
        The table.
    results : Path
        The folder of the JSON lines.

    Returns
    -------
    dict
        The machine and the versions: the table's own, if it was measured by itself.
    """
    for file in (results / f"about-{name}.json", results / "about.json"):
        if file.exists():
            about: dict[str, Any] = json.loads(file.read_text())
            return about
    return {}


def results_of(name: str, results: Path) -> list[dict[str, Any]]:
    """Read the results of a table.

    Parameters
    ----------
    name : str
        The table. Times are Table 1's where they were not measured by themselves.
    results : Path
        The folder of the JSON lines.

    Returns
    -------
    list of dict
        One a fit.
    """
    rows = read_rows(results / f"{name}.jsonl")
    if name == "table3" and not rows:
        rows = read_rows(results / "table1.jsonl")
    return rows


def render(
    name: str,
    rows: list[dict[str, Any]],
    about: dict[str, Any],
    on_cpu: list[dict[str, Any]] | None = None,
) -> str:
    """Render one page.

    Parameters
    ----------
    name : str
        The table.
    rows : list of dict
        One a fit.
    about : dict
        The machine and versions of the run.
    on_cpu : list of dict, default=None
        The same fits on CPU cores, if the table's own are of another device.

    Returns
    -------
    str
        Markdown.
    """
    table = TABLES[name]
    frame = successful(rows)
    lines = summarize(frame)
    out = [*heading(table.title, 1), *_intro(name, frame, about)]
    if name == "table3":
        out += times_body(frame, TITLES)
        differs = differing_times(frame)
    else:
        out += [RULE, "", *_count(lines), *_body(table.methods, lines)]
        differs = differing(lines)
    if name in ("table1", "table2"):
        constraints = table.constraints[0]
        out += goals_section(frame, successful(on_cpu or []), constraints, TITLES)
        out += controls_section(frame, constraints, TITLES)
        shown = {name: TITLES[name] for name in TITLES if name in set(frame["dataset"])}
        out += best_section(constraints, shown)
    out += _reasons(name, differs)
    out += failures(rows)
    return "\n".join(out).rstrip() + "\n"


def _latest(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Keep the last row of each fit: one that failed may have been tried again."""
    names = ("dataset", "constraints", "method", "seed")
    return list({tuple(row[name] for name in names): row for row in rows}.values())


def _intro(name: str, frame: pd.DataFrame, about: dict[str, Any]) -> list[str]:
    text = (
        f"Measured by ``python -m benchmarks.paper {name}``; random splits: "
        f"{frame['seed'].nunique()} (60 % train, 20 % validation, 20 % test), means ± "
        "standard deviations over splits on the test rows. See [how to read these "
        "pages](reading.md)."
    )
    if about:
        text += (
            " skrunner {skrunner}, torch {torch}, Python {python}, device {device}, "
            "{processor}, {cores} cores, one thread a fit; fits at a time: {jobs}."
        ).format(**about)
    return [text, ""]


def _count(lines: dict[Key, Line]) -> list[str]:
    return counts(
        verdict
        for key, line in lines.items()
        if METHODS[key[2]].reproduces
        for *_, verdict in compared(key, line)
    )


def _body(methods: tuple[str, ...], lines: dict[Key, Line]) -> list[str]:
    out: list[str] = []
    known = {(name, constraints) for name, constraints, _ in lines}
    parts = [part for part in product(TITLES, CONSTRAINTS) if part in known]
    for name, constraints in parts:
        keys = [
            (name, constraints, method)
            for method in methods
            if (name, constraints, method) in lines
        ]
        what = f"{TITLES[name]}, {CONSTRAINTS[constraints]}"
        out += heading(what, 2)
        header = ("method", "AP", "ACC", GAP_TITLES[constraints])
        cells = [
            compared_row(
                METHODS[key[2]].title, compared(key, lines[key]), lines[key], key[1]
            )
            for key in keys
        ]
        out += titled_table("Ours and the paper's", header, cells)
        header = ("method", *list(MEASURES.values())[2:], "splits")
        out += titled_table(
            "Everything else that was measured",
            header,
            [other_row(METHODS[key[2]].title, lines[key]) for key in keys],
        )
    return out


def _reasons(name: str, differs: set[tuple[str, str]]) -> list[str]:
    if not differs:
        return []
    out = heading("What differs, and why", 2)
    for note in notes_on(name, differs):
        out += definition(note.title, note.text)
    rest = unexplained(name, differs)
    if rest:
        cells = "; ".join(f"{TITLES[data]}, {column}" for data, column in rest)
        out += definition("Not explained", f"We know no reason for: {cells}.")
    return out
