"""Oversampling: batches in which every cell, group or label has the same share."""

from dataclasses import dataclass
from typing import Any, ClassVar

from sklearn.utils._param_validation import StrOptions
from torch import Tensor

from skrunner.baselines._resampling import ResamplingClassifier
from skrunner.data import EpochBatches, GroupDataset, rows_by_code
from skrunner.estimators import BaseNetClassifier, Budget
from skrunner.training import Seeds


@dataclass(kw_only=True, eq=False, repr=False)
class OversamplingClassifier(ResamplingClassifier):
    """A neural net trained on batches that hold equal shares of the strata.

    The loss is the predictive one; only the rows change. Each step draws as many rows
    of a small stratum as of a large one, every stratum in an order of its own; a
    stratum shorter than its share of a batch repeats its rows there. Rows are drawn by
    their index, none is copied. With a batch of all rows or more nothing is drawn, and
    each stratum weighs the same in the loss. This is the Oversample that RUNNER [1]_
    compares with, after the resampling of Kamiran and Calders [2]_.

    Parameters
    ----------
    strategy : {"cell", "group", "label"}, default="cell"
        The strata: groups with one label each, groups, or labels. Equal cells make the
        label independent of the group and both labels as frequent; equal groups leave
        the labels of each group as they are, and with them most of the gap.
    net, net_params, constraints, max_epochs, lr, batch_size, steps_per_epoch, \
optimizer, device, precision, select_epoch, validation_fraction, utility_drop, \
patience, image_storage, image_transform, augment, channels_last, compile, \
gradient_accumulation, sensitive_columns, keep_sensitive, missing, min_group_size, \
min_cell_size, warm_start, checkpoint, random_state, verbose, \
callbacks : as in NetClassifier
        The net and its training, see `skrunner.NetClassifier`. `constraints` says which
        gap is recorded and used to choose an epoch; it does not change the strata.

    Attributes
    ----------
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
    ReweightingClassifier : Weighs cells instead of drawing them more often.
    FairSmoteClassifier : Makes new rows of small cells.

    References
    ----------
    .. [1] Li et al., "RUNNER: Responsible UNfair NEuron Repair for Enhancing Deep
       Neural Network Fairness", ICSE 2024.
    .. [2] Kamiran and Calders, "Data preprocessing techniques for classification
       without discrimination", Knowledge and Information Systems 33, 2012.

    Examples
    --------
    >>> from skrunner.baselines import OversamplingClassifier
    >>> from skrunner.datasets import make_biased_classification
    >>> data = make_biased_classification(300, random_state=0)
    >>> clf = OversamplingClassifier(max_epochs=3, batch_size=60, random_state=0)
    >>> clf.fit(
    ...     data.data, data.target, sensitive_features=data.sensitive_features["group"]
    ... ).predict_proba(data.data).shape
    (300, 2)
    """

    strategy: str = "cell"

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseNetClassifier._parameter_constraints,
        "strategy": [StrOptions({"cell", "group", "label"})],
    }

    def _make_batches(
        self, data: GroupDataset, budget: Budget, seeds: Seeds
    ) -> EpochBatches:
        strata = rows_by_code(self._codes(data))
        return EpochBatches(
            data,
            batch_size=budget.batch_size,
            sampling="balanced",
            strata=strata,
            steps_per_epoch=self.steps_per_epoch,
            seeds=(seeds.plain, seeds.fair),
        )

    def _codes(self, data: GroupDataset) -> Tensor:
        if self.strategy == "cell":
            return data.cells
        return data.groups if self.strategy == "group" else data.y
