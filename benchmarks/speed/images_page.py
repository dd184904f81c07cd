"""Render what the timings and the memory on images gave.

    python -m benchmarks.speed.images_page --results FOLDER

writes ``docs/results/images_speed.md``.

The folder holds what was measured of ``images.json``, ``rates.json``, ``memory.json``
and ``two_gpus.json``, which the commands ``benchmarks.speed.images``,
``.image_rates``, ``.memory`` and ``.two_gpus`` write.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from benchmarks.paper.markdown import heading, titled_table
from benchmarks.speed.two_gpus_page import processes

INTRO = """Ratios of two timings taken one after the other in one run, the median of
the repeats with the least and the most; RUNNER and the plain net go through the same
rows. *Work* is the ratio of the times in which the GPU runs a kernel or copies,
without the gaps in which it waits for the host to launch the next. The limits are the
project's goals on a GPU; they come from steps that wait for no launch. Memory is what a
step takes at its peak beside weights, optimizer and pixels."""
READERS = ("pillow", "simplejpeg")
HEADER = ("step", "ratio", "work", "limit", "plain step", "RUNNER's step", "memory")
READING = """Files are read alone, by Pillow and by simplejpeg in turns (medians); the
pixels are the same."""
TRAINING = """A plain epoch over all images, end to end: from JPEG files that threads
decode, by simplejpeg, while the device trains, and from pixels on the device."""
MEMORY = (
    "Peaks of one fit each, in a process of its own, with images that stay in their "
    "files."
)


def render(folder: Path) -> str:
    """Render the page.

    Parameters
    ----------
    folder : Path
        Where the results are.

    Returns
    -------
    str
        Markdown.
    """
    out = [*heading("Speed and memory on images", 1), INTRO, ""]
    sections = {
        "images": steps,
        "rates": rates,
        "memory": memory,
        "two_gpus": processes,
    }
    for name, section in sections.items():
        file = folder / f"{name}.json"
        if file.exists():
            out += section(json.loads(file.read_text()))
    return "\n".join(out).rstrip() + "\n"


def steps(results: dict[str, Any]) -> list[str]:
    """Return the section of the steps.

    Parameters
    ----------
    results : dict
        What ``benchmarks.speed.images`` wrote.

    Returns
    -------
    list of str
        Lines.
    """
    text = f"{_made_by('images', results['about'])} {results['about'].get('note', '')}"
    rows = [_step(name, row) for name, row in results["ratios"].items()]
    table = titled_table("Against a plain step of the same rows", HEADER, rows)
    return [*heading("Steps", 2), text.rstrip(), "", *table]


def _made_by(command: str, about: dict[str, Any]) -> str:
    height, width = about["size"]
    return (
        f"``python -m benchmarks.speed.{command}``, images of {height} x {width} "
        f"pixels, torch {about['torch']}, {about['device']}, {about['processor']}, "
        f"{about['cores']} cores."
    )


def _step(name: str, row: dict[str, Any]) -> list[str]:
    if "error" in row:
        error = row["error"].replace("`", "'")
        return [name, f"not measured: ``{error}``", *["-"] * 5]
    memory = "-"
    if row.get("plain_gb"):
        plain, runner = row["plain_gb"], row["runner_gb"]
        memory = f"{plain:.2f} to {runner:.2f} GB ({runner / plain:.2f})"
    limit = f"{row['limit']:.2f}\n{_verdict(row)}" if "limit" in row else "-"
    return [
        name,
        f"{row['ratio']:.2f} ({row['least']:.2f} to {row['most']:.2f})",
        f"{row['work_ratio']:.2f}" if "work_ratio" in row else "-",
        limit,
        f"{row['plain_ms']:.1f} ms",
        f"{row['runner_ms']:.1f} ms",
        memory,
    ]


def _verdict(row: dict[str, Any]) -> str:
    if row["ratio"] <= row["limit"]:
        return "*met*"
    by_work = row.get("work_ratio", row["ratio"]) <= row["limit"]
    return "*met by the work*" if by_work else "*missed*"


def rates(results: dict[str, Any]) -> list[str]:
    """Return the section of the images a second.

    Parameters
    ----------
    results : dict
        What ``benchmarks.speed.image_rates`` wrote.

    Returns
    -------
    list of str
        Lines.
    """
    read = [
        [threads, *(f"{found[name]:,.0f}" for name in READERS), f"{_gain(found):.1f}"]
        for threads, found in results["reading"].items()
    ]
    trained = [
        [setting, *(f"{rate:,.0f}" for rate in found.values())]
        for setting, found in results["training"].items()
    ]
    places = next(iter(results["training"].values()))
    return [
        *heading("Images a second", 2),
        f"{_made_by('image_rates', results['about'])} {READING}",
        "",
        *titled_table("Read from JPEG files", ("threads", *READERS, "ratio"), read),
        TRAINING,
        "",
        *titled_table("Trained on", ("net and setting", *places), trained),
    ]


def _gain(found: dict[str, float]) -> float:
    return found["simplejpeg"] / found["pillow"]


def memory(results: dict[str, Any]) -> list[str]:
    """Return the section of the memory.

    Parameters
    ----------
    results : dict
        What ``benchmarks.speed.memory`` wrote.

    Returns
    -------
    list of str
        Lines.
    """
    about, grown = results["about"], results["growth"]
    rows = [
        [
            f"{fit['images']:,}",
            *(f"{fit[name] / 1e9:.2f} GB" for name in ("pixels", "host", "gpu")),
            f"{fit['seconds']:.0f} s",
        ]
        for fit in results["fits"]
    ]
    met = max(grown.values()) <= results["limit"]
    text = (
        f"``python -m benchmarks.speed.memory``, {about['net']}, {about['device']}. "
        f"{MEMORY} One more image takes {grown['host']:,.0f} bytes of the host and "
        f"{grown['gpu']:,.0f} of the GPU; the goal (at most {results['limit']:,}) is "
        f"{'met' if met else 'missed'}."
    )
    header = ("images", "their pixels", "host, peak", "GPU, peak", "whole fit")
    table = titled_table("Images that stay in their files", header, rows)
    return [*heading("Memory", 2), text, "", *table]


def main() -> None:
    """Render."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument(
        "--output", type=Path, default=Path("docs/results/images_speed.md")
    )
    options = parser.parse_args()
    options.output.write_text(render(options.results))


if __name__ == "__main__":
    main()
