"""Run functions in two processes that a gloo group joins, on the CPU.

The processes meet in a file, so that no port has to be free, and one that waits for
another gives up after a minute. Starting them takes most of the time: all cases of all
test files run in the same two.
"""

import pickle
import traceback
import warnings
from datetime import timedelta
from importlib import import_module

import torch
import torch.distributed as dist
import torch.multiprocessing as mp

WAIT = timedelta(seconds=60)
CASES = (
    "tests.nn.shared_norms",
    "tests.training.shared_steps",
    "tests.estimators.shared_fits",
)


def run_cases(functions):
    """Run functions by name; what one raises is a result."""
    results = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, function in functions.items():
            try:
                results[name] = function()
            except Exception as error:  # noqa: BLE001 (the tests look at it)
                error.add_note(traceback.format_exc())
                results[name] = error
    return results


def run_in_two(folder):
    """Return the results of both processes, by module."""
    mp.spawn(_work, (folder,), nprocs=2)
    paths = [folder / f"results{rank}" for rank in range(2)]
    return [pickle.loads(path.read_bytes()) for path in paths]


def _work(rank, folder):
    torch.set_num_threads(1)
    dist.init_process_group(
        "gloo",
        init_method=(folder / "store").as_uri(),
        rank=rank,
        world_size=2,
        timeout=WAIT,
    )
    results = {name: run_cases(import_module(name).cases(folder)) for name in CASES}
    (folder / f"results{rank}").write_bytes(pickle.dumps(results))
    dist.barrier()
    dist.destroy_process_group()


def sound(result):
    """Return a result, or raise what the case raised."""
    if isinstance(result, Exception):
        raise result
    return result
