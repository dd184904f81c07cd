"""Distances of the group means of many quantities at once, as one autograd node."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from skrunner.gaps._means import GroupMeans, RunningMeans
from skrunner.gaps._structure import GapStructure

HALF = (torch.bfloat16, torch.float16)


@torch.no_grad()
def group_differences(
    structure: GapStructure,
    means: GroupMeans,
    running: RunningMeans,
    blocks: Sequence[Tensor],
) -> Tensor:
    """Compute how far the group means of every column are apart, with their signs.

    Parameters
    ----------
    structure : GapStructure
        What is compared.
    means : GroupMeans
        The averaging matrix of the rows.
    running : RunningMeans
        Takes the means in; its values are compared.
    blocks : sequence of Tensor of shape (n_samples, ...)
        Outputs and activations; half precision is averaged in the matrix's type.

    Returns
    -------
    Tensor of shape (n_terms, n_columns)
        The differences, detached; the columns of each block are flattened, side by
        side. Processes that share the rows get the same.
    """
    # Running means are kept by bin: a batch may lack one bin of a difference.
    contrasts = None if running.momentum else means.contrasts
    if contrasts is not None:
        return _averages(contrasts, blocks, means)
    averages = _averages(means.matrix, blocks, means)
    return structure.differences @ running.update(averages, means.present)


def weighted_distances(
    structure: GapStructure,
    means: GroupMeans,
    differences: Tensor,
    weights: Tensor,
    blocks: Sequence[Tensor],
) -> Tensor:
    """Add up the absolute differences by weight, attached to the graph of the blocks.

    The same as averaging, subtracting, taking absolute values and adding up block by
    block, in a fraction of the operations: a training step of a small net is bound by
    their number.

    Parameters
    ----------
    structure : GapStructure
        What is compared.
    means : GroupMeans
        The averaging matrix of the rows, which gives the gradient.
    differences : Tensor of shape (n_terms, n_columns)
        What `group_differences` found; with running means the value is theirs, the
        gradient that of the batch.
    weights : Tensor of shape (n_terms, n_columns)
        The weights, differentiable as well.
    blocks : sequence of Tensor of shape (n_samples, ...)
        The outputs and activations that were compared.

    Returns
    -------
    Tensor of shape ()
        The sum.
    """
    total: Tensor = _WeightedDistances.apply(
        structure, means, differences, weights, *blocks
    )
    return total


def row_slopes(structure: GapStructure, means: GroupMeans, slopes: Tensor) -> Tensor:
    """Take the slopes of a sum of differences from the terms to the rows.

    Parameters
    ----------
    structure : GapStructure
        What is compared.
    means : GroupMeans
        The averaging matrix of the rows.
    slopes : Tensor of shape (n_terms, n_columns)
        The derivative of the sum by each difference.

    Returns
    -------
    Tensor of shape (n_samples, n_columns)
        The derivative of the sum by each value.
    """
    by_row, by_column = _factors(structure, means, slopes)
    return by_row.mm(by_column)


class _WeightedDistances(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        structure: GapStructure,
        means: GroupMeans,
        differences: Tensor,
        weights: Tensor,
        *blocks: Tensor,
    ) -> Tensor:
        slopes = weights * differences.sign()
        ctx.save_for_backward(slopes, differences)
        ctx.structure, ctx.means = structure, means
        ctx.blocks = [(block.shape, block.dtype, _order(block)) for block in blocks]
        return (slopes * differences).sum()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        slopes, differences = ctx.saved_tensors
        by_weight = (
            gradients[0] * differences.abs() if ctx.needs_input_grad[3] else None
        )
        by_row, by_column = _factors(ctx.structure, ctx.means, gradients[0] * slopes)
        widths = [shape[1:].numel() for shape, *_ in ctx.blocks]
        by_block = [
            _outer(by_row, piece, *block) if needed else None
            for piece, block, needed in zip(
                by_column.split_with_sizes(widths, 1),
                ctx.blocks,
                ctx.needs_input_grad[4:],
                strict=True,
            )
        ]
        return None, None, None, by_weight, *by_block


def _factors(
    structure: GapStructure, means: GroupMeans, slopes: Tensor
) -> tuple[Tensor, Tensor]:
    if means.contrasts is not None:
        return means.contrasts.T, slopes
    return means.matrix.T, structure.differences.T @ slopes


def _averages(matrix: Tensor, blocks: Sequence[Tensor], means: GroupMeans) -> Tensor:
    halves = {
        block.dtype: _halves(matrix, block.dtype)
        for block in blocks
        if block.is_cuda and block.dtype in HALF and matrix.dtype == torch.float32
    }
    averages = torch.cat([_average(matrix, block, halves) for block in blocks], 1)
    # Before anything is compared: the sign of a part of the rows is not that of all.
    return averages if means.share is None else means.share.total(averages)


def _halves(matrix: Tensor, dtype: torch.dtype) -> Tensor:
    """Write a matrix as a sum of two of half precision, one below the other."""
    high = matrix.to(dtype)
    return torch.cat([high, (matrix - high).to(dtype)])


def _average(
    matrix: Tensor, block: Tensor, halves: Mapping[torch.dtype, Tensor]
) -> Tensor:
    order = _order(block)
    if order is None:
        flat = block if block.ndim == 2 else block.flatten(1)
        return _product(matrix, flat, halves)
    lying = block.permute(order)
    average = _product(matrix, lying.flatten(1), halves)
    average = average.reshape(-1, *lying.shape[1:])
    return _reordered(average, order).flatten(1)


def _product(
    matrix: Tensor, values: Tensor, halves: Mapping[torch.dtype, Tensor]
) -> Tensor:
    half = halves.get(values.dtype)
    if half is None:
        return matrix.mm(_as(values, matrix.dtype))
    # Adds up in single precision, without a copy of the values in it: a sixth of the
    # time on an H100.
    both = torch.mm(half, values, out_dtype=matrix.dtype)
    return both[: len(matrix)] + both[len(matrix) :]


def _outer(
    by_row: Tensor,
    by_column: Tensor,
    shape: torch.Size,
    dtype: torch.dtype,
    order: Sequence[int] | None,
) -> Tensor:
    if order is not None:
        by_column = by_column.reshape(-1, *shape[1:]).permute(*order).flatten(1)
    if dtype in HALF:  # as coarse as the gradient that it is added to
        by_row, by_column = by_row.to(dtype), by_column.to(dtype)
    # A product of one column and one row is slow in BLAS, but for half precision.
    single = by_row.shape[1] == 1 and dtype not in HALF
    values = _as(by_row * by_column if single else by_row.mm(by_column), dtype)
    if order is not None:
        return _reordered(values.reshape([shape[axis] for axis in order]), order)
    # A view, even of the same shape, would keep autograd from adding the layer's other
    # gradient in place.
    return values if values.shape == shape else values.reshape(shape)


def _order(block: Tensor) -> list[int] | None:
    """Return the axes as they lie in memory, or None if they do in their own order.

    Channels-last images and the units of a transformer are read and written where they
    are: copying activations costs a step more than averaging them.
    """
    if block.ndim == 2 or block.is_contiguous():
        return None
    order = sorted(range(1, block.ndim), key=block.stride, reverse=True)
    return [0, *order] if block.permute(0, *order).is_contiguous() else None


def _reordered(values: Tensor, order: Sequence[int]) -> Tensor:
    """Undo a permutation of axes."""
    return values.permute([order.index(axis) for axis in range(len(order))])


def _as(values: Tensor, dtype: torch.dtype) -> Tensor:
    return values if values.dtype == dtype else values.to(dtype)
