"""Where the pixels of a training stay, by the memory that is free."""

import os

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


def free_on_host() -> int:
    """Return the free memory of the host.

    Returns
    -------
    int
        Bytes; 0 where the system does not tell, which leaves pixels in their files.
    """
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return 0
