"""Nets that end in a chain of linear layers: which they are, what each layer reads."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from skrunner.exceptions import UnsupportedModuleError
from skrunner.nn._layers import evaluating, find_neuron_layers
from skrunner.nn._recorder import ActivationRecorder

WANTED = (
    "expected a chain of nn.Linear layers, or a net that ends in one behind its last "
    "convolution, with at least one hidden layer in the chain, and only norms, "
    "nonlinearities and dropout between one layer and the next; 'resnet18' has such a "
    "chain with net_params={'head': 'fair_mixup'}"
)


@contextmanager
def reading_inputs(layers: Sequence[nn.Module]) -> Iterator[list[list[Tensor]]]:
    """Collect what layers are given in every forward pass inside the context.

    Parameters
    ----------
    layers : sequence of Module
        The layers.

    Yields
    ------
    list of list of Tensor
        For each layer its first argument, one a call.

    Examples
    --------
    >>> layers = [torch.nn.Linear(2, 3), torch.nn.Linear(3, 1)]
    >>> with reading_inputs(layers) as inputs:
    ...     _ = torch.nn.Sequential(*layers)(torch.ones(4, 2))
    >>> [part.shape for calls in inputs for part in calls]
    [torch.Size([4, 2]), torch.Size([4, 3])]
    """
    inputs: list[list[Tensor]] = [[] for _ in layers]
    handles = []
    try:
        for layer, calls in zip(layers, inputs, strict=True):
            handles.append(
                layer.register_forward_pre_hook(
                    lambda _layer, args, calls=calls: calls.extend(args[:1])
                )
            )
        yield inputs
    finally:
        for handle in handles:
            handle.remove()


@torch.no_grad()
def linear_chain(module: nn.Module, X: Tensor) -> tuple[nn.Linear, ...]:
    """Find the linear layers of a net that is a chain of them, or ends in one.

    Behind the last layer of another kind, such as a convolution, all layers have to be
    links of the chain. What a layer reads has to be, unit by unit, what the neurons of
    the layer before it answer, and the logits have to be what the last one returns.
    This is looked up in a forward pass, so that it does not matter how the module is
    written.

    Parameters
    ----------
    module : Module
        Returns logits of shape (n,), (n, 1) or (n, n_classes).
    X : Tensor of shape (n_samples, ...)
        A few rows, on the module's device.

    Returns
    -------
    tuple of Linear
        The layers in forward order; the last one returns the logits. What the first
        one reads may come from anywhere.

    Raises
    ------
    UnsupportedModuleError
        If the net is something else.

    Examples
    --------
    >>> net = torch.nn.Sequential(
    ...     torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1)
    ... )
    >>> linear_chain(net, torch.zeros(1, 2))[-1]
    Linear(in_features=3, out_features=1, bias=True)
    """
    found = find_neuron_layers(module, X)
    layers: dict[str, nn.Module] = {}
    before = ""
    for name in (*found.names, found.output):
        layers[name] = module.get_submodule(name)
        if not isinstance(layers[name], nn.Linear):
            before = f" behind {name} ({type(layers[name]).__name__})"
            layers = {}
    names = tuple(layers)
    if len(names) < 2:
        but = f" but its output {names[0]}" if names else ""
        raise _unsupported(module, f"runs no linear layer{before}{but}")
    with (
        evaluating(module),
        reading_inputs(list(layers.values())) as inputs,
        ActivationRecorder(layers) as recorder,
    ):
        logits = module(X)
    for name, calls in zip(names, inputs, strict=True):
        if len(calls) != 1:
            raise _unsupported(module, f"gives {name} {len(calls)} inputs in one pass")
    answers = [recorder.activations[name] for name in names]
    read = [*(calls[0] for calls in inputs[1:]), logits]
    readers = [*(f"the input of {name}" for name in names[1:]), "its logits"]
    for name, answer, reader, value in zip(names, answers, readers, read, strict=True):
        if not torch.equal(answer, value.reshape(len(X), -1)):
            raise _unsupported(
                module, f"makes more of {name} than a norm before {reader}"
            )
    return tuple(layer for layer in layers.values() if isinstance(layer, nn.Linear))


def _unsupported(module: nn.Module, what: str) -> UnsupportedModuleError:
    return UnsupportedModuleError(f"{type(module).__name__} {what}; {WANTED}.")
