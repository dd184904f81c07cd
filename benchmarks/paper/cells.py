"""Rows and sentences that pages of the paper's tables share."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from benchmarks.paper.agreement import Spread
from benchmarks.paper.markdown import heading
from benchmarks.paper.scores import GAPS
from benchmarks.paper.summary import MEASURES, Line


def compared_row(
    title: str,
    beside: Sequence[tuple[Spread, tuple[float, float], str]],
    line: Line,
    constraints: str,
) -> list[str]:
    """Return a row of AP, ACC and the gap, each beside the paper's.

    Parameters
    ----------
    title : str
        The method.
    beside : sequence of (Spread, (float, float), str)
        Ours, the paper's and the verdict; empty where the paper has none.
    line : Line
        What was measured.
    constraints : str
        The constraint.

    Returns
    -------
    list of str
        The cells.
    """
    cells = [
        f"{ours}\npaper {theirs[0]:.3f} ± {theirs[1]:.3f}\n*{verdict}*"
        for ours, theirs, verdict in beside
    ]
    own = (str(line.spreads[name]) for name in ("ap", "acc", GAPS[constraints]))
    return [title, *(cells or (f"{text}\nnot in the paper" for text in own))]


def other_row(title: str, line: Line) -> list[str]:
    """Return a row of everything else that was measured.

    Parameters
    ----------
    title : str
        The method.
    line : Line
        What was measured.

    Returns
    -------
    list of str
        The cells, the number of fits last.
    """
    cells = [
        f"{line.spreads[name].mean:.{1 if name in ('seconds', 'epochs') else 3}f}"
        for name in list(MEASURES)[2:]
    ]
    return [title, *cells, str(line.n)]


def counts(verdicts: Iterable[str]) -> list[str]:
    """Say how many cells are reproduced.

    Parameters
    ----------
    verdicts : iterable of str
        Those of the cells that are meant to reproduce the paper.

    Returns
    -------
    list of str
        Lines.
    """
    of = Counter(verdicts)
    return [
        f"Of {of.total()} cells that are meant to reproduce the paper, {of['agrees']} "
        f"agree, {of['overlaps']} overlap and {of['higher'] + of['lower']} differ.",
        "",
    ]


def failures(rows: list[dict[str, Any]]) -> list[str]:
    """Tell which fits failed, and why.

    Parameters
    ----------
    rows : list of dict
        One a fit; those that failed have an ``error``.

    Returns
    -------
    list of str
        Lines; none if all went well.
    """
    failed: dict[str, list[str]] = {}
    for row in rows:
        if "error" in row:
            error = " ".join(row["error"].replace("`", "'").split())
            failed.setdefault(error, []).append(f"{row['dataset']}, {row['method']}")
    if not failed:
        return []
    items = [
        f"- ``{error}`` (fits: {len(where)}; {'; '.join(sorted(set(where)))})"
        for error, where in failed.items()
    ]
    return [*heading("Fits that failed", 2), *items, ""]
