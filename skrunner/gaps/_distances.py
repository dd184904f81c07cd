"""Distances of the group means of many quantities at once, as one autograd node."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from skrunner.gaps._means import GroupMeans, RunningMeans
from skrunner.gaps._structure import GapStructure


def group_distances(
    structure: GapStructure,
    means: GroupMeans,
    running: RunningMeans,
    blocks: Sequence[Tensor],
) -> Tensor:
    """Compute how far the group means of every column are apart.

    The same as averaging, subtracting and taking absolute values block by block, in a
    fraction of the operations: a training step of a small net is bound by their number.

    Parameters
    ----------
    structure : GapStructure
        What is compared.
    means : GroupMeans
        The averaging matrix of the rows.
    running : RunningMeans
        Takes the means in; its values are compared, with the gradient of the batch.
    blocks : sequence of Tensor of shape (n_samples, ...)
        Outputs and activations; half precision is averaged in the matrix's type.

    Returns
    -------
    Tensor of shape (n_terms, n_columns)
        Absolute differences; the columns of each block are flattened, side by side.
    """
    distances: Tensor = _GroupDistances.apply(structure, means, running, *blocks)
    return distances


class _GroupDistances(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        structure: GapStructure,
        means: GroupMeans,
        running: RunningMeans,
        *blocks: Tensor,
    ) -> Tensor:
        columns = torch.cat([means.of(block).flatten(1) for block in blocks], 1)
        averaged, _ = running.update(columns, means.present)
        differences = structure.differences @ averaged
        ctx.save_for_backward(means.matrix, structure.differences, differences.sign())
        ctx.blocks = [(block.shape, block.dtype) for block in blocks]
        return differences.abs()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        matrix, terms, signs = ctx.saved_tensors
        by_mean = terms.T @ (gradients[0] * signs)
        widths = [shape[1:].numel() for shape, _ in ctx.blocks]
        pieces = torch.split(by_mean, widths, 1)
        by_row = matrix.T
        return (
            None,
            None,
            None,
            *[
                _shaped(by_row @ piece, shape).to(dtype) if needed else None
                for piece, (shape, dtype), needed in zip(
                    pieces, ctx.blocks, ctx.needs_input_grad[3:], strict=True
                )
            ],
        )


def _shaped(values: Tensor, shape: torch.Size) -> Tensor:
    # A view, even of the same shape, would keep autograd from adding the layer's other
    # gradient in place.
    return values if values.shape == shape else values.reshape(shape)
