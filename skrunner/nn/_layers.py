"""Which layers of a module hold neurons, found by one forward pass over a few rows."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from skrunner.exceptions import UnsupportedModuleError
from skrunner.nn._layer_choice import Choice, match_layers
from skrunner.nn._recorder import ActivationRecorder
from skrunner.nn._squashing import SquashingDetector

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
NEURON_LAYERS = (nn.Linear, *CONVOLUTIONS)


@dataclass(frozen=True)
class NeuronLayers:
    """The layers whose neurons are looked at, in the order in which they run.

    Attributes
    ----------
    names : tuple of str
        Their names, as in ``named_modules()``.
    modules : tuple of Module
        The layers themselves.
    depths : tuple of int
        How many norms and nonlinearities follow each.
    output : str
        The name of the output layer.
    n_outputs : int
        Number of logits a row.
    root : Module
        The module that they are part of.
    """

    names: tuple[str, ...]
    modules: tuple[nn.Module, ...]
    depths: tuple[int, ...]
    output: str
    n_outputs: int
    root: nn.Module

    def as_mapping(self) -> Mapping[str, nn.Module]:
        """Map names to layers.

        Returns
        -------
        dict of str to Module
            In forward order.
        """
        return dict(zip(self.names, self.modules, strict=True))

    def weights(self) -> tuple[Tensor, ...]:
        """Collect the weights of the layers.

        Returns
        -------
        tuple of Tensor of shape (n_neurons, ...)
            One for each layer.
        """
        # get_parameter() takes six times as long, at every diagnosis
        return tuple(cast("Tensor", layer.weight) for layer in self.modules)


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Put a module into evaluation mode, and every submodule back as it was.

    Parameters
    ----------
    module : Module
        The module.

    Yields
    ------
    None
        Nothing.
    """
    flags = {part: part.training for part in module.modules()}
    try:
        module.eval()
        yield
    finally:
        for part, training in flags.items():
            part.training = training


def neuron_first(layer: nn.Module, activation: Tensor) -> Tensor:
    """View an activation with the neurons in axis 1 and positions behind them.

    Parameters
    ----------
    layer : Module
        The layer: channels of a convolution are in axis 1, units of a linear layer in
        the last axis.
    activation : Tensor of shape (n_samples, ...)
        Its activation.

    Returns
    -------
    Tensor of shape (n_samples, n_neurons, ...)
        A view.
    """
    if isinstance(layer, CONVOLUTIONS) or activation.ndim == 2:
        return activation
    return activation.movedim(-1, 1)


def find_neuron_layers(
    module: nn.Module, X: Tensor, layers: Choice | Sequence[Choice] | None = None
) -> NeuronLayers:
    """Find the layers that hold neurons, and check what the module returns.

    Parameters
    ----------
    module : Module
        Returns logits of shape (n,), (n, 1) or (n, n_classes).
    X : Tensor of shape (n_samples, ...)
        A few rows for one forward pass in evaluation mode.
    layers : str, type, sequence of them or None, default=None
        Names or shell patterns of layers, or module classes such as ``nn.Conv2d``. A
        class stands for its layers that run, but the output layer, as None does for
        all linear and convolutional ones.

    Returns
    -------
    NeuronLayers
        The layers in forward order.

    Raises
    ------
    UnsupportedModuleError
        If no such layer runs, if the module does not return logits, or if the first
        axis of a layer's activations does not count rows.
    ValueError
        If a name, pattern or class matches no layer, or `layers` is empty.
    TypeError
        If `layers` holds anything else.
    """
    known = {
        name: part
        for name, part in module.named_modules()
        if isinstance(part, NEURON_LAYERS)
    }
    recorder, logits = _probe(module, known, X)
    ran = [name for name in recorder.activations if name in known]
    if not ran:
        raise UnsupportedModuleError(
            f"{type(module).__name__} runs no nn.Linear or nn.Conv layer, so it has no "
            "neurons to look at. Pass a module that is built of such layers."
        )
    if logits.ndim not in (1, 2) or len(logits) != len(X):
        raise UnsupportedModuleError(
            f"{type(module).__name__} returned shape {tuple(logits.shape)} for "
            f"{len(X)} rows; expected logits of shape (n,), (n, 1) or (n, n_classes)."
        )
    output = ran[-1]
    chosen = ran[:-1] if layers is None else match_layers(layers, known, ran)
    _check_rows_first(module, {name: known[name] for name in chosen}, recorder, X)
    return NeuronLayers(
        tuple(chosen),
        tuple(known[name] for name in chosen),
        tuple(recorder.depths[name] for name in chosen),
        output,
        1 if logits.ndim == 1 else logits.shape[1],
        module,
    )


def _probe(
    module: nn.Module, known: Mapping[str, nn.Module], X: Tensor
) -> tuple[ActivationRecorder, Tensor]:
    with (
        evaluating(module),
        torch.no_grad(),
        SquashingDetector() as squashing,
        ActivationRecorder(known) as recorder,
    ):
        logits = module(X)
    if not isinstance(logits, Tensor):
        raise UnsupportedModuleError(
            f"{type(module).__name__} returned {type(logits).__name__}; expected a "
            "tensor of logits."
        )
    squashing.check(module, logits)
    return recorder, logits


def _check_rows_first(
    module: nn.Module,
    chosen: Mapping[str, nn.Module],
    recorder: ActivationRecorder,
    X: Tensor,
) -> None:
    """Refuse activations whose first axis does not grow by one with a further row."""
    further, _ = _probe(module, chosen, torch.cat([X, X[:1]]))
    for name in chosen:
        shape, other = (
            tuple(one.activations[name].shape) for one in (recorder, further)
        )
        if (shape[0], other[0]) != (len(X), len(X) + 1):
            raise UnsupportedModuleError(
                f"The activations of {name} have shape {shape} for {len(X)} rows and "
                f"{other} for {len(X) + 1}; their first axis must count the rows. "
                "Build the module so (batch_first=True), or pass layers= without it."
            )
