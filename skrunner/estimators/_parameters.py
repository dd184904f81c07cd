"""The parameters that all net-training estimators share."""

from dataclasses import dataclass, field
from numbers import Integral, Real
from os import PathLike
from typing import Any, ClassVar

from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval, StrOptions

from skrunner.data import STORAGES
from skrunner.groups import CONSTRAINTS
from skrunner.training import EPOCH_RULES, PRECISIONS

_POSITIVE = Interval(Integral, 1, None, closed="left")


@dataclass(kw_only=True, eq=False, repr=False)
class NetParameters(BaseEstimator):
    """Parameters as the fields of a dataclass, declared once.

    A subclass declares its own. They are documented at ``NetClassifier``.
    """

    net: Any = field(default="mlp", kw_only=False)
    net_params: dict[str, Any] | None = None
    constraints: str = "demographic_parity"
    max_epochs: int | None = None
    lr: float | None = None
    batch_size: int | None = None
    steps_per_epoch: int | None = None
    optimizer: Any = None
    device: str | None = "auto"
    precision: str = "fp32"
    select_epoch: str = "last"
    validation_fraction: float | None = None
    utility_drop: float = 0.01
    patience: int | None = None
    image_storage: str = "auto"
    image_transform: Any = None
    augment: Any = None
    channels_last: bool = False
    compile: bool = False
    gradient_accumulation: int = 1
    sensitive_columns: Any = None
    keep_sensitive: bool = False
    missing: str = "error"
    min_group_size: int = 20
    min_cell_size: int = 5
    warm_start: bool = False
    checkpoint: Any = None
    random_state: Any = None
    verbose: int | None = None
    callbacks: list[Any] | None = None

    # Groups are routed to fit and partial_fit without a set_fit_request.
    __metadata_request__fit: ClassVar = {"sensitive_features": True}
    __metadata_request__partial_fit: ClassVar = {"sensitive_features": True}

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "net": "no_validation",
        "net_params": [dict, None],
        "constraints": [StrOptions(set(CONSTRAINTS))],
        "max_epochs": [_POSITIVE, None],
        "lr": [Interval(Real, 0, None, closed="neither"), None],
        "batch_size": [_POSITIVE, None],
        "steps_per_epoch": [_POSITIVE, None],
        "optimizer": [callable, None],
        "device": [str, None],
        "precision": [StrOptions(set(PRECISIONS))],
        "select_epoch": [StrOptions(set(EPOCH_RULES))],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither"), None],
        "utility_drop": [Interval(Real, 0, None, closed="left")],
        "patience": [_POSITIVE, None],
        "image_storage": [StrOptions(set(STORAGES))],
        "image_transform": [callable, None],
        "augment": [callable, None],
        "channels_last": ["boolean"],
        "compile": ["boolean"],
        "gradient_accumulation": [_POSITIVE],
        "sensitive_columns": "no_validation",
        "keep_sensitive": ["boolean"],
        "missing": [StrOptions({"error", "group"})],
        "min_group_size": [Interval(Integral, 0, None, closed="left")],
        "min_cell_size": [Interval(Integral, 0, None, closed="left")],
        "warm_start": ["boolean"],
        "checkpoint": [str, PathLike, None],
        "random_state": ["random_state"],
        "verbose": ["verbose", None],
        "callbacks": [list, None],
    }

    def set_params(self, **params: Any) -> "NetParameters":
        """Set parameters, also those of a skorch net as ``net__<name>``.

        Parameters
        ----------
        **params : dict
            Names and values.

        Returns
        -------
        object
            The estimator itself.

        Raises
        ------
        ValueError
            If a name is unknown, or ``net__*`` has no skorch net to go to.
        """
        net = params.get("net", self.net)
        nested = sorted(name for name in params if name.startswith("net__"))
        if nested and (isinstance(net, type) or not hasattr(net, "set_params")):
            raise ValueError(
                f"{', '.join(nested)} needs a skorch net, but net is of type "
                f"{type(net).__name__}. Set net_params, the arguments of a preset or "
                f"class, or parameters of {type(self).__name__}: lr, optimizer ..."
            )
        super().set_params(**params)
        return self
