"""Number formats of training and prediction."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from skrunner.data import PixelRows, chunks_of, rows_at_once
from skrunner.exceptions import UnsupportedModuleError
from skrunner.nn import evaluating
from skrunner.training._tf32 import tf32_products

PRECISIONS = ("fp32", "tf32", "bf16", "fp64")


def model_dtype(precision: str) -> torch.dtype:
    """Return the type of weights and inputs.

    Parameters
    ----------
    precision : {"fp32", "tf32", "bf16", "fp64"}
        Only ``"fp64"`` stores other than 32 bits.

    Returns
    -------
    dtype
        The type.
    """
    return torch.float64 if precision == "fp64" else torch.float32


@contextmanager
def matmul_precision(precision: str) -> Iterator[None]:
    """Allow TF32 in products and convolutions inside the context, if that is asked for.

    Every other precision refuses it, also in convolutions, where torch allows it.

    Parameters
    ----------
    precision : str
        One of ``PRECISIONS``.

    Yields
    ------
    None
        Nothing.
    """
    with tf32_products(allowed=precision == "tf32"):
        yield


def forward_logits(
    module: Callable[[Tensor], Tensor], X: Tensor, precision: str
) -> Tensor:
    """Run a module; only the module itself sees half precision.

    Parameters
    ----------
    module : Module or callable
        Returns logits.
    X : Tensor of shape (n_samples, ...)
        Inputs on its device.
    precision : str
        One of ``PRECISIONS``.

    Returns
    -------
    Tensor of shape (n_samples,) or (n_samples, n_outputs)
        Logits in 32 or 64 bits.

    Raises
    ------
    UnsupportedModuleError
        If the module returns no tensor.
    """
    if precision != "bf16":
        return _tensor_of(module(X))
    with torch.autocast(X.device.type, torch.bfloat16):
        logits = module(X)
    return _tensor_of(logits).float()


def _tensor_of(logits: Any) -> Tensor:
    if isinstance(logits, Tensor):
        return logits
    raise UnsupportedModuleError(
        f"The module returned {type(logits).__name__}; expected a tensor of logits. If "
        "it does so in training mode alone, build it without auxiliary outputs, as "
        "torchvision's nets with aux_logits=False."
    )


@torch.no_grad()
def predict_logits(
    module: nn.Module,
    X: Tensor | PixelRows,
    precision: str = "fp32",
    batch_size: int = 8192,
) -> Tensor:
    """Run a module in evaluation mode, a chunk of rows at a time.

    Parameters
    ----------
    module : Module
        Returns logits.
    X : Tensor of shape (n_samples, ...) or PixelRows
        Inputs, on any device.
    precision : str, default="fp32"
        One of ``PRECISIONS``.
    batch_size : int, default=8192
        Rows of a chunk at most; large rows such as images take smaller ones, and a
        device that has too little memory halves them.

    Returns
    -------
    Tensor of shape (n_samples, n_outputs)
        Logits on the module's device.
    """
    n_rows = rows_at_once(X, batch_size)
    with evaluating(module), matmul_precision(precision):
        while True:
            try:
                return _logits_of_chunks(module, X, precision, n_rows)
            except torch.OutOfMemoryError:
                if n_rows == 1:
                    raise
            n_rows //= 2
            torch.cuda.empty_cache()


def _logits_of_chunks(
    module: nn.Module, X: Tensor | PixelRows, precision: str, n_rows: int
) -> Tensor:
    device = next(module.parameters()).device
    with closing(chunks_of(X, n_rows)) as chunks:  # a thread may be reading ahead
        parts = [forward_logits(module, part.to(device), precision) for part in chunks]
    return torch.cat([part.reshape(len(part), -1) for part in parts])
