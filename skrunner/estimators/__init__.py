"""The public classifiers: plain training and RUNNER.

Owns the fit template that every net-training estimator shares.
"""

from skrunner.estimators._base import BaseNetClassifier
from skrunner.estimators._budget import Budget
from skrunner.estimators._net_classifier import NetClassifier
from skrunner.estimators._runner import RunnerClassifier

__all__ = ["BaseNetClassifier", "Budget", "NetClassifier", "RunnerClassifier"]
