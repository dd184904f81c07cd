"""Fits in a process of their own that is killed on the way."""

import multiprocessing
import os
import signal
from itertools import count

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback, LRScheduler

from skrunner import NetClassifier, RunnerClassifier
from skrunner.baselines import (
    AdversarialClassifier,
    FairMixupClassifier,
    FairNeuronClassifier,
    GapRegularizationClassifier,
)
from tests.device import DEVICE
from tests.estimators.nets import SmallConv
from tests.estimators.rows import SMALL, A, N, X, Y

COMMON = {
    **SMALL,
    "net_params": {"hidden": (6,), "dropout": 0.3},
    "max_epochs": 5,
    "batch_size": 50,
    "lr": 0.03,
}
TERM = {
    **COMMON,
    "fairness_batch_size": 33,
    "fairness_weight": 1.0,
    "select_epoch": "within_utility",
}
STAGES = {**COMMON, "max_epochs": 3}
IMAGES = np.random.default_rng(0).integers(0, 256, (N, 1, 4, 4), dtype=np.uint8)


class LimitedSteps(torch.optim.LBFGS):
    """LBFGS, which takes a closure, in few iterations."""

    def __init__(self, params, lr=1):
        super().__init__(params, lr, max_iter=3)


def darken(pixels):
    """Draw from the generator of the training."""
    light = torch.rand(len(pixels), 1, 1, 1, device=pixels.device)
    return (pixels * light).to(torch.uint8)


CASES = {
    "dropout": lambda: NetClassifier(**COMMON),
    "repair": lambda: RunnerClassifier(
        **TERM, sampling="two_stream", gap_momentum=0.9, diagnose_every=7
    ),
    "limited": lambda: RunnerClassifier(
        **TERM, normalize=True, fairness_gradient_limit=0.4
    ),
    "random neurons": lambda: RunnerClassifier(
        **TERM, importance="random", fairness_warm_up=0.7
    ),
    "gap": lambda: GapRegularizationClassifier(
        **TERM, gap_momentum=0.5, fairness_warm_up=0.7
    ),
    "adversary": lambda: AdversarialClassifier(**COMMON, alpha_schedule="constant"),
    "falling rates": lambda: AdversarialClassifier(**COMMON, alpha_schedule="sqrt"),
    "selective dropout": lambda: FairNeuronClassifier(**STAGES, dropout=0.5),
    "new start": lambda: FairNeuronClassifier(**STAGES, init="fresh"),
    "schedule": lambda: NetClassifier(
        **COMMON, callbacks=[LRScheduler("CosineAnnealingLR", T_max=5)]
    ),
    "rates of batches": lambda: NetClassifier(
        **COMMON,
        callbacks=[LRScheduler("StepLR", step_size=3, gamma=0.8, step_every="batch")],
    ),
    # Its state holds arrays.
    "restarts": lambda: NetClassifier(**COMMON, callbacks=[LRScheduler(base_period=3)]),
    "two schedules": lambda: FairNeuronClassifier(
        **STAGES, callbacks=[LRScheduler("CosineAnnealingLR", T_max=3)]
    ),
    "mixup": lambda: FairMixupClassifier(**TERM),
    "closure": lambda: NetClassifier(
        **{**COMMON, "batch_size": 80, "optimizer": LimitedSteps}
    ),
    "patience": lambda: NetClassifier(
        **{**COMMON, "max_epochs": 40}, validation_fraction=0.3, patience=2
    ),
    "average": lambda: NetClassifier(
        **{**COMMON, "max_epochs": 8, "select_epoch": "average"}
    ),
    "two averages": lambda: FairNeuronClassifier(
        **{**STAGES, "max_epochs": 6, "select_epoch": "average"}
    ),
    # Adam would blow up the rounding of the bias that BatchNorm takes away again.
    "images": lambda: NetClassifier(
        **{**COMMON, "net": SmallConv, "net_params": None},
        optimizer=torch.optim.SGD,
        augment=darken,
    ),
}


class Killed(BaseException):
    """Nobody catches it."""


def die():
    if DEVICE == "cpu":
        os.kill(os.getpid(), signal.SIGKILL)
    raise Killed


class AtEnd(Callback):
    """Kill the process at the end of an epoch, before its checkpoint is written."""

    def __init__(self, epoch):
        self.epoch = epoch
        self.epochs = count(1)

    def on_epoch_end(self, net, **_kwargs):
        if next(self.epochs) == self.epoch:
            die()


class InTheMiddle(AtEnd):
    """Kill the process behind some steps of an epoch."""

    def on_epoch_begin(self, net, **_kwargs):
        if next(self.epochs) == self.epoch:
            self.steps = count(1)
            self.step = net.optimizer_.step
            net.optimizer_.step = self.last_step

    def last_step(self, *given):
        self.step(*given)
        if next(self.steps) == 3:
            die()

    def on_epoch_end(self, net, **_kwargs):
        pass


PLACES = {"end": AtEnd, "middle": InTheMiddle}


def fit_case(name, callbacks=(), **params):
    rows = IMAGES if name == "images" else X
    case = CASES[name]()
    together = [*(case.callbacks or []), *callbacks] or None
    case.set_params(callbacks=together, **params)
    return case.fit(rows, Y, sensitive_features=A)


def _fit_and_die(name, place, epoch, params):
    torch.manual_seed(epoch)  # the global generator must not matter
    fit_case(name, callbacks=[PLACES[place](epoch)], **params)


# Forked from a process without threads that has imported everything.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([__name__])


def kill(name, place, epoch, **params):
    """Fit a case in another process until it kills itself; CUDA does not fork."""
    if DEVICE != "cpu":
        with pytest.raises(Killed):
            _fit_and_die(name, place, epoch, params)
        return
    process = PROCESSES.Process(target=_fit_and_die, args=(name, place, epoch, params))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
