"""Gap regularization: the gap itself in the loss, RUNNER without its neurons."""

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from skrunner.data import EpochBatches, GroupDataset
from skrunner.estimators import (
    TERM_CONSTRAINTS,
    BaseNetClassifier,
    Budget,
    gradient_limit,
    resolve_repair,
    term_batches,
    term_momentum,
    warm_up_steps,
)
from skrunner.gaps import gap_structure
from skrunner.nn import NeuronLayers
from skrunner.objectives import (
    GapObjective,
    Objective,
    PredictiveObjective,
    TermWeight,
)
from skrunner.training import GroupNet, Seeds, model_dtype


@dataclass(kw_only=True, eq=False, repr=False)
class GapRegularizationClassifier(BaseNetClassifier):
    """A neural net with the gap of its own output in the loss.

    The loss adds the gap between groups to the predictive loss, with a weight: what is
    left of `skrunner.RunnerClassifier` when no neuron is held still. It is the control
    that says what the neurons are worth; such terms are the common baseline of
    in-training methods, as in Chuang and Mroueh [1]_.

    Parameters
    ----------
    fairness_weight : float, default=None
        The weight λ of the gap; None takes that of `RunnerClassifier` for the
        constraint. 0 trains a plain net.
    gap : {"mean", "threshold", "wasserstein"}, default=None
        The gap: of mean probabilities, of a smooth stand-in for the rate at the
        threshold, or of whole distributions, for parity at every threshold. None takes
        that of `RunnerClassifier`.
    sampling : {"two_stream", "shared", "balanced"}, default="two_stream"
        ``"two_stream"`` takes the predictive loss from random rows and the gap from
        rows balanced over groups or cells, ``"shared"`` both from the same random rows,
        ``"balanced"`` both from balanced rows.
    fairness_batch_size : int, default=None
        Balanced rows of a two-stream step; None takes half of `batch_size` or 500,
        whichever is more, or fewer where a group or cell would repeat; of images as
        many as `batch_size`.
    gap_momentum : float, default=None
        The share of the past in running means of the groups, in [0, 1); None takes 0.9
        for ``"shared"`` and for fewer than 100 balanced rows, else 0.
    fairness_warm_up : float, default=0.0
        The share of the training over which the weight λ rises from 0 in a straight
        line.
    fairness_gradient_limit : float, default=None
        The most that the norm of the gap's gradient may be, as a multiple of the
        predictive loss's, as in `RunnerClassifier`.
    select_epoch : {"average", "last", "min_gap", "within_utility"}, \
            default="within_utility"
        Whose weights are kept, as in `RunnerClassifier`.
    net, net_params, constraints, max_epochs, lr, batch_size, steps_per_epoch, \
optimizer, device, precision, validation_fraction, utility_drop, patience, \
image_storage, image_transform, augment, channels_last, compile, \
gradient_accumulation, sensitive_columns, keep_sensitive, missing, min_group_size, \
min_cell_size, warm_start, checkpoint, random_state, verbose, callbacks : as in \
NetClassifier
        The net and its training, see `skrunner.NetClassifier`. `constraints` says which
        gap is in the loss.

    Attributes
    ----------
    fairness_weight_, gap_ : float and str
        What was used of the parameters of these names.
    net_ : NeuralNet
        The fitted skorch net.
    classes_ : ndarray of shape (n_classes,)
        The labels.
    history_ : DataFrame
        One row an epoch: losses, gap, validation scores, seconds.
    chosen_epoch_ : int
        The epoch whose weights are kept, from 1.
    group_names_ : tuple of str
        The groups.
    n_features_in_ : int
        Columns of X.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, if X has some.
    net_n_features_ : int
        Columns that the net sees.

    See Also
    --------
    skrunner.RunnerClassifier : The same with neurons.
    FairMixupClassifier : The gap's slope on the way from one group to the other.

    References
    ----------
    .. [1] Chuang and Mroueh, "Fair Mixup: Fairness via Interpolation", ICLR 2021.

    Examples
    --------
    >>> from skrunner.baselines import GapRegularizationClassifier
    >>> from skrunner.datasets import make_biased_classification
    >>> data = make_biased_classification(300, random_state=0)
    >>> clf = GapRegularizationClassifier(
    ...     constraints="equalized_odds", max_epochs=3, random_state=0
    ... )
    >>> clf = clf.fit(
    ...     data.data, data.target, sensitive_features=data.sensitive_features["group"]
    ... )
    >>> clf.gap_, clf.predict_proba(data.data).shape
    ('threshold', (300, 2))
    """

    fairness_weight: float | None = None
    gap: str | None = None
    sampling: str = "two_stream"
    fairness_batch_size: int | None = None
    gap_momentum: float | None = None
    fairness_warm_up: float = 0.0
    fairness_gradient_limit: float | None = None
    select_epoch: str = "within_utility"

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseNetClassifier._parameter_constraints,
        **TERM_CONSTRAINTS,
    }

    def _resolve_defaults(self) -> None:
        resolve_repair(self)

    def _make_batches(
        self, data: GroupDataset, budget: Budget, seeds: Seeds
    ) -> EpochBatches:
        return term_batches(
            self, data, budget, seeds, fairness_weight=self.fairness_weight_
        )

    def _make_objective(
        self,
        net: GroupNet,
        layers: NeuronLayers,  # noqa: ARG002 (the template's)
        batches: EpochBatches,
        seeds: Seeds,  # noqa: ARG002
    ) -> Objective:
        if not self.fairness_weight_:
            return PredictiveObjective(net.criterion_)
        data = batches.dataset
        structure = gap_structure(self.constraints, data.n_groups, data.n_classes)
        return GapObjective(
            net.criterion_,
            structure.to(net.device, model_dtype(self.precision)),
            weight=TermWeight(
                self.fairness_weight_,
                warm_up_steps=warm_up_steps(self, net, batches),
                gradient_limit=gradient_limit(self, data),
                parameters=net.module_.parameters(),
            ),
            gap=self.gap_,
            gap_momentum=term_momentum(self, batches),
            momentum_in_parts=partial(term_momentum, self, batches),
        )
