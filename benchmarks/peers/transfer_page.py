"""Render what new heads inherit of a repair."""

from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.paper.agreement import Spread
from benchmarks.paper.markdown import heading, titled_table
from benchmarks.paper.pages import TITLES as DATASETS
from benchmarks.peers.hypervolume import FEWEST
from benchmarks.peers.methods import REFERENCE
from benchmarks.peers.neuron_plans import OUTPUT_ALONE
from benchmarks.peers.transfer import FEW_ROWS, HEADS
from benchmarks.peers.transfer_pairs import (
    CHOSEN,
    TITLES,
    compare_all,
    differences,
    read_table,
    values_of,
    weights_of,
)
from benchmarks.peers.transfer_verdict import WORTH, inherited, verdict
from benchmarks.peers.verdicts import interval_text

MEASURES = {
    "ap": "AP",
    "acc": "ACC",
    "positive_rate": "positive rate",
    "delta_dp": "ΔDP",
    "strong_delta_dp": "strong ΔDP",
}
COMPARED = ("ap", "delta_dp", "strong_delta_dp")
PAIRS = (
    (CHOSEN, OUTPUT_ALONE),
    ("random 20%", OUTPUT_ALONE),
    ("all", OUTPUT_ALONE),
    (CHOSEN, "random 20%"),
    (OUTPUT_ALONE, REFERENCE),
)
OTHER = {
    "adult": "a week of more than 40 hours",
    "compas": "a medium or high score of the commercial tool",
}
INPUTS = {
    "adult": "Sex is no input, and nor are the hours of a week, which the other label "
    "is made of: the net is not the one of the other pages.",
    "compas": "Race is among the inputs; what the other label is made of is not.",
}
LIMITS = (
    "**What this cannot say.** Nets were repaired for demographic parity only, with "
    "the paper's two layers of 200 neurons. The weights λ were set before these splits "
    "were run; 2 was added for COMPAS when split 0 showed nothing at 0.5, and left out "
    "on Adult for its time. That each λ is answered for by itself, and that all and "
    "random neurons are asked about too, was decided when the first splits had been "
    "seen. Another constraint, net or layer, a head that is regularized otherwise, or "
    "labels that have less to do with each other may do otherwise. The same λ is not "
    "the same strength of a repair for all methods: the net's own output is shown "
    "beside the heads. Splits are few and share rows, and the intervals (Student's) "
    "are not corrected for their number; gaps of heads of one net are not independent."
)


def write_transfer(rows: list[dict[str, Any]], pages: Path, about: str) -> list[Path]:
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
    frame = read_table(rows)
    if frame.empty:
        return []
    pages.mkdir(parents=True, exist_ok=True)
    path = pages / "transfer.md"
    path.write_text(transfer_page(frame, len(rows) - len(frame), about))
    return [path]


def transfer_page(frame: pd.DataFrame, failed: int, about: str) -> str:
    """Render the page.

    Parameters
    ----------
    frame : DataFrame
        See `benchmarks.peers.transfer_pairs.read_table`.
    failed : int
        Fits that failed.
    about : str
        What the run was made with.

    Returns
    -------
    str
        The page.
    """
    out = [
        *heading("Is a repair inherited?", 1),
        "Has a new head on the frozen, repaired net less of a gap if neurons were held "
        "still, and does it matter which? "
        f"{verdict(compare_all(frame))}{_left_out(frame)} {inherited(frame)}",
        "",
        f"Measured by {about}. The head is scikit-learn's logistic regression on the "
        "standardized answers of the last hidden layer, without any fairness term, "
        f"fitted on the net's rows, on all or on {FEW_ROWS} of them, and measured on "
        "the test rows, for the net's label or another one. Nets of all methods have "
        "the same rows and seeds. An answer is of ΔDP and strong ΔDP of all heads: "
        "*no* where most 95 % intervals of paired differences exclude that "
        f"{WORTH:.0%} of the plain net's gap go, else *yes* where most lie below zero, "
        "none above, and that much goes in all, else *undecided*. In brackets are the "
        "difference of the gaps of all heads, as a share of the plain net's, and that "
        "of their AP.",
        "",
        LIMITS,
        "",
    ]
    collapsed = sum("CollapseWarning" in one for one in frame["warnings"])
    if collapsed:
        out += [
            f"{collapsed} of {len(frame)} nets warned that they collapse towards "
            "one label (``CollapseWarning``), which their heads need not do: "
            "see the positive rates.",
            "",
        ]
    if failed:
        out += [f"{failed} fits failed and are left out.", ""]
    for dataset, part in frame.groupby("dataset", sort=False):
        name = str(dataset)
        out += heading(DATASETS[name], 2)
        out += [INPUTS[name], ""]
        for head in ("own", *HEADS):
            title = head_title(head, name)
            out += titled_table(*_means(part, head, title))
            out += titled_table(*_pairs(part, head, title))
    return "\n".join(out).rstrip() + "\n"


def _left_out(frame: pd.DataFrame) -> str:
    counts = frame.groupby("dataset", sort=False)["seed"].nunique()
    few = [DATASETS[str(name)] for name, count in counts.items() if count < FEWEST]
    return f" Not counted, for want of splits: {', '.join(few)}." if few else ""


def head_title(head: str, dataset: str) -> str:
    """Name a head.

    Parameters
    ----------
    head : str
        A key of ``HEADS``, or ``"own"``.
    dataset : str
        The data set.

    Returns
    -------
    str
        What it is and learns from.
    """
    if head == "own":
        return "The net's own output"
    label, rows = HEADS[head]
    which = "same label" if label == "same" else OTHER[dataset]
    return f"New head, {which}, {'all' if rows is None else rows} rows"


def _means(
    part: pd.DataFrame, head: str, title: str
) -> tuple[str, list[str], list[list[str]]]:
    cells = []
    for method, name in TITLES.items():
        for weight in [0.0] if method == REFERENCE else weights_of(part):
            columns = [
                values_of(part, method, weight, f"{head}_{one}") for one in MEASURES
            ]
            if len(columns[0]):
                spreads = [
                    str(Spread(float(one.mean()), float(one.std()))) for one in columns
                ]
                shown = "" if method == REFERENCE else f"{weight:g}"
                cells.append([name, shown, str(len(columns[0])), *spreads])
    header = ["method", "λ", "splits", *MEASURES.values()]
    return f"{title}: means ± standard deviations over splits", header, cells


def _pairs(
    part: pd.DataFrame, head: str, title: str
) -> tuple[str, list[str], list[list[str]]]:
    cells = []
    for pair in PAIRS:
        for weight in weights_of(part):
            columns = [
                differences(part, pair, weight, f"{head}_{one}") for one in COMPARED
            ]
            if len(columns[0]):
                texts = [interval_text(one, sign=True) for one in columns]
                names = f"{TITLES[pair[0]]}\nless {TITLES[pair[1]]}"
                cells.append([names, f"{weight:g}", str(len(columns[0])), *texts])
    header = ["pair", "λ", "splits", *(MEASURES[one] for one in COMPARED)]
    return f"{title}: paired differences, with 95 % intervals", header, cells
