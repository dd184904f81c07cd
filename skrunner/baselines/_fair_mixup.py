"""Fair Mixup: a net that changes little on the way from one group to another."""

from dataclasses import dataclass
from numbers import Real
from typing import Any, ClassVar

from sklearn.utils._param_validation import Interval, StrOptions

from skrunner.baselines._resampling import ResamplingClassifier
from skrunner.data import EpochBatches, GroupDataset
from skrunner.estimators import (
    TERM_CONSTRAINTS,
    BaseNetClassifier,
    Budget,
    term_batches,
)
from skrunner.gaps import gap_structure
from skrunner.nn import NeuronLayers
from skrunner.objectives import MixupObjective, Objective, PredictiveObjective
from skrunner.training import GroupNet, Seeds, model_dtype


@dataclass(kw_only=True, eq=False, repr=False)
class FairMixupClassifier(ResamplingClassifier):
    """A neural net whose mean output is flat between groups: Fair Mixup.

    The gap between two groups is the integral of a slope along any path between them.
    Each step pairs rows of two groups, takes one point of the straight way between the
    rows of every pair, :math:`x_t = t x_a + (1 - t) x_b` with one uniform t, and adds
    the slope of the mean probability f there to the loss ([1]_, section 4):

    .. math:: L = L_{cls} + λ | mean_{(a, b)} ∇f(x_t)^T (x_a - x_b) |

    For equalized odds rows of one label are paired, and labels are added up. More than
    two groups are averaged over their pairs; more than two classes are half the sum
    over the outputs. Rows are mixed as inputs are: columns of categories take values
    in between.

    Sample weights are not accepted: a mixed row has none of its own. The module must be
    twice differentiable in its inputs.

    Parameters
    ----------
    fairness_weight : float, default=0.5
        The weight λ of the slope. 0 trains a plain net.
    sampling : {"two_stream", "balanced"}, default="two_stream"
        ``"two_stream"`` takes the predictive loss from random rows and pairs rows that
        are balanced over groups or cells; ``"balanced"`` takes both from the same
        balanced rows, as the paper does. With a batch of all rows or more both take
        them all, and each pair of groups as many pairs as a group has rows on average.
    fairness_batch_size : int, default=None
        Balanced rows of a two-stream step; None takes half of `batch_size` or 500,
        whichever is more, or fewer where a group or cell would repeat.
    select_epoch : {"average", "last", "min_gap", "within_utility"}, \
            default="within_utility"
        Whose weights are kept, as in `skrunner.RunnerClassifier`.
    net, net_params, constraints, max_epochs, lr, batch_size, steps_per_epoch, \
optimizer, device, precision, validation_fraction, utility_drop, patience, \
image_storage, image_transform, augment, channels_last, compile, \
gradient_accumulation, sensitive_columns, keep_sensitive, missing, min_group_size, \
min_cell_size, warm_start, checkpoint, random_state, verbose, callbacks : as in \
NetClassifier
        The net and its training, see `skrunner.NetClassifier`. `constraints` says
        between which rows the output is to be flat.

    Attributes
    ----------
    net_ : NeuralNet
        The fitted skorch net.
    classes_ : ndarray of shape (n_classes,)
        The labels.
    history_ : DataFrame
        One row an epoch: losses, slope (as the fairness term), validation scores,
        seconds.
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
    GapRegularizationClassifier : The gap itself, without a way between groups.

    References
    ----------
    .. [1] Chuang and Mroueh, "Fair Mixup: Fairness via Interpolation", ICLR 2021.

    Examples
    --------
    >>> from skrunner.baselines import FairMixupClassifier
    >>> from skrunner.datasets import make_biased_classification
    >>> data = make_biased_classification(300, random_state=0)
    >>> clf = FairMixupClassifier(max_epochs=3, random_state=0)
    >>> clf.fit(
    ...     data.data, data.target, sensitive_features=data.sensitive_features["group"]
    ... ).predict_proba(data.data).shape
    (300, 2)
    """

    fairness_weight: float = 0.5
    sampling: str = "two_stream"
    fairness_batch_size: int | None = None
    select_epoch: str = "within_utility"

    _joins_processes: ClassVar[bool] = False

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseNetClassifier._parameter_constraints,
        "fairness_weight": [Interval(Real, 0, None, closed="left")],
        "sampling": [StrOptions({"two_stream", "balanced"})],
        "fairness_batch_size": TERM_CONSTRAINTS["fairness_batch_size"],
    }

    def _make_batches(
        self, data: GroupDataset, budget: Budget, seeds: Seeds
    ) -> EpochBatches:
        return term_batches(
            self, data, budget, seeds, fairness_weight=self.fairness_weight
        )

    def _make_objective(
        self,
        net: GroupNet,
        layers: NeuronLayers,  # noqa: ARG002 (the template's)
        batches: EpochBatches,
        seeds: Seeds,
    ) -> Objective:
        if not self.fairness_weight:
            return PredictiveObjective(net.criterion_)
        data = batches.dataset
        structure = gap_structure(self.constraints, data.n_groups, data.n_classes)
        return MixupObjective(
            net.criterion_,
            structure.to(net.device, model_dtype(self.precision)),
            fairness_weight=self.fairness_weight,
            seed=seeds.importance,
        )
