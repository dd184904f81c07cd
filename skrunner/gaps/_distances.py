"""Distances of the group means of many quantities at once, as one autograd node."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from skrunner.gaps._layout import Layout
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
        ctx.layout = Layout.of(blocks)
        ctx.dtypes = [block.dtype for block in blocks]
        return (slopes * differences).sum()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        slopes, differences = ctx.saved_tensors
        by_weight = (
            gradients[0] * differences.abs() if ctx.needs_input_grad[3] else None
        )
        by_row, by_column = _factors(ctx.structure, ctx.means, gradients[0] * slopes)
        by_column = ctx.layout.lying(by_column)
        # Half precision is as coarse as the gradient that it is added to.
        factors = {
            dtype: (by_row.to(dtype), _pieces(by_column.to(dtype), ctx.layout))
            for dtype in set(ctx.dtypes)
        }
        by_block = [
            ctx.layout.block_of(_outer(factors[dtype][0], factors[dtype][1][i]), i)
            if needed
            else None
            for i, (dtype, needed) in enumerate(
                zip(ctx.dtypes, ctx.needs_input_grad[4:], strict=True)
            )
        ]
        return None, None, None, by_weight, *by_block


def _factors(
    structure: GapStructure, means: GroupMeans, slopes: Tensor
) -> tuple[Tensor, Tensor]:
    if means.contrasts is not None:
        return means.contrasts.T, slopes
    return means.matrix.T, structure.differences.T @ slopes


def _pieces(by_column: Tensor, layout: Layout) -> Sequence[Tensor]:
    return by_column.split_with_sizes(layout.widths(), 1)


def _outer(by_row: Tensor, by_column: Tensor) -> Tensor:
    # A product of one column and one row is slow in BLAS, but for half precision.
    if by_row.shape[1] == 1 and by_row.dtype not in HALF:
        return by_row * by_column
    return by_row.mm(by_column)


def _averages(matrix: Tensor, blocks: Sequence[Tensor], means: GroupMeans) -> Tensor:
    layout = Layout.of(blocks)
    summands = _summands(matrix, blocks)
    averages = torch.cat(
        [_product(matrix, rows, summands) for rows in layout.rows_of(blocks)], 1
    )
    if summands:
        averages = averages[: len(matrix)] + averages[len(matrix) :]
    averages = layout.counted(averages)
    # Before anything is compared: the sign of a part of the rows is not that of all.
    return averages if means.share is None else means.share.total(averages)


def _summands(matrix: Tensor, blocks: Sequence[Tensor]) -> Mapping[torch.dtype, Tensor]:
    """Write the matrix as a sum of two in each type, one below the other.

    Two of half precision hold as many digits as it takes. Their products with values of
    half precision add up in single precision, without a copy of the values in it: a
    sixth of the time on an H100. There is nothing to gain elsewhere.
    """
    halves = {block.dtype for block in blocks if block.is_cuda} & set(HALF)
    if not halves or matrix.dtype != torch.float32:
        return {}
    summands = {matrix.dtype: torch.cat([matrix, torch.zeros_like(matrix)])}
    for dtype in halves:
        high = matrix.to(dtype)
        summands[dtype] = torch.cat([high, (matrix - high).to(dtype)])
    return summands


def _product(
    matrix: Tensor, values: Tensor, summands: Mapping[torch.dtype, Tensor]
) -> Tensor:
    matrix = summands.get(values.dtype, matrix)
    if matrix.dtype in HALF:
        return torch.mm(matrix, values, out_dtype=torch.float32)
    return matrix.mm(values.to(matrix.dtype))
