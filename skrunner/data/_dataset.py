"""Rows that carry their groups: group codes travel with X and y, never beside them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from itertools import product
from typing import Any

import torch
from torch import Tensor

from skrunner.data._pixels import PixelRows


@dataclass(frozen=True)
class GroupDataset:
    """A table of rows on one device.

    Attributes
    ----------
    X : Tensor of shape (n_samples, ...) or PixelRows
        Inputs.
    y : Tensor of int64 of shape (n_samples,)
        Label codes.
    groups : Tensor of int64 of shape (n_samples,)
        Group codes; all zero where there are no groups.
    n_groups, n_classes : int
        How many codes there are.
    weight : Tensor of shape (n_samples,) or None, default=None
        Sample weights.
    group_names, class_names : sequence or None, default=None
        What the codes mean to the user; None lets the codes stand for themselves.
    flagged : Tensor of bool of shape (n_samples,) or None, default=None
        Rows that an objective treats in another way.

    Examples
    --------
    >>> X, codes = torch.zeros(4, 2), torch.tensor([0, 1, 0, 1])
    >>> data = GroupDataset(X, codes, codes.flip(0), n_groups=2, n_classes=2)
    >>> len(data.take(torch.tensor([0, 3])))
    2
    """

    X: Tensor | PixelRows
    y: Tensor
    groups: Tensor
    n_groups: int
    n_classes: int
    weight: Tensor | None = None
    group_names: Sequence[Any] | None = None
    class_names: Sequence[Any] | None = None
    flagged: Tensor | None = None

    def __len__(self) -> int:
        return len(self.y)

    def as_table(self) -> Tensor:
        """Return the inputs, where they are no images.

        Returns
        -------
        Tensor of shape (n_samples, ...)
            X itself.

        Raises
        ------
        TypeError
            If they are.
        """
        if isinstance(self.X, PixelRows):
            raise TypeError(f"X holds images of shape {tuple(self.X.shape)}.")
        return self.X

    @property
    def cells(self) -> Tensor:
        """The cell of each row: ``group * n_classes + label``."""
        return self.groups * self.n_classes + self.y

    def cell_names(self) -> list[tuple[Any, Any]]:
        """Name the group and the label of every cell.

        Returns
        -------
        list of tuple of length n_groups * n_classes
            In the order of `cells`.
        """
        groups = self.group_names or range(self.n_groups)
        classes = self.class_names or range(self.n_classes)
        return list(product(groups, classes))

    def take(self, rows: Tensor) -> "GroupDataset":
        """Select rows.

        Parameters
        ----------
        rows : Tensor of int64 of shape (n_rows,)
            Their indices, on the same device.

        Returns
        -------
        GroupDataset
            A copy of those rows.
        """
        return self._map(
            lambda tensor: (
                tensor[rows] if isinstance(tensor, Tensor) else tensor.take(rows)
            )
        )

    def to(self, device: torch.device | str) -> "GroupDataset":
        """Move to a device.

        Parameters
        ----------
        device : device or str
            Where to.

        Returns
        -------
        GroupDataset
            The same rows there.
        """
        return self._map(lambda tensor: tensor.to(device))

    def _map(self, function: Callable[[Any], Any]) -> "GroupDataset":
        tensors: dict[str, Any] = {
            field.name: function(getattr(self, field.name))
            for field in fields(self)
            if isinstance(getattr(self, field.name), (Tensor, PixelRows))
        }
        return replace(self, **tensors)
