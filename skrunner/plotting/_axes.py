"""Axes to draw on."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def axes_or_new(ax: "Axes | None") -> "Axes":
    """Return the axes, or new ones.

    Parameters
    ----------
    ax : Axes or None
        The caller's axes.

    Returns
    -------
    Axes
        Where to draw.
    """
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(layout="constrained")[1]
