"""The commands of the images: Tables 4, 5 and 7, and the search of the settings.

    python -m benchmarks.paper table4 --celeba-root ROOT --device cuda --jobs 4
    python -m benchmarks.paper images --celeba-root ROOT --seeds 5 --precision bf16
    python -m benchmarks.paper images_search --celeba-root ROOT --seeds 1

``images`` is all three tables. Images are decoded once, into a temporary folder that
all processes map. A run writes one JSON line a fit and goes on where it was.
"""

import argparse
import json
import math
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.images.faces import open_faces, write_faces
from benchmarks.images.grid import TABLES, fit_point, points
from benchmarks.images.methods import BEST, METHODS
from benchmarks.images.options import add_budget, add_grid, budget_of
from benchmarks.images.rows import shared
from benchmarks.images.search import RULE, choose, fit_candidate, search_points
from benchmarks.images.search_grid import Grid
from benchmarks.images.tasks import NETS, TASKS
from benchmarks.machine import describe
from benchmarks.paper.methods import ALIASES
from benchmarks.paper.runs import run_points
from benchmarks.paper.scores import GAPS
from benchmarks.paper.summary import successful

ABOUT = "about-images.json"
SEARCH = "images_search"
COMMANDS = (*TABLES, "images", SEARCH)


def add_commands(commands: Any) -> None:
    """Add the commands to a parser.

    Parameters
    ----------
    commands : argparse subparsers
        Where to.
    """
    for name in COMMANDS:
        text = TABLES[name].title if name in TABLES else "all of the tables on images"
        text = "search RUNNER's settings on images" if name == SEARCH else text
        run = commands.add_parser(name, help=text, description=__doc__)
        run.add_argument("--celeba-root", type=Path, required=True)
        run.add_argument("--seeds", type=int, default=1 if name == SEARCH else 5)
        run.add_argument("--tasks", nargs="+", choices=TASKS)
        run.add_argument("--nets", nargs="+", choices=NETS)
        run.add_argument("--constraints", nargs="+", choices=GAPS)
        run.add_argument("--methods", nargs="+", choices=(*METHODS, *ALIASES))
        if name == SEARCH:
            add_grid(run)
        add_budget(run)
        run.add_argument("--jobs", type=int, default=1, help="fits at a time")
        run.add_argument("--minutes", type=float, default=math.inf, help="at most")
        run.add_argument("--device", default="cpu")
        run.add_argument("--output", type=Path, default=Path("results"))


def run_images(options: argparse.Namespace) -> None:
    """Fit what the options say.

    Parameters
    ----------
    options : Namespace
        The options of one of ``COMMANDS``.
    """
    search = options.command == SEARCH
    todo = search_todo(options) if search else table_todo(options)
    fit: Callable[..., Any] = fit_candidate if search else fit_point
    if not todo:
        return
    options.output.mkdir(parents=True, exist_ok=True)
    with _leaving_when_ended(), tempfile.TemporaryDirectory(prefix="faces-") as folder:
        faces = Path(folder)
        write_faces(options.celeba_root, faces, budget_of(options))
        about = {
            **describe(options.device, options.jobs),
            "images": open_faces(faces).describe(),
        }
        text = json.dumps(about, indent=1) + "\n"
        (options.output / ABOUT).write_text(text)
        rows = run_points(
            todo,
            partial(fit, faces=faces, device=options.device),
            lambda point: options.output / f"{point.get('table', SEARCH)}.jsonl",
            jobs=options.jobs,
            minutes=options.minutes,
        )
    if search:
        store_choice(rows, options)


def table_todo(options: argparse.Namespace) -> list[dict[str, Any]]:
    """List the fits of the tables.

    Parameters
    ----------
    options : Namespace
        The options.

    Returns
    -------
    list of dict
        Seed by seed, so that a run that is cut short has whole seeds.
    """
    names = TABLES if options.command == "images" else [options.command]
    todo = [
        point
        for name in names
        for point in points(
            name,
            budget_of(options),
            seeds=options.seeds,
            tasks=options.tasks,
            nets=options.nets,
            constraints=options.constraints,
            methods=wanted_methods(options),
        )
    ]
    return sorted(todo, key=lambda point: point["seed"])


def search_todo(options: argparse.Namespace) -> list[dict[str, Any]]:
    """List the fits of the search.

    Parameters
    ----------
    options : Namespace
        The options.

    Returns
    -------
    list of dict
        Seed by seed.
    """
    grid = Grid(
        weights=options.weights,
        ratios=options.ratios,
        gaps=options.gaps,
        warm_ups=options.warm_ups,
        rows=options.fair_rows,
        drops=options.drops,
        limits=options.limits,
        normalize=[bool(one) for one in options.normalize],
        layers=options.layers,
    )
    return search_points(
        grid,
        budget_of(options),
        seeds=options.seeds,
        tasks=options.tasks,
        nets=options.nets,
        constraints=options.constraints,
        methods=wanted_methods(options),
    )


def wanted_methods(options: argparse.Namespace) -> list[str] | None:
    """Return the methods of the options.

    Parameters
    ----------
    options : Namespace
        The options.

    Returns
    -------
    list of str or None
        Keys of ``METHODS``; None for all.
    """
    given = options.methods
    return given and [part for name in given for part in ALIASES.get(name, (name,))]


def store_choice(rows: list[dict[str, Any]], options: argparse.Namespace) -> None:
    """Store the choice in the output and in this folder.

    Parameters
    ----------
    rows : list of dict
        One a fit.
    options : Namespace
        The options.
    """
    known = json.loads(BEST.read_text())["settings"]
    chosen = choose(successful([*shared(rows), *rows]))
    stored = {
        "command": f"python -m benchmarks.paper {SEARCH} --seeds {options.seeds}",
        "rule": RULE,
        "settings": {name: {**known.get(name, {}), **chosen[name]} for name in chosen},
    }
    text = json.dumps(stored, indent=1) + "\n"
    (options.output / f"{SEARCH}_best.json").write_text(text)
    BEST.write_text(text)


@contextmanager
def _leaving_when_ended() -> Iterator[None]:
    """Let a signal to end unwind the stack: the images must not be left behind."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
