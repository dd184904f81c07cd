"""The most responsible neurons of a diagnosis."""

from typing import TYPE_CHECKING

from skrunner.diagnosis import NeuronDiagnosis
from skrunner.plotting._axes import axes_or_new

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_importance(
    diagnosis: NeuronDiagnosis, *, n_neurons: int = 15, ax: "Axes | None" = None
) -> "Axes":
    """Draw the most important neurons as bars.

    Parameters
    ----------
    diagnosis : NeuronDiagnosis
        From ``RunnerClassifier.diagnose`` or ``diagnose_neurons``.
    n_neurons : int, default=15
        How many neurons at most.
    ax : Axes, default=None
        Where to draw; None makes new axes.

    Returns
    -------
    Axes
        One bar a neuron: its share of the importance of all neurons; the color is the
        distance of its mean activations between groups.

    Raises
    ------
    TypeError
        If `diagnosis` is none.
    ValueError
        If `n_neurons` is less than 1.

    Examples
    --------
    >>> import torch
    >>> from skrunner import diagnose_neurons
    >>> from skrunner.plotting import plot_importance
    >>> net = torch.nn.Sequential(
    ...     torch.nn.Linear(1, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1)
    ... )
    >>> X = torch.linspace(-2, 2, 60)[:, None]
    >>> ax = plot_importance(diagnose_neurons(net, X, sensitive_features=X[:, 0] > 0))
    >>> len(ax.patches)
    3
    """
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    if not isinstance(diagnosis, NeuronDiagnosis):
        raise TypeError(
            f"diagnosis must be a NeuronDiagnosis, got {type(diagnosis).__name__}. "
            "Pass what diagnose_neurons or a classifier's diagnose returns."
        )
    if n_neurons < 1:
        raise ValueError(f"n_neurons must be at least 1, got {n_neurons!r}.")
    ax = axes_or_new(ax)
    frame = diagnosis.to_frame()
    total = frame["importance"].abs().sum() or 1.0
    # Stable, as the ranks are: of equals the first.
    order = frame.sort_values("importance", ascending=False, kind="stable")
    top = order.head(n_neurons)[::-1]
    colors = ScalarMappable(
        Normalize(0, frame["discrimination"].max() or 1.0), colormaps["viridis"]
    )
    ax.barh(
        [f"{row.layer}[{row.neuron}]" for row in top.itertuples()],
        top["importance"] / total,
        color=colors.to_rgba(top["discrimination"].to_numpy()),
    )
    ax.figure.colorbar(colors, ax=ax, label="activation distance between groups")
    ax.set(
        xlabel="share of the unfairness importance",
        title=f"Most responsible neurons of {len(frame)}",
    )
    return ax
