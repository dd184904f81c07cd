"""Fits in one process or in two that are to end alike, or to be refused."""

import io
from contextlib import redirect_stderr
from functools import partial

import numpy as np
import torch
from skorch.callbacks import Callback, GradientNormClipping
from torch import nn

from skrunner import NetClassifier, RunnerClassifier
from skrunner._processes import process_rank
from skrunner.baselines import (
    AdversarialClassifier,
    FairMixupClassifier,
    FairNeuronClassifier,
    FairSmoteClassifier,
    GapRegularizationClassifier,
    OversamplingClassifier,
    ReweightingClassifier,
)
from tests.estimators.nets import OwnSteps, SmallConv, Tiny
from tests.estimators.rows import A, N, X, Y, fit, weights_of

IMAGES = np.random.default_rng(0).integers(0, 256, (N, 1, 4, 4), dtype=np.uint8)
WEIGHT = np.random.default_rng(1).uniform(0.2, 2, N)
SMALL = {
    "net_params": {"hidden": (5,)},
    "max_epochs": 3,
    "batch_size": 51,
    "lr": 0.02,
    "precision": "fp64",
    "device": "cpu",
    "random_state": 0,
}
TERM = {**SMALL, "fairness_batch_size": 31, "fairness_weight": 1.0}
OF_IMAGES = {**SMALL, "net": SmallConv, "net_params": None}


class Interrupted(Callback):
    """Ends a fit with an error behind some epochs."""

    def on_epoch_begin(self, net, **_params):
        if len(net.history) > 2:
            raise RuntimeError("switched off")


class Squares(torch.optim.LBFGS):
    def __init__(self, params, lr):
        super().__init__(params, lr, max_iter=3)


def found(estimator, rows=X):
    history = estimator.history_.drop(columns="dur", errors="ignore")
    return {
        "weights": weights_of(estimator),
        "history": history.to_numpy(float),
        "chosen": estimator.chosen_epoch_,
        "answers": estimator.predict_proba(rows),
    }


FITS = {
    "plain": lambda: fit(NetClassifier(**SMALL)),
    "DP": lambda: fit(RunnerClassifier(**TERM)),
    "EO, last epoch": lambda: fit(
        RunnerClassifier(**TERM, constraints="equalized_odds", select_epoch="last")
    ),
    "weighted": lambda: fit(RunnerClassifier(**TERM), sample_weight=WEIGHT),
    "all rows": lambda: fit(RunnerClassifier(**{**TERM, "batch_size": 1000})),
    "gap": lambda: fit(
        GapRegularizationClassifier(**TERM, gap="wasserstein", sampling="balanced")
    ),
    "oversampled": lambda: fit(OversamplingClassifier(**SMALL)),
    "weights of cells": lambda: fit(ReweightingClassifier(**SMALL)),
    "new rows": lambda: fit(FairSmoteClassifier(**SMALL)),
    "patience": lambda: fit(
        NetClassifier(
            **{**SMALL, "max_epochs": 30, "lr": 0.3},
            validation_fraction=0.3,
            patience=2,
        )
    ),
    "closure": lambda: fit(NetClassifier(**{**SMALL, "optimizer": Squares, "lr": 0.5})),
    "clipped": lambda: fit(
        RunnerClassifier(**TERM, callbacks=[GradientNormClipping(0.05)])
    ),
    "continued": lambda: fit(fit(RunnerClassifier(**TERM, warm_start=True))),
    "by epoch": lambda: (
        RunnerClassifier(**TERM)
        .partial_fit(X, Y, sensitive_features=A)
        .partial_fit(X, Y, sensitive_features=A)
    ),
    "own module": lambda: fit(
        NetClassifier(**{**SMALL, "net": seeded_module(0), "net_params": None})
    ),
}


def seeded_module(seed):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return Tiny(6)


def images():
    estimator = RunnerClassifier(**{**TERM, **OF_IMAGES})
    return found(fit(estimator, X=IMAGES), IMAGES)


def other_weights():
    """Each process has a module of its own; that of the first is trained."""
    module = seeded_module(process_rank())
    return found(fit(NetClassifier(**{**SMALL, "net": module, "net_params": None})))


def drawn(seed):
    params = {**SMALL, "net_params": {"hidden": (5,), "dropout": 0.5}}
    return found(fit(NetClassifier(**{**params, "random_state": seed})))


def printed():
    with redirect_stderr(io.StringIO()) as text:
        fit(NetClassifier(**{**SMALL, "verbose": 1}))
    return text.getvalue()


def answers_alone():
    """The second process predicts and diagnoses while the first does not."""
    estimator = fit(RunnerClassifier(**TERM))
    if process_rank() == 0:
        return None
    report = estimator.diagnose(X, Y, sensitive_features=A)
    return estimator.predict(X), sorted(report.to_frame()["neuron"])


def resumed(folder):
    """Fit with an interruption; only the first process is to write its file."""
    path = folder / f"of process {process_rank()}.pt"
    params = {**TERM, "net_params": {"hidden": (5,), "dropout": 0.4}}
    try:
        fit(RunnerClassifier(**params, checkpoint=path, callbacks=[Interrupted()]))
    except RuntimeError as error:
        assert str(error) == "switched off"  # noqa: PT017 (in another process)
    again = found(fit(RunnerClassifier(**params, checkpoint=path)))
    return again, found(fit(RunnerClassifier(**params))), path.exists()


class OwnNorm(nn.BatchNorm1d):
    def forward(self, X):
        return super().forward(X) + 1


def normed(kind):
    return nn.Sequential(nn.Linear(6, 4), kind(4), nn.ReLU(), nn.Linear(4, 1))


def of_rank(first, second):
    return (first, second)[process_rank()]


REFUSED = {
    "adversary": lambda folder: fit(AdversarialClassifier(**SMALL)),
    "mixup": lambda folder: fit(FairMixupClassifier(**SMALL)),
    "paths": lambda folder: fit(FairNeuronClassifier(**SMALL)),
    "own steps": lambda folder: fit(
        NetClassifier(OwnSteps(Tiny, nn.BCEWithLogitsLoss, module__n_features=6))
    ),
    "parts": lambda folder: fit(RunnerClassifier(**TERM, gradient_accumulation=2)),
    "own norm": lambda folder: fit(
        NetClassifier(**{**SMALL, "net": normed(OwnNorm), "net_params": None})
    ),
    "compiled norm": lambda folder: fit(
        NetClassifier(
            **{**SMALL, "net": normed(nn.BatchNorm1d), "net_params": None}, compile=True
        )
    ),
    "one row": lambda folder: fit(NetClassifier(**{**SMALL, "batch_size": 1})),
    "other rows": lambda folder: fit(
        NetClassifier(**SMALL), X=of_rank(X, X[::-1]), y=of_rank(Y, Y[::-1])
    ),
    "other settings": lambda folder: fit(
        NetClassifier(**{**SMALL, "lr": of_rank(0.1, 0.2)})
    ),
    "checkpoint of one": lambda folder: fit(
        NetClassifier(**SMALL, checkpoint=of_rank(folder / "one.pt", None))
    ),
    "no folder": lambda folder: fit(
        NetClassifier(**SMALL, checkpoint=folder / "none" / "file.pt")
    ),
}


def alone():
    """The cases that one process can run as well."""
    fits = {name: lambda make=make: found(make()) for name, make in FITS.items()}
    return {**fits, "images": images, "other weights": other_weights}


def cases(folder):
    refused = {name: partial(make, folder) for name, make in REFUSED.items()}
    return {
        **alone(),
        "drawn": partial(drawn, None),
        "dropout": partial(drawn, 0),
        "printed": printed,
        "answers alone": answers_alone,
        "resumed": partial(resumed, folder),
        **refused,
    }
