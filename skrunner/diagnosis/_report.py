"""What a diagnosis found, frozen."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class NeuronDiagnosis:
    """The neurons of a net: how much they matter for a gap and how they discriminate.

    Neurons are in forward order of the layers; every array has one entry a neuron.

    Attributes
    ----------
    layer : ndarray of str of shape (n_neurons,)
        The layer's name, as in ``named_modules()``.
    neuron : ndarray of int of shape (n_neurons,)
        The index in the layer, from 0.
    importance : ndarray of shape (n_neurons,)
        The unfairness importance UI (RUNNER, eqs 5 and 6).
    discrimination : ndarray of shape (n_neurons,)
        The gap of the mean activation between groups (eq. 8; eq. 10 adds labels up),
        averaged over the pairs of groups.
    discrimination_by_pair : ndarray of shape (n_neurons, n_pairs)
        The same for each pair.
    rank : ndarray of int of shape (n_neurons,)
        The rank by importance within the layer; 1 is the most important.
    selected : ndarray of bool of shape (n_neurons,)
        Whether it is among the top k of its layer (eq. 7).
    pairs : tuple of (str, str)
        The names of the groups of each pair.
    constraints : str
        The constraint whose gap was diagnosed.
    gap : float
        The gap of the mean output (eqs 3 and 4) on the rows looked at.
    n_samples : int
        Number of rows.

    Examples
    --------
    >>> import torch
    >>> from skrunner import diagnose_neurons
    >>> net = torch.nn.Sequential(
    ...     torch.nn.Linear(1, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1)
    ... )
    >>> X = torch.linspace(-2, 2, 60)[:, None]
    >>> diagnosis = diagnose_neurons(net, X, sensitive_features=["a", "b"] * 30)
    >>> diagnosis.to_frame().columns.tolist()
    ['layer', 'neuron', 'importance', 'discrimination', 'rank', 'selected']
    """

    layer: npt.NDArray[np.object_]
    neuron: npt.NDArray[np.int64]
    importance: Floats
    discrimination: Floats
    discrimination_by_pair: Floats
    rank: npt.NDArray[np.int64]
    selected: npt.NDArray[np.bool_]
    pairs: tuple[tuple[str, str], ...] = field(default=())
    constraints: str = "demographic_parity"
    gap: float = float("nan")
    n_samples: int = 0

    def to_frame(self, *, by_pair: bool = False) -> pd.DataFrame:
        """Return a table with one row a neuron.

        Parameters
        ----------
        by_pair : bool, default=False
            Whether to add a column ``discrimination[a, b]`` for each pair of groups.

        Returns
        -------
        DataFrame of shape (n_neurons, 6) or (n_neurons, 6 + n_pairs)
            Columns layer, neuron, importance, discrimination, rank, selected.
        """
        columns = [
            "layer",
            "neuron",
            "importance",
            "discrimination",
            "rank",
            "selected",
        ]
        frame = pd.DataFrame({name: getattr(self, name) for name in columns})
        if by_pair:
            for index, pair in enumerate(self.pairs):
                name = f"discrimination[{', '.join(pair)}]"
                frame[name] = self.discrimination_by_pair[:, index]
        return frame

    def __len__(self) -> int:
        return len(self.neuron)

    def __repr__(self) -> str:
        return (
            f"NeuronDiagnosis({len(self)} neurons in {len(set(self.layer))} layers, "
            f"{int(self.selected.sum())} selected, {self.constraints}, "
            f"gap={self.gap:.4f}, n_samples={self.n_samples})"
        )
