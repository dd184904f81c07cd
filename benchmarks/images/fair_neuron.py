"""FairNeuron for nets with convolutions: on the last two linear layers alone.

FairNeuron follows paths through a chain of linear layers, which AlexNet and ResNet-18
are not, and the paper does not say how it was applied to them. Here the whole net is
trained plainly first; then its last two linear layers are diagnosed and retrained, on
the features that the layers before them have learned.
"""

import copy
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from skrunner import NetClassifier
from skrunner.baselines import FairNeuronClassifier
from skrunner.nn import reading_inputs

IMAGE_ONLY = ("net", "net_params", "channels_last")


class HeadFairNeuron:
    """Plain training of all layers, then FairNeuron of the last two.

    Parameters
    ----------
    **settings : dict
        Parameters of ``NetClassifier``; the head's trainings take those that are not
        about images.

    Attributes
    ----------
    plain_ : NetClassifier
        The net that the features come from.
    head_ : FairNeuronClassifier
        The head.
    history_ : DataFrame
        One row an epoch of all three trainings.
    chosen_epoch_ : int
        The epoch whose head is kept, counted over all three.
    """

    def __init__(self, **settings: Any) -> None:
        self.settings = settings

    def fit(
        self, X: Any, y: Any, *, sensitive_features: Any = None
    ) -> "HeadFairNeuron":
        """Train the net, diagnose its head and train that again.

        Parameters
        ----------
        X : array-like of uint8 of shape (n_samples, 3, height, width)
            Images.
        y : array-like of shape (n_samples,)
            Labels.
        sensitive_features : array-like of shape (n_samples,), default=None
            The groups, which only the record of the gap needs.

        Returns
        -------
        HeadFairNeuron
            Itself.
        """
        groups = {"sensitive_features": sensitive_features}
        self.plain_ = NetClassifier(**self.settings).fit(X, y, **groups)
        head = head_of(self.plain_.net_.module_)
        others = {k: v for k, v in self.settings.items() if k not in IMAGE_ONLY}
        self.head_ = FairNeuronClassifier(net=copy.deepcopy(head), **others)
        self.head_.fit(self._features(X), y, **groups)
        parts = (self.plain_.history_, self.head_.history_)
        self.history_ = pd.concat(parts, ignore_index=True)
        self.chosen_epoch_ = len(self.plain_.history_) + self.head_.chosen_epoch_
        return self

    def predict_proba(self, X: Any) -> Any:
        """Predict probabilities.

        Parameters
        ----------
        X : array-like of uint8 of shape (n_samples, 3, height, width)
            Images.

        Returns
        -------
        ndarray of shape (n_samples, 2)
            Rows sum to 1.
        """
        return self.head_.predict_proba(self._features(X))

    def predict(self, X: Any) -> Any:
        """Predict labels.

        Parameters
        ----------
        X : array-like of uint8 of shape (n_samples, 3, height, width)
            Images.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels.
        """
        return self.head_.predict(self._features(X))

    def _features(self, X: Any) -> Any:
        """Return what the head reads when the whole net predicts."""
        first = head_of(self.plain_.net_.module_)[0]
        with reading_inputs([first]) as inputs:
            self.plain_.predict_proba(X)
        features = torch.cat([part.flatten(1) for part in inputs[0]])
        return np.ascontiguousarray(features.float().cpu().numpy())


def head_of(module: nn.Module) -> nn.Sequential:
    """Return the last two linear layers of one of the nets.

    Parameters
    ----------
    module : Module
        AlexNet, or ResNet-18 with the head of two layers.

    Returns
    -------
    Sequential
        A linear layer, a nonlinearity and the linear layer of the logits.
    """
    tail = getattr(module, "classifier", None)
    head = module.get_submodule("fc") if tail is None else tail[-3:]
    assert isinstance(head, nn.Sequential)
    return head
