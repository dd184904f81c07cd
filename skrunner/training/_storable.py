"""State in types that can be read from a file without running its code."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from skrunner.exceptions import CheckpointError

ARRAY = "numpy.ndarray"
READABLE = (type(None), bool, int, float, str, bytes, torch.dtype, torch.device)


def storable(value: Any) -> Any:
    """Copy what is to be kept, in types that can be read without running code.

    Parameters
    ----------
    value : object
        Tensors, arrays, numbers, text and containers of them.

    Returns
    -------
    object
        The copy, on the CPU.

    Raises
    ------
    CheckpointError
        If it holds anything else.
    """
    if isinstance(value, Tensor):
        return value.detach().cpu().clone()
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        return {ARRAY: torch.tensor(value)}
    if isinstance(value, OrderedDict):  # a module's, which holds versions besides
        kept = OrderedDict((key, storable(item)) for key, item in value.items())
        vars(kept).update(vars(value))
        return kept
    if isinstance(value, Mapping):
        return {key: storable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [storable(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if type(value) not in READABLE:
        raise CheckpointError(
            f"A checkpoint holds tensors, numbers and text, but the training keeps "
            f"{value!r} of type {type(value).__name__}. Look at what callbacks record "
            "in the history and at the state of module and optimizer, or pass "
            "checkpoint=None."
        )
    return value


def restored(value: Any) -> Any:
    """Undo what `storable` made of arrays.

    Parameters
    ----------
    value : object
        What was read.

    Returns
    -------
    object
        The same, with arrays.
    """
    if isinstance(value, dict) and value.keys() == {ARRAY}:
        return value[ARRAY].numpy()
    if isinstance(value, OrderedDict):
        return value
    if isinstance(value, dict):
        return {key: restored(item) for key, item in value.items()}
    if isinstance(value, list):
        return [restored(item) for item in value]
    return value
