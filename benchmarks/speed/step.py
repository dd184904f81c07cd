"""Time RUNNER's step against a plain step, and our fit against a bare torch loop.

    python -m benchmarks.speed.step --device cpu --output step.json

Every ratio is the median over repeats of two timings taken one after the other, so that
a drift of the machine's speed cancels; on a CPU it is of processor time, so that other
work on the machine hardly counts. A ratio above its limit makes the command fail.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import nn
from tqdm.auto import tqdm

from benchmarks.machine import describe
from skrunner import NetClassifier, RunnerClassifier
from skrunner.data import GroupDataset
from skrunner.estimators._budget import Budget
from skrunner.nn import MLP, find_neuron_layers
from skrunner.training import TrainingSettings, draw_seeds, make_net, read_net

N_ROWS, N_FEATURES, STEPS = 27_132, 120, 50
EO = "equalized_odds"
BALANCED = {"sampling": "balanced", "importance": "sum_sq"}
# name: (rows of the plain step, parameters of RunnerClassifier, limit)
VARIANTS: dict[str, tuple[int, dict[str, Any], float]] = {
    "DP balanced, sum_sq, every step": (1000, {**BALANCED, "diagnose_every": 1}, 1.75),
    "DP balanced, sum_sq, every 5": (1000, {**BALANCED, "diagnose_every": 5}, 1.25),
    "DP balanced, sum_sq, every 20": (1000, {**BALANCED, "diagnose_every": 20}, 1.15),
    "DP balanced, taylor, every step": (
        1000,
        {**BALANCED, "importance": "taylor", "diagnose_every": 1},
        1.50,
    ),
    "EO balanced, sum_sq, every step": (
        2000,
        {**BALANCED, "constraints": EO, "diagnose_every": 1},
        1.75,
    ),
    "EO balanced, sum_sq, every 5": (
        2000,
        {**BALANCED, "constraints": EO, "diagnose_every": 5},
        1.25,
    ),
    "DP two_stream, defaults": (1000, {}, 2.1),
    "EO two_stream, defaults": (1000, {"constraints": EO}, 2.1),
    "DP shared, defaults": (1000, {"sampling": "shared"}, 1.3),
    "EO shared, defaults": (1000, {"sampling": "shared", "constraints": EO}, 1.3),
}
FIT_LIMIT = 1.10
EPOCHS = 10


def make_rows(device: str) -> GroupDataset:
    """Make binary columns of Adult's shape, 67 % of the rows in one group."""
    rng = np.random.default_rng(0)
    X = rng.integers(0, 2, (N_ROWS, N_FEATURES)).astype(np.float32)
    groups = (rng.random(N_ROWS) < 0.67).astype(np.int64)
    labels = (X[:, :5].sum(1) + groups + rng.normal(size=N_ROWS) > 3.5).astype(np.int64)
    tensors = (torch.from_numpy(array) for array in (X, labels, groups))
    return GroupDataset(*tensors, n_groups=2, n_classes=2).to(device)


def make_epoch(
    rows: GroupDataset, estimator: Any, batch_size: int
) -> Callable[[], None]:
    """Return a function that trains one epoch of the estimator's steps."""
    device = str(rows.X.device)
    estimator._resolve_defaults()  # noqa: SLF001 (what fit does)
    settings = TrainingSettings(
        max_epochs=1,
        lr=None,
        optimizer=None,
        device=device,
        precision="fp32",
        select_epoch="last",
        constraints=estimator.constraints,
    )
    torch.manual_seed(0)
    module = MLP(N_FEATURES)
    layers = find_neuron_layers(module, rows.X[:2].cpu())
    net = make_net(read_net("mlp", None), module, 1, settings)
    seeds = draw_seeds(0)
    budget = Budget(max_epochs=1, batch_size=batch_size)
    batches = estimator._make_batches(rows, budget, seeds)  # noqa: SLF001
    net.objective_ = estimator._make_objective(net, layers, batches, seeds)  # noqa: SLF001

    def epoch() -> None:
        net.history.new_epoch()
        net.run_single_epoch(batches, True, "train", net.train_step)

    return epoch


def timed(function: Callable[[], None], device: str) -> float:
    """Return the seconds of one call: processor time on a CPU, else by the clock."""
    if device == "cpu":
        start = time.process_time()
        function()
        return time.process_time() - start
    torch.cuda.synchronize()
    start = time.perf_counter()
    function()
    torch.cuda.synchronize()
    return time.perf_counter() - start


def bare_fit(rows: GroupDataset, epochs: int) -> None:
    """Train the same net in a loop of a dozen lines."""
    torch.manual_seed(0)
    device = rows.X.device
    net = MLP(N_FEATURES).to(device)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3, fused=True)
    loss = nn.BCEWithLogitsLoss()
    targets = rows.y.float()
    for _ in range(epochs):
        for part in torch.randperm(len(rows), device=device).split(1000):
            optimizer.zero_grad()
            loss(net(rows.X[part])[:, 0], targets[part]).backward()
            optimizer.step()


def step_ratios(device: str, repeats: int) -> dict[str, dict[str, float]]:
    """Time every variant against the plain step of as many predictive rows."""
    rows = make_rows(device)
    plain_kind = {"steps_per_epoch": STEPS, "device": device}
    results = {}
    for name, (batch_size, params, limit) in tqdm(VARIANTS.items(), unit="variant"):
        plain = make_epoch(rows, NetClassifier(**plain_kind), batch_size)
        runner = make_epoch(rows, RunnerClassifier(**params, **plain_kind), batch_size)
        for warm_up in (plain, runner):
            warm_up()
        pairs = [(timed(plain, device), timed(runner, device)) for _ in range(repeats)]
        ratios = [ours / theirs for theirs, ours in pairs]
        results[name] = {
            "ratio": median(ratios),
            "least": min(ratios),
            "most": max(ratios),
            "limit": limit,
            "plain_ms": 1000 * median(theirs for theirs, _ in pairs) / STEPS,
            "runner_ms": 1000 * median(ours for _, ours in pairs) / STEPS,
        }
    return results


def fit_ratio(device: str, repeats: int) -> dict[str, float]:
    """Time a whole NetClassifier.fit against the bare loop."""
    rows = make_rows(device)
    X, y = rows.X.cpu().numpy(), rows.y.cpu().numpy()

    def ours() -> None:
        NetClassifier(
            max_epochs=EPOCHS, batch_size=1000, device=device, random_state=0
        ).fit(X, y)

    def bare() -> None:
        bare_fit(rows, EPOCHS)

    ours(), bare()
    pairs = [(timed(bare, device), timed(ours, device)) for _ in range(repeats)]
    ratios = [own / base for base, own in pairs]
    return {
        "ratio": median(ratios),
        "least": min(ratios),
        "most": max(ratios),
        "limit": FIT_LIMIT,
        "bare_s": median(base for base, _ in pairs),
        "fit_s": median(own for _, own in pairs),
    }


def main() -> None:
    """Measure, print, write, and fail above a limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--output", type=Path, default=Path("step.json"))
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    results = step_ratios(options.device, options.repeats)
    results["fit / bare torch loop"] = fit_ratio(options.device, options.repeats)
    about = {**describe(options.device, jobs=1), "threads": options.threads}
    options.output.write_text(json.dumps({"about": about, "ratios": results}, indent=1))
    late = []
    for name, row in results.items():
        verdict = "ok" if row["ratio"] <= row["limit"] else "ABOVE"
        late += [name] if verdict == "ABOVE" else []
        spread = f"({row['least']:.2f}..{row['most']:.2f})"
        limit = f"limit {row['limit']:.2f} {verdict}"
        print(f"{name:34} {row['ratio']:.2f} {spread}  {limit}")
    raise SystemExit(f"above the limit: {'; '.join(late)}" if late else 0)


if __name__ == "__main__":
    main()
