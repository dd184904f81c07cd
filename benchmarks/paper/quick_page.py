"""Render the quick comparison of one or several machines.

python -m benchmarks.paper.quick_page --results RUN [RUN ...] --output PAGE
"""

import argparse
import json
from pathlib import Path

from benchmarks.paper.agreement import RULE
from benchmarks.paper.markdown import heading, titled_table
from benchmarks.paper.methods import METHODS
from benchmarks.paper.pages import CONSTRAINTS, TITLES
from benchmarks.paper.quick import GOALS, is_met
from benchmarks.paper.runs import read_rows
from benchmarks.paper.summary import compared, successful, summarize

INTRO = """Plain nets, RUNNER in the paper's settings and RUNNER in the defaults of this
package, measured by ``python -m benchmarks.paper.quick`` on five random splits of Adult
and COMPAS (race is an input); means ± standard deviations over splits on the test rows.
See [how to read these pages](reading.md). The same seeds give other nets on another
machine, as rounding differs: what two machines differ by is noise of the training."""
HEADER = ("data set, constraint", "method", "AP", "ACC", "gap", "positive rate", "goal")


def render(folders: list[Path]) -> str:
    """Render the page.

    Parameters
    ----------
    folders : list of Path
        Each holds ``quick.jsonl`` and ``about.json`` of one machine.

    Returns
    -------
    str
        Markdown.
    """
    out = [*heading("Quick comparison", 1), INTRO, "", RULE, ""]
    for folder in folders:
        about = json.loads((folder / "about.json").read_text())
        title = f"On {about['device']}, {about['processor']}"
        text = (
            f"skrunner {about['skrunner']}, torch {about['torch']}, Python "
            f"{about['python']}; one thread a fit, fits at a time: {about['jobs']}."
        )
        out += [*heading(title, 2), text, ""]
        out += titled_table("Ours and the paper's", HEADER, table_of(folder))
    return "\n".join(out).rstrip() + "\n"


def table_of(folder: Path) -> list[list[str]]:
    """Return the rows of one machine's table.

    Parameters
    ----------
    folder : Path
        Holds ``quick.jsonl``.

    Returns
    -------
    list of list of str
        Cells.
    """
    rows = successful(read_rows(folder / "quick.jsonl"))
    cells = []
    for key, line in summarize(rows).items():
        name, constraints, method = key
        measured = [
            f"{ours}\npaper {theirs[0]:.3f} ± {theirs[1]:.3f}\n*{verdict}*"
            for ours, theirs, verdict in compared(key, line)
        ]
        goal = GOALS.get(key)
        verdict = ""
        if goal:
            met = "met" if is_met(key, rows) else "missed"
            verdict = f"gap {goal.gap}, AP {goal.ap}, ACC {goal.acc}: {met}"
        what = f"{TITLES[name]}, {CONSTRAINTS[constraints]}"
        rate = f"{line.spreads['positive_rate'].mean:.3f}"
        cells.append([what, METHODS[method].title, *measured, rate, verdict])
    return cells


def main() -> None:
    """Render."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, nargs="+", required=True)
    parser.add_argument("--output", type=Path, default=Path("docs/results/quick.md"))
    options = parser.parse_args()
    options.output.write_text(render(options.results))


if __name__ == "__main__":
    main()
