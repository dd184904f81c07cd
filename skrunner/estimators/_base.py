"""The fit template that every net-training estimator shares.

Think twice before adding to this class: an estimator says which objective it minimizes
and how its batches are drawn, and nothing else.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from sklearn.base import ClassifierMixin, _fit_context

from skrunner.data import EpochBatches, GroupDataset
from skrunner.estimators._budget import (
    Budget,
    resolve_budget,
    resolve_settings,
    split_rows,
)
from skrunner.estimators._checkpointing import checkpointed, open_checkpoint
from skrunner.estimators._fit_input import FitInput
from skrunner.estimators._foreign import train_own_steps
from skrunner.estimators._inputs import check_fit_input, check_sizes
from skrunner.estimators._parameters import NetParameters
from skrunner.estimators._prediction import FittedNetMixin
from skrunner.estimators._results import record_fit
from skrunner.estimators._start import start_net
from skrunner.estimators._together import join_processes
from skrunner.nn import NeuronLayers
from skrunner.objectives import Objective, PredictiveObjective
from skrunner.training import (
    GroupNet,
    Seeds,
    draw_seeds,
    read_net,
    train_net,
)


class BaseNetClassifier(FittedNetMixin, ClassifierMixin, NetParameters):
    """Validate, encode, build, train; what is minimized is up to the subclass."""

    _needs_groups: ClassVar[bool] = True
    _joins_processes: ClassVar[bool] = True

    def _make_batches(
        self, data: GroupDataset, budget: Budget, seeds: Seeds
    ) -> EpochBatches:
        """Say how the batches of an epoch are drawn: random rows, unless overridden."""
        return EpochBatches(
            data,
            batch_size=budget.batch_size,
            steps_per_epoch=self.steps_per_epoch,
            seeds=(seeds.plain, seeds.fair),
        )

    def _make_objective(
        self,
        net: GroupNet,
        layers: NeuronLayers,  # noqa: ARG002 (for those that override it)
        batches: EpochBatches,  # noqa: ARG002
        seeds: Seeds,  # noqa: ARG002
    ) -> Objective:
        """Say what a step minimizes: the predictive loss, unless overridden."""
        return PredictiveObjective(net.criterion_)

    def _resolve_defaults(self) -> None:
        """Turn parameters that are None into fitted attributes."""

    def _prepare(self, data: GroupDataset, seeds: Seeds) -> GroupDataset:  # noqa: ARG002
        """Change the training rows or their weights; validation rows stay."""
        return data

    def _run(
        self,
        net: GroupNet,
        layers: NeuronLayers,
        data: GroupDataset,
        *,
        validation: GroupDataset | None,
        budget: Budget,
        seeds: Seeds,
    ) -> None:
        """Train an initialized net; a method of several stages overrides this."""
        batches = self._make_batches(data, budget, seeds)
        train_net(
            net,
            batches,
            self._make_objective(net, layers, batches, seeds),
            validation=validation,
            max_epochs=budget.max_epochs,
            seed=seeds.steps,
        )

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Any,
        y: Any,
        *,
        sensitive_features: Any = None,
        sample_weight: Any = None,
    ) -> "BaseNetClassifier":
        """Train the net.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or ImageRows
            Inputs. The preset ``"mlp"`` takes tables; other nets also take more axes,
            and images: `skrunner.datasets.ImageRows`, uint8 of shape (n_samples,
            channels, height, width), or a list of Pillow's.
        y : array-like of shape (n_samples,)
            Labels of any type.
        sensitive_features : array-like of shape (n_samples,) or \
                (n_samples, n_sensitive), default=None
            The groups; several columns intersect. Not needed by `predict`.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, in the loss and in the groups' means.

        Returns
        -------
        object
            The fitted estimator itself.

        Raises
        ------
        ValueError
            If X, y or the groups cannot be trained on (missing values, one class, one
            group, other lengths), or a parameter makes no sense with them.
        UnsupportedModuleError
            If the net takes other rows, or returns other than a logit or one a class.
        FloatingPointError
            If the loss diverges.

        Warns
        -----
        SmallGroupWarning
            If there are few rows of a group, or of a group and label.
        CollapseWarning
            If the net gives up on a class.
        """
        warm = self.warm_start and hasattr(self, "net_")
        if not warm:
            self._forget()
        rows = check_fit_input(
            self,
            X,
            y,
            sensitive_features,
            sample_weight,
            classes=self.classes_ if warm else None,
        )
        return self._train(rows)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self,
        X: Any,
        y: Any,
        classes: Any = None,
        *,
        sensitive_features: Any = None,
        sample_weight: Any = None,
    ) -> "BaseNetClassifier":
        """Train for one more epoch on these rows; the last weights are kept.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or ImageRows
            Inputs, as in `fit`.
        y : array-like of shape (n_samples,)
            Labels.
        classes : array-like of shape (n_classes,), default=None
            All labels that will ever come; needed by the first call if `y` lacks some,
            and the same in later calls if passed again.
        sensitive_features : array-like of shape (n_samples,) or \
                (n_samples, n_sensitive), default=None
            The groups; the first call must hold all of them. Later ones may lack some,
            with which nothing is compared then.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        object
            The estimator itself.

        Raises
        ------
        ValueError
            As `fit`, and if labels or groups come that the first call did not have.
        """
        rows = check_fit_input(
            self,
            X,
            y,
            sensitive_features,
            sample_weight,
            classes=self._all_classes(classes),
        )
        return self._train(rows, one_epoch=True)

    def _train(self, rows: FitInput, *, one_epoch: bool = False) -> "BaseNetClassifier":
        check_sizes(self, rows)
        self._resolve_defaults()
        spec = read_net(self.net, self.net_params)
        seeds = draw_seeds(self.random_state)
        continued = getattr(self, "net_", None)
        if continued is not None:
            seeds = seeds.advanced(len(continued.history))
        seeds = join_processes(self, spec, rows, seeds)
        again = one_epoch or continued is not None
        checkpoint = open_checkpoint(self, spec, rows, seeds, again=again)
        seeds = seeds if checkpoint is None else checkpoint.seeds
        fixed_rule = one_epoch or spec.foreign is not None
        data, validation, rule = split_rows(self, rows, seeds, keep_last=fixed_rule)
        if spec.foreign is None:
            data = self._prepare(data, seeds)
        budget = resolve_budget(self, spec, len(data), one_epoch=one_epoch)
        settings = resolve_settings(self, spec, budget, rule)
        if spec.foreign is not None:
            net = train_own_steps(self, spec, rows, settings, seeds, again=again)
            trained = None
        else:
            net, layers = start_net(
                self, spec, data, settings, seeds, continued=continued
            )
            validation = validation and validation.to(settings.device)
            data = data.to(settings.device)
            with checkpointed(net, checkpoint):
                self._run(
                    net, layers, data, validation=validation, budget=budget, seeds=seeds
                )
            trained = data
        record_fit(self, net, rows, trained)
        return self

    def _all_classes(self, classes: Sequence[Any] | None) -> Any:
        if not hasattr(self, "net_"):
            self._forget()
            return classes
        known = self.classes_
        if classes is not None and not np.array_equal(np.unique(classes), known):
            raise ValueError(
                f"classes={list(classes)} differ from those of the first call, "
                f"{known.tolist()}. Fit a new estimator to change them."
            )
        return known

    def _forget(self) -> None:
        columns = ("_sensitive_positions", "_keeps_sensitive")
        for name in ("net_", "_known_groups", *columns):
            self.__dict__.pop(name, None)
