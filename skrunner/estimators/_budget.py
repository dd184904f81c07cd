"""Resolve what a user left open about the budget of a training."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.random import RandomState

from skrunner._processes import n_processes
from skrunner.data import GroupDataset, split_validation
from skrunner.estimators._fit_input import FitInput
from skrunner.exceptions import ValidationShareWarning
from skrunner.groups import label_conditions
from skrunner.training import UNCHOOSING, NetSpec, Seeds, TrainingSettings

DEFAULT_EPOCHS = 20
DEFAULT_SHARE = 0.2
SILENT_BELOW = 100


@dataclass(frozen=True)
class Budget:
    """How long a training is and how many rows a step takes.

    Attributes
    ----------
    max_epochs : int
        Epochs at most.
    batch_size : int
        Rows of the predictive stream.
    """

    max_epochs: int
    batch_size: int


def resolve_budget(
    estimator: Any, spec: NetSpec, n_rows: int, *, one_epoch: bool = False
) -> Budget:
    """Choose epochs and batch size: the user's, else the skorch net's, else ours.

    Parameters
    ----------
    estimator : BaseNetClassifier
        Holds `max_epochs` and `batch_size`.
    spec : NetSpec
        What was passed as `net`.
    n_rows : int
        Training rows.
    one_epoch : bool, default=False
        Whether this is one call of ``partial_fit``.

    Returns
    -------
    Budget
        20 epochs and ``min(1000, max(64, n_rows // 10))`` rows by default.
    """
    max_epochs = estimator.max_epochs
    if max_epochs is None:
        max_epochs = spec.settings.get("max_epochs", DEFAULT_EPOCHS)
    batch_size = estimator.batch_size
    if batch_size is None:
        ours = min(1000, max(64, n_rows // 10))
        batch_size = spec.settings.get("batch_size", ours)
    whole = n_rows if batch_size == -1 else batch_size  # skorch's "all rows"
    return Budget(1 if one_epoch else max_epochs, whole)


def resolve_settings(
    estimator: Any, spec: NetSpec, budget: Budget, rule: str
) -> TrainingSettings:
    """Collect what the estimator decides about a training.

    Parameters
    ----------
    estimator : BaseNetClassifier
        Holds the parameters.
    spec : NetSpec
        What was passed as `net`.
    budget : Budget
        How long the training is.
    rule : str
        How the epoch is chosen.

    Returns
    -------
    TrainingSettings
        The settings.
    """
    verbose = estimator.verbose
    if verbose is None:
        verbose = 2 * int(spec.settings.get("verbose", 0))
    return TrainingSettings(
        max_epochs=budget.max_epochs,
        lr=estimator.lr,
        optimizer=estimator.optimizer,
        device=resolve_device(estimator.device, spec),
        precision=estimator.precision,
        select_epoch=rule,
        constraints=estimator.constraints,
        utility_drop=estimator.utility_drop,
        patience=estimator.patience,
        verbose=int(verbose),
        callbacks=estimator.callbacks,
        channels_last=estimator.channels_last,
        compile=estimator.compile,
        gradient_accumulation=estimator.gradient_accumulation,
    )


def split_rows(
    estimator: Any, rows: FitInput, seeds: Seeds, *, keep_last: bool
) -> tuple[GroupDataset, GroupDataset | None, str]:
    """Set validation rows aside, if an epoch is to be chosen by them.

    Parameters
    ----------
    estimator : BaseNetClassifier
        Holds `validation_fraction` and `select_epoch`.
    rows : FitInput
        All rows.
    seeds : Seeds
        The seeds.
    keep_last : bool
        Whether the last epoch is kept whatever the parameters say.

    Returns
    -------
    data : GroupDataset
        Training rows.
    validation : GroupDataset or None
        Validation rows.
    rule : str
        One of ``EPOCH_RULES``; the last epoch where the share is too small.

    Raises
    ------
    ValueError
        If an epoch is to be chosen by a gap and there are no groups, or the share holds
        no row.
    """
    share = 0.0 if keep_last else _share(estimator)
    data = rows.dataset()
    rule = estimator.select_epoch
    choosing = rule not in UNCHOOSING
    if not share:
        return data, None, "last" if choosing or keep_last else rule
    if choosing and rows.groups is None:
        raise ValueError(
            f"select_epoch={rule!r} compares the gap between groups: pass "
            "fit(X, y, sensitive_features=...), or select_epoch='last'."
        )
    train, valid = split_validation(rows.cells, share, RandomState(seeds.split))
    if not len(valid):
        raise ValueError(
            f"validation_fraction={share} sets none of {len(rows.y)} rows aside. Raise "
            "it, or pass validation_fraction=None and select_epoch='last'."
        )
    smallest = _smallest_needed(estimator.constraints, rows, valid)
    if choosing and smallest < 2:
        if len(rows.y) >= SILENT_BELOW:
            warnings.warn(_share_warning(len(valid), smallest), stacklevel=5)
        rule = "last"
        if estimator.validation_fraction is None:
            return data, None, rule
    parts = (data.take(torch.from_numpy(part)) for part in (train, valid))
    return *parts, rule


def _share(estimator: Any) -> float:
    if estimator.validation_fraction is not None:
        return float(estimator.validation_fraction)
    return 0.0 if estimator.select_epoch in UNCHOOSING else DEFAULT_SHARE


def _smallest_needed(constraints: str, rows: FitInput, valid: Any) -> int:
    n_classes = len(rows.classes)
    n_groups = 1 if rows.groups is None else rows.groups.n_groups
    counted = valid if rows.weight is None else valid[rows.weight[valid] > 0]
    counts = np.bincount(rows.cells[counted], minlength=n_groups * n_classes)
    conditions = label_conditions(constraints, n_classes).astype(int)
    by_condition = counts.reshape(n_groups, n_classes) @ conditions.T
    return int(by_condition.min())


def _share_warning(n_rows: int, smallest: int) -> ValidationShareWarning:
    return ValidationShareWarning(
        f"The validation share of {n_rows} rows holds {smallest} row(s) of a group or "
        "cell whose rate the constraint compares; two are needed to choose an epoch, "
        "so the last one is kept. Raise validation_fraction, merge groups, or pass "
        "select_epoch='last'."
    )


def resolve_device(device: str | None, spec: NetSpec) -> str:
    """Choose where to train.

    Parameters
    ----------
    device : str or None
        What the estimator says.
    spec : NetSpec
        What was passed as `net`; it decides if the estimator leaves it open.

    Returns
    -------
    str
        CUDA for ``"auto"`` if there is some; where several processes train together,
        each has its own.
    """
    if device is None:
        device = str(spec.settings.get("device", "cpu"))
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda" and n_processes() > 1:
        # By number: threads that read ahead would take the first one.
        return f"cuda:{torch.cuda.current_device()}"
    return device
