"""Time FairNeuron's diagnosis of all rows at once against one row after the other.

    python -m benchmarks.speed.fair_neuron --output fair_neuron.json

The rows are the paper's training rows of Adult, the net is the paper's, trained for
five epochs. The other way goes through rows and neurons in plain Python, on activations
that are given to it; it is measured on a sample of the rows and scaled up. Times are of
the processor. A time above its limit makes the command fail.
"""

import argparse
import json
import platform
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from benchmarks.paper.protocol import load_split
from skrunner import NetClassifier
from skrunner.baselines._chain_net import ChainNet
from skrunner.baselines._paths import BASELINES, find_paths
from skrunner.nn import linear_chain

PAPER_SECONDS = 630.0  # RUNNER's table of running times: all of FairNeuron on Adult
LIMIT_SECONDS = 30.0
GAMMA, THETA = 0.9, 0.001


def trained_net(seed: int) -> tuple[ChainNet, torch.Tensor]:
    """Return a trained net of two layers of 200, and its training rows."""
    train = load_split("adult", seed).train
    fitted = NetClassifier(max_epochs=5, device="cpu", random_state=seed)
    fitted.fit(train.X, train.y)
    module, X = fitted.net_.module_, torch.from_numpy(np.array(train.X))
    return ChainNet(module, linear_chain(module, X[:2])), X


def head(parts: list[float], target: float) -> list[int]:
    """Return the units whose contributions reach the target, the greatest first."""
    order = sorted(range(len(parts)), key=parts.__getitem__, reverse=True)
    total = 0.0
    for size, unit in enumerate(order, start=1):
        total += parts[unit]
        if total >= GAMMA * target:
            return order[:size]
    return order


def trace_row(layers: list[Any], values: list[list[float]], baseline: str) -> Any:
    """Return the path of one row, from the last layer back."""
    active, path = {0}, set()
    for index in reversed(range(len(layers))):
        weight, bias = layers[index]
        before = set()
        for unit in active:
            rows = zip(values[index], weight[unit], strict=True)
            parts = [value * w for value, w in rows]
            target = sum(parts)
            if baseline == "zero":
                target += bias[unit]
            elif target < 0:
                parts, target = [-part for part in parts], -target
            taken = head(parts, target)
            path.update((index, k, unit) for k in taken)
            before.update(taken)
        active = before
    return frozenset(path)


def row_by_row(net: ChainNet, X: torch.Tensor, baseline: str, sample: int) -> float:
    """Return the seconds of one row after the other, from a sample of the rows."""
    with torch.no_grad():
        hidden = net.run(X)[1]
    if baseline == "mean":
        hidden = [values - values.mean(0) for values in hidden]
    layers = [(layer.weight.tolist(), layer.bias.tolist()) for layer in net.chain[1:]]
    chosen = np.random.default_rng(0).choice(len(X), sample, replace=False)
    rows = [[values[i].tolist() for values in hidden] for i in chosen]
    start = time.process_time()
    for row in rows:
        trace_row(layers, row, baseline)
    return (time.process_time() - start) * len(X) / sample


def measure(
    net: ChainNet, X: torch.Tensor, baseline: str, repeats: int, sample: int
) -> dict[str, Any]:
    """Time both ways, one after the other, several times."""
    pairs = []
    for _ in range(repeats):
        start = time.process_time()
        paths = find_paths(net, X, gamma=GAMMA, baseline=baseline)
        ours = time.process_time() - start
        pairs.append((ours, row_by_row(net, X, baseline, sample)))
    return {
        "rows": len(X),
        "paths": len(paths.counts),
        "flagged_share": float(paths.flag(THETA).double().mean()),
        "seconds": median(ours for ours, _ in pairs),
        "least": min(ours for ours, _ in pairs),
        "most": max(ours for ours, _ in pairs),
        "limit": LIMIT_SECONDS,
        "row_by_row_seconds": median(slow for _, slow in pairs),
        "ratio": median(slow / ours for ours, slow in pairs),
        "paper_seconds": PAPER_SECONDS,
    }


def main() -> None:
    """Measure, print, write, and fail above the limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--sample", type=int, default=100)
    parser.add_argument("--output", type=Path, default=Path("fair_neuron.json"))
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    net, X = trained_net(seed=0)
    results = {
        baseline: measure(net, X, baseline, options.repeats, options.sample)
        for baseline in BASELINES
    }
    about = {
        "torch": torch.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "threads": options.threads,
        "sampled_rows": options.sample,
    }
    options.output.write_text(json.dumps({"about": about, "times": results}, indent=1))
    late = [name for name, row in results.items() if row["seconds"] > LIMIT_SECONDS]
    for name, row in results.items():
        print(
            f"baseline {name}: {row['rows']:,} rows, {row['paths']:,} paths, "
            f"{row['flagged_share']:.0%} flagged: {row['seconds']:.1f} s "
            f"({row['least']:.1f}..{row['most']:.1f}), limit {LIMIT_SECONDS:.0f} s; "
            f"row by row {row['row_by_row_seconds']:.0f} s, {row['ratio']:.0f} times; "
            f"the paper's whole run of FairNeuron took {PAPER_SECONDS:.0f} s"
        )
    raise SystemExit(f"above the limit: {'; '.join(late)}" if late else 0)


if __name__ == "__main__":
    main()
