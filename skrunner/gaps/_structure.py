"""What a constraint compares: bins of rows, their pairs, and the weights of both."""

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from skrunner.groups import label_conditions


@dataclass(frozen=True)
class GapStructure:
    """The comparisons of a constraint, constant during a fit.

    A bin holds the rows of one group whose label meets one condition (any label for
    demographic parity, one label for equalized odds). A term is the difference of two
    bins of the same condition.

    Attributes
    ----------
    membership : Tensor of shape (n_bins, n_cells)
        1 where the rows of a cell (``group * n_classes + label``) belong to a bin.
    differences : Tensor of shape (n_terms, n_bins)
        +1 and -1 for the two bins of a term.
    term_conditions : Tensor of shape (n_conditions, n_terms)
        1 where a term belongs to a condition.
    condition_weights : Tensor of shape (n_conditions,)
        The weight of each condition in a gap.
    output_weights : Tensor of shape (n_conditions, n_outputs)
        The weight of each output in a condition's gap of outputs.
    pairs : tuple of (int, int)
        The pairs of groups, in the order of a condition's terms.
    n_classes : int
        Number of classes.
    """

    membership: Tensor
    differences: Tensor
    term_conditions: Tensor
    condition_weights: Tensor
    output_weights: Tensor
    pairs: tuple[tuple[int, int], ...]
    n_classes: int

    def to(self, device: torch.device | str, dtype: torch.dtype) -> "GapStructure":
        """Return the same structure with its tensors elsewhere.

        Parameters
        ----------
        device : device or str
            Where to.
        dtype : dtype
            The floating type.

        Returns
        -------
        GapStructure
            A new structure.
        """
        names = [
            "membership",
            "differences",
            "term_conditions",
            "condition_weights",
            "output_weights",
        ]
        moved = {name: getattr(self, name).to(device, dtype) for name in names}
        return replace(self, **moved)

    def term_weights(self, present: Tensor) -> Tensor:
        """Weigh the terms: the mean over the pairs of groups that can be compared.

        Parameters
        ----------
        present : Tensor of shape (n_bins,)
            1 where a bin has rows, else 0.

        Returns
        -------
        Tensor of shape (n_terms,)
            The weights; 0 for a term that lacks one of its bins.
        """
        complete = (self.differences.abs() @ present == 2).to(present.dtype)
        n_complete = (self.term_conditions @ complete).clamp_min(1)
        return complete * (
            self.term_conditions.T @ (self.condition_weights / n_complete)
        )

    def term_output_weights(self, present: Tensor) -> Tensor:
        """Weigh the terms of each output.

        Parameters
        ----------
        present : Tensor of shape (n_bins,)
            1 where a bin has rows, else 0.

        Returns
        -------
        Tensor of shape (n_terms, n_outputs)
            The weights.
        """
        return self.term_weights(present)[:, None] * self.output_shares()

    def output_shares(self) -> Tensor:
        """Return the share of each output in a term's gap of outputs.

        Returns
        -------
        Tensor of shape (n_terms, n_outputs)
            The shares.
        """
        return self.term_conditions.T @ self.output_weights


def gap_structure(constraints: str, n_groups: int, n_classes: int) -> GapStructure:
    """Lay out what a constraint compares (RUNNER, eqs 3, 4, 8 and 10, generalized).

    With more than two groups a gap is the mean over their pairs, with more than two
    classes half the sum over the outputs, so that both equal the paper's for two.
    Equalized odds adds the gaps of the labels; true (false) positive rate parity looks
    at one label, or averages the one-against-rest gaps of more than two classes.

    Parameters
    ----------
    constraints : str
        One of ``skrunner.groups.CONSTRAINTS``.
    n_groups, n_classes : int
        Number of groups and of classes, at least 2 each.

    Returns
    -------
    GapStructure
        The comparisons, in float64 on the CPU.

    Examples
    --------
    >>> gap_structure("demographic_parity", n_groups=2, n_classes=2).differences
    tensor([[ 1., -1.]], dtype=torch.float64)
    """
    conditions = label_conditions(constraints, n_classes).astype(np.float64)
    n_conditions = len(conditions)
    pairs = tuple(combinations(range(n_groups), 2))
    pair_matrix = np.zeros((len(pairs), n_groups))
    for row, (first, second) in enumerate(pairs):
        pair_matrix[row, first], pair_matrix[row, second] = 1, -1
    output_weights, condition_weight = _output_weights(constraints, n_classes)
    membership = [np.kron(np.eye(n_groups), row) for row in conditions]
    return GapStructure(
        torch.from_numpy(np.concatenate(membership)),
        torch.from_numpy(np.kron(np.eye(n_conditions), pair_matrix)),
        torch.from_numpy(np.kron(np.eye(n_conditions), np.ones(len(pairs)))),
        torch.full((n_conditions,), condition_weight, dtype=torch.float64),
        torch.from_numpy(output_weights),
        pairs=pairs,
        n_classes=n_classes,
    )


def _output_weights(
    constraints: str, n_classes: int
) -> tuple[npt.NDArray[np.float64], float]:
    n_conditions = len(label_conditions(constraints, n_classes))
    if n_classes == 2:
        return np.ones((n_conditions, 1)), 1.0
    if constraints in ("demographic_parity", "equalized_odds"):
        return np.full((n_conditions, n_classes), 0.5), 1.0
    return np.eye(n_classes), 1.0 / n_classes
