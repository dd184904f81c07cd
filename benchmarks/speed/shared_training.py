"""Short trainings of RUNNER, the same in one process and in several."""

from typing import Any

import torch
from torch import nn

from skrunner.data import EpochBatches, GroupDataset
from skrunner.gaps import gap_structure
from skrunner.nn import find_neuron_layers
from skrunner.objectives import RepairSettings, StabilizingObjective
from skrunner.training import (
    GroupNet,
    TrainingSettings,
    build_module,
    make_net,
    model_dtype,
    read_net,
    train_net,
)


class KeepsGradients(torch.optim.SGD):
    """Keeps the gradients of every step."""

    def __init__(self, params: Any, lr: float) -> None:
        super().__init__(params, lr)
        self.kept: list[torch.Tensor] = []

    def step(self, closure: Any = None) -> Any:
        """Keep them, and step."""
        (group,) = self.param_groups
        self.kept.append(torch.cat([part.grad.flatten() for part in group["params"]]))
        return super().step(closure)


class Pictures(nn.Sequential):
    """Convolution, batch normalization, pooling."""

    def __init__(self, n_outputs: int = 1) -> None:
        super().__init__(
            *(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(inplace=True)),
            *(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, n_outputs)),
        )


def make_rows(
    shape: tuple[int, ...], n_rows: int, dtype: torch.dtype, device: str
) -> GroupDataset:
    """Make rows of three groups of unequal sizes, the same in every process."""
    generator = torch.Generator(device).manual_seed(0)
    X = torch.randn(n_rows, *shape, generator=generator, device=device)
    shares = torch.tensor([0.6, 0.3, 0.1], device=device)
    groups = torch.multinomial(shares, n_rows, replacement=True, generator=generator)
    labels = (X.flatten(1)[:, :5].sum(1) + groups > 1).long()
    return GroupDataset(X.to(dtype), labels, groups, n_groups=3, n_classes=2).to(device)


def train(
    rows: GroupDataset,
    net: Any,
    params: dict[str, Any] | None,
    *,
    precision: str,
    batch_size: int,
    optimizer: Any,
    epochs: int,
    steps: int | None,
) -> tuple[GroupNet, StabilizingObjective]:
    """Train RUNNER for equalized odds in all processes of the group that is up."""
    device = str(rows.X.device)
    settings = TrainingSettings(
        max_epochs=epochs,
        lr=0.05 if optimizer is KeepsGradients else None,
        optimizer=optimizer,
        device=device,
        precision=precision,
        select_epoch="last",
        constraints="equalized_odds",
        channels_last=precision == "bf16",
    )
    spec = read_net(net, params)
    torch.manual_seed(0)
    module = build_module(spec, rows.X.shape[1], 2).to(model_dtype(precision))
    layers = find_neuron_layers(module, rows.X[:2].cpu())
    trained = make_net(spec, module, layers.n_outputs, settings)
    structure = gap_structure("equalized_odds", rows.n_groups, 2)
    objective = StabilizingObjective(
        trained.criterion_,
        structure.to(device, model_dtype(precision)),
        layers,
        RepairSettings(fairness_weight=1.0, neuron_ratio=0.1),
    )
    batches = EpochBatches(
        rows,
        batch_size=batch_size,
        sampling="balanced",
        constraints="equalized_odds",
        steps_per_epoch=steps,
    )
    train_net(trained, batches, objective, validation=None, max_epochs=epochs, seed=0)
    return trained, objective
