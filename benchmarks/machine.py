"""The machine and the versions that a run was made with."""

import os
import platform
from pathlib import Path

import torch

from skrunner import __version__


def describe(device: str, jobs: int) -> dict[str, str | int]:
    """Describe what a run was made with.

    Parameters
    ----------
    device : str
        The device.
    jobs : int
        Fits at a time.

    Returns
    -------
    dict
        Versions, the machine and the number of jobs.
    """
    if device.startswith("cuda"):
        device = f"{device} ({torch.cuda.get_device_name()})"
    return {
        "skrunner": __version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "device": device,
        "processor": _processor(),
        "cores": os.cpu_count() or 0,
        "jobs": jobs,
    }


def _processor() -> str:
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.exists() else []
    names = [line.split(":")[1].strip() for line in lines if "model name" in line]
    return names[0] if names else platform.processor() or platform.machine()
