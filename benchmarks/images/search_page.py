"""Render the search on images: who is ahead at the same gap, and what collapses."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.images.collapses import collapse_section
from benchmarks.images.described import describe_run, with_variant
from benchmarks.images.goals import Point, aim, measure
from benchmarks.images.methods import METHODS, RIVALS
from benchmarks.images.rows import latest, title_of
from benchmarks.images.search import RULE, choose, settings_of
from benchmarks.images.search_grid import SEARCHED
from benchmarks.images.verdicts import TITLES
from benchmarks.paper.cells import failures
from benchmarks.paper.markdown import heading, titled_table
from benchmarks.paper.runs import read_rows
from benchmarks.paper.summary import successful

NAME = "images_search"
INTRO = (
    "Every setting's mean on the official *validation* part, with nets trained on the "
    "train part alone. The best of many settings looks better on these rows than it "
    "is; the tables measure the chosen one on test images. For each task and "
    "constraint the last budget is shown; the fits of others are beside these in "
    "images_search.jsonl."
)
SAME_GAP = (
    "The highest average precision of any setting whose gap is at most the rival's. "
    "RUNNER and the control chose among their settings, the rivals have one each."
)


def write_search(
    results: Path, pages: Path, about: dict[str, Any], *, suffix: str = ""
) -> list[Path]:
    """Render the page of the search, if there was one.

    Parameters
    ----------
    results : Path
        The folder of the JSON lines.
    pages : Path
        Where the page goes.
    about : dict
        The machine, versions and images of the run, and what sets it apart.
    suffix : str, default=""
        Goes behind the name of the page.

    Returns
    -------
    list of Path
        The page, or nothing.
    """
    rows = latest(results / f"{NAME}.jsonl")
    if not rows:
        return []
    everything = read_rows(results / f"{NAME}.jsonl")
    path = pages / f"{NAME}{suffix}.md"
    path.write_text(render_search(rows, about, everything).rstrip() + "\n")
    return [path]


def render_search(
    rows: list[dict[str, Any]],
    about: dict[str, Any],
    everything: list[dict[str, Any]] | None = None,
) -> str:
    """Render the page.

    Parameters
    ----------
    rows : list of dict
        One a fit.
    about : dict
        The machine, versions and images of the run.
    everything : list of dict, default=None
        Fits of other budgets too, in which collapses are counted; None counts `rows`.

    Returns
    -------
    str
        Markdown.
    """
    frame = successful(rows)
    chosen = choose(frame)
    out = heading(with_variant("The search on images", about), 1)
    out += describe_run(NAME, rows, about, INTRO)
    out += [RULE, "", *collapse_section(successful(everything or rows))]
    for (dataset, constraints), part in frame.groupby(["dataset", "constraints"]):
        if not part["method"].isin(SEARCHED).any():
            continue
        out += heading(f"{title_of(dataset)}, {TITLES[constraints]}", 2)
        out += same_gap(part, constraints)
        out += settings_table(part, constraints, chosen)
    return "\n".join([*out, *failures(rows)]).rstrip() + "\n"


def same_gap(part: pd.DataFrame, constraints: str) -> list[str]:
    """Compare with each rival at its own gap.

    Parameters
    ----------
    part : DataFrame
        Rows of one task, net and constraint.
    constraints : str
        The constraint.

    Returns
    -------
    list of str
        Lines; none without rivals.
    """
    cells = []
    for name in ("vanilla", *RIVALS):
        fits = part[part["method"] == name]
        if fits.empty:
            continue
        rival = measure(fits, constraints)
        ours, control = (
            best_within(settings_of(part, method), rival.gap)
            for method in ("runner_best", "gap_best")
        )
        verdict = "no setting" if ours is None else f"{ours.ap - rival.ap:+.3f}"
        shown = ["none" if one is None else str(one) for one in (ours, control)]
        cells.append([METHODS[name].title, str(rival), *shown, verdict])
    if not cells:
        return []
    header = (
        "rival",
        "the rival",
        "RUNNER",
        "output gap alone",
        "RUNNER's AP less its",
    )
    table = titled_table("Average precision at the rival's gap", header, cells)
    return [SAME_GAP, "", *table]


def best_within(settings: dict[str, tuple[Point, bool]], gap: float) -> Point | None:
    """Return the point of the highest average precision up to a gap.

    Parameters
    ----------
    settings : dict
        See `settings_of`.
    gap : float
        The largest gap.

    Returns
    -------
    Point or None
        None if no setting has so small a gap without a collapse.
    """
    within = [p for p, collapsed in settings.values() if p.gap <= gap and not collapsed]
    return max(within, key=lambda point: point.ap, default=None)


def settings_table(
    part: pd.DataFrame, constraints: str, chosen: dict[str, dict[str, Any]]
) -> list[str]:
    """List all settings of RUNNER and the control.

    Parameters
    ----------
    part : DataFrame
        Rows of one task, net and constraint.
    constraints : str
        The constraint.
    chosen : dict
        See `choose`.

    Returns
    -------
    list of str
        Lines.
    """
    dataset = part["dataset"].iloc[0]
    plain = part[part["method"] == "vanilla"]
    out = []
    if len(plain):
        vanilla = measure(plain, constraints)
        wanted = aim(dataset.split("/")[0], constraints, vanilla)
        out += [f"Vanilla: {vanilla}. Aimed at: {wanted}.", ""]
    fits = part[part["method"].isin(SEARCHED)]
    repeats = fits["params"].map(json.dumps).value_counts()
    seeds = dict.fromkeys((repeats.min(), repeats.max()))
    out += [f"Seeds of a setting: {' to '.join(map(str, seeds))}.", ""]
    cells = []
    for method, of in chosen.items():
        best = of.get(f"{dataset}/{constraints}")
        title = METHODS[method].title.removesuffix(", best settings")
        for key, (point, collapsed) in sorted(settings_of(part, method).items()):
            params = json.loads(key)
            words = ", ".join(f"{name}={value}" for name, value in params.items())
            note = "collapsed" if collapsed else "chosen" if params == best else ""
            numbers = (f"{point.ap:.3f}", f"{point.gap:.3f}")
            cells.append([title, words, *numbers, note or "-"])
    header = ("method", "setting", "AP", "gap", "note")
    return [*out, *titled_table("All settings", header, cells)]
