"""What a fit depends on, so that a checkpoint of another one is refused."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from numbers import Integral
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

import skrunner
from skrunner._processes import n_processes
from skrunner.data import PixelRows
from skrunner.estimators._budget import resolve_device
from skrunner.estimators._fit_input import FitInput
from skrunner.training import Checkpoint, GroupNet, NetSpec, Seeds

# What changes neither weights nor what is recorded of them.
IGNORED = {"checkpoint", "verbose", "callbacks", "image_storage"}
LONGEST = 300
ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def open_checkpoint(
    estimator: Any, spec: NetSpec, rows: FitInput, seeds: Seeds, *, again: bool
) -> Checkpoint | None:
    """Open the checkpoint of a fit, if there is to be one.

    Parameters
    ----------
    estimator : BaseNetClassifier
        Holds the parameters.
    spec : NetSpec
        What was passed as `net`.
    rows : FitInput
        All rows.
    seeds : Seeds
        The seeds of a fit that starts here.
    again : bool
        Whether the fit goes on with the weights of another.

    Returns
    -------
    Checkpoint or None
        The checkpoint.

    Raises
    ------
    ValueError
        If the fit goes on with weights that no checkpoint knows.
    CheckpointError
        If the file is of another fit, or damaged.
    """
    if estimator.checkpoint is None:
        return None
    if again:
        raise ValueError(
            f"checkpoint={str(estimator.checkpoint)!r} holds one whole fit, but "
            "partial_fit and warm_start=True go on with weights from before it. Pass "
            "checkpoint=None, or call fit with warm_start=False."
        )
    device = resolve_device(estimator.device, spec)
    known = fingerprint(estimator, rows, device)
    return Checkpoint(estimator.checkpoint, known, seeds)


@contextmanager
def checkpointed(net: GroupNet, checkpoint: Checkpoint | None) -> Iterator[None]:
    """Let a net write its state inside the context, and that it finished behind it.

    Parameters
    ----------
    net : GroupNet
        The net.
    checkpoint : Checkpoint or None
        Where to; None nowhere.

    Yields
    ------
    None
        Nothing.
    """
    net.checkpoint_ = checkpoint
    try:
        yield
    finally:
        net.checkpoint_ = None
    if checkpoint is not None:
        checkpoint.finish()


def fingerprint(estimator: Any, rows: FitInput, device: str) -> dict[str, str]:
    """Describe all that a fit depends on.

    Parameters
    ----------
    estimator : BaseNetClassifier
        Holds the parameters.
    rows : FitInput
        All rows.
    device : str
        Where the training is.

    Returns
    -------
    dict of str to str
        Parameters, versions, and hashes of the rows.
    """
    kind = type(estimator)
    params = estimator.get_params(deep=False)
    seed = params["random_state"]
    described = {
        name: _describe(value) for name, value in params.items() if name not in IGNORED
    }
    groups = rows.groups
    known = described | {
        "estimator": f"{kind.__module__}.{kind.__qualname__}",
        "skrunner": skrunner.__version__,
        "torch": str(torch.__version__),
        "device": device,
        "processes": str(n_processes()),
        "random_state": _describe_seed(seed),
        "X": _describe(rows.X),
        "y": _describe([rows.classes, rows.y]),
        "sensitive_features": _describe(groups and [groups.names, groups.codes]),
        "sample_weight": _describe(rows.weight),
    }
    return {name: _shortened(text) for name, text in known.items()}


def _describe_seed(seed: Any) -> str:
    if isinstance(seed, np.random.RandomState):  # behind the draw of the seeds
        return f"RandomState {_describe(seed.get_state())}"
    return str(seed) if isinstance(seed, Integral) else type(seed).__name__


def _shortened(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    return f"sha256 {hashlib.sha256(text.encode()).hexdigest()}"


def _describe(value: Any) -> str:
    """Say in one line what a value is, the same in every process."""
    if isinstance(value, (Tensor, np.ndarray)):
        return _digest(value)
    if isinstance(value, PixelRows):
        return _describe(value.identity())
    if isinstance(value, nn.Module):
        return f"{value} {_describe(value.state_dict())}"
    if isinstance(value, Mapping):
        pairs = ((key, value[key]) for key in sorted(value, key=str))
        return str({str(key): _describe(item) for key, item in pairs})
    if isinstance(value, (list, tuple)):
        return str([_describe(item) for item in value])
    return _name(value)


def _name(value: Any) -> str:
    if hasattr(value, "__qualname__"):
        return f"{value.__module__}.{value.__qualname__}"
    if hasattr(value, "get_params"):  # a skorch net
        params = value.get_params(deep=False)
        kept = {name: params[name] for name in params.keys() - IGNORED}
        return f"{type(value).__qualname__} {_describe(kept)}"
    return ADDRESS.sub("", repr(value))


def _digest(value: Tensor | np.ndarray) -> str:
    if value.dtype == object:
        return str([_describe(item) for item in value.tolist()])
    if isinstance(value, Tensor):
        if is_lazy(value):
            return "uninitialized"
        flat = value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy()
    else:
        flat = np.ascontiguousarray(value).reshape(-1).view(np.uint8)
    return f"{value.dtype} {tuple(value.shape)} {hashlib.sha256(flat.data).hexdigest()}"
