"""Batch normalization over the rows of all processes, for the time of a training.

``torch.nn.SyncBatchNorm`` does it on GPUs, in kernels of its own. It runs nowhere else,
and an `ActivationRecorder` could not follow it: here is what it lacks.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.overrides import handle_torch_function, has_torch_function_unary

from skrunner._processes import joined_sum
from skrunner.exceptions import DistributedError


@contextmanager
def joined_batch_norm(module: nn.Module) -> Iterator[bool]:
    """Let the batch normalization of a net take its statistics from all processes.

    In evaluation it is as ever, and behind the block in training as well.

    Parameters
    ----------
    module : Module
        The net.

    Yields
    ------
    bool
        Whether the net has any.

    Raises
    ------
    DistributedError
        If the net has batch normalization with a forward pass of its own.
    """
    norms: list[Any] = [
        part for part in module.modules() if isinstance(part, _BatchNorm)
    ]
    with ExitStack() as stack:
        for norm in norms:
            if type(norm).forward not in (
                _BatchNorm.forward,
                nn.SyncBatchNorm.forward,
            ):
                raise DistributedError(
                    f"{type(norm).__name__} normalizes batches in a way of its own, "
                    "which several processes cannot join. Use torch.nn.BatchNorm*d, "
                    "or train in one process."
                )
            norm.forward = partial(_forward, norm, norm.forward, _synchronized(norm))
            stack.callback(norm.__dict__.pop, "forward")
        yield bool(norms)


def _synchronized(norm: Any) -> nn.SyncBatchNorm:
    """Make torch's joined normalization of the same parameters and statistics."""
    twin = nn.SyncBatchNorm(
        norm.num_features,
        norm.eps,
        norm.momentum,
        norm.affine,
        norm.track_running_stats,
        device="meta",
    )
    for name in (*twin._parameters, *twin._buffers):  # noqa: SLF001 (no None left out)
        setattr(twin, name, getattr(norm, name))
    return twin


def _forward(norm: Any, alone: Any, twin: nn.SyncBatchNorm, X: Tensor) -> Tensor:
    if not norm.training:
        result: Tensor = alone(X)
        return result
    norm._check_input_dim(X)  # noqa: SLF001 (what its own forward does)
    return normalize_jointly(X, norm, twin)


def normalize_jointly(X: Tensor, norm: Any, twin: nn.SyncBatchNorm) -> Tensor:
    """Normalize channels by the mean and the variance over all processes.

    Parameters
    ----------
    X : Tensor of shape (n_rows, n_channels, ...)
        The rows of this process; half precision is averaged in single precision.
    norm : Module
        The batch normalization, whose running statistics move on.
    twin : SyncBatchNorm
        Of the same parameters and statistics; runs if `X` is on a GPU.

    Returns
    -------
    Tensor of shape (n_rows, n_channels, ...)
        In the type of `X`.
    """
    if has_torch_function_unary(X):  # an ActivationRecorder follows
        followed: Tensor = handle_torch_function(normalize_jointly, (X,), X, norm, twin)
        return followed
    if X.is_cuda:
        fused: Tensor = twin(X)
        return fused
    values, mean, variance, n = _Normalized.apply(X, norm.eps)
    if norm.track_running_stats:
        _remember(norm, mean, variance * n / (n - 1).clamp_min(1))
    shape = (1, -1, *[1] * (X.ndim - 2))
    if norm.affine:
        weight, bias = (part.reshape(shape) for part in (norm.weight, norm.bias))
        values = torch.addcmul(bias, values, weight)
    result: Tensor = values.to(X.dtype)
    return result


@torch.no_grad()
def _remember(norm: Any, mean: Tensor, variance: Tensor) -> None:
    norm.num_batches_tracked.add_(1)
    share = norm.momentum
    if share is None:
        share = 1 / float(norm.num_batches_tracked)
    norm.running_mean.lerp_(mean.to(norm.running_mean.dtype), share)
    norm.running_var.lerp_(variance.to(norm.running_var.dtype), share)


class _Normalized(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, X: Tensor, eps: float
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        values = _widened(X)
        rows = [axis for axis in range(X.ndim) if axis != 1]
        n_own = values.new_full((1,), X.numel() / X.shape[1])
        sums = joined_sum(torch.cat([values.sum(rows), n_own]))
        mean, n = sums[:-1] / sums[-1], sums[-1]
        centered = values - _by_channel(mean, X)
        # A second sum rather than one of squares, which would cancel.
        variance = joined_sum(centered.square().sum(rows)) / n
        scale = (variance + eps).rsqrt()
        ctx.save_for_backward(X, mean, scale, n)
        ctx.mark_non_differentiable(mean, variance, n)
        return centered * _by_channel(scale, X), mean, variance, n

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        X, mean, scale, n = ctx.saved_tensors
        gradient = gradients[0]
        scale = _by_channel(scale, X)
        normalized = (_widened(X) - _by_channel(mean, X)) * scale
        rows = [axis for axis in range(X.ndim) if axis != 1]
        sums = torch.cat([gradient.sum(rows), (gradient * normalized).sum(rows)])
        level, slope = (joined_sum(sums) / n).chunk(2)
        centered = gradient - _by_channel(level, X) - normalized * _by_channel(slope, X)
        return (centered * scale).to(X.dtype), None


def _widened(X: Tensor) -> Tensor:
    return X.float() if X.dtype in (torch.bfloat16, torch.float16) else X


def _by_channel(values: Tensor, X: Tensor) -> Tensor:
    return values.reshape(1, -1, *[1] * (X.ndim - 2))
