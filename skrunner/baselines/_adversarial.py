"""Adversarial debiasing: a second net reads the groups off the first one's answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, ClassVar

from sklearn.utils._param_validation import Interval, StrOptions

from skrunner.baselines._cold_adversary import blind_loss, warn_if_cold
from skrunner.data import EpochBatches, GroupDataset
from skrunner.estimators import (
    TERM_CONSTRAINTS,
    BaseNetClassifier,
    Budget,
    term_batches,
)
from skrunner.nn import NeuronLayers
from skrunner.objectives import (
    ALPHA_SCHEDULES,
    PROJECTIONS,
    AdversarialObjective,
    Adversary,
    AdversarySettings,
)
from skrunner.training import GroupNet, Seeds, isolated_rng, model_dtype, train_net


@dataclass(kw_only=True, eq=False, repr=False)
class AdversarialClassifier(BaseNetClassifier):
    """A neural net trained against an adversary that guesses the groups.

    The adversary, a small net of its own, learns to read the group of a row off the
    predictor's logit; the predictor learns the labels in a way that does not help it.
    With the gradients :math:`g_P` and :math:`g_A` of the predictive loss and of the
    adversary's loss, both in the predictor's weights, the unit vector u along the
    latter and the `adversary_weight` w, the optimizer is handed

    .. math:: g_P - (u^T g_P) u - w g_A

    at every step (Zhang, Lemoine and Mitchell [1]_). For demographic parity the
    adversary sees the logit alone. For equalized odds it sees the label, the logit and
    the logit times the indicator of each label. For true (false) positive rate parity
    it sees the rows with label 1 (0) alone. More than two groups take one output each,
    more than two classes all logits, less their mean. `sample_weight` counts in both
    losses.

    An adversary that is worse than a blind one has the wrong sign: the predictor then
    learns to tell the groups apart. It is why the adversary takes several steps to one
    of the predictor and warms up beside it, and `ColdAdversaryWarning` says where that
    was not enough. The method is unstable: compare several seeds, and look at
    ``history_["fairness_term"]``, the adversary's loss.

    Parameters
    ----------
    adversary_weight : float, default=0.5
        The weight of the adversary's gradient: that of RUNNER's experiments.
    adversary_hidden : sequence of int, default=(32,)
        Units of each hidden layer of the adversary, with ReLU; ``()`` makes it linear.
    adversary_lr : float, default=0.001
        The learning rate of the adversary's Adam. RUNNER's experiments name 0.0001,
        with which the adversary is cold for most of a training of their length.
    adversary_steps : int, default=5
        Steps of the adversary in one step of the predictor, on the same rows; the
        original takes 1.
    projection : {"global", "per_tensor", "none"}, default="global"
        Whether the predictive gradient is projected as one vector, which is the
        published equation, each tensor by itself, as other implementations do, or not
        at all.
    warm_up : int, default=1
        The first epochs, in which the predictor learns as if it were alone and the
        adversary learns to read it. They count among `max_epochs`, which must be more.
    alpha_schedule : {"constant", "sqrt"}, default="sqrt"
        ``"sqrt"`` multiplies the weight by √t and divides `lr` by t in the t-th epoch
        behind the warm-up, as the original proposes; a scheduler among `callbacks`
        then has no effect.
    sampling : {"two_stream", "shared"}, default="two_stream"
        ``"two_stream"`` shows the adversary rows that are balanced over groups or
        cells, and takes the predictive loss from random rows; ``"shared"`` takes both
        from the same random rows, as the original does.
    fairness_batch_size : int, default=None
        Balanced rows of a two-stream step, as in `GapRegularizationClassifier`.
    net, net_params, constraints, max_epochs, lr, batch_size, steps_per_epoch, \
optimizer, device, precision, select_epoch, validation_fraction, utility_drop, \
patience, image_storage, image_transform, augment, channels_last, compile, \
gradient_accumulation, sensitive_columns, keep_sensitive, missing, min_group_size, \
min_cell_size, warm_start, checkpoint, random_state, verbose, \
callbacks : as in NetClassifier
        The net and its training, see `skrunner.NetClassifier`. `constraints` also says
        what the adversary sees.

    Attributes
    ----------
    adversary_ : Module
        The adversary as the last epoch left it, on the CPU: called with logits and
        label codes it returns logits of the groups, one for two groups.
    net_ : NeuralNet
        The fitted skorch net.
    classes_ : ndarray of shape (n_classes,)
        The labels.
    history_ : DataFrame
        One row an epoch: losses, validation scores, seconds. The fairness term is the
        adversary's loss in nats; the training loss is the predictive one less the
        weight times it, of which the direction above is not the gradient.
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
    skrunner.RunnerClassifier : Repairs neurons instead, without a second net.

    References
    ----------
    .. [1] B. H. Zhang, B. Lemoine and M. Mitchell, "Mitigating Unwanted Biases with
       Adversarial Learning", AIES 2018. https://doi.org/10.1145/3278721.3278779

    Examples
    --------
    >>> from skrunner.baselines import AdversarialClassifier
    >>> from skrunner.datasets import make_biased_classification
    >>> data = make_biased_classification(300, random_state=0)
    >>> clf = AdversarialClassifier(max_epochs=3, random_state=0)
    >>> A = data.sensitive_features["group"]
    >>> clf = clf.fit(data.data, data.target, sensitive_features=A)
    >>> clf.history_[["predictive_loss", "fairness_term"]].shape
    (3, 2)
    """

    adversary_weight: float = 0.5
    adversary_hidden: Sequence[int] = (32,)
    adversary_lr: float = 1e-3
    adversary_steps: int = 5
    projection: str = "global"
    warm_up: int = 1
    alpha_schedule: str = "sqrt"
    sampling: str = "two_stream"
    fairness_batch_size: int | None = None

    _joins_processes: ClassVar[bool] = False

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseNetClassifier._parameter_constraints,
        "adversary_weight": [Interval(Real, 0, None, closed="left")],
        "adversary_hidden": [list, tuple],
        "adversary_lr": [Interval(Real, 0, None, closed="neither")],
        "adversary_steps": [Interval(Integral, 1, None, closed="left")],
        "projection": [StrOptions(set(PROJECTIONS))],
        "warm_up": [Interval(Integral, 0, None, closed="left")],
        "alpha_schedule": [StrOptions(set(ALPHA_SCHEDULES))],
        "sampling": [StrOptions({"two_stream", "shared"})],
        "fairness_batch_size": TERM_CONSTRAINTS["fairness_batch_size"],
    }

    def _train(self, rows: Any, *, one_epoch: bool = False) -> "AdversarialClassifier":
        units = self.adversary_hidden
        if not all(isinstance(n, Integral) and n > 0 for n in units):
            raise ValueError(
                f"adversary_hidden={units!r} must hold the units of each hidden layer, "
                "integers of at least 1: (32,) is one layer, () makes it linear."
            )
        self._more_epochs_come = one_epoch
        super()._train(rows, one_epoch=one_epoch)
        return self

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
        total = len(net.history) + budget.max_epochs
        if self.warm_up >= total and not self._more_epochs_come:
            raise ValueError(
                f"warm_up={self.warm_up} leaves none of {total} epoch(s) in which the "
                "adversary has a say: the net would be a plain one. Lower warm_up or "
                "raise max_epochs."
            )
        batches = self._make_batches(data, budget, seeds)
        objective = self._make_objective(net, layers, batches, seeds)
        train_net(
            net,
            batches,
            objective,
            validation=validation,
            max_epochs=budget.max_epochs,
            seed=seeds.steps,
        )
        adversary = objective.adversary
        if len(net.history) > self.warm_up:
            balanced = self.sampling == "two_stream" and not batches.full
            blind = blind_loss(adversary, data, balanced=balanced)
            warn_if_cold(net.history[-1, "fairness_term"], blind)
        self.adversary_ = adversary.cpu().eval()
        self._adversary_memory = objective.adversary_optimizer.state_dict()["state"]

    def _make_batches(
        self, data: GroupDataset, budget: Budget, seeds: Seeds
    ) -> EpochBatches:
        # Without a weight the adversary still projects, and needs its rows.
        return term_batches(self, data, budget, seeds, fairness_weight=1)

    def _make_objective(
        self,
        net: GroupNet,
        layers: NeuronLayers,  # noqa: ARG002 (the template's)
        batches: EpochBatches,
        seeds: Seeds,
    ) -> AdversarialObjective:
        settings = AdversarySettings(
            adversary_weight=self.adversary_weight,
            projection=self.projection,
            adversary_lr=self.adversary_lr,
            adversary_steps=self.adversary_steps,
            warm_up=self.warm_up,
            alpha_schedule=self.alpha_schedule,
            steps_per_epoch=batches.steps,
            epochs_before=len(net.history),
        )
        adversary = self._make_adversary(batches.dataset, seeds)
        adversary.to(net.device, model_dtype(self.precision))
        continues = len(net.history) > 0 and _same_form(adversary, self.adversary_)
        if continues:
            adversary.load_state_dict(self.adversary_.state_dict())
        objective = AdversarialObjective(
            net.criterion_,
            adversary,
            net.module_.parameters(),
            settings,
            net.optimizer_,
        )
        if continues:
            optimizer = objective.adversary_optimizer
            state = {**optimizer.state_dict(), "state": self._adversary_memory}
            optimizer.load_state_dict(state)
        return objective

    def _make_adversary(self, data: GroupDataset, seeds: Seeds) -> Adversary:
        with isolated_rng(seeds.importance):
            return Adversary(
                self.constraints,
                n_groups=data.n_groups,
                n_classes=data.n_classes,
                hidden=tuple(self.adversary_hidden),
            )


def _same_form(first: Adversary, second: Adversary) -> bool:
    shapes = [[part.shape for part in each.parameters()] for each in (first, second)]
    return first.constraints == second.constraints and shapes[0] == shapes[1]
