"""Parse the command line."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from skrunner import __version__
from skrunner.cli._demo import run_demo


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
        "--seeds", type=int, default=3, help="random splits (default: %(default)s)"
    )
    demo.add_argument(
        "--quick", action="store_true", help="one split of 6,000 rows, 5 epochs"
    )
    demo.add_argument(
        "--output",
        type=Path,
        default=Path("skrunner-demo.png"),
        help="where the figure is written (default: %(default)s)",
    )
    options = parser.parse_args(arguments)
    run_demo(options.seeds, quick=options.quick, output=options.output)
    return 0
