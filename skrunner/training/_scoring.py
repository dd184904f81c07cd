"""Score the validation rows after each epoch."""

from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score
from skorch.callbacks import Callback

from skrunner._processes import from_first
from skrunner.data import Batch
from skrunner.gaps import class_probabilities
from skrunner.metrics import parity_gap
from skrunner.objectives import predictive_loss
from skrunner.training._precision import predict_logits


class ValidationScoring(Callback):
    """Record loss, utility, gap and positive rate of the validation rows.

    The utility is the average precision for two classes, else the accuracy; the gap is
    the metric that users see, of the predicted labels.

    Parameters
    ----------
    constraints : str, default="demographic_parity"
        Which gap.
    """

    def __init__(self, constraints: str = "demographic_parity") -> None:
        self.constraints = constraints

    def on_epoch_end(self, net: Any, **_kwargs: Any) -> None:
        """Score, if there are validation rows."""
        rows = net.validation_
        if rows is None:
            return
        logits = predict_logits(net.module_, rows.X, net.precision_)
        batch = Batch(rows.X, rows.y, rows.groups, rows.weight, len(rows), 0, True)
        loss = float(predictive_loss(net.criterion_, logits, batch))
        check_finite(loss, len(net.history))
        before = net.history[:-1, "valid_loss"] if len(net.history) > 1 else []
        scores = class_probabilities(logits).double().cpu().numpy()
        labels, groups = rows.y.cpu().numpy(), rows.groups.cpu().numpy()
        weight = None if rows.weight is None else rows.weight.double().cpu().numpy()
        predicted = _labels_of(scores)
        gap = parity_gap(
            self.constraints,
            labels,
            predicted,
            groups,
            n_groups=rows.n_groups,
            n_classes=rows.n_classes,
            sample_weight=weight,
        )
        record = {
            "valid_loss": loss,
            "valid_loss_best": loss < min(before, default=np.inf),
            "valid_utility": _utility(labels, scores, predicted, weight),
            "valid_gap": float(gap),
            "valid_collapsed": is_collapsed(labels, predicted, weight),
        }
        # A rounding apart, one process would stop or choose and the others not.
        for name, value in from_first(record).items():
            net.history.record(name, value)


def check_finite(loss: float, epoch: int) -> None:
    """Stop a training that diverged.

    Parameters
    ----------
    loss : float
        The loss of training or validation rows.
    epoch : int
        The number of the epoch, from 1.

    Raises
    ------
    FloatingPointError
        If the loss is infinite or NaN.
    """
    if not np.isfinite(loss):
        raise FloatingPointError(
            f"The loss is {loss} in epoch {epoch}: the training diverged. Lower lr or "
            "fairness_weight, or scale X: its columns, or what image_transform returns."
        )


def is_collapsed(labels: Any, predicted: Any, weight: Any = None) -> bool:
    """Tell whether predictions gave up on a class.

    Parameters
    ----------
    labels, predicted : ndarray of int of shape (n_samples,)
        Label codes. With two classes the predicted positive rate must be within half
        and one and a half times the base rate; with more, two classes must occur.
    weight : ndarray of shape (n_samples,) or None, default=None
        Weights of the rows.

    Returns
    -------
    bool
        Whether it is a collapse.
    """
    if max(labels.max(), predicted.max()) > 1:
        counted = predicted if weight is None else predicted[weight > 0]
        return len(np.unique(counted)) < 2
    rate, base = (np.average(values, weights=weight) for values in (predicted, labels))
    return bool(rate in (0, 1) or not 0.5 * base <= rate <= 1.5 * base)


def _labels_of(scores: Any) -> Any:
    if scores.shape[1] == 1:
        return (scores[:, 0] > 0.5).astype(np.int64)
    return scores.argmax(1)


def _utility(labels: Any, scores: Any, predicted: Any, weight: Any) -> float:
    if scores.shape[1] == 1:
        score = average_precision_score(labels, scores[:, 0], sample_weight=weight)
        return float(score)
    return float(np.average(labels == predicted, weights=weight))
