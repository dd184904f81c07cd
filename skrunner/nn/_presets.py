"""Nets by name."""

from collections.abc import Callable
from typing import Any

from torch import nn

from skrunner.nn._mlp import MLP

PRESETS: dict[str, Callable[..., nn.Module]] = {"mlp": MLP}


def make_preset(name: str, n_features: int, n_outputs: int, **params: Any) -> nn.Module:
    """Build a net by its name.

    Parameters
    ----------
    name : str
        A key of ``PRESETS``.
    n_features, n_outputs : int
        Number of inputs and of logits.
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
    if name not in PRESETS:
        raise ValueError(
            f"Unknown net={name!r}. Pass one of {', '.join(map(repr, PRESETS))}, an "
            "nn.Module class or instance, or a skorch net."
        )
    return PRESETS[name](n_features, n_outputs, **params)
