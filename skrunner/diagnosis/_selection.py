"""The k most important neurons of a layer (RUNNER, eq. 7)."""

import torch
from torch import Tensor


def n_selected(n_neurons: int, neuron_ratio: float) -> int:
    """Count the neurons that a ratio selects: at least one.

    Parameters
    ----------
    n_neurons : int
        Neurons of the layer.
    neuron_ratio : float
        The share k in (0, 1].

    Returns
    -------
    int
        ``max(1, round(neuron_ratio * n_neurons))``.

    Examples
    --------
    >>> n_selected(200, 0.05), n_selected(10, 0.01)
    (10, 1)
    """
    return max(1, round(neuron_ratio * n_neurons))


def by_importance(importance: Tensor) -> Tensor:
    return importance.argsort(descending=True, stable=True)


def top_neurons(importance: Tensor, neuron_ratio: float) -> Tensor:
    """Mark the most important neurons of a layer; of equals, the first.

    Parameters
    ----------
    importance : Tensor of shape (n_neurons,)
        One score a neuron.
    neuron_ratio : float
        The share k in (0, 1].

    Returns
    -------
    Tensor of bool of shape (n_neurons,)
        True for the selected.

    Examples
    --------
    >>> top_neurons(torch.tensor([0.1, 0.3, 0.2]), 0.5)
    tensor([False,  True,  True])
    """
    k = n_selected(len(importance), neuron_ratio)
    selected = torch.zeros_like(importance, dtype=torch.bool)
    return selected.index_fill_(0, by_importance(importance)[:k], True)
