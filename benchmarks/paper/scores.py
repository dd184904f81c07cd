"""Fit one estimator on one split and score it."""

import inspect
import time
from typing import Any

from sklearn.metrics import accuracy_score, average_precision_score

from benchmarks.paper.protocol import Part
from skrunner.metrics import delta_dp, delta_eo, strong_delta_dp, strong_delta_eo

# The gap of each constraint, as the paper's tables measure it.
GAPS = {"demographic_parity": "delta_dp", "equalized_odds": "delta_eo_sum"}


def fit_and_score(estimator: Any, fit: Part, test: Part) -> dict[str, float]:
    """Fit on some rows and score on others.

    Parameters
    ----------
    estimator : estimator
        Unfitted; takes ``sensitive_features`` in fit, and gets them at prediction if it
        takes them there too.
    fit, test : Part
        The rows.

    Returns
    -------
    dict of str to float
        Average precision, accuracy, gaps, positive rate, seconds of the fit, epochs
        that were trained and the one that was kept.
    """
    start = time.perf_counter()
    estimator.fit(fit.X, fit.y, sensitive_features=fit.groups)
    seconds = time.perf_counter() - start
    groups = {"sensitive_features": test.groups}
    wants = "sensitive_features" in inspect.signature(estimator.predict).parameters
    asked = groups if wants else {}
    score = estimator.predict_proba(test.X, **asked)[:, 1]
    predicted = estimator.predict(test.X, **asked)
    net = getattr(estimator, "estimator_", estimator)
    return {
        "ap": average_precision_score(test.y, score),
        "acc": accuracy_score(test.y, predicted),
        "positive_rate": float(predicted.mean()),
        "delta_dp": delta_dp(test.y, predicted, **groups),
        "delta_eo_sum": delta_eo(test.y, predicted, **groups),
        "delta_eo_max": delta_eo(test.y, predicted, agg="max", **groups),
        "strong_delta_dp": strong_delta_dp(test.y, score, **groups),
        "strong_delta_eo": strong_delta_eo(test.y, score, **groups),
        "seconds": seconds,
        "epochs": float(len(net.history_)),
        "epoch": float(net.chosen_epoch_),
    }
