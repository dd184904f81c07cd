"""Compare RUNNER with what a user would pick instead, and with its own controls.

    python -m benchmarks.peers run --seeds 10 --jobs 15 --output results
    python -m benchmarks.peers run --seeds 1 --datasets compas --methods to_logistic
    python -m benchmarks.peers neurons --seeds 10 --jobs 15 --output results
    python -m benchmarks.peers render --results results --pages docs/results

``run`` writes one JSON line a fit to ``<output>/peers.jsonl``, ``neurons`` to
``<output>/neurons.jsonl``; started again with the same output, they go on where they
were. Splits are finished one after another. Needs ``pip install -e ".[benchmarks]"``:
fairret, and cvxpy for its projection; what is not there is recorded as failed.
"""

import argparse
import json
from functools import partial
from pathlib import Path

from benchmarks.machine import describe
from benchmarks.paper.runs import read_rows, run_points
from benchmarks.peers import grid, neurons
from benchmarks.peers.methods import METHODS
from benchmarks.peers.neurons_page import write_neurons
from benchmarks.peers.pages import write_peers
from benchmarks.peers.splits import DATASETS

INPUTS = {"without": False, "with": True}


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
        prog="python -m benchmarks.peers",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="the frontiers of all methods")
    run.add_argument("--methods", nargs="+", choices=METHODS)
    run.add_argument("--inputs", nargs="+", choices=INPUTS, default=list(INPUTS))
    nets = commands.add_parser("neurons", help="does choosing neurons pay?")
    nets.add_argument(
        "--nets", nargs="+", choices=neurons.NETS, default=list(neurons.NETS)
    )
    nets.add_argument(
        "--gaps",
        nargs="+",
        choices=neurons.GAP_TERMS,
        default=list(neurons.GAP_TERMS),
        help="how the output's gap is compared in the term",
    )
    for command in (run, nets):
        command.add_argument(
            "--datasets", nargs="+", choices=DATASETS, default=list(DATASETS)
        )
        command.add_argument("--seeds", type=int, default=10, help="random splits")
        command.add_argument("--jobs", type=int, default=1, help="fits at a time")
        command.add_argument("--device", default="cpu")
        command.add_argument("--output", type=Path, default=Path("results"))
        command.add_argument(
            "--count", action="store_true", help="only say what it would cost"
        )
    render = commands.add_parser("render", help="render the pages of finished runs")
    render.add_argument("--results", type=Path, required=True)
    render.add_argument("--pages", type=Path, default=Path("docs/results"))
    return parser.parse_args(arguments)


def run(options: argparse.Namespace) -> None:
    """Say what the fits cost, and fit them.

    Parameters
    ----------
    options : Namespace
        See `read_options`.
    """
    common = {"seeds": options.seeds, "datasets": options.datasets}
    if options.command == "run":
        inputs = [INPUTS[name] for name in options.inputs]
        todo = grid.points(methods=options.methods, inputs=inputs, **common)
        fit, name = grid.fit_point, "peers"
    else:
        todo = neurons.points(nets=options.nets, gap_terms=options.gaps, **common)
        fit, name = neurons.fit_point, "neurons"
    path = options.output / f"{name}.jsonl"
    print(grid.describe_cost(todo, read_rows(path), options.jobs))
    if options.count:
        return
    options.output.mkdir(parents=True, exist_ok=True)
    about = json.dumps(describe(options.device, options.jobs), indent=1)
    (options.output / f"about_{name}.json").write_text(about + "\n")
    run_points(
        todo, partial(fit, device=options.device), lambda _: path, jobs=options.jobs
    )


def render(results: Path, pages: Path) -> list[Path]:
    """Write the pages of what there are results of.

    Parameters
    ----------
    results : Path
        The folder of the JSON lines.
    pages : Path
        Where the pages go.

    Returns
    -------
    list of Path
        The pages and plots.
    """
    written = []
    for name, write in (("peers", write_peers), ("neurons", write_neurons)):
        rows = read_rows(results / f"{name}.jsonl")
        if rows:
            written += write(latest(rows), pages, about_text(results, name))
    return written


def latest(rows: list[dict]) -> list[dict]:
    """Keep the last row of every point: one that failed may have been tried again."""
    names = ("seed", "dataset", "constraints", "method", "strength")
    more = ("sensitive_input", "net", "term")
    keys = (json.dumps([row.get(one) for one in names + more]) for row in rows)
    return list(dict(zip(keys, rows, strict=True)).values())


def about_text(results: Path, name: str) -> str:
    """Say what a run was made with.

    Parameters
    ----------
    results : Path
        The folder of the run.
    name : str
        Which run.

    Returns
    -------
    str
        The rest of a sentence.
    """
    path = results / f"about_{name}.json"
    if not path.exists():
        return "on a machine that was not recorded."
    about = json.loads(path.read_text())
    return (
        f"with skrunner {about['skrunner']}, torch {about['torch']}, Python "
        f"{about['python']}, on {about['device']}, {about['processor']}, "
        f"{about['jobs']} fits at a time."
    )


def main() -> None:
    """Run or render."""
    options = read_options()
    if options.command == "render":
        written = render(options.results, options.pages)
    else:
        run(options)
        written = [] if options.count else render(options.output, options.output)
    print("\n".join(path.name for path in written) or "Nothing rendered.")


if __name__ == "__main__":
    main()
