"""Rows with three unequal groups, small estimators, and tables of failing cases."""

import numpy as np
import pytest
import torch
from skorch import NeuralNet
from torch import nn

from skrunner import RunnerClassifier
from skrunner.datasets import make_biased_classification
from tests.device import DEVICE
from tests.estimators.nets import Tiny

N = 240
MADE = make_biased_classification(
    N, n_features=6, n_groups=3, group_proportions=[0.5, 0.3, 0.2], random_state=0
)
X, Y = MADE.data, MADE.target.to_numpy()
A = MADE.sensitive_features["group"].to_numpy(str)
SMALL = {
    "net_params": {"hidden": (4,)},
    "max_epochs": 2,
    "batch_size": 10_000,
    "select_epoch": "last",
    "device": DEVICE,
    "random_state": 0,
}


def runner(**changes):
    params = {**SMALL, **changes}
    if "net" in changes:
        params["net_params"] = changes.get("net_params")
    return RunnerClassifier(**params)


def fit(estimator, **changes):
    given = {"X": X, "y": Y, "sensitive_features": A, **changes}
    return estimator.fit(given.pop("X"), given.pop("y"), **given)


def put(values, row, value, dtype=None):
    """Return a copy with another value in one row."""
    copy = np.array(values, dtype=dtype)
    copy[row] = value
    return copy


def skorch_net(module=Tiny, criterion=nn.BCEWithLogitsLoss, **params):
    return NeuralNet(module, criterion=criterion, verbose=0, **params)


def case(name, match, *, error=ValueError, params=(), data=()):
    return pytest.param(dict(params), dict(data), error, match, id=name)


def weights_of(estimator):
    """Return all weights and buffers of the fitted net in one vector."""
    state = estimator.net_.module_.state_dict()
    return (
        torch.cat([value.double().flatten() for value in state.values()]).cpu().numpy()
    )
