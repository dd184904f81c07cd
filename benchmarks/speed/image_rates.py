"""How many images a second are read and trained on, from files and from the device."""

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import torch

from benchmarks.speed.image_epoch import Setting, make_epoch, make_estimator
from benchmarks.speed.pictures import as_dataset
from skrunner.datasets import ImageRows

REPEATS = 3
DISTINCT = 512


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
        Images a second: read from JPEG files, trained on from JPEG files, and trained
        on from the memory of the device.
    """
    few = torch.from_numpy(files[: min(len(files), DISTINCT)].decode())
    pixels = few.repeat(-(-len(files) // len(few)), 1, 1, 1)[: len(files)]
    found = {}
    for place, images in (("JPEG files", files), ("the device", pixels)):
        data = as_dataset(
            images, setting.precision, channels_last=setting.channels_last
        )
        epoch = make_epoch(data, make_estimator(net, setting, device, steps=None))
        if place == "JPEG files":
            found["read from JPEG files"] = len(files) / clocked(
                lambda batches=epoch.batches: _exhaust(batches)
            )
        epoch.run()
        seconds = median(clocked(epoch.run) for _ in range(REPEATS))
        found[f"trained on from {place}"] = len(files) / seconds
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


def _exhaust(batches: Any) -> None:
    for _ in batches:
        pass
