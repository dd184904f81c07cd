"""Small trainings: rows, settings, and one call that trains a net on them."""

import torch
from torch import Tensor, nn

from skrunner.data import EpochBatches, GroupDataset
from skrunner.gaps import gap_structure
from skrunner.nn import find_neuron_layers
from skrunner.objectives import (
    PredictiveObjective,
    RepairSettings,
    StabilizingObjective,
)
from skrunner.training import (
    TrainingSettings,
    build_module,
    isolated_rng,
    make_net,
    model_dtype,
    read_net,
    train_net,
)

HIDDEN = {"hidden": (6, 5)}


def make_rows(n=90, *, n_classes=2, weighted=False, seed=0, dtype=torch.float32):
    """Return rows of three groups of unequal sizes whose labels can be learned."""
    generator = torch.Generator().manual_seed(seed)
    X = torch.randn(n, 3, generator=generator)
    groups = torch.multinomial(
        torch.tensor([0.6, 0.25, 0.15]), n, replacement=True, generator=generator
    )
    score = X[:, 0] + 0.5 * groups + 0.5 * torch.randn(n, generator=generator)
    edges = torch.tensor([0.3] if n_classes == 2 else [-0.2, 0.8])
    weight = 0.2 + torch.rand(n, generator=generator) if weighted else None
    return GroupDataset(
        X.to(dtype),
        torch.bucketize(score, edges),
        groups,
        n_groups=3,
        n_classes=n_classes,
        weight=weight if weight is None else weight.to(dtype),
    )


def make_settings(**others):
    defaults = {
        "max_epochs": 3,
        "lr": 0.02,
        "optimizer": None,
        "device": "cpu",
        "precision": "fp32",
        "select_epoch": "last",
        "constraints": "demographic_parity",
    }
    return TrainingSettings(**{**defaults, **others})


def start(rows, *, net="mlp", net_params=HIDDEN, **settings):
    """Return an initialized net whose weights come from seed 0."""
    chosen = make_settings(**settings)
    spec = read_net(net, net_params if isinstance(net, str | type) else None)
    with isolated_rng(0):
        module = build_module(spec, rows.X.shape[1], rows.n_classes)
    module = module.to(model_dtype(chosen.precision))
    n_outputs = find_neuron_layers(module, rows.X[:2]).n_outputs
    return make_net(spec, module, n_outputs, chosen)


def make_objective(net, rows, *, repair=True):
    if not repair:
        return PredictiveObjective(net.criterion_)
    structure = gap_structure("equalized_odds", rows.n_groups, rows.n_classes)
    return StabilizingObjective(
        net.criterion_,
        structure.to("cpu", rows.X.dtype),
        find_neuron_layers(net.module_, rows.X[:2]),
        RepairSettings(fairness_weight=0.1, neuron_ratio=0.4, diagnose_every=2),
    )


def train(
    rows,
    *,
    validation=None,
    repair=True,
    batch_size=32,
    seed=0,
    max_epochs=3,
    **settings,
):
    """Train a small net from seed 0 and return it."""
    net = start(rows, max_epochs=max_epochs, **settings)
    batches = EpochBatches(rows, batch_size=batch_size)
    objective = make_objective(net, rows, repair=repair)
    return train_net(
        net,
        batches,
        objective,
        validation=validation,
        max_epochs=max_epochs,
        seed=seed,
    )


def state_of(net):
    state = net.module_.state_dict().values()
    return torch.cat([part.flatten() for part in state if isinstance(part, Tensor)])


class Dropping(nn.Module):
    """A net that draws random numbers in training."""

    def __init__(self, n_features, n_outputs):
        super().__init__()
        self.hidden = nn.Linear(n_features, 6)
        self.dropout = nn.Dropout(0.4)
        self.out = nn.Linear(6, n_outputs)

    def forward(self, X):
        return self.out(self.dropout(self.hidden(X).relu()))
