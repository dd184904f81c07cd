"""The validated rows of a fit: arrays on the way from the user to the device."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from skrunner.data import GroupDataset, PixelRows
from skrunner.groups import GroupEncoding


@dataclass(frozen=True)
class FitInput:
    """Validated rows of a fit.

    Attributes
    ----------
    X : ndarray of shape (n_samples, ...) or PixelRows
        What the net sees.
    y : ndarray of int of shape (n_samples,)
        Label codes.
    classes : ndarray of shape (n_classes,)
        The labels.
    groups : GroupEncoding or None
        The groups, if there are any.
    weight : ndarray of shape (n_samples,) or None
        Sample weights.
    """

    X: Any
    y: Any
    classes: Any
    groups: GroupEncoding | None
    weight: Any

    @property
    def cells(self) -> Any:
        """The cell of each row; the label where there are no groups."""
        codes = 0 if self.groups is None else self.groups.codes
        return codes * len(self.classes) + self.y

    def dataset(self) -> GroupDataset:
        """Return the rows as tensors on the CPU.

        Returns
        -------
        GroupDataset
            The rows, with codes of 0 where there are no groups.
        """
        groups = self.groups
        codes = np.zeros(len(self.y), np.int64) if groups is None else groups.codes
        weight = None if self.weight is None else torch.from_numpy(self.weight)
        return GroupDataset(
            self.X if isinstance(self.X, PixelRows) else torch.from_numpy(self.X),
            torch.from_numpy(self.y),
            torch.from_numpy(codes),
            n_groups=1 if groups is None else groups.n_groups,
            n_classes=len(self.classes),
            weight=weight,
            group_names=None if groups is None else groups.names,
            class_names=self.classes.tolist(),
        )
