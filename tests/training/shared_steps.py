"""Trainings of a few steps in one process or in two, and what they leave behind."""

from functools import partial

import torch
from torch import nn

from skrunner.data import EpochBatches
from skrunner.gaps import gap_structure
from skrunner.nn import find_neuron_layers
from skrunner.objectives import (
    GapObjective,
    PredictiveObjective,
    RepairSettings,
    StabilizingObjective,
    TermWeight,
)
from skrunner.training import train_net
from tests.objectives.nets import make_net
from tests.training.nets import make_rows, start, state_of

N_ROWS = 67
DP, EO = "demographic_parity", "equalized_odds"


class Keeping(torch.optim.SGD):
    """Keeps the gradients of every step."""

    def __init__(self, params, lr):
        super().__init__(params, lr, momentum=0.5)
        self.kept = []

    def step(self, closure=None):
        (group,) = self.param_groups
        self.kept.append(torch.cat([p.grad.flatten() for p in group["params"]]))
        return super().step(closure)


class Watching:
    """An objective that keeps which rows it sees and which neurons it selects."""

    joins_processes = True

    def __init__(self, objective):
        self.objective = objective
        self.state_dict = objective.state_dict
        self.load_state_dict = objective.load_state_dict
        self.predictive, self.fair, self.selected = [], [], []

    def __call__(self, forward, batch):
        step = self.objective(forward, batch)
        rows = (batch.X[:, 2] * N_ROWS).round().long()
        self.predictive.append(rows[: batch.n_predictive])
        self.fair.append(rows[batch.fair_from :])
        chosen = getattr(self.objective, "selected", [])
        self.selected.append([neurons.clone() for neurons in chosen])
        return step


def numbered_rows(n_classes, *, weighted, rare):
    """Return rows whose last column is their number; `rare` moves group 2 to even ones.

    Then the second process has no row of group 2 where a step takes all rows in order.
    """
    rows = make_rows(N_ROWS, n_classes=n_classes, weighted=weighted, dtype=torch.double)
    X, groups = rows.X.clone(), rows.groups.clone()
    X[:, 2] = torch.arange(N_ROWS) / N_ROWS
    if rare:
        groups[groups == 2] = 0
        groups[[4, 20, 66]] = 2
    return type(rows)(
        X, rows.y, groups, n_groups=3, n_classes=n_classes, weight=rows.weight
    )


def objective_of(kind, net, rows, constraints, options):
    if kind == "predictive":
        return PredictiveObjective(net.criterion_)
    structure = gap_structure(constraints, 3, rows.n_classes)
    if kind == "gap":
        return GapObjective(
            net.criterion_, structure, weight=TermWeight(2.0), **options
        )
    few = rows.X[:2]
    settings = RepairSettings(
        **{"fairness_weight": 2.0, "neuron_ratio": 0.4, "diagnose_every": 2, **options}
    )
    layers = find_neuron_layers(net.module_, few)
    parameters = net.module_.parameters()
    return StabilizingObjective(net.criterion_, structure, layers, settings, parameters)


class Noted(nn.Sequential):
    """Has a state that is no tensor."""

    def __init__(self, module):
        super().__init__(module)
        self.note = {"version": 1}

    def get_extra_state(self):
        return self.note

    def set_extra_state(self, state):
        self.note = state


def short_training(
    kind="runner",
    sampling="two_stream",
    constraints=DP,
    *,
    net="mlp",
    n_classes=2,
    weighted=False,
    batch_size=23,
    fair=17,
    rare=False,
    criterion=None,
    clip=False,
    noted=False,
    **options,
):
    rows = numbered_rows(n_classes, weighted=weighted, rare=rare)
    with torch.random.fork_rng():
        torch.manual_seed(3)
        module = make_net(net, 1 if n_classes == 2 else n_classes)
        module = Noted(module) if noted else module
    trained = start(rows, net=module, precision="fp64", optimizer=Keeping, lr=0.1)
    if criterion is not None:
        trained.criterion_ = criterion
    batches = EpochBatches(
        rows,
        batch_size=batch_size,
        sampling=sampling,
        constraints=constraints,
        fairness_batch_size=fair,
    )
    watching = Watching(objective_of(kind, trained, rows, constraints, options))
    train_net(trained, batches, watching, validation=None, max_epochs=2, seed=0)
    losses = ("train_loss", "predictive_loss", "fairness_term", "train_gap")
    return {
        "losses": torch.tensor(
            [[epoch[n] for n in losses] for epoch in trained.history]
        ),
        "gradients": torch.stack(trained.optimizer_.kept),
        "weights": state_of(trained),
        "selected": watching.selected,
        "predictive": watching.predictive,
        "fair": watching.fair,
        "groups": rows.groups,
    }


CLASS_WEIGHTS = nn.CrossEntropyLoss(torch.tensor([1.0, 3.0, 0.5], dtype=torch.double))
SETTINGS = {
    "plain": {"kind": "predictive", "sampling": "plain"},
    "plain weighted": {"kind": "predictive", "sampling": "plain", "weighted": True},
    "plain, class weights": {
        "kind": "predictive",
        "sampling": "plain",
        "n_classes": 3,
        "criterion": CLASS_WEIGHTS,
    },
    "plain, class and row weights": {
        "kind": "predictive",
        "sampling": "plain",
        "n_classes": 3,
        "weighted": True,
        "criterion": CLASS_WEIGHTS,
    },
    "plain, smoothed": {
        "kind": "predictive",
        "sampling": "plain",
        "n_classes": 3,
        "criterion": nn.CrossEntropyLoss(label_smoothing=0.2),
    },
    "a state that is no tensor": {"noted": True},
    "DP two_stream": {},
    "EO two_stream": {"constraints": EO},
    "DP balanced": {"sampling": "balanced"},
    "EO balanced": {"sampling": "balanced", "constraints": EO, "batch_size": 25},
    "DP shared": {"sampling": "shared"},
    "EO shared": {"sampling": "shared", "constraints": EO},
    "DP two_stream weighted": {"weighted": True},
    "EO balanced weighted": {
        "sampling": "balanced",
        "constraints": EO,
        "weighted": True,
    },
    "EO shared weighted": {"sampling": "shared", "constraints": EO, "weighted": True},
    "threshold": {"gap": "threshold", "constraints": EO},
    "wasserstein": {"gap": "wasserstein"},
    "wasserstein weighted": {
        "gap": "wasserstein",
        "constraints": EO,
        "weighted": True,
        "sampling": "shared",
    },
    "three classes": {"n_classes": 3, "constraints": EO, "gap": "wasserstein"},
    "momentum": {"sampling": "shared", "constraints": EO, "gap_momentum": 0.9},
    "momentum, same cells": {"gap_momentum": 0.9},
    "normalized": {"normalize": True, "constraints": EO},
    "normalized weighted": {"normalize": True, "weighted": True, "sampling": "shared"},
    "taylor": {"importance": "taylor"},
    "signed": {"importance": "signed", "constraints": EO},
    "random": {"importance": "random"},
    "all": {"importance": "all", "reduction": "sum"},
    "limited": {"gradient_limit": 0.1, "weighted": True},
    "all rows": {"batch_size": 100, "constraints": EO},
    "all rows weighted": {"batch_size": 100, "weighted": True},
    "few rows": {"batch_size": 3, "fair": 5},
    "group in one process": {"batch_size": 100, "rare": True},
    "group in one process, wasserstein": {
        "batch_size": 100,
        "rare": True,
        "gap": "wasserstein",
    },
    "batch norm": {"net": "batchnorm", "constraints": EO},
    "batch norm, limited": {"net": "batchnorm", "gradient_limit": 0.5},
    "batch norm, taylor": {"net": "batchnorm", "importance": "taylor"},
    "convolutions": {"net": "conv", "importance": "auto", "sampling": "shared"},
    "gap": {"kind": "gap", "weighted": True},
    "gap of decisions": {"kind": "gap", "gap": "threshold", "constraints": EO},
    "gap of distributions": {
        "kind": "gap",
        "gap": "wasserstein",
        "sampling": "balanced",
        "n_classes": 3,
    },
}


def cases(_folder):
    return {name: partial(short_training, **given) for name, given in SETTINGS.items()}
