"""Silence one neuron, to see exactly what it does (RUNNER, eq. 5)."""

from collections.abc import Mapping

from torch import Tensor, nn

from skrunner.nn._layers import neuron_first
from skrunner.nn._recorder import ActivationRecorder


class ablated(ActivationRecorder):  # noqa: N801 (reads as a verb: with ablated(...))
    """Run forward passes with the activation of one neuron set to zero.

    Parameters
    ----------
    layers : mapping of str to Module
        The layer that holds the neuron, by name.
    depth : int
        How many norms and nonlinearities follow the layer, from
        `ActivationRecorder.depths`: the neuron is silenced behind the last of them.
    neuron : int
        Its index in the layer.
    """

    def __init__(
        self, layers: Mapping[str, nn.Module], depth: int, neuron: int
    ) -> None:
        super().__init__(layers)
        self._depth = depth
        self._neuron = neuron

    def _keep(self, name: str, activation: Tensor, depth: int) -> Tensor | None:
        if depth != self._depth:
            super()._keep(name, activation, depth)
            return None
        silenced = activation.clone()
        neuron_first(self._layers[name], silenced)[:, self._neuron] = 0
        super()._keep(name, silenced, depth)
        return silenced
