"""Measure the paper's tables again, and render them beside the printed figures.

    python -m benchmarks.paper all --jobs 15 --output results
    python -m benchmarks.paper table2 --seeds 1 --datasets compas --methods runner
    python -m benchmarks.paper render --results results --pages docs/results

A run writes one JSON line a fit to ``<output>/tableN.jsonl`` and the pages beside them.
Started again with the same output, it goes on where it was. ``all`` takes the times of
Table 3 from Table 1; ``table3 --jobs 1`` measures them on a quiet machine. Tables 4, 5
and 7 need a folder of CelebA, see ``benchmarks.images.command``.
"""

import argparse
import json
from functools import partial
from operator import itemgetter
from pathlib import Path

from benchmarks.images.command import COMMANDS, add_commands, run_images
from benchmarks.images.pages import write_image_pages
from benchmarks.machine import describe
from benchmarks.paper.grid import TABLES, fit_point, points
from benchmarks.paper.methods import ALIASES, METHODS
from benchmarks.paper.pages import write_pages
from benchmarks.paper.protocol import DATASETS
from benchmarks.paper.runs import run_points


def read_options(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line.

    Parameters
    ----------
    arguments : list of str, default=None
        The words; None takes the command's.

    Returns
    -------
    Namespace
        The options.
    """
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.paper",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name in (*TABLES, "all"):
        text = TABLES[name].title if name in TABLES else "all tables of tabular data"
        run = commands.add_parser(name, help=text)
        run.add_argument("--seeds", type=int, default=10, help="random splits")
        run.add_argument("--datasets", nargs="+", choices=DATASETS)
        run.add_argument("--methods", nargs="+", choices=(*METHODS, *ALIASES))
        run.add_argument("--jobs", type=int, default=1, help="fits at a time")
        run.add_argument("--device", default="cpu")
        run.add_argument("--output", type=Path, default=Path("results"))
    add_commands(commands)
    render = commands.add_parser("render", help="render the pages of finished runs")
    render.add_argument("--results", type=Path, required=True)
    render.add_argument("--pages", type=Path, default=Path("docs/results"))
    return parser.parse_args(arguments)


def run_tables(options: argparse.Namespace) -> None:
    """Fit what the options say.

    Parameters
    ----------
    options : Namespace
        See `read_options`.
    """
    options.output.mkdir(parents=True, exist_ok=True)
    about = json.dumps(describe(options.device, options.jobs), indent=1)
    (options.output / "about.json").write_text(about + "\n")
    names = [options.command]
    if options.command == "all":
        names = [name for name in TABLES if name != "table3"]
    todo = [
        point
        for name in names
        for point in points(
            name,
            TABLES[name],
            seeds=options.seeds,
            datasets=options.datasets,
            methods=options.methods,
        )
    ]
    todo.sort(key=itemgetter("seed"))  # a run that is cut short has whole splits
    if todo:
        run_points(
            todo,
            partial(fit_point, device=options.device),
            lambda point: options.output / f"{point['table']}.jsonl",
            jobs=options.jobs,
        )


def main() -> None:
    """Run or render."""
    options = read_options()
    if options.command == "render":
        results, pages = options.results, options.pages
    else:
        results = pages = options.output
        images = options.command in COMMANDS
        (run_images if images else run_tables)(options)
    written = [*write_pages(results, pages), *write_image_pages(results, pages)]
    print("\n".join(path.name for path in written) or "No results to render.")


if __name__ == "__main__":
    main()
