"""Parse the command line."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from skrunner import __version__
from skrunner.cli._demo import QUICK_ROWS, run_demo

FORMATS = (".png", ".pdf", ".svg")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    arguments : sequence of str or None, default=None
        The arguments; None takes those of the process.

    Returns
    -------
    int
        The exit status.
    """
    parser = argparse.ArgumentParser(
        prog="skrunner",
        description="Find and repair the neurons that make a neural network unfair.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    demo = commands.add_parser(
        "demo", help="train, diagnose and repair a net on Adult, offline"
    )
    demo.add_argument(
        "--seeds", type=_count, default=3, help="random splits (default: %(default)s)"
    )
    demo.add_argument(
        "--quick",
        action="store_true",
        help=f"one split of {QUICK_ROWS:,} rows",
    )
    demo.add_argument(
        "--output",
        type=_figure,
        default=Path("skrunner-demo.png"),
        help="where the figure is written (default: %(default)s)",
    )
    options = parser.parse_args(arguments)
    run_demo(options.seeds, quick=options.quick, output=options.output)
    return 0


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of at least 1")
    return int(text)


def _figure(text: str) -> Path:
    """Refuse now what could not be written when the nets are trained."""
    path = Path(text)
    if path.suffix not in FORMATS:
        raise argparse.ArgumentTypeError(
            f"{text!r} does not end in {', '.join(FORMATS[:-1])} or {FORMATS[-1]}"
        )
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {str(path.parent)!r}")
    return path
