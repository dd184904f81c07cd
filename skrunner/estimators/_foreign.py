"""A skorch net whose steps are its own: trained as it is, or refused."""

from typing import Any

import torch

from skrunner.estimators._fit_input import FitInput
from skrunner.estimators._start import find_layers
from skrunner.exceptions import UnsupportedModuleError
from skrunner.training import NetSpec, Seeds, TrainingSettings, train_foreign_net


def train_own_steps(
    estimator: Any,
    spec: NetSpec,
    rows: FitInput,
    settings: TrainingSettings,
    seeds: Seeds,
    *,
    again: bool,
) -> Any:
    """Train a skorch net whose steps are its own, where that is allowed.

    Parameters
    ----------
    estimator : BaseNetClassifier
        Whose net it is.
    spec : NetSpec
        Holds the net.
    rows : FitInput
        All rows.
    settings : TrainingSettings
        What the estimator decides.
    seeds : Seeds
        The seeds.
    again : bool
        Whether a training is to go on.

    Returns
    -------
    NeuralNet
        The fitted net.

    Raises
    ------
    UnsupportedModuleError
        If the estimator's loss or an option would silently be ignored, or if the module
        does not return logits.
    """
    name = type(spec.foreign).__name__
    if estimator._needs_groups:  # noqa: SLF001 (same room)
        raise UnsupportedModuleError(
            f"{name} overrides train_step, train_step_single or "
            f"get_loss, so {type(estimator).__name__} could not add its own term and "
            "would train a plain net. Only NetClassifier takes such a net."
        )
    ignored = _ignored(estimator, rows, again=again)
    if ignored:
        raise UnsupportedModuleError(
            f"{name} overrides train_step, train_step_single or get_loss, and its own "
            f"steps know nothing of: {', '.join(ignored)}. Leave that out, or pass a "
            "net without such overrides."
        )
    net = train_foreign_net(
        spec,
        rows.X,
        rows.y,
        settings,
        batch_size=estimator.batch_size,
        seed=seeds.weights,
    )
    few = torch.from_numpy(rows.X[:2]).to(net.device)
    find_layers(net.module_, few, n_classes=len(rows.classes))
    return net


def _ignored(estimator: Any, rows: FitInput, *, again: bool) -> list[str]:
    asked = {
        "partial_fit or warm_start": again,
        "sample_weight": rows.weight is not None,
        "steps_per_epoch": estimator.steps_per_epoch is not None,
        "precision": estimator.precision != "fp32",
        "select_epoch": estimator.select_epoch != "last",
        "validation_fraction": estimator.validation_fraction is not None,
        "patience": estimator.patience is not None,
        "checkpoint": estimator.checkpoint is not None,
    }
    return [option for option, is_asked in asked.items() if is_asked]
