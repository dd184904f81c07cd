"""Layers by name, shell pattern or class."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from torch import nn

Choice = str | type[nn.Module]


def match_layers(
    layers: Choice | Sequence[Choice],
    known: Mapping[str, nn.Module],
    ran: Sequence[str],
) -> list[str]:
    """Choose layers among those that ran.

    Parameters
    ----------
    layers : str, type or sequence of them
        Names or shell patterns, or module classes.
    known : mapping of str to Module
        The layers by name.
    ran : sequence of str
        Those that ran, in forward order; the last one is the output layer.

    Returns
    -------
    list of str
        Those that are meant, in forward order.

    Raises
    ------
    ValueError
        If there is no choice, or one matches no layer.
    TypeError
        If one is something else.
    """
    choices = [layers] if isinstance(layers, (str, type)) else list(layers)
    if not choices:
        raise ValueError(
            "layers is empty, so that no neuron is left to look at. Name layers, or "
            "pass None for all but the output layer."
        )
    found: set[str] = set()
    for choice in choices:
        if isinstance(choice, str):
            matched = {name for name in ran if fnmatchcase(name, choice)}
        elif isinstance(choice, type):
            matched = {name for name in ran[:-1] if isinstance(known[name], choice)}
        else:
            raise TypeError(
                "layers must hold names, patterns or module classes such as "
                f"nn.Conv2d, got {choice!r}."
            )
        if not matched:
            raise ValueError(_no_match(choice, known, ran))
        found |= matched
    return [name for name in ran if name in found]


def _no_match(
    choice: Choice, known: Mapping[str, nn.Module], ran: Sequence[str]
) -> str:
    if isinstance(choice, str):
        return (
            f"layers={choice!r} matches no layer that runs. Known layers: "
            f"{', '.join(ran)}."
        )
    kinds = ", ".join(f"{name} ({type(known[name]).__name__})" for name in ran)
    return (
        f"layers={choice.__name__} matches no layer that runs, but the output layer, "
        f"which has to be named. Known layers: {kinds}."
    )
