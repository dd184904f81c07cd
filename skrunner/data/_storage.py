"""Where the pixels of a training stay, by the memory that is free."""

import os
from pathlib import Path

import torch

STORAGES = ("auto", "device", "host", "files")
# The rest of a GPU is for activations, the rest of the host for everybody else.
SHARE_OF_DEVICE, SHARE_OF_HOST = 0.4, 0.5


def choose_storage(storage: str, nbytes: int, device: torch.device) -> str:
    """Choose the fastest place that has the room.

    Parameters
    ----------
    storage : {"auto", "device", "host", "files"}
        What the user asks for; only ``"auto"`` leaves a choice.
    nbytes : int
        What the pixels take.
    device : device
        Where the net is trained.

    Returns
    -------
    {"device", "host", "files"}
        The place; on a CPU, the host is the device.

    Raises
    ------
    ValueError
        If `storage` is unknown.
    """
    if storage not in STORAGES:
        raise ValueError(
            f"Unknown image_storage={storage!r}. Pass one of: {', '.join(STORAGES)}."
        )
    if storage != "auto":
        return storage
    if device.type == "cuda" and nbytes <= SHARE_OF_DEVICE * free_on(device):
        return "device"
    return "host" if nbytes <= SHARE_OF_HOST * free_on_host() else "files"


def free_on(device: torch.device) -> int:
    """Return the free memory of a CUDA device.

    Parameters
    ----------
    device : device
        The device.

    Returns
    -------
    int
        Bytes, with what torch holds in its cache for later.
    """
    free, _ = torch.cuda.mem_get_info(device)
    unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return int(free + unused)


def free_on_host(
    system: Path = Path("/proc/meminfo"), container: Path = Path("/sys/fs/cgroup")
) -> int:
    """Return the memory of the host that a process can still take.

    Parameters
    ----------
    system : Path, default="/proc/meminfo"
        Where Linux says what it would free for one, files that it keeps included.
    container : Path, default="/sys/fs/cgroup"
        Where a container's limit stands, which may be less.

    Returns
    -------
    int
        Bytes; 0 where the system does not tell, which leaves pixels in their files.
    """
    known = [value for value in (_available(system), _left(container)) if value >= 0]
    return min(known, default=0)


def _available(system: Path) -> int:
    try:
        for line in system.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return 1024 * int(line.split()[1])
    except OSError:
        pass
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return -1


def _left(container: Path) -> int:
    """Return what a container may still take, with files that it keeps; -1 for any."""
    try:
        limit = (container / "memory.max").read_text().strip()
        used = int((container / "memory.current").read_text())
        lines = (container / "memory.stat").read_text().splitlines()
    except OSError:
        return -1
    if limit == "max":
        return -1
    counts = dict(line.split() for line in lines)
    return max(0, int(limit) - used + int(counts.get("inactive_file", 0)))
