"""Render the comparison with peers as pages of the documentation."""

from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.paper.markdown import heading, titled_table
from benchmarks.paper.pages import CONSTRAINTS, TITLES
from benchmarks.peers.conditions import EPOCHS, SETTINGS, limits, ranges
from benchmarks.peers.figures import draw_frontiers, save_figure
from benchmarks.peers.methods import METHODS, OURS
from benchmarks.peers.points_page import input_titles, name_of, points_page
from benchmarks.peers.summary import (
    RULE,
    UTILITIES,
    VOLUMES,
    methods_in,
    paired,
    table_of,
    volumes,
)
from benchmarks.peers.verdicts import (
    compare_all,
    first_paragraph,
    interval_text,
    settings_of,
)

VOLUME_TITLES = [
    f"{UTILITIES[utility]}, {'threshold' if which == 'threshold' else 'strong'}"
    for which, utility in VOLUMES
]
Rows = list[dict[str, Any]]


def write_peers(rows: Rows, pages: Path, about: str) -> list[Path]:
    """Write the page, the page of all points and the plots.

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
        The files; none without a fit that did not fail.
    """
    frame = table_of(rows)
    if frame.empty:
        return []
    pages.mkdir(parents=True, exist_ok=True)
    written = [pages / "peers.md", pages / "peers_points.md"]
    written[0].write_text(peers_page(frame, rows, about))
    written[1].write_text(points_page(frame))
    for (dataset, constraints), part in frame.groupby(["dataset", "constraints"]):
        path = pages / figure_name(str(dataset), str(constraints))
        save_figure(draw_frontiers(part, input_titles(str(dataset))), path)
        written.append(path)
    return written


def figure_name(dataset: str, constraints: str) -> str:
    """Return the file name of a plot."""
    return f"frontier-{dataset}-{constraints}.svg"


def peers_page(frame: pd.DataFrame, rows: Rows, about: str) -> str:
    """Render the page.

    Parameters
    ----------
    frame : DataFrame
        See `benchmarks.peers.summary.table_of`.
    rows : list of dict
        All fits, for those that failed.
    about : str
        What the run was made with.

    Returns
    -------
    str
        The page.
    """
    settings = settings_of(frame)
    measured = {key: volumes(part) for key, part in settings.items()}
    out = [
        *heading("RUNNER and what else there is", 1),
        first_paragraph(compare_all(measured), name_of),
        "",
        f"Measured by {about}. {EPOCHS}",
        "",
        ranges(frame),
        "",
        SETTINGS,
        "",
        limits(frame),
        "",
        RULE,
        "",
        "All strengths of all methods are on [a page of their own](peers_points.md).",
        "",
        *_methods_table(frame),
    ]
    for dataset in dict.fromkeys(frame["dataset"]):
        out += heading(TITLES[dataset], 2)
        part = frame[frame["dataset"] == dataset]
        for constraints in dict.fromkeys(part["constraints"]):
            title = CONSTRAINTS[constraints]
            out += heading(title.capitalize(), 3)
            out += [
                f"![Frontiers on {TITLES[dataset]}, {title}]"
                f"({figure_name(dataset, constraints)})",
                "",
            ]
            for one, inputs in input_titles(dataset).items():
                key = (dataset, one, constraints)
                if key in settings:
                    title = f"Hypervolumes {inputs}"
                    out += _volume_table(measured[key], settings[key], title)
    return "\n".join([*out, *_failures(rows)]).rstrip() + "\n"


def _methods_table(frame: pd.DataFrame) -> list[str]:
    header = (
        "method",
        "groups at prediction",
        "usable score",
        *(f"seconds, {TITLES[name]}" for name in dict.fromkeys(frame["dataset"])),
    )
    seconds = frame.pivot_table("seconds", "method", "dataset", sort=False)
    cells = [
        [
            METHODS[name].title,
            "needed" if METHODS[name].needs_groups else "not needed",
            METHODS[name].score,
            *(
                "-" if pd.isna(value) else f"{value:.1f}"
                for value in seconds.loc[name].reindex(dict.fromkeys(frame["dataset"]))
            ),
        ]
        for name in methods_in(frame)
    ]
    text = (
        "Seconds are means of one fit at one strength on one thread. *Groups at "
        "prediction*: whether the sensitive feature must be known for new rows. "
        "*Usable score*: whether there is a score that ranks rows."
    )
    return [
        *heading("The methods", 2),
        text,
        "",
        *titled_table("Methods", header, cells),
    ]


def _volume_table(measured: pd.DataFrame, fits: pd.DataFrame, title: str) -> list[str]:
    points = fits.groupby("method")["strength"].nunique()
    cells = []
    for name in methods_in(measured):
        own = measured[measured["method"] == name]
        values = [
            interval_text(
                own[(own["gap"] == which) & (own["utility"] == utility)][
                    "volume"
                ].to_numpy(),
                bootstrap=True,
            )
            for which, utility in VOLUMES
        ]
        less = paired(measured, OURS, name, VOLUMES[0])
        more = "" if name == OURS else interval_text(less, sign=True)
        counts = [str(points[name]), str(own["seed"].nunique())]
        cells.append([METHODS[name].title, *counts, *values, more])
    if not cells:
        return [f"{title}: not without fits of the plain net.", ""]
    less_title = f"RUNNER best less this, {VOLUME_TITLES[0]}"
    header = ("method", "points", "splits", *VOLUME_TITLES, less_title)
    return titled_table(title, header, cells)


def _failures(rows: Rows) -> list[str]:
    counts = Counter(
        (METHODS[row["method"]].title, TITLES[row["dataset"]], row["error"])
        for row in rows
        if "error" in row
    )
    if not counts:
        return []
    cells = [
        [*key[:2], str(count), f"``{' '.join(key[2].split())[:200]}``"]
        for key, count in counts.items()
    ]
    header = ("method", "data set", "fits", "error")
    return [
        *heading("Fits that failed", 2),
        *titled_table("Failures", header, cells),
    ]
