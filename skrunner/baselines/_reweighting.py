"""Reweighting: rows weigh so much that groups and labels look independent."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from skrunner.data import GroupDataset
from skrunner.estimators import BaseNetClassifier
from skrunner.groups import label_conditions
from skrunner.training import Seeds


@dataclass(kw_only=True, eq=False, repr=False)
class ReweightingClassifier(BaseNetClassifier):
    """A neural net trained on rows that are weighted by their cell.

    Every row of group a with label y gets the same weight, from the number of rows of
    the group, of the label and of both, :math:`n_a`, :math:`n_y` and :math:`n_{ay}`,
    among n rows:

    - demographic parity: :math:`n_a n_y / (n n_{ay})`, the weights of Kamiran and
      Calders [1]_, under which the label is independent of the group;
    - equalized odds: :math:`n / (K n_{ay})` with the number K of cells that have rows,
      so that all cells weigh the same, as `OversamplingClassifier` draws them;
    - true (false) positive rate parity: :math:`n_y / (G_y n_{ay})` for the labels that
      the constraint conditions on, with the number :math:`G_y` of groups that have
      them: groups weigh the same within such a label, which weighs as much as before;
      rows of other labels weigh 1.

    Weights are 1 on average. Batches are random rows and the loss is the weighted mean;
    balanced batches beside it would correct the same imbalance twice.

    Parameters
    ----------
    net, net_params, constraints, max_epochs, lr, batch_size, steps_per_epoch, \
optimizer, device, precision, select_epoch, validation_fraction, utility_drop, \
patience, image_storage, image_transform, augment, channels_last, compile, \
gradient_accumulation, sensitive_columns, keep_sensitive, missing, min_group_size, \
min_cell_size, warm_start, checkpoint, random_state, verbose, \
callbacks : as in NetClassifier
        The net and its training, see `skrunner.NetClassifier`. `constraints` also says
        which weights are used. `fit` takes a ``sample_weight``: rows are counted by it
        and their weights multiplied with it.

    Attributes
    ----------
    cell_weights_ : Series
        The weight of each cell, indexed by the names ``group`` and ``label``; NaN for a
        cell without rows. After ``partial_fit``, those of its rows.
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
    OversamplingClassifier : Draws cells equally often instead.

    References
    ----------
    .. [1] Kamiran and Calders, "Data preprocessing techniques for classification
       without discrimination", Knowledge and Information Systems 33, 2012.

    Examples
    --------
    >>> from skrunner.baselines import ReweightingClassifier
    >>> from skrunner.datasets import make_biased_classification
    >>> data = make_biased_classification(300, random_state=0)
    >>> clf = ReweightingClassifier(max_epochs=3, random_state=0)
    >>> clf = clf.fit(
    ...     data.data, data.target, sensitive_features=data.sensitive_features["group"]
    ... )
    >>> clf.cell_weights_.round(2).to_dict()
    {('group_0', 0): 0.76, ('group_0', 1): 1.48,
     ('group_1', 0): 1.44, ('group_1', 1): 0.77}
    """

    def _prepare(
        self,
        data: GroupDataset,
        seeds: Seeds,  # noqa: ARG002 (the template's)
    ) -> GroupDataset:
        given = torch.ones(len(data)) if data.weight is None else data.weight
        counts = torch.zeros(data.n_groups * data.n_classes, dtype=torch.float64)
        counts.index_add_(0, data.cells, given.double())
        table = counts.reshape(data.n_groups, data.n_classes).numpy()
        weights = weights_of_cells(table, self.constraints).flatten()
        names = pd.MultiIndex.from_tuples(data.cell_names(), names=["group", "label"])
        self.cell_weights_ = pd.Series(weights, names, name="weight")
        by_cell = torch.from_numpy(np.nan_to_num(weights))
        return replace(data, weight=(given * by_cell[data.cells]).to(data.X.dtype))


def weights_of_cells(counts: npt.NDArray[Any], constraints: str) -> npt.NDArray[Any]:
    """Weigh cells so that groups and labels look as the constraint wants them.

    Parameters
    ----------
    counts : ndarray of shape (n_groups, n_classes)
        The rows of each cell, or the sum of their weights.
    constraints : str
        One of ``skrunner.groups.CONSTRAINTS``.

    Returns
    -------
    ndarray of shape (n_groups, n_classes)
        The weights, 1 on average over the rows; NaN for a cell without rows.

    Examples
    --------
    >>> weights_of_cells(np.array([[3.0, 1.0], [2.0, 2.0]]), "demographic_parity")
    array([[0.83333333, 1.5       ],
           [1.25      , 0.75      ]])
    """
    present = counts > 0
    counts = np.where(present, counts, np.nan)
    total, of_label = np.nansum(counts), np.nansum(counts, axis=0)
    wanted: npt.NDArray[Any]
    if constraints == "demographic_parity":
        wanted = np.nansum(counts, axis=1, keepdims=True) * of_label / total
    elif constraints == "equalized_odds":
        wanted = total / present.sum()
    else:
        compared = label_conditions(constraints, counts.shape[1]).any(axis=0)
        groups = present.sum(axis=0).clip(min=1)
        wanted = np.where(compared, of_label / groups, counts)
    weights: npt.NDArray[Any] = wanted / counts
    return weights
