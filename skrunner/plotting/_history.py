"""How a training went: utility and gap of the validation rows by epoch."""

from typing import TYPE_CHECKING

import pandas as pd

from skrunner.plotting._axes import axes_or_new

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_history(
    history: pd.DataFrame, *, chosen_epoch: int | None = None, ax: "Axes | None" = None
) -> "Axes":
    """Draw utility and gap of the validation rows by epoch.

    Parameters
    ----------
    history : DataFrame
        The ``history_`` of an estimator that set validation rows aside.
    chosen_epoch : int, default=None
        The epoch whose weights are kept, marked by a line.
    ax : Axes, default=None
        Where to draw; None makes new axes.

    Returns
    -------
    Axes
        Two lines.

    Raises
    ------
    TypeError
        If `history` is no table.
    ValueError
        If there were no validation rows.

    Examples
    --------
    >>> import pandas as pd
    >>> from skrunner.plotting import plot_history
    >>> history = {
    ...     "epoch": [1, 2],
    ...     "valid_utility": [0.7, 0.8],
    ...     "valid_gap": [0.2, 0.1],
    ... }
    >>> len(plot_history(pd.DataFrame(history), chosen_epoch=2).lines)
    3
    """
    if not hasattr(history, "columns"):
        raise TypeError(
            f"history must be a DataFrame, got {type(history).__name__}. Pass "
            "history_ of a fitted classifier."
        )
    if "valid_gap" not in history:
        raise ValueError(
            "history has no validation scores. Fit with select_epoch='within_utility' "
            "or with validation_fraction=."
        )
    from matplotlib.ticker import MaxNLocator

    ax = axes_or_new(ax)
    names = {"valid_utility": "utility", "valid_gap": "gap between groups"}
    for column, name in names.items():
        ax.plot(history["epoch"], history[column], marker=".", label=name)
    if chosen_epoch is not None:
        ax.axvline(chosen_epoch, color="gray", linestyle=":", label="chosen epoch")
    # The gap of equalized odds adds two differences up.
    top = max(1.0, history["valid_gap"].max())
    ax.set(xlabel="epoch", ylabel="on validation rows", ylim=(0, top))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend()
    return ax
