"""Put a skorch net together from settings, and train it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from skrunner._processes import process_rank
from skrunner.data import EpochBatches, GroupDataset
from skrunner.objectives import Objective
from skrunner.training._averaging import WeightAveraging
from skrunner.training._distributed import together
from skrunner.training._modules import NetSpec
from skrunner.training._net import GroupNet
from skrunner.training._progress import EpochProgress
from skrunner.training._seeding import isolated_rng
from skrunner.training._selection import EpochSelection

DEFAULT_LR = 1e-3
APART = 1_000_003


@dataclass(frozen=True)
class TrainingSettings:
    """What the estimator decides about a training; None leaves it to the skorch net.

    Attributes
    ----------
    max_epochs : int
        Epochs at most.
    lr : float or None
        The learning rate.
    optimizer : type or None
        A torch optimizer class.
    device : str
        Where to train.
    precision : str
        One of ``PRECISIONS``.
    select_epoch : str
        One of ``EPOCH_RULES``.
    constraints : str
        Which gap is recorded.
    utility_drop : float, default=0.01
        How much validation utility the chosen epoch may give up.
    patience : int or None, default=None
        Epochs without a better choice before the training stops.
    verbose : int, default=0
        1 shows a progress bar, 2 also a line an epoch.
    callbacks : sequence or None, default=None
        Callbacks of skorch.
    channels_last : bool, default=False
        The memory format of the module.
    compile : bool, default=False
        Whether the forward pass is compiled, where no hook reads it.
    gradient_accumulation : int, default=1
        Parts of a step.
    """

    max_epochs: int
    lr: float | None
    optimizer: Any
    device: str
    precision: str
    select_epoch: str
    constraints: str
    utility_drop: float = 0.01
    patience: int | None = None
    verbose: int = 0
    callbacks: Sequence[Any] | None = None
    channels_last: bool = False
    compile: bool = False
    gradient_accumulation: int = 1


def make_net(
    spec: NetSpec, module: nn.Module, n_outputs: int, settings: TrainingSettings
) -> GroupNet:
    """Make an initialized net around a module.

    Parameters
    ----------
    spec : NetSpec
        What the user passed as `net`.
    module : Module
        The module that the training starts from; it is moved to the device.
    n_outputs : int
        Number of its logits.
    settings : TrainingSettings
        What the estimator decides.

    Returns
    -------
    GroupNet
        Ready to train.
    """
    params = dict(spec.settings)
    default = nn.BCEWithLogitsLoss if n_outputs == 1 else nn.CrossEntropyLoss
    params.setdefault("criterion", default)
    _choose_optimizer(params, settings, fresh=not spec.settings)
    params |= {
        "module": type(module),
        "max_epochs": settings.max_epochs,
        "device": settings.device,
        "train_split": None,
        "verbose": int(settings.verbose > 1 and process_rank() == 0),
        "callbacks": _callbacks(params.get("callbacks"), settings),
        "callbacks__validation__constraints": settings.constraints,
    }
    if settings.channels_last:
        module = module.to(memory_format=torch.channels_last)
    net = GroupNet(**params)
    net.n_parts_ = settings.gradient_accumulation
    net.compiled_ = settings.compile
    return net.start_from(module, settings.precision)


def train_net(
    net: GroupNet,
    batches: EpochBatches,
    objective: Objective,
    *,
    validation: GroupDataset | None,
    max_epochs: int,
    seed: int,
) -> GroupNet:
    """Train a net; the global random state is as it was behind it.

    Parameters
    ----------
    net : GroupNet
        The net.
    batches : EpochBatches
        The batches of an epoch; where a process group is up, its processes share them.
    objective : callable
        What a step minimizes.
    validation : GroupDataset or None
        Rows to choose an epoch by.
    max_epochs : int
        How many epochs.
    seed : int
        What the module draws, such as dropout, comes from it.

    Returns
    -------
    GroupNet
        The trained net.
    """
    net.validation_ = validation
    # Each process thins its own rows: equal masks in all would be fewer draws.
    own_seed = seed + APART * process_rank()
    with isolated_rng(own_seed, net.device), together(net, batches, objective):
        return net.train(batches, objective, max_epochs=max_epochs)


def _choose_optimizer(
    params: dict[str, Any], settings: TrainingSettings, *, fresh: bool
) -> None:
    if settings.optimizer is not None:
        params["optimizer"] = settings.optimizer
    elif fresh:
        params["optimizer"] = torch.optim.Adam
    if settings.lr is not None:
        params["lr"] = settings.lr
    elif fresh:
        params["lr"] = DEFAULT_LR
    optimizer = params.get("optimizer")
    fusible = optimizer in (torch.optim.Adam, torch.optim.AdamW)
    if fusible and torch.device(settings.device).type in ("cpu", "cuda"):
        choices = {"optimizer__fused", "optimizer__foreach", "optimizer__capturable"}
        if not choices & params.keys():
            params["optimizer__fused"] = True


def _callbacks(configured: Any, settings: TrainingSettings) -> list[Any]:
    if isinstance(configured, str):
        configured = []
    rule, patience = settings.select_epoch, settings.patience
    selection = (
        WeightAveraging(patience)
        if rule == "average"
        else EpochSelection(rule, settings.utility_drop, patience)
    )
    callbacks = [("epoch_selection", selection)]
    if settings.verbose and process_rank() == 0:
        callbacks.append(("progress", EpochProgress(settings.max_epochs)))
    return [*callbacks, *(configured or []), *(settings.callbacks or [])]
