"""Where a training starts: the module, its layers, and the skorch net around it."""

from typing import Any

from torch import nn

from skrunner.data import GroupDataset
from skrunner.estimators._inputs import FitInput
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
    train_foreign_net,
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
        The net to go on with.

    Returns
    -------
    net : GroupNet
        Initialized, on its device.
    layers : NeuronLayers
        Its layers of neurons.
    """
    few = data.X[:2]
    patterns = getattr(estimator, "layers", None)
    if continued is not None:
        few = few.to(continued.device)
        return continued, _find(continued.module_, few, patterns, data.n_classes)
    with isolated_rng(seeds.weights):
        module = build_module(spec, estimator.net_n_features_, data.n_classes)
        module = module.to("cpu", model_dtype(settings.precision))
        layers = _find(module, few, patterns, data.n_classes)
    return make_net(spec, module, layers.n_outputs, settings), layers


def train_own_steps(
    estimator: Any,
    spec: NetSpec,
    rows: FitInput,
    settings: TrainingSettings,
    seeds: Seeds,
) -> Any:
    """Train a skorch net whose steps are its own, where that is allowed.

    Parameters
    ----------
    estimator : BaseNetClassifier
        Whose net it is.
    spec : NetSpec
        Holds the net.
    rows : FitInput
        All rows.
    settings : TrainingSettings
        What the estimator decides.
    seeds : Seeds
        The seeds.

    Returns
    -------
    NeuralNet
        The fitted net.

    Raises
    ------
    UnsupportedModuleError
        If the estimator's loss would silently be replaced by the net's.
    """
    if estimator._needs_groups:  # noqa: SLF001 (same room)
        raise UnsupportedModuleError(
            f"{type(spec.foreign).__name__} overrides train_step, train_step_single or "
            f"get_loss, so {type(estimator).__name__} could not add its own term and "
            "would train a plain net. Only NetClassifier takes such a net."
        )
    return train_foreign_net(
        spec,
        rows.X,
        rows.y,
        settings,
        batch_size=estimator.batch_size,
        seed=seeds.weights,
    )


def _find(module: nn.Module, few: Any, patterns: Any, n_classes: int) -> NeuronLayers:
    layers = find_neuron_layers(module, few, patterns)
    expected = (1, 2) if n_classes == 2 else (n_classes,)
    if layers.n_outputs not in expected:
        raise UnsupportedModuleError(
            f"{type(module).__name__} returns {layers.n_outputs} logit(s), but y has "
            f"{n_classes} classes: expected {' or '.join(map(str, expected))}."
        )
    return layers
