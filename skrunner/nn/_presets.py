"""Nets by name."""

import inspect
from collections.abc import Callable
from typing import Any

from torch import nn

from skrunner.nn._image_nets import alexnet, resnet18
from skrunner.nn._mlp import MLP

PRESETS: dict[str, Callable[..., nn.Module]] = {
    "mlp": MLP,
    "alexnet": alexnet,
    "resnet18": resnet18,
}

IMAGE_PRESETS = ("alexnet", "resnet18")


def make_preset(
    name: str, n_features: int | None, n_outputs: int, **params: Any
) -> nn.Module:
    """Build a net by its name.

    Parameters
    ----------
    name : str
        A key of ``PRESETS``.
    n_features : int or None
        Number of columns, for the nets that ask for it; nets for images do not.
    n_outputs : int
        Number of logits.
    **params
        Further arguments of the net.

    Returns
    -------
    Module
        The net, freshly initialized.

    Raises
    ------
    ValueError
        If the name is unknown.
    """
    check_preset(name)
    build = PRESETS[name]
    offered = {"n_features": n_features, "n_outputs": n_outputs}
    asked = inspect.signature(build).parameters
    given = {key: value for key, value in offered.items() if key in asked}
    return build(**given, **params)


def check_preset(name: str) -> None:
    """Refuse a name that is no preset's.

    Parameters
    ----------
    name : str
        The name.

    Raises
    ------
    ValueError
        If it is unknown.
    """
    if name not in PRESETS:
        raise ValueError(
            f"Unknown net={name!r}. Pass one of {', '.join(map(repr, PRESETS))}, an "
            "nn.Module class or instance, or a skorch net."
        )
