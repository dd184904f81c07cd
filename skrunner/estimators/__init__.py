"""The public classifiers: plain training and RUNNER.

Owns the fit template that every net-training estimator shares.
"""

from skrunner.estimators._base import BaseNetClassifier
from skrunner.estimators._budget import Budget
from skrunner.estimators._columns import (
    has_named_columns,
    net_columns,
    take_columns,
    take_sensitive_columns,
)
from skrunner.estimators._fairness_term import (
    TERM_CONSTRAINTS,
    gradient_limit,
    resolve_repair,
    term_batches,
    term_momentum,
    warm_up_steps,
)
from skrunner.estimators._net_classifier import NetClassifier
from skrunner.estimators._runner import RunnerClassifier

__all__ = [
    "TERM_CONSTRAINTS",
    "BaseNetClassifier",
    "Budget",
    "NetClassifier",
    "RunnerClassifier",
    "gradient_limit",
    "has_named_columns",
    "net_columns",
    "resolve_repair",
    "take_columns",
    "take_sensitive_columns",
    "term_batches",
    "term_momentum",
    "warm_up_steps",
]
