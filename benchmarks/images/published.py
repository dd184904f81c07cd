"""The paper's printed figures on CelebA (Li et al., ICSE 2024): Tables 4, 5 and 7."""

from benchmarks.images.methods import NEURON_RATIOS
from benchmarks.images.tasks import TASKS
from benchmarks.paper.published import Published

COLUMNS = ("vanilla", "oversample", "adversarial", "fairneuron", "runner")
CONSTRAINTS = ("demographic_parity", "equalized_odds")
# Lines: AP, ACC and the gap of demographic parity, then of equalized odds; columns: the
# methods. Thousandths.
_TABLE4 = """
881±24 894±15 859±33 880±24 866±8
780±37 800±17 756±40 783±35 766±9
450±19 451±18 282±21 448±18 215±16
821±31 864±3 813±22 837±41 867±6
718±34 769±10 711±24 734±36 781±5
496±55 56±11 134±35 513±36 50±13
"""
_TABLE5 = """
829±11 801±39 806±51 817±15 805±50
783±19 780±36 771±39 775±26 771±49
250±36 253±64 241±54 245±49 239±86
724±44 774±25 748±41 766±71 776±13
701±25 747±61 715±72 739±53 733±88
219±70 89±67 97±54 269±99 78±40
"""
# The same lines; columns: k of 5, 10, 20 and 50 %.
_TABLE7 = """
858±6 861±7 860±4 866±8
751±19 761±19 758±16 766±9
189±33 197±20 202±29 215±16
865±7 861±12 867±6 863±9
775±12 773±11 781±5 774±10
68±23 53±13 50±13 64±25
"""


def _columns(text: str) -> list[list[tuple[float, float]]]:
    lines = [line.split() for line in text.split("\n") if line]
    return [
        [(int(mean) / 1000, int(sd) / 1000) for mean, sd in map(_parts, column)]
        for column in zip(*lines, strict=True)
    ]


def _parts(cell: str) -> list[str]:
    return cell.split("±")


def _cells(text: str, names: tuple[str, ...]) -> dict[tuple[str, str], Published]:
    return {
        (constraints, name): Published(*column[3 * i : 3 * i + 3])
        for name, column in zip(names, _columns(text), strict=True)
        for i, constraints in enumerate(CONSTRAINTS)
    }


# Task -> (constraint, column) -> cells.
BY_TASK = {
    "attractive": _cells(_TABLE4, COLUMNS),
    "wavy_hair": _cells(_TABLE5, COLUMNS),
}
# (constraint, method) -> cells.
TABLE7 = _cells(
    _TABLE7, tuple(f"runner_k{round(100 * ratio):02}" for ratio in NEURON_RATIOS)
)


def paper_cells(
    task: str, net: str, constraints: str, method: str, column: str | None
) -> Published | None:
    """Return the paper's cells beside which a line stands.

    Parameters
    ----------
    task, net, constraints, method : str
        What was measured.
    column : str or None
        The paper's column of the method.

    Returns
    -------
    Published or None
        The cells; None for what the paper does not have.
    """
    if column is None or net != TASKS[task].net:
        return None
    if method.startswith("runner_k"):
        return TABLE7[constraints, method] if task == "attractive" else None
    return BY_TASK[task][constraints, column]
