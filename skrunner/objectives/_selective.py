"""The predictive loss with dropout for the flagged rows only (FairNeuron)."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from skrunner.data import Batch
from skrunner.nn import row_dropout
from skrunner.objectives._predictive import Forward, PredictiveObjective, StepLoss


class SelectiveDropoutObjective(PredictiveObjective):
    """The mean loss of a batch whose flagged rows run through a thinned net.

    Flagged and other rows share one forward pass; each row has a mask of its own.

    Parameters
    ----------
    criterion : Module
        ``BCEWithLogitsLoss`` for one logit, ``CrossEntropyLoss`` for one a class.
    layers : sequence of Module
        The layers that read the neurons to drop.
    dropout : float
        The probability that a neuron is dropped in a flagged row.
    generator : Generator
        The source of the masks, on the device of the batches.
    """

    reads_neurons = True
    joins_processes = False

    def __init__(
        self,
        criterion: nn.Module,
        layers: Sequence[nn.Module],
        dropout: float,
        generator: torch.Generator,
    ) -> None:
        super().__init__(criterion)
        self._layers = layers
        self._dropout = dropout
        self._generator = generator

    def __call__(self, forward: Forward, batch: Batch) -> StepLoss:
        """Compute the loss of a batch.

        Parameters
        ----------
        forward : callable
            From inputs to logits; runs the layers.
        batch : Batch
            The rows and which of them are flagged.

        Returns
        -------
        StepLoss
            Without a fairness term.

        Raises
        ------
        ValueError
            If the batch does not say which rows are flagged.
        """
        if batch.flagged is None:
            raise ValueError(
                "The batch does not say which rows are flagged. Make it of a "
                "GroupDataset with flagged=, a tensor of bool."
            )
        with row_dropout(self._layers, batch.flagged, self._dropout, self._generator):
            return super().__call__(forward, batch)

    def state_dict(self) -> dict[str, Any]:
        """Return what later steps depend on.

        Returns
        -------
        dict
            The state of the generator of the masks.
        """
        return {"generator": self._generator.get_state()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where another objective of the same settings was.

        Parameters
        ----------
        state : mapping
            From `state_dict`.
        """
        self._generator.set_state(state["generator"])
