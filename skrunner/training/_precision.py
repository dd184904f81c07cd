"""Number formats of training and prediction."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from skrunner.nn import evaluating

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
    """Allow TF32 products inside the context, if that is the precision.

    Parameters
    ----------
    precision : str
        One of ``PRECISIONS``.

    Yields
    ------
    None
        Nothing.
    """
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high" if precision == "tf32" else "highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def forward_logits(module: nn.Module, X: Tensor, precision: str) -> Tensor:
    """Run a module; only the module itself sees half precision.

    Parameters
    ----------
    module : Module
        Returns logits.
    X : Tensor of shape (n_samples, ...)
        Inputs on its device.
    precision : str
        One of ``PRECISIONS``.

    Returns
    -------
    Tensor of shape (n_samples,) or (n_samples, n_outputs)
        Logits in 32 or 64 bits.
    """
    if precision != "bf16":
        logits: Tensor = module(X)
        return logits
    with torch.autocast(X.device.type, torch.bfloat16):
        logits = module(X)
    return logits.float()


@torch.no_grad()
def predict_logits(
    module: nn.Module, X: Tensor, precision: str = "fp32", batch_size: int = 8192
) -> Tensor:
    """Run a module in evaluation mode, a chunk of rows at a time.

    Parameters
    ----------
    module : Module
        Returns logits.
    X : Tensor of shape (n_samples, ...)
        Inputs, on any device.
    precision : str, default="fp32"
        One of ``PRECISIONS``.
    batch_size : int, default=8192
        Rows of a chunk.

    Returns
    -------
    Tensor of shape (n_samples, n_outputs)
        Logits on the module's device.
    """
    device = next(module.parameters()).device
    with evaluating(module), matmul_precision(precision):
        parts = [
            forward_logits(module, part.to(device), precision)
            for part in X.split(batch_size)
        ]
    return torch.cat([part.reshape(len(part), -1) for part in parts])
