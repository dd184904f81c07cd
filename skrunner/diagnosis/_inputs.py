"""Check what a diagnosis is given: rows as a tensor, labels as codes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor, nn

from skrunner.data import PixelOptions, PixelRows, as_pixels


def home_of(module: nn.Module) -> tuple[torch.device, torch.dtype]:
    for parameter in module.parameters():
        return parameter.device, parameter.dtype
    return torch.device("cpu"), torch.get_default_dtype()


def as_inputs(module: nn.Module, X: Any) -> Tensor | PixelRows:
    device, dtype = home_of(module)
    images = as_pixels(X, PixelOptions(dtype=dtype))
    if images is not None:
        return images.on_the_way_to(device)
    tensor = X if isinstance(X, Tensor) else torch.from_numpy(np.array(X))
    if tensor.ndim < 2 or not len(tensor):
        raise ValueError(
            f"X must have shape (n_samples, ...) with at least one row, got "
            f"{tuple(tensor.shape)}."
        )
    tensor = tensor.to(dtype)
    if not torch.isfinite(tensor).all():
        raise ValueError("X holds NaN or infinity. Impute or drop those rows first.")
    return tensor


def encode_labels(
    y: Any,
    classes: Sequence[Any] | None,
    n_outputs: int,
    constraints: str,
    n_samples: int,
) -> tuple[npt.NDArray[np.int64], Sequence[Any]]:
    n_classes = max(2, n_outputs)
    if y is None:
        if constraints != "demographic_parity":
            raise ValueError(f"constraints={constraints!r} needs the labels: pass y.")
        return np.zeros(n_samples, np.int64), range(n_classes)
    labels = np.asarray(y)
    if labels.shape != (n_samples,):
        raise ValueError(
            f"y must have one label for each of the {n_samples} rows of X, got shape "
            f"{labels.shape}."
        )
    missing = int(pd.isna(labels).sum())
    if missing:
        raise ValueError(f"y misses {missing} of {n_samples} labels.")
    known = np.unique(labels) if classes is None else np.asarray(classes)
    if len(known) != n_classes:
        raise ValueError(
            f"y has {len(known)} classes, but the module's {n_outputs} output(s) stand "
            f"for {n_classes}. Pass classes= in the order of the outputs."
        )
    order = np.argsort(known)
    places = np.searchsorted(known[order], labels).clip(max=n_classes - 1)
    codes = order[places]
    if (known[codes] != labels).any():
        unknown = sorted(set(labels[known[codes] != labels].tolist()), key=str)
        raise ValueError(f"y holds labels that are not in classes: {unknown}.")
    return codes.astype(np.int64), known.tolist()
