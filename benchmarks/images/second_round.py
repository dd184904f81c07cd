"""Render the second round of the search on images, where it decided nothing."""

from pathlib import Path

import pandas as pd

from benchmarks.images.methods import METHODS
from benchmarks.images.rows import latest, title_of
from benchmarks.images.search import choose
from benchmarks.images.search_grid import SEARCHED
from benchmarks.images.search_page import settings_table
from benchmarks.images.verdicts import TITLES
from benchmarks.paper.agreement import Spread
from benchmarks.paper.rst import heading, list_table
from benchmarks.paper.scores import GAPS
from benchmarks.paper.summary import successful

FITS, TESTED = "images_search_second.jsonl", "table4_second.jsonl"
INTRO = (
    "After the tables' first runs of five seeds, settings that came close were fitted "
    "with three seeds, and new ones that hold the neurons of the last layers alone. "
    "For wavy hair they stand above. For the task below the time on the GPU ended "
    "before the choice had five seeds on test images, so that its table keeps the "
    "first round's choice; here are the second round's and its fits on test images."
)


def second_round(results: Path) -> list[str]:
    """Render what was fitted, if anything was.

    Parameters
    ----------
    results : Path
        The folder of the JSON lines.

    Returns
    -------
    list of str
        Lines.
    """
    fits = successful(latest(results / FITS))
    if fits.empty:
        return []
    out = [*heading("A second round", "-"), INTRO, ""]
    tested = successful(latest(results / TESTED))
    for (dataset, constraints), part in fits.groupby(["dataset", "constraints"]):
        if not part["method"].isin(SEARCHED).any():
            continue
        out += [f"{title_of(dataset)}, {TITLES[constraints]}:", ""]
        out += settings_table(part, constraints, choose(part))
        own = (tested["dataset"] == dataset) & (tested["constraints"] == constraints)
        out += tested_table(tested[own], constraints)
    return out


def tested_table(tested: pd.DataFrame, constraints: str) -> list[str]:
    """List the second round's choice on test images.

    Parameters
    ----------
    tested : DataFrame
        One row a fit of one task and net.
    constraints : str
        The constraint.

    Returns
    -------
    list of str
        Lines; none without rows.
    """
    cells = [
        [
            METHODS[method].title,
            str(len(part)),
            *(
                str(Spread(part[name].mean(), part[name].std()))
                for name in ("ap", "acc", GAPS[constraints])
            ),
        ]
        for method in SEARCHED
        if len(part := tested[tested["method"] == method])
    ]
    header = ("method", "seeds", "AP", "ACC", "gap")
    return list_table("Its choice on test images", header, cells) if cells else []
