"""Train a skorch net whose steps are its own, as it is."""

from typing import Any

from sklearn.base import clone
from skorch import NeuralNet
from torch import nn

from skrunner.training._fit import TrainingSettings
from skrunner.training._modules import NetSpec
from skrunner.training._seeding import isolated_rng


def train_foreign_net(
    spec: NetSpec,
    X: Any,
    y: Any,
    settings: TrainingSettings,
    *,
    batch_size: int | None,
    seed: int,
) -> NeuralNet:
    """Fit a clone of the user's net on all rows, by its own steps and loss.

    Parameters
    ----------
    spec : NetSpec
        Holds the net.
    X : ndarray of shape (n_samples, ...)
        Inputs.
    y : ndarray of int of shape (n_samples,)
        Label codes.
    settings : TrainingSettings
        What overrides the net's own parameters.
    batch_size : int or None
        Rows of a batch; None leaves it to the net.
    seed : int
        The seed of weights and batches.

    Returns
    -------
    NeuralNet
        The fitted net.
    """
    overrides = {
        "max_epochs": settings.max_epochs,
        "lr": settings.lr,
        "optimizer": settings.optimizer,
        "batch_size": batch_size,
        "callbacks": settings.callbacks,
    }
    given = {name: value for name, value in overrides.items() if value is not None}
    net = clone(spec.foreign).set_params(
        **given, device=settings.device, train_split=None
    )
    floats = issubclass(
        type(net.criterion) if isinstance(net.criterion, nn.Module) else net.criterion,
        nn.BCEWithLogitsLoss,
    )
    with isolated_rng(seed, settings.device):
        return net.fit(X, y.astype(X.dtype) if floats else y)
