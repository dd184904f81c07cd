"""FairNeuron: rows that take rare paths through the net are trained with dropout."""

import warnings
from dataclasses import dataclass, replace
from numbers import Integral, Real
from typing import Any, ClassVar

import torch
from sklearn.utils._param_validation import Interval, StrOptions

from skrunner.baselines._chain_net import ChainNet, last_layers
from skrunner.baselines._paths import BASELINES, Paths, find_paths, warn_of_share
from skrunner.data import GroupDataset
from skrunner.estimators import BaseNetClassifier, Budget
from skrunner.exceptions import IgnoredWeightsWarning
from skrunner.nn import NeuronLayers, find_neuron_layers
from skrunner.objectives import SelectiveDropoutObjective
from skrunner.training import (
    GroupNet,
    Seeds,
    build_module,
    isolated_rng,
    read_net,
    train_net,
    trained_anew,
)


@dataclass(kw_only=True, eq=False, repr=False)
class FairNeuronClassifier(BaseNetClassifier):
    """A neural net retrained with dropout for rows that take rare paths through it.

    Three stages, after FairNeuron [1]_:

    1. The net is trained on the predictive loss for `max_epochs` epochs.
    2. Every training row is followed back from its logit (the greatest of several) to
       the first hidden layer. A unit on the path is explained by the shortest list of
       units before it whose contributions, the greatest first, reach the share `gamma`
       of what is explained; the path is the set of those links. Rows whose path is
       taken by at most ``max(theta * n_most, 1)`` rows, where the most frequent path is
       taken by ``n_most``, are flagged as conflicting.
    3. The net is trained on the predictive loss for another `max_epochs` epochs, in
       which flagged rows run through a net thinned by dropout and all others through
       the whole net.

    No stage looks at the sensitive features; `fit` takes them to record the gap and to
    choose an epoch. The net has to be a chain of linear layers with at least one hidden
    layer and nothing but norms, nonlinearities and dropout between them, or to end in
    such a chain: of a net with convolutions, the linear layers behind the last one are
    traced and thinned, and all layers are trained. The paper does not say what it does
    there; to trace wide layers such as AlexNet's takes long, see `path_layers`.

    The released code runs a pass over the flagged rows in training mode, then one over
    the others in evaluation mode. Here batches are random rows and every row has a
    dropout mask of its own, so that one forward pass serves both kinds and batch
    normalization sees them as one batch. If no row is flagged, or every row is, the
    last stage just trains on the other kind. Dropout that the net has itself acts on
    all rows. The released code's search for `theta` and `gamma` is left to the
    searches of scikit-learn.

    With wide layers most rows have a path of their own: then `theta` has no effect and
    the method is dropout for nearly all rows. See `flagged_share_`; a share outside
    (0.01, 0.9) is warned of.

    Parameters
    ----------
    gamma : float, default=0.9
        The share of a unit's target that its part of the path explains, in (0, 1].
    theta : float, default=0.001
        Paths of at most this share of the most frequent path's rows are rare, in
        [0, 1]; so are paths of a single row.
    dropout : float, default=0.1
        Probability that a hidden unit is dropped in a flagged row, in [0, 1).
    dropout_layers : {"all", "first"}, default="all"
        Which hidden layers that are traced are thinned; ``"first"`` is the released
        code's.
    path_layers : int, default=None
        How many of the last linear layers are traced and thinned, at least two, whose
        first one only makes the units that paths end at; None takes all of the chain.
    init : {"pretrained", "fresh"}, default="pretrained"
        Where the last stage starts: from the weights that were diagnosed, or, as in the
        released code, from new ones (an instance passed as `net`: from its weights).
        The optimizer starts anew.
    baseline : {"mean", "zero"}, default="mean"
        What is explained. ``"mean"``: by how much the unit differs from its mean over
        the training rows, by how much the units before it differ from theirs; greatest
        contributions are those in the direction of the difference. ``"zero"``, nearly
        the released code: the unit's pre-activation with its bias, by what the units
        before it answer; contributions are ordered by value even if the pre-activation
        is negative, and then a single link reaches it. Unlike there, the contribution
        is that of the activation behind the nonlinearity, so that a silent unit has
        none.
    net, net_params, constraints, max_epochs, lr, batch_size, steps_per_epoch, \
optimizer, device, precision, select_epoch, validation_fraction, utility_drop, \
patience, image_storage, image_transform, augment, channels_last, compile, \
gradient_accumulation, sensitive_columns, keep_sensitive, missing, min_group_size, \
min_cell_size, warm_start, checkpoint, random_state, verbose, \
callbacks : as in NetClassifier
        The net and its training, see `skrunner.NetClassifier`. `max_epochs` and
        `patience` hold for each of the two trainings, and so does the rule
        `select_epoch`: the epoch that it keeps of the first is diagnosed, the one that
        it keeps of the second is the result. ``partial_fit`` is one epoch of each.
        `fit` takes a ``sample_weight``: a row of weight 2 is two rows of its path.

    Attributes
    ----------
    flagged_share_ : float
        The share of the training rows that were flagged.
    path_counts_ : ndarray of shape (n_paths,)
        How many training rows take each path, from the most frequent on.
    diagnosed_epoch_ : int
        How many rows of `history_` are before the diagnosis; those behind it are the
        training with dropout.
    net_ : NeuralNet
        The fitted skorch net.
    classes_ : ndarray of shape (n_classes,)
        The labels.
    history_ : DataFrame
        One row an epoch of both trainings: losses, gap, validation scores, seconds.
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

    Warns
    -----
    FlaggedShareWarning
        If the share of flagged rows is outside (0.01, 0.9).

    See Also
    --------
    skrunner.RunnerClassifier : Repairs neurons that differ between groups.

    References
    ----------
    .. [1] Gao, Zhai, Ma, Shen, Chen and Wang, "FairNeuron: improving deep neural
       network fairness with adversary games on selective neurons", ICSE 2022.

    Examples
    --------
    >>> from skrunner.baselines import FairNeuronClassifier
    >>> from skrunner.datasets import make_biased_classification
    >>> data = make_biased_classification(300, random_state=0)
    >>> clf = FairNeuronClassifier(
    ...     net_params={"hidden": (8,)}, max_epochs=3, random_state=0
    ... )
    >>> clf = clf.fit(
    ...     data.data, data.target, sensitive_features=data.sensitive_features["group"]
    ... )
    >>> round(clf.path_counts_.sum()), len(clf.history_)
    (300, 6)
    >>> 0.01 < clf.flagged_share_ < 0.9
    True
    """

    gamma: float = 0.9
    theta: float = 0.001
    dropout: float = 0.1
    dropout_layers: str = "all"
    path_layers: int | None = None
    init: str = "pretrained"
    baseline: str = "mean"

    _joins_processes: ClassVar[bool] = False

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseNetClassifier._parameter_constraints,
        "gamma": [Interval(Real, 0, 1, closed="right")],
        "theta": [Interval(Real, 0, 1, closed="both")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "dropout_layers": [StrOptions({"all", "first"})],
        "path_layers": [Interval(Integral, 2, None, closed="left"), None],
        "init": [StrOptions({"pretrained", "fresh"})],
        "baseline": [StrOptions(set(BASELINES))],
    }

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
        chain = last_layers(net.module_, data.X[:2], self.path_layers)
        super()._run(
            net, layers, data, validation=validation, budget=budget, seeds=seeds
        )
        self.diagnosed_epoch_ = len(net.history)
        paths = find_paths(
            ChainNet(net.module_, chain, self.precision),
            data.X,
            gamma=self.gamma,
            baseline=self.baseline,
            weight=data.weight,
        )
        flagged = paths.flag(self.theta)
        self._record(paths)
        seeds = seeds.advanced(budget.max_epochs)
        if self.init == "fresh":
            self._renew(net, data, seeds)
        objective = SelectiveDropoutObjective(
            net.criterion_,
            chain[1:] if self.dropout_layers == "all" else chain[1:2],
            self.dropout,
            torch.Generator(data.X.device).manual_seed(seeds.importance),
        )
        with trained_anew(net):
            train_net(
                net,
                self._make_batches(replace(data, flagged=flagged), budget, seeds),
                objective,
                validation=validation,
                max_epochs=budget.max_epochs,
                seed=seeds.steps,
            )

    def _record(self, paths: Paths) -> None:
        counts = paths.counts.cpu()
        rare = paths.rare(self.theta).cpu()
        self.flagged_share_ = float(counts[rare].sum() / counts.sum())
        self.path_counts_ = counts[counts > 0].sort(descending=True).values.numpy()
        warn_of_share(self.flagged_share_, self.path_counts_)

    def _renew(self, net: GroupNet, data: GroupDataset, seeds: Seeds) -> None:
        with warnings.catch_warnings():
            # The first start has warned already.
            warnings.simplefilter("ignore", IgnoredWeightsWarning)
            spec = read_net(self.net, self.net_params)
        with isolated_rng(seeds.weights):
            module = build_module(spec, self.net_n_features_, data.n_classes)
            module = module.to("cpu", data.X.dtype)
            find_neuron_layers(module, data.X[:2].cpu())  # lazy layers take shape
        net.module_.load_state_dict(module.state_dict())
