"""RUNNER: diagnose the responsible unfair neurons and repair them while training."""

from dataclasses import dataclass
from functools import partial
from numbers import Integral, Real
from typing import Any, ClassVar

from sklearn.utils._param_validation import Interval, StrOptions

from skrunner.data import EpochBatches, GroupDataset
from skrunner.diagnosis import IMPORTANCES
from skrunner.estimators._base import BaseNetClassifier
from skrunner.estimators._budget import Budget
from skrunner.estimators._defaults import paper_parameters
from skrunner.estimators._fairness_term import (
    TERM_CONSTRAINTS,
    gradient_limit,
    resolve_repair,
    term_batches,
    term_momentum,
    warm_up_steps,
)
from skrunner.gaps import gap_structure
from skrunner.nn import NeuronLayers
from skrunner.objectives import (
    REDUCTIONS,
    PredictiveObjective,
    RepairSettings,
    StabilizingObjective,
)
from skrunner.training import GroupNet, Seeds, model_dtype


@dataclass(kw_only=True, eq=False, repr=False)
class RunnerClassifier(BaseNetClassifier):
    r"""A neural net whose responsible unfair neurons are repaired while it trains.

    At every step, or every few, one backward pass of the gap between groups scores the
    neurons; the most important of each layer are the responsible unfair neurons. The
    loss then adds the distance of their mean activations between groups:

    .. math:: L = L_{cls} + \lambda \sum_l \sum_{m \in \Omega_k^l} \delta(m, l)

    (RUNNER [1]_, eqs 3 to 10). Predictions never need the sensitive features. A small
    gap is a measurement on some rows, not a promise of fairness.

    Parameters
    ----------
    net : str, type, Module or NeuralNet, default="mlp"
        A preset's name, an ``nn.Module`` class, an instance whose weights are where the
        repair starts (it is copied), or a configured skorch net.
    net_params : dict, default=None
        Arguments of a preset or class, such as ``{"hidden": (200, 200)}``.
    constraints : str, default="demographic_parity"
        Which gap is repaired: that of ``"demographic_parity"``, ``"equalized_odds"``,
        ``"true_positive_rate_parity"`` or ``"false_positive_rate_parity"``.
    fairness_weight : float, default=None
        The weight λ of the fairness term; None takes what measured best for the
        constraint. 0 trains a plain net.
    neuron_ratio : float, default=None
        The share k of each layer's neurons that is repaired, at least one; None takes
        what measured best.
    importance : {"auto", "sum_sq", "taylor", "signed", "random", "all"}, default="auto"
        How neurons are scored, see `skrunner.diagnose_neurons`.
    layers : str, type or sequence of them, default=None
        Names or shell patterns of layers, or module classes such as ``nn.Conv2d``; None
        takes all but the output layer.
    include_output : bool, default=True
        Whether the gap of the output itself is part of the fairness term.
    reduction : {"mean", "sum"}, default="mean"
        Over the selected neurons of a layer; layers are added up. It changes the
        meaning of `fairness_weight`.
    normalize : bool, default=False
        Whether a neuron's gap is divided by the standard deviation of its activation.
    diagnose_every : int, default=5
        Steps from one diagnosis to the next.
    sampling : {"two_stream", "shared", "balanced"}, default="two_stream"
        ``"two_stream"`` takes the predictive loss from random rows and the fairness
        term from rows balanced over groups or cells, ``"shared"`` both from the same
        random rows, ``"balanced"`` both from balanced rows as the paper does.
    fairness_batch_size : int, default=None
        Balanced rows of a two-stream step; None takes half of `batch_size` or 500,
        whichever is more, or fewer where a group or cell would repeat; of images as
        many as `batch_size`.
    gap : {"mean", "threshold", "wasserstein"}, default=None
        The output's gap in the fairness term: of mean probabilities (eqs 3 and 4), of a
        smooth stand-in for the rate at the threshold, or of whole distributions, for
        parity at every threshold. None takes what measured best.
    gap_momentum : float, default=None
        The share of the past in running means of the groups; None takes 0.9 for
        ``"shared"`` and for fewer than 100 balanced rows, else 0.
    fairness_warm_up : float, default=0.0
        The share of the training over which the weight λ rises from 0 in a straight
        line: it lets a deep net learn before it is held still.
    fairness_gradient_limit : float, default=None
        The most that the norm of the term's gradient may be, as a multiple of the
        predictive loss's, whatever the weight λ; both are measured at every fifth step.
        Below 1 it keeps a deep net from collapsing to one class. None takes 0.2 for
        images and no limit for other rows; ``math.inf`` sets none.
    max_epochs : int, default=None
        Epochs; None takes the skorch net's, or 20.
    lr : float, default=None
        Learning rate; None takes the skorch net's, or 0.001.
    batch_size : int, default=None
        Rows of the predictive loss; None takes the skorch net's, or
        ``min(1000, max(64, n_samples // 10))``. With all rows or more nothing is drawn.
    steps_per_epoch : int, default=None
        Steps of an epoch; None makes it one pass over the rows.
    optimizer : type, default=None
        A torch optimizer; None takes the skorch net's, or Adam.
    device : str, default="auto"
        ``"auto"`` takes CUDA if there is some; None takes the skorch net's.
    precision : {"fp32", "tf32", "bf16", "fp64"}, default="fp32"
        Number format of the training. Of ``"fp32"`` no product is rounded to TF32,
        in convolutions neither, where torch does so by default; ``"tf32"`` is faster.
    select_epoch : str, default="within_utility"
        Whose weights are kept: of the smallest validation gap among the epochs within
        `utility_drop` of the best utility, of the smallest gap at all (``"min_gap"``),
        or the ``"last"``. Epochs that collapsed to one class are refused.
        ``"average"`` keeps the mean of the weights of the last quarter of `max_epochs`:
        it needs no validation rows, and on few images it measured better.
    validation_fraction : float, default=None
        Rows set aside to choose an epoch; None takes 0.2 if one is chosen, else none.
    utility_drop : float, default=0.01
        Validation utility (average precision, or accuracy for more than two classes)
        that ``"within_utility"`` may give up.
    patience : int, default=None
        Epochs without a better choice before the training stops; None never stops.
    image_storage : {"auto", "device", "host", "files"}, default="auto"
        Where images (`skrunner.datasets.ImageRows`, or uint8 pixels of shape
        (n_samples, 3, height, width)) stay while training: on the device, in memory
        of the host, from where pinned batches go there, or in their files, decoded
        batch by batch. ``"auto"`` takes the first that has room for them. Tables and
        other arrays go to the device.
    image_transform : callable, default=None
        From a batch of uint8 pixels on the device to what the net takes; None scales
        to [0, 1] and standardizes the channels as torchvision does.
    augment : callable, default=None
        Changes the uint8 pixels of training batches before that, on the device; such
        as ``torchvision.transforms.v2.RandomHorizontalFlip()``, which flips a batch as
        a whole. What it draws from torch's generators comes from `random_state`.
    channels_last : bool, default=False
        The memory format of convolutions: faster on GPUs, above all with ``"bf16"``.
    compile : bool, default=False
        Whether the net's forward pass is compiled by ``torch.compile``. Methods that
        read neurons through hooks, as RUNNER does, run as they are, with a warning.
    gradient_accumulation : int, default=1
        Parts that the rows of a step go through the net in; gradients add up, groups
        are compared part by part. A GPU that runs out of memory doubles it, with a
        warning.
    sensitive_columns : str, int, list or callable, default=None
        Columns of X that are the sensitive features, or a function of X that returns
        them, where they cannot be passed to `fit`; it gets tables as validated arrays.
    keep_sensitive : bool, default=False
        Whether the net sees the `sensitive_columns`.
    missing : {"error", "group"}, default="error"
        Whether a missing sensitive feature is an error or a group of its own.
    min_group_size : int, default=20
        Rows of a group below which a warning names it.
    min_cell_size : int, default=5
        Rows of a group with one label below which a warning names it.
    warm_start : bool, default=False
        Whether another `fit` goes on with the weights.
    checkpoint : str or path, default=None
        A file that holds how far `fit` is: written behind every epoch and read by a
        later `fit` with the same data and parameters, which goes on where a killed one
        was and ends with the same weights, on a CPU bit for bit. The file of a finished
        fit gives its net without training; one of another fit, or a damaged one, raises
        ``CheckpointError``. Not for `partial_fit` and `warm_start`; `callbacks` of
        yours start anew, but for an ``LRScheduler``. See the user guide.
    random_state : int, RandomState or None, default=None
        The seed of everything.
    verbose : int, default=None
        1 shows a progress bar, 2 a line an epoch; None takes the skorch net's, or 0.
    callbacks : list, default=None
        Callbacks of skorch.

    Attributes
    ----------
    net_ : NeuralNet
        The fitted skorch net.
    classes_ : ndarray of shape (n_classes,)
        The labels.
    fairness_weight_ : float
        The weight λ that was used.
    neuron_ratio_ : float
        The share k that was used.
    gap_ : str
        The gap of the output that was used.
    history_ : DataFrame
        One row an epoch: losses, fairness term, gap, validation scores, seconds.
    chosen_epoch_ : int
        The epoch whose weights are kept, from 1.
    group_names_ : tuple of str
        The groups.
    n_features_in_ : int
        Columns of X; channels of images.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, if X has some.
    net_n_features_ : int
        Columns that the net sees.

    See Also
    --------
    NetClassifier : The same net without a repair.
    diagnose_neurons : The diagnosis alone, of any module.

    References
    ----------
    .. [1] T. Li, Y. Cao, J. Zhang, S. Zhao, Y. Huang, A. Liu, Q. Guo and Y. Liu,
       "RUNNER: Responsible UNfair NEuron Repair for Enhancing Deep Neural Network
       Fairness", ICSE 2024. https://doi.org/10.1145/3597503.3623334

    Examples
    --------
    >>> from skrunner import RunnerClassifier
    >>> from skrunner.datasets import make_biased_classification
    >>> data = make_biased_classification(400, random_state=0)
    >>> clf = RunnerClassifier(max_epochs=3, random_state=0)
    >>> A = data.sensitive_features
    >>> clf = clf.fit(data.data, data.target, sensitive_features=A)
    >>> clf.predict_proba(data.data).shape
    (400, 2)
    """

    fairness_weight: float | None = None
    neuron_ratio: float | None = None
    importance: str = "auto"
    layers: Any = None
    include_output: bool = True
    reduction: str = "mean"
    normalize: bool = False
    diagnose_every: int = 5
    sampling: str = "two_stream"
    fairness_batch_size: int | None = None
    gap: str | None = None
    gap_momentum: float | None = None
    fairness_warm_up: float = 0.0
    fairness_gradient_limit: float | None = None
    select_epoch: str = "within_utility"

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseNetClassifier._parameter_constraints,
        **TERM_CONSTRAINTS,
        "neuron_ratio": [Interval(Real, 0, 1, closed="right"), None],
        "importance": [StrOptions(set(IMPORTANCES))],
        "layers": [str, type, list, tuple, None],
        "include_output": ["boolean"],
        "reduction": [StrOptions(set(REDUCTIONS))],
        "normalize": ["boolean"],
        "diagnose_every": [Interval(Integral, 1, None, closed="left")],
    }

    @classmethod
    def paper_settings(cls, dataset: str, constraints: str) -> dict[str, Any]:
        """Return the parameters of the paper's experiments.

        Parameters
        ----------
        dataset : {"adult", "compas", "credit", "lsac"}
            The data set.
        constraints : {"demographic_parity", "equalized_odds"}
            The constraint.

        Returns
        -------
        dict
            Parameters for this class.

        Raises
        ------
        ValueError
            If the paper has no such experiment.

        Examples
        --------
        >>> settings = RunnerClassifier.paper_settings("adult", "equalized_odds")
        >>> settings["sampling"], settings["fairness_weight"], settings["batch_size"]
        ('balanced', 1.0, 2000)
        """
        return paper_parameters(dataset, constraints)

    def _resolve_defaults(self) -> None:
        resolve_repair(self)

    def _make_batches(
        self, data: GroupDataset, budget: Budget, seeds: Seeds
    ) -> EpochBatches:
        return term_batches(
            self, data, budget, seeds, fairness_weight=self.fairness_weight_
        )

    def _make_objective(
        self, net: GroupNet, layers: NeuronLayers, batches: EpochBatches, seeds: Seeds
    ) -> PredictiveObjective | StabilizingObjective:
        if not self.fairness_weight_:
            return PredictiveObjective(net.criterion_)
        data = batches.dataset
        structure = gap_structure(self.constraints, data.n_groups, data.n_classes)
        settings = RepairSettings(
            fairness_weight=self.fairness_weight_,
            neuron_ratio=self.neuron_ratio_,
            importance=self.importance,
            include_output=self.include_output,
            reduction=self.reduction,
            normalize=self.normalize,
            diagnose_every=self.diagnose_every,
            gap=self.gap_,
            gap_momentum=term_momentum(self, batches),
            momentum_in_parts=partial(term_momentum, self, batches),
            warm_up_steps=warm_up_steps(self, net, batches),
            gradient_limit=gradient_limit(self, data),
            seed=seeds.importance,
        )
        structure = structure.to(net.device, model_dtype(self.precision))
        return StabilizingObjective(
            net.criterion_, structure, layers, settings, net.module_.parameters()
        )
