"""Where a training starts: the module, its layers, and the skorch net around it."""

import copy
import inspect
from typing import Any

from torch import Tensor, nn

from skrunner.data import GroupDataset
from skrunner.exceptions import UnsupportedModuleError
from skrunner.nn import NeuronLayers, find_neuron_layers
from skrunner.training import (
    GroupNet,
    NetSpec,
    Seeds,
    TrainingSettings,
    build_module,
    isolated_rng,
    make_net,
    model_dtype,
)


def start_net(
    estimator: Any,
    spec: NetSpec,
    data: GroupDataset,
    settings: TrainingSettings,
    seeds: Seeds,
    *,
    continued: GroupNet | None,
) -> tuple[GroupNet, NeuronLayers]:
    """Build a net, or go on with one.

    Parameters
    ----------
    estimator : BaseNetClassifier
        Whose net it is.
    spec : NetSpec
        What was passed as `net`.
    data : GroupDataset
        Training rows, on the CPU.
    settings : TrainingSettings
        What the estimator decides.
    seeds : Seeds
        The seeds.
    continued : GroupNet or None
        The net to go on with. It stays as it is: its weights, its history and what its
        optimizer remembers are copied into a net of today's settings.

    Returns
    -------
    net : GroupNet
        Initialized, on its device.
    layers : NeuronLayers
        Its layers of neurons.
    """
    with isolated_rng(seeds.weights):
        if continued is None:
            module = build_module(spec, estimator.net_n_features_, data.n_classes)
        else:
            module = copy.deepcopy(continued.module_)
        module = module.to("cpu", model_dtype(settings.precision))
        layers = find_layers(
            module,
            data.X[:2],
            n_classes=data.n_classes,
            criterion=spec.criterion,
            patterns=getattr(estimator, "layers", None),
        )
    _refuse_frozen(module)
    net = make_net(spec, module, layers.n_outputs, settings)
    if continued is not None:
        _remember(net, continued)
    return net, layers


def find_layers(
    module: nn.Module,
    few: Tensor,
    *,
    n_classes: int,
    criterion: Any = None,
    patterns: Any = None,
) -> NeuronLayers:
    """Find the layers of neurons, and check that there is a logit for each class.

    Parameters
    ----------
    module : Module
        The module.
    few : Tensor of shape (n_samples, ...)
        A few rows, on its device.
    n_classes : int
        Number of classes.
    criterion : type or Module, default=None
        What the user's skorch net trains by; None takes what fits the logits.
    patterns : str, type, sequence of these or None, default=None
        Which layers; None takes all but the output layer.

    Returns
    -------
    NeuronLayers
        The layers.

    Raises
    ------
    UnsupportedModuleError
        If the module cannot take the rows, or returns other than the logits expected.
    """
    name = type(module).__name__
    try:
        layers = find_neuron_layers(module, few, patterns)
    except RuntimeError as error:
        raise UnsupportedModuleError(
            f"{name} cannot run on rows of shape {tuple(few.shape[1:])}: {error}. "
            "Give its first layer the width of X; a class is told it as n_features."
        ) from error
    kind = criterion if inspect.isclass(criterion) else type(criterion)
    expected = [] if issubclass(kind, nn.BCEWithLogitsLoss) else [n_classes]
    if n_classes == 2 and not issubclass(kind, nn.CrossEntropyLoss):
        expected.insert(0, 1)
    if layers.n_outputs not in expected:
        by = "" if criterion is None else f" under {kind.__name__}"
        raise UnsupportedModuleError(
            f"{name} returns {layers.n_outputs} logit(s), but {n_classes} classes take "
            f"{' or '.join(map(str, expected)) or 'CrossEntropyLoss'}{by}. A class is "
            "told the number as n_outputs."
        )
    return layers


def _refuse_frozen(module: nn.Module) -> None:
    if not any(weight.requires_grad for weight in module.parameters()):
        raise UnsupportedModuleError(
            f"{type(module).__name__} has no weights that can be trained: all are "
            "frozen, or there are none. Call requires_grad_() on those that may change."
        )


def _remember(net: GroupNet, before: GroupNet) -> None:
    net.history = copy.deepcopy(before.history)
    if type(net.optimizer_) is type(before.optimizer_):
        memory = copy.deepcopy(before.optimizer_.state_dict())
        memory["param_groups"] = net.optimizer_.state_dict()["param_groups"]
        net.optimizer_.load_state_dict(memory)
