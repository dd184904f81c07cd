"""Train in two processes: the same steps as one takes, and how long they last.

    torchrun --nproc-per-node 2 -m benchmarks.speed.two_gpus --output two_gpus.json
    python -m benchmarks.speed.two_gpus --device cpu --small

Without torchrun the processes are started here. They are joined by torch.distributed
alone, NCCL on GPUs and gloo on a CPU; accelerate is not needed. Each process first
trains alone, before it joins the others. Losses, gradients and weights of small nets in
double precision that differ by more than 1e-6 make the command fail, and so do other
neurons. A step of n rows is timed in one process and in all, and one of n rows for each
process.
"""

import argparse
import json
import os
import tempfile
import warnings
from pathlib import Path
from statistics import median
from typing import Any

import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from benchmarks.machine import describe
from benchmarks.speed.shared_training import (
    KeepsGradients,
    Pictures,
    make_rows,
    train,
)
from skrunner.exceptions import SmallGroupWarning

LIMIT = 1e-6
EPOCHS, STEPS = 5, 10
WIDE = {"hidden": (4096, 4096)}
# name: (net, its parameters, shape of a row, precision, rows of a step)
TIMED: dict[str, tuple[str, dict[str, Any], tuple[int, ...], str, int]] = {
    "AlexNet, bf16": ("alexnet", {}, (3, 218, 178), "bf16", 512),
    "ResNet-18, bf16": ("resnet18", {}, (3, 218, 178), "bf16", 512),
    "MLP 4096-4096, fp32": ("mlp", WIDE, (120,), "fp32", 16_384),
}
SMALL: dict[str, tuple[str, dict[str, Any], tuple[int, ...], str, int]] = {
    "MLP 256-256, fp32": ("mlp", {"hidden": (256, 256)}, (120,), "fp32", 2048),
}


def small_steps(device: str) -> dict[str, dict[str, Any]]:
    """Train small nets in double precision, and keep what has to agree."""
    cases: dict[str, tuple[Any, dict[str, Any] | None, tuple[int, ...]]] = {
        "MLP": ("mlp", {"hidden": (32, 16)}, (12,)),
        "convolution, batch norm": (Pictures, None, (3, 9, 9)),
    }
    found = {}
    for name, (net, params, shape) in cases.items():
        trained, objective = train(
            make_rows(shape, 999, torch.float64, device),
            *(net, params),
            precision="fp64",
            batch_size=133,
            optimizer=KeepsGradients,
            epochs=2,
            steps=None,
        )
        found[name] = {
            "loss": torch.tensor(trained.history[:, "train_loss"]),
            "gradient": torch.stack(trained.optimizer_.kept).cpu(),
            "weight": torch.cat(
                [
                    part.double().flatten()
                    for part in trained.module_.state_dict().values()
                ]
            ).cpu(),
            "neurons": torch.cat(objective.selected).cpu(),
        }
    return found


def differences(
    one: dict[str, dict[str, Any]], two: dict[str, dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Return how far two trainings are apart at most, relative to the largest value."""
    table: dict[str, dict[str, Any]] = {}
    for name, expected in one.items():
        row: dict[str, Any] = {}
        for part in ("loss", "gradient", "weight"):
            apart = (two[name][part] - expected[part]).abs().max()
            row[part] = float(apart / expected[part].abs().max())
        row["same_neurons"] = torch.equal(two[name]["neurons"], expected["neurons"])
        table[name] = row
    return table


def step_times(device: str, *, small: bool, times: int) -> dict[str, float]:
    """Return the milliseconds of a step by net, the first epoch left out."""
    found = {}
    for name, (net, params, shape, precision, n_rows) in (
        SMALL if small else TIMED
    ).items():
        trained, _ = train(
            make_rows(shape, 2 * times * n_rows, torch.float32, device),
            *(net, params),
            precision=precision,
            batch_size=times * n_rows,
            optimizer=None,
            epochs=EPOCHS,
            steps=STEPS,
        )
        # Losses leave the device at the end of an epoch, which ends its last step.
        seconds = trained.history[1:, "dur"]
        found[name] = 1000 * median(seconds) / STEPS
        print(f"{device}: {name}, {times} x {n_rows} rows: {found[name]:.1f} ms")
        del trained
        if device != "cpu":
            torch.cuda.empty_cache()
    return found


def work(rank: int, n_processes: int, options: argparse.Namespace, store: str) -> None:
    """Train alone, join the other processes, and train with them."""
    torch.set_num_threads(options.threads)
    warnings.simplefilter("ignore", SmallGroupWarning)
    device, where = options.device, None
    if device == "cuda":
        device = f"cuda:{os.environ.get('LOCAL_RANK', rank)}"
        where = torch.device(device)
        torch.cuda.set_device(where)
    alone = small_steps(device)
    slow = step_times(device, small=options.small, times=1) if rank == 0 else {}
    dist.init_process_group(
        "nccl" if options.device == "cuda" else "gloo",
        init_method=store,
        rank=rank,
        world_size=n_processes,
        device_id=where,
    )
    apart = differences(alone, small_steps(device))
    shared = step_times(device, small=options.small, times=1)
    larger = step_times(device, small=options.small, times=n_processes)
    if rank == 0:
        steps = {
            name: {
                "one_ms": slow[name],
                "shared_ms": shared[name],
                "as_many_each_ms": larger[name],
                "speedup": slow[name] / shared[name],
                "scaling": n_processes * slow[name] / larger[name],
            }
            for name in slow
        }
        report(options, {"differences": apart, "steps": steps}, n_processes)
    dist.barrier()
    dist.destroy_process_group()
    if any(not is_same(row) for row in apart.values()):
        raise SystemExit("the processes do not take the steps of one")


def is_same(row: dict[str, Any]) -> bool:
    """Tell whether a row of differences is within the limit."""
    worst = max(row["loss"], row["gradient"], row["weight"])
    return bool(row["same_neurons"] and worst <= LIMIT)


def report(
    options: argparse.Namespace, results: dict[str, Any], n_processes: int
) -> None:
    """Print and write the results."""
    about = {**describe(options.device, jobs=1), "processes": n_processes}
    options.output.write_text(json.dumps({"about": about, **results}, indent=1))
    for name, row in results["differences"].items():
        print(f"{name:26} {'same' if is_same(row) else 'OTHER'} steps: {row}")
    for name, row in results["steps"].items():
        cells = "  ".join(f"{key} {value:.2f}" for key, value in row.items())
        print(f"{name:26} {cells}")


def main() -> None:
    """Start the processes, unless torchrun has."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--small", action="store_true", help="time a small net only")
    parser.add_argument("--output", type=Path, default=Path("two_gpus.json"))
    options = parser.parse_args()
    if "LOCAL_RANK" in os.environ:
        rank, n_processes = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
        work(rank, n_processes, options, "env://")
        return
    with tempfile.TemporaryDirectory() as folder:
        store = (Path(folder) / "store").as_uri()
        n_processes = options.processes
        mp.spawn(work, (n_processes, options, store), nprocs=n_processes)


if __name__ == "__main__":
    main()
