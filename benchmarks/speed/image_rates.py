"""How many images a second are read, and trained on from files and from the device.

    python -m benchmarks.speed.image_rates --device cuda --output rates.json

JPEG files of CelebA's size are made up. Pillow and simplejpeg read them in turns, in
several numbers of threads; then plain epochs over all images are timed, end to end.
``fp32`` is without TF32, in convolutions too.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from tqdm.auto import tqdm

from benchmarks.machine import describe
from benchmarks.speed.image_epoch import (
    NETS,
    SETTINGS,
    Setting,
    make_epoch,
    make_estimator,
)
from benchmarks.speed.pictures import SIZE, as_dataset, many_rows, write_jpegs
from skrunner.datasets import ImageRows

REPEATS = 3
DISTINCT = 512
THREADS = (1, 2, 4, 8, 16)


def reading(paths: list[str], max_workers: int) -> dict[str, float]:
    """Read files by Pillow and by simplejpeg, in turns.

    Parameters
    ----------
    paths : list of str
        The files.
    max_workers : int
        Threads.

    Returns
    -------
    dict of str to float
        Images a second of ``"pillow"`` and ``"simplejpeg"``, medians of the repeats.
    """
    files = ImageRows(paths, max_workers=max_workers)
    out = np.empty(files.shape, np.uint8)
    without = patch("skrunner.datasets._jpeg.simplejpeg", None)
    readers = {"pillow": without, "simplejpeg": nullcontext()}
    seconds: dict[str, list[float]] = {name: [] for name in readers}
    for _ in range(REPEATS):
        for name, reader in readers.items():
            with reader:
                seconds[name].append(clocked(lambda: files.decode(out=out)))
    return {name: len(files) / median(times) for name, times in seconds.items()}


def rates(
    files: ImageRows, net: str, setting: Setting, device: str
) -> dict[str, float]:
    """Measure a plain epoch of all images, end to end.

    Parameters
    ----------
    files : ImageRows
        JPEG files.
    net : str
        The net, see `make_estimator`.
    setting : Setting
        How it is run.
    device : str
        Where.

    Returns
    -------
    dict of str to float
        Images a second, from JPEG files and from the memory of the device.
    """
    few = torch.from_numpy(files[: min(len(files), DISTINCT)].decode())
    pixels = few.repeat(-(-len(files) // len(few)), 1, 1, 1)[: len(files)]
    found = {}
    for place, images in (("JPEG files", files), ("the device", pixels)):
        data = as_dataset(
            images, setting.precision, channels_last=setting.channels_last
        )
        epoch = make_epoch(data, make_estimator(net, setting, device, steps=None))
        epoch.run()
        seconds = median(clocked(epoch.run) for _ in range(REPEATS))
        found[place] = len(files) / seconds
    return found


def clocked(function: Callable[[], Any]) -> float:
    """Return the seconds of a call by the clock, which threads shorten.

    Parameters
    ----------
    function : callable
        What is called.

    Returns
    -------
    float
        Seconds until the device is done too.
    """
    _wait()
    start = time.perf_counter()
    function()
    _wait()
    return time.perf_counter() - start


def _wait() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Measure all that the options name.

    Parameters
    ----------
    options : Namespace
        The options of the command.

    Returns
    -------
    dict
        ``about``, ``reading`` by threads and ``training`` by net and setting.
    """
    size = tuple(options.size)
    with tempfile.TemporaryDirectory() as name:
        names = write_jpegs(Path(name), min(DISTINCT, options.rows), size)
        files = many_rows(Path(name), names, options.rows)
        read = {n: reading(files.paths, n) for n in tqdm(THREADS, desc="reading")}
        trained = {
            f"{net}, {setting}": rates(files, net, how, options.device)
            for net, (setting, how) in tqdm(
                list(product(options.nets, SETTINGS.items())), desc="training"
            )
        }
    about = {**describe(options.device, jobs=1), "size": list(size)}
    return {"about": about, "reading": read, "training": trained}


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--nets", nargs="+", default=list(NETS), choices=NETS)
    parser.add_argument("--rows", type=int, default=4096)
    parser.add_argument("--size", nargs=2, type=int, default=SIZE)
    parser.add_argument("--output", type=Path, default=Path("rates.json"))
    options = parser.parse_args()
    options.output.write_text(json.dumps(measure(options), indent=1))


if __name__ == "__main__":
    main()
