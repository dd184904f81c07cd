"""The columns of blocks: as they are counted, and as they lie in memory.

Channels-last images and the units of a transformer are read and written where they are:
copying activations costs a step more than averaging them. What belongs to the columns
is put in order for all blocks at once.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

Order = tuple[int, ...]


class Layout(NamedTuple):
    """How blocks lie in memory.

    Attributes
    ----------
    shapes : tuple of Size
        Their shapes, rows first.
    orders : tuple of (tuple of int or None)
        For each its axes as they lie in memory; None if they do in their own order.
    """

    shapes: tuple[torch.Size, ...]
    orders: tuple[Order | None, ...]

    @classmethod
    def of(cls, blocks: Sequence[Tensor]) -> "Layout":
        """Look where blocks are.

        Parameters
        ----------
        blocks : sequence of Tensor of shape (n_rows, ...)
            The blocks.

        Returns
        -------
        Layout
            Theirs.
        """
        return cls(
            tuple(block.shape for block in blocks),
            tuple(_order(block.shape, block.stride()) for block in blocks),
        )

    def widths(self) -> list[int]:
        """Count the columns of each block.

        Returns
        -------
        list of int
            The numbers.
        """
        return [shape[1:].numel() for shape in self.shapes]

    def rows_of(self, blocks: Sequence[Tensor]) -> list[Tensor]:
        """View each block as rows of columns in memory.

        Parameters
        ----------
        blocks : sequence of Tensor
            The blocks.

        Returns
        -------
        list of Tensor of shape (n_rows, n_columns)
            Views, but of blocks that lie in no order at all.
        """
        return [
            (block if order is None else block.permute(order)).flatten(1)
            for block, order in zip(blocks, self.orders, strict=True)
        ]

    def block_of(self, rows: Tensor, which: int) -> Tensor:
        """View rows of columns in memory as a block.

        Parameters
        ----------
        rows : Tensor of shape (n_rows, n_columns)
            Of the columns of one block.
        which : int
            Its number.

        Returns
        -------
        Tensor
            Of the block's shape.
        """
        shape, order = self.shapes[which], self.orders[which]
        if order is not None:
            rows = rows.reshape([shape[axis] for axis in order])
            return rows.permute([order.index(axis) for axis in range(len(order))])
        # A view, even of the same shape, would keep autograd from adding the layer's
        # other gradient in place.
        return rows if rows.shape == shape else rows.reshape(shape)

    def counted(self, columns: Tensor) -> Tensor:
        """Put columns from memory's order into that of the blocks' axes.

        Parameters
        ----------
        columns : Tensor of shape (k, n_columns)
            Of all blocks side by side.

        Returns
        -------
        Tensor of shape (k, n_columns)
            In order.
        """
        return self._ordered(columns, 0)

    def lying(self, columns: Tensor) -> Tensor:
        """Put columns into memory's order.

        Parameters
        ----------
        columns : Tensor of shape (k, n_columns)
            Of all blocks side by side.

        Returns
        -------
        Tensor of shape (k, n_columns)
            As they lie.
        """
        return self._ordered(columns, 1)

    def _ordered(self, columns: Tensor, which: int) -> Tensor:
        if not any(self.orders):
            return columns
        shapes = tuple(shape[1:] for shape in self.shapes)
        indices = _indices(shapes, self.orders, columns.device)
        return columns.index_select(1, indices[which])


@lru_cache(maxsize=1024)  # looked up for every layer, twice a step
def _order(shape: torch.Size, strides: tuple[int, ...]) -> Order | None:
    axes = tuple(range(len(shape)))
    order = (0, *sorted(axes[1:], key=strides.__getitem__, reverse=True))
    if _is_dense(shape, strides, axes) or not _is_dense(shape, strides, order):
        return None
    return order


def _is_dense(shape: torch.Size, strides: tuple[int, ...], order: Order) -> bool:
    """Tell whether nothing lies between the values, with the axes in this order."""
    step = 1
    for axis in reversed(order):
        if shape[axis] != 1 and strides[axis] != step:
            return False
        step *= shape[axis]
    return True


@lru_cache(maxsize=8)  # a net's layout is the same at every step
def _indices(
    shapes: tuple[torch.Size, ...],
    orders: tuple[Order | None, ...],
    device: torch.device,
) -> tuple[Tensor, Tensor]:
    """Return where each column lies, and which column lies where."""
    lying = []
    start = 0
    for shape, order in zip(shapes, orders, strict=True):
        columns = torch.arange(start, start + shape.numel()).reshape(shape)
        axes = order or range(len(shape) + 1)
        lying.append(columns.permute([axis - 1 for axis in axes[1:]]).flatten())
        start += shape.numel()
    which = torch.cat(lying)
    return which.argsort().to(device), which.to(device)
