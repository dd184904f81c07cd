"""From what the user passes as `net` to a module and the settings of a skorch net."""

import copy
import inspect
import pickle
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from skorch import NeuralNet, NeuralNetBinaryClassifier, NeuralNetClassifier
from torch import nn

from skrunner.exceptions import IgnoredWeightsWarning, UnsupportedModuleError
from skrunner.nn import make_preset

STEPS = ("train_step", "train_step_single", "get_loss")
KNOWN_STEPS = {
    getattr(kind, name)
    for kind in (NeuralNet, NeuralNetClassifier, NeuralNetBinaryClassifier)
    for name in STEPS
}
CRITERIA = (nn.BCEWithLogitsLoss, nn.CrossEntropyLoss)


@dataclass(frozen=True)
class NetSpec:
    """What `net` says about a training.

    Attributes
    ----------
    source : str, type or Module
        A preset's name, a module class or an instance.
    params : mapping
        Arguments for the preset or the class.
    settings : mapping
        Parameters of the user's skorch net, without those of its module.
    foreign : NeuralNet or None
        The user's skorch net, if its steps are its own.
    """

    source: Any
    params: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    foreign: NeuralNet | None = None

    @property
    def criterion(self) -> Any:
        """The criterion that the skorch net asks for, or None."""
        return self.settings.get("criterion")


def read_net(net: Any, net_params: Mapping[str, Any] | None) -> NetSpec:
    """Tell the four forms of `net` apart.

    Parameters
    ----------
    net : str, type, Module or NeuralNet
        A preset, a module class, a module whose weights are where the training starts,
        or a configured skorch net.
    net_params : mapping or None
        Arguments of a preset or class.

    Returns
    -------
    NetSpec
        What it says.

    Raises
    ------
    ValueError
        If `net` is none of them, or `net_params` has nothing to go to.
    UnsupportedModuleError
        If the criterion of a skorch net is no cross entropy of logits.
    """
    params = dict(net_params or {})
    if isinstance(net, str) or (inspect.isclass(net) and issubclass(net, nn.Module)):
        return NetSpec(net, params)
    if params:
        raise ValueError(
            "net_params are arguments of a preset or an nn.Module class; "
            f"net is a {type(net).__name__}. Configure it directly instead."
        )
    if isinstance(net, nn.Module):
        return NetSpec(net)
    if isinstance(net, NeuralNet):
        return _read_skorch_net(net)
    raise ValueError(
        "net must be a preset's name, an nn.Module class, an nn.Module instance or a "
        f"skorch net, got {net!r}."
    )


def _read_skorch_net(net: NeuralNet) -> NetSpec:
    if net.initialized_:
        warnings.warn(
            "The skorch net is a configuration: its weights are ignored. Pass "
            "net=net.module_ to start from them.",
            IgnoredWeightsWarning,
            stacklevel=5,
        )
    known = inspect.signature(NeuralNet.__init__).parameters
    params = {
        name: value
        for name, value in net.get_params(deep=False).items()
        if name in known or "__" in name
    }
    source = params.pop("module")
    module_params = {
        name.removeprefix("module__"): params.pop(name)
        for name in list(params)
        if name.startswith("module__")
    }
    if not {getattr(type(net), name) for name in STEPS} <= KNOWN_STEPS:
        return NetSpec(source, module_params, params, net)
    criterion = params["criterion"]
    kind = criterion if inspect.isclass(criterion) else type(criterion)
    if not issubclass(kind, CRITERIA):
        raise UnsupportedModuleError(
            f"The skorch net's criterion is {kind.__name__}; skrunner trains on "
            "logits. Pass criterion=nn.BCEWithLogitsLoss (one logit) or "
            "nn.CrossEntropyLoss."
        )
    own = getattr(criterion, "reduction", "mean")
    reduction = params.get("criterion__reduction", own)
    if reduction != "mean":
        raise UnsupportedModuleError(
            f"The skorch net's criterion has reduction={reduction!r}; skrunner "
            "averages the loss over rows by their weights. Leave it at 'mean'."
        )
    return NetSpec(source, module_params, params)


def build_module(spec: NetSpec, n_features: int, n_classes: int) -> nn.Module:
    """Build the module that a training starts from; the caller's is never touched.

    Parameters
    ----------
    spec : NetSpec
        What the user passed.
    n_features : int
        Columns that the net sees.
    n_classes : int
        Number of classes.

    Returns
    -------
    Module
        A fresh module, or a copy of the instance.

    Raises
    ------
    UnsupportedModuleError
        If an instance cannot be copied or pickled.
    """
    criterion = spec.criterion
    kind = criterion if inspect.isclass(criterion) else type(criterion)
    one_logit = n_classes == 2 and not issubclass(kind, nn.CrossEntropyLoss)
    n_outputs = 1 if one_logit else n_classes
    if isinstance(spec.source, str):
        settled = {"n_features", "n_outputs"} & set(spec.params)
        if settled:
            raise ValueError(
                f"net_params holds {', '.join(sorted(settled))}, which follow from X "
                "and y for a preset net. Leave them out."
            )
        return make_preset(spec.source, n_features, n_outputs, **spec.params)
    if isinstance(spec.source, nn.Module) and spec.params:
        return _construct(type(spec.source), spec.params, n_features, n_outputs)
    if isinstance(spec.source, nn.Module):
        return _copy(spec.source)
    return _construct(spec.source, spec.params, n_features, n_outputs)


def _construct(
    cls: Any, params: Mapping[str, Any], n_features: int, n_outputs: int
) -> nn.Module:
    known = inspect.signature(cls).parameters
    offered = {"n_features": n_features, "n_outputs": n_outputs}
    given = {name: value for name, value in offered.items() if name in known}
    module: nn.Module = cls(**{**given, **params})
    return module


def _copy(module: nn.Module) -> nn.Module:
    try:
        pickle.dumps(module)
        return copy.deepcopy(module)
    except Exception as error:
        raise UnsupportedModuleError(
            f"The {type(module).__name__} instance cannot be copied and pickled "
            f"({error}). Define its class at the top level of a module and keep "
            "lambdas, open files and the like out of it."
        ) from error
