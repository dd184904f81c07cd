"""What a fit leaves behind on the estimator, once it is known to be sound."""

import warnings
from typing import Any

import numpy as np
import pandas as pd

from skrunner.data import GroupDataset, PixelRows
from skrunner.estimators._fit_input import FitInput
from skrunner.estimators._prediction import probabilities_of
from skrunner.exceptions import CollapseWarning


def record_fit(
    estimator: Any, net: Any, rows: FitInput, data: GroupDataset | None = None
) -> None:
    """Set the fitted attributes; a training that failed leaves none.

    Parameters
    ----------
    estimator : BaseNetClassifier
        The estimator.
    net : NeuralNet
        The trained net.
    rows : FitInput
        The rows of the fit.
    data : GroupDataset or None, default=None
        The training rows where the training kept them: images are not decoded again.

    Raises
    ------
    FloatingPointError
        If the net answers with NaN.

    Warns
    -----
    CollapseWarning
        If it answers with one class.
    """
    kept = None if data is None else data.X
    seen = kept if isinstance(kept, PixelRows) else rows.X
    answers = probabilities_of(net, seen, estimator.precision)
    if not np.isfinite(answers).all():
        raise FloatingPointError(
            "The fitted net predicts NaN: its last steps diverged. Lower lr or "
            "fairness_weight, or scale the columns of X."
        )
    epochs = [
        {name: value for name, value in epoch.items() if name != "batches"}
        for epoch in net.history
    ]
    estimator.net_ = net
    estimator.classes_ = rows.classes
    estimator.group_names_ = None if rows.groups is None else rows.groups.names
    known = rows.groups and rows.groups.without_rows()
    estimator._known_groups = known  # noqa: SLF001 (same room)
    estimator.history_ = pd.DataFrame(epochs)
    estimator.chosen_epoch_ = getattr(net, "chosen_epoch_", None) or len(epochs)
    predicted = np.unique(answers.argmax(axis=1))
    if len(predicted) == 1 and len(np.unique(rows.y)) > 1:
        warnings.warn(
            f"The fitted net predicts {rows.classes[predicted].tolist()[0]!r} for all "
            f"{len(answers)} training rows: it collapsed to one class, and a gap of 0 "
            "is no repair. Lower fairness_gradient_limit, fairness_weight or lr, or "
            "train longer.",
            CollapseWarning,
            stacklevel=5,
        )
