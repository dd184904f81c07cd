"""A net and the linear layers at its end: which are traced, and what they are given."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from skrunner.nn import linear_chain, reading_inputs
from skrunner.training import predict_logits


class ChainNet(NamedTuple):
    """A net that is a chain of linear layers, or ends in one.

    Attributes
    ----------
    module : Module
        Returns logits.
    chain : sequence of Linear
        Its last layers, see `skrunner.nn.linear_chain`.
    precision : str, default="fp32"
        One of ``skrunner.training.PRECISIONS``.
    """

    module: nn.Module
    chain: Sequence[nn.Linear]
    precision: str = "fp32"

    def run(self, X: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Run in evaluation mode.

        Parameters
        ----------
        X : Tensor of shape (n_rows, ...)
            Inputs on the device.

        Returns
        -------
        logits : Tensor of shape (n_rows, n_outputs)
            The logits.
        hidden : list of Tensor of float64 of shape (n_rows, n_units)
            What each layer but the first one reads.
        """
        with reading_inputs(self.chain[1:]) as inputs:
            logits = predict_logits(self.module, X, self.precision)
        # Where memory ran out, calls of smaller chunks come behind those that failed.
        return logits, [torch.cat(calls)[-len(X) :].double() for calls in inputs]


def last_layers(
    module: nn.Module, X: Tensor, n_layers: int | None
) -> tuple[nn.Linear, ...]:
    """Return the layers to trace.

    Parameters
    ----------
    module : Module
        Ends in a chain of linear layers, see `skrunner.nn.linear_chain`.
    X : Tensor of shape (n_samples, ...)
        A few rows, on its device.
    n_layers : int or None
        How many of them; None takes all.

    Returns
    -------
    tuple of Linear
        The last layers, in forward order.

    Raises
    ------
    ValueError
        If there are fewer.
    """
    chain = linear_chain(module, X)
    n_layers = len(chain) if n_layers is None else n_layers
    if n_layers > len(chain):
        raise ValueError(
            f"path_layers={n_layers}, but {type(module).__name__} ends in a chain of "
            f"{len(chain)} linear layers. Lower path_layers, or pass None."
        )
    return chain[-n_layers:]
