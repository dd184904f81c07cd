"""Compare RUNNER with what a user would pick instead, and with its own controls.

    python -m benchmarks.peers run --count
    python -m benchmarks.peers run --jobs 12 --minutes 9 --output results
    python -m benchmarks.peers run --plan full --jobs 15 --output results
    python -m benchmarks.peers neurons --jobs 12 --minutes 5 --output results
    python -m benchmarks.peers transfer --jobs 2 --output results
    python -m benchmarks.peers few_groups --jobs 2 --output results
    python -m benchmarks.peers render --results results --pages docs/results

``run`` writes one JSON line a fit to ``<output>/peers.jsonl``, ``neurons`` to
``<output>/neurons.jsonl``, and so on; started again with the same output, they go on
where they were. The short plan (``benchmarks/peers/plans.py``, ``neuron_plans.py``)
takes a few core hours and one, the full one dozens, ``transfer`` and ``few_groups`` a
quarter of one each. Splits are finished one after another.
Needs ``pip install -e ".[benchmarks]"``: fairret, and cvxpy for its projection; what is
not there is recorded as failed.
"""

import argparse
import json
import math
from functools import partial
from pathlib import Path

from benchmarks.paper.runs import read_rows, run_points
from benchmarks.peers import few_groups, grid, neuron_plans, neurons, plans, transfer
from benchmarks.peers.about import about_text, note
from benchmarks.peers.cost import describe_cost
from benchmarks.peers.methods import METHODS
from benchmarks.peers.neurons_page import write_few_groups, write_neurons
from benchmarks.peers.splits import DATASETS
from benchmarks.peers.summary import whole_splits
from benchmarks.peers.transfer_page import write_transfer

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
    run.add_argument(
        "--inputs",
        nargs="+",
        choices=INPUTS,
        help="with the sensitive column among them, without it, or both",
    )
    nets = commands.add_parser("neurons", help="does choosing neurons pay?")
    nets.add_argument("--nets", nargs="+", choices=neuron_plans.NETS)
    nets.add_argument(
        "--gaps",
        nargs="+",
        choices=neuron_plans.GAP_TERMS,
        help="what is special about the fairness term",
    )
    heads = commands.add_parser("transfer", help="is a repair inherited by a new head?")
    few = commands.add_parser("few_groups", help="do neurons help with few groups?")
    for command in (run, nets):
        command.add_argument("--plan", choices=plans.PLANS, default="short")
    for command in (run, nets, heads, few):
        command.add_argument("--datasets", nargs="+", choices=DATASETS)
        command.add_argument("--seeds", type=int, help="fewer splits than the plan's")
        command.add_argument("--jobs", type=int, default=1, help="fits at a time")
        command.add_argument(
            "--minutes", type=float, default=math.inf, help="begin no fit after these"
        )
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
    common = {"seeds": options.seeds, "datasets": options.datasets or DATASETS}
    if options.command == "run":
        inputs = [INPUTS[name] for name in options.inputs or INPUTS]
        plan = plans.PLANS[options.plan]
        todo = grid.points(plan=plan, methods=options.methods, inputs=inputs, **common)
        fit, name = grid.fit_point, "peers"
    elif options.command == "transfer":
        todo = neurons.points(plan=transfer.PLAN, **common)
        fit, name = transfer.fit_point, "transfer"
    elif options.command == "few_groups":
        todo = neurons.points(plan=few_groups.PLAN, **common)
        fit, name = few_groups.fit_point, "few_groups"
    else:
        todo = neurons.points(
            plan=neuron_plans.PLANS[options.plan],
            nets=options.nets or tuple(neuron_plans.NETS),
            gap_terms=options.gaps or neuron_plans.GAP_TERMS,
            **common,
        )
        fit, name = neurons.fit_point, "neurons"
    path = options.output / f"{name}.jsonl"
    print(describe_cost(todo, read_rows(path), options.jobs))
    if options.count:
        return
    options.output.mkdir(parents=True, exist_ok=True)
    note(options.output / f"about_{name}.json", options)
    run_points(
        todo,
        partial(fit, device=options.device),
        lambda _: path,
        jobs=options.jobs,
        minutes=options.minutes,
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
    # What only fits needs no matplotlib.
    from benchmarks.peers.pages import write_peers  # noqa: PLC0415

    written = []
    writers = {
        "peers": write_peers,
        "neurons": write_neurons,
        "transfer": write_transfer,
        "few_groups": write_few_groups,
    }
    for name, write in writers.items():
        rows = read_rows(results / f"{name}.jsonl")
        if rows:
            kept = whole_splits(latest(rows))
            written += write(kept, pages, about_text(results, name))
    return written


def latest(rows: list[dict]) -> list[dict]:
    """Keep the last row of every point: one that failed may have been tried again."""
    names = ("seed", "dataset", "constraints", "method", "strength")
    more = ("sensitive_input", "net", "term")
    keys = (json.dumps([row.get(one) for one in names + more]) for row in rows)
    return list(dict(zip(keys, rows, strict=True)).values())


def main() -> None:
    """Run or render."""
    options = read_options()
    if options.command == "render":
        written = render(options.results, options.pages)
        print("\n".join(path.name for path in written) or "Nothing rendered.")
    else:
        run(options)


if __name__ == "__main__":
    main()
