"""Render Tables 4, 5 and 7 beside the paper's figures.

A folder of results may hold others, of the same tables with another budget: they get
pages of their own, named after the folder.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.images.command import ABOUT, SEARCH
from benchmarks.images.described import describe_run, kept_weights, with_variant
from benchmarks.images.grid import TABLES
from benchmarks.images.methods import BEST, METHODS
from benchmarks.images.notes import NOTES, cut_short, noise, sample
from benchmarks.images.published import paper_cells
from benchmarks.images.rows import latest, title_of
from benchmarks.images.search_page import write_search
from benchmarks.images.verdicts import TITLES, collapses, verdicts
from benchmarks.paper.agreement import HIGHER, LOWER, RULE
from benchmarks.paper.cells import compared_row, counts, failures, other_row
from benchmarks.paper.markdown import definition, heading, titled_table
from benchmarks.paper.summary import (
    MEASURES,
    Key,
    Line,
    beside,
    successful,
    summarize,
)

GAP_TITLES = {"demographic_parity": "ΔDP", "equalized_odds": "ΔEO"}
Cells = dict[Key, list[Any]]


def write_image_pages(results: Path, pages: Path) -> list[Path]:
    """Render a page of every table on images that has results, and of the search.

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
    about = _read(results / ABOUT, {})
    written = write_tables(results, pages, about)
    for folder in sorted(path.parent for path in results.glob(f"*/{ABOUT}")):
        of_folder = _read(folder / ABOUT, {})
        written += write_tables(folder, pages, of_folder, suffix=f"_{folder.name}")
        written += write_search(folder, pages, of_folder, suffix=f"_{folder.name}")
    of_search = _read(results / f"about-{SEARCH}.json", about)
    return [*written, *write_search(results, pages, of_search)]


def write_tables(
    results: Path, pages: Path, about: dict[str, Any], *, suffix: str = ""
) -> list[Path]:
    """Render the pages of the tables in one folder.

    Parameters
    ----------
    results, pages : Path
        The folders.
    about : dict
        The machine, versions and images; a table's own file of it has precedence.
    suffix : str, default=""
        Goes behind the names of the pages.

    Returns
    -------
    list of Path
        The pages.
    """
    stored = _read(results / BEST.name, _read(BEST, {}))
    written = []
    for name in TABLES:
        rows = latest(results / f"{name}.jsonl")
        if rows:
            path = pages / f"{name}{suffix}.md"
            own = _read(results / f"about-{name}.json", about)
            path.write_text(render(name, rows, own, stored))
            written.append(path)
    return written


def render(
    name: str,
    rows: list[dict[str, Any]],
    about: dict[str, Any],
    stored: dict[str, Any] | None = None,
) -> str:
    """Render one page.

    Parameters
    ----------
    name : str
        The table.
    rows : list of dict
        One a fit, see ``rows.latest``.
    about : dict
        The machine, versions and images of the run, and what sets it apart.
    stored : dict, default=None
        The best settings, and how they were chosen; None takes today's.

    Returns
    -------
    str
        Markdown.
    """
    frame = successful(rows)
    lines = summarize(frame)
    against = {key: beside(_paper(key), line, key[1]) for key, line in lines.items()}
    images = about.get("images")
    where = (
        f"training seeds: {frame['seed'].nunique()}, means ± standard deviations over "
        "them on the official test part. "
        f"{kept_weights(rows)} See [how to read these pages](reading.md)."
    )
    out = heading(with_variant(TABLES[name].title, about), 1)
    out += describe_run(name, rows, about, where)
    out += [*cut_short(frame), *sample(images)]
    out += [RULE, "", *counts(_verdicts(against))]
    for dataset, constraints in dict.fromkeys(key[:2] for key in lines):
        out += _part(dataset, constraints, lines, against, frame)
        out += noise(images, dataset.split("/")[0], constraints)
    out += verdicts(frame)
    out += _best(frame, stored or _read(BEST, {}))
    if {HIGHER, LOWER} & set(_verdicts(against)):
        out += heading("What differs, and why", 2)
        for title, text in NOTES:
            out += definition(title, text)
    return "\n".join([*out, *failures(rows)]).rstrip() + "\n"


def _paper(key: Key) -> Any:
    dataset, constraints, method = key
    task, net = dataset.split("/")
    return paper_cells(task, net, constraints, method, METHODS[method].column)


def _verdicts(against: Cells) -> list[str]:
    return [
        verdict
        for key, cells in against.items()
        if METHODS[key[2]].reproduces
        for *_, verdict in cells
    ]


def _part(
    dataset: str,
    constraints: str,
    lines: dict[Key, Line],
    against: Cells,
    frame: pd.DataFrame,
) -> list[str]:
    keys = [(dataset, constraints, method) for method in METHODS]
    keys = [key for key in keys if key in lines]
    titles = [METHODS[key[2]].title for key in keys]
    out = heading(f"{title_of(dataset)}, {TITLES[constraints]}", 2)
    cells: Sequence[list[str]] = [
        compared_row(title, against[key], lines[key], constraints)
        for title, key in zip(titles, keys, strict=True)
    ]
    header = ("method", "AP", "ACC", GAP_TITLES[constraints])
    out += titled_table("Ours and the paper's", header, cells)
    collapsed = collapses(frame)
    chosen = frame.groupby(["dataset", "constraints", "method"])["epoch"].mean()
    cells = [
        [*other_row(title, lines[key]), f"{chosen[key]:.1f}", str(collapsed[key])]
        for title, key in zip(titles, keys, strict=True)
    ]
    measures = list(MEASURES.values())[2:]
    header = ("method", *measures, "seeds", "chosen epoch", "collapsed")
    return [*out, *titled_table("Everything else that was measured", header, cells)]


def _read(path: Path, otherwise: Any) -> Any:
    return json.loads(path.read_text()) if path.exists() else otherwise


def _best(frame: pd.DataFrame, stored: dict[str, Any]) -> list[str]:
    kinds = set(frame["method"]) & {"runner_best", "gap_best"}
    if not kinds:
        return []
    out = heading("The best settings", 2)
    if not stored["command"]:
        return [*out, "Not searched yet: the defaults of the package.", ""]
    out += [f"Chosen by ``{stored['command']}``. {stored['rule']}", ""]
    shown = set(frame["dataset"] + "/" + frame["constraints"])
    cells = [
        [key, METHODS[method].title, ", ".join(f"``{k}={v!r}``" for k, v in p.items())]
        for method, by_key in stored["settings"].items()
        for key, p in by_key.items()
        if key in shown
    ]
    header = ("task, net, constraint", "method", "settings")
    return [*out, *titled_table("What was chosen", header, cells)]
