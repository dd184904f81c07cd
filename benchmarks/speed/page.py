"""Render what the timings wrote.

    python -m benchmarks.speed.page --results FOLDER --output docs/results/speed.md

The folder holds what ``benchmarks.speed.step`` wrote, as ``step-<machine>.json``, and
``fair_smote.json`` and ``fair_neuron.json``.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from benchmarks.paper.markdown import heading, titled_table

INTRO = """Ratios of two timings taken one after the other in one run, the median of
the repeats with the least and the most. On a CPU they are of processor time on one
thread; on a GPU by the clock, without CUDA graphs: a step of so small a net waits for
the launches of its kernels there, so that the number of operations counts and not their
size. The limits are the project's goals on a CPU."""
STEP_HEADER = ("step", "ratio", "limit on a CPU", "plain step", "RUNNER's step")
DIAGNOSES = """Fair-SMOTE's rows and FairNeuron's diagnosis for the training rows of
Adult (27,132 rows, 120 columns), against the same rule row by row, which is timed on a
sample and scaled. The paper's own runs (section 4.4, whole FairSMOTE and FairNeuron's
diagnosis) took {smote} s and {neuron} s, on another machine and with other code: they
only say of which order the released implementations are."""


def render(folder: Path) -> str:
    """Render the page.

    Parameters
    ----------
    folder : Path
        Where the timings are.

    Returns
    -------
    str
        Markdown.
    """
    out = [*heading("Speed", 1), INTRO, ""]
    for file in sorted(folder.glob("step-*.json")):
        out += steps(json.loads(file.read_text()))
    return "\n".join([*out, *diagnoses(folder)]).rstrip() + "\n"


def steps(results: dict[str, Any]) -> list[str]:
    """Return the section of the steps on one device.

    Parameters
    ----------
    results : dict
        What ``benchmarks.speed.step`` wrote.

    Returns
    -------
    list of str
        Lines.
    """
    about = results["about"]
    rows = []
    for name, row in results["ratios"].items():
        times = [
            f"{row[key]:.2f} ms" for key in ("plain_ms", "runner_ms") if key in row
        ]
        if not times:
            times = [f"{row['bare_s']:.2f} s", f"{row['fit_s']:.2f} s"]
        ratio = f"{row['ratio']:.2f} ({row['least']:.2f} to {row['most']:.2f})"
        rows.append([name, ratio, f"{row['limit']:.2f}", *times])
    device = about["device"].split()[0]
    text = (
        f"``python -m benchmarks.speed.step --device {device}``, torch "
        f"{about['torch']}, threads: {about['threads']}. The last row is a whole "
        "``NetClassifier.fit`` of ten epochs against a loop of a dozen lines."
    )
    text += " " + about["note"] if "note" in about else ""
    title = f"Steps on {about['device']}, {about.get('processor', 'one GPU')}"
    table = titled_table("Against a plain step of as many rows", STEP_HEADER, rows)
    return [*heading(title, 2), text, "", *table]


def diagnoses(folder: Path) -> list[str]:
    """Return the section of Fair-SMOTE and FairNeuron.

    Parameters
    ----------
    folder : Path
        Where the timings are.

    Returns
    -------
    list of str
        Lines.
    """
    smote, neuron = (
        json.loads((folder / f"{name}.json").read_text())["times"]
        for name in ("fair_smote", "fair_neuron")
    )
    rows = [
        [f"Fair-SMOTE, {name}", *_against(row, row["one_by_one_seconds"])]
        for name, row in smote.items()
    ] + [
        [f"FairNeuron, baseline {name}", *_against(row, row["row_by_row_seconds"])]
        for name, row in neuron.items()
    ]
    first = (next(iter(times.values()))["paper_seconds"] for times in (smote, neuron))
    text = DIAGNOSES.format(smote=next(first), neuron=next(first))
    header = ("what", "all rows at once", "row by row", "ratio")
    table = titled_table("On one thread of a CPU", header, rows)
    return [*heading("Rows and diagnoses at once", 2), text, "", *table]


def _against(row: dict[str, float], slow: float) -> list[str]:
    return [f"{row['seconds']:.1f} s", f"{slow:.0f} s", f"{row['ratio']:.0f}"]


def main() -> None:
    """Render."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--output", type=Path, default=Path("docs/results/speed.md"))
    options = parser.parse_args()
    options.output.write_text(render(options.results))


if __name__ == "__main__":
    main()
