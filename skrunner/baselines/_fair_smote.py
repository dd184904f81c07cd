"""Fair-SMOTE: small cells are filled with new rows before the training."""

import warnings
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from sklearn.utils._param_validation import Interval

from skrunner.baselines._column_blocks import find_two_valued, read_blocks
from skrunner.baselines._resampling import ResamplingClassifier
from skrunner.baselines._situation_testing import passes_situation_test
from skrunner.baselines._smote import N_DONORS, RowRule, fill_cells
from skrunner.data import GroupDataset
from skrunner.exceptions import SmallGroupWarning
from skrunner.training import Seeds


@dataclass(kw_only=True, eq=False, repr=False)
class FairSmoteClassifier(ResamplingClassifier):
    """A net trained after every cell of group and label is filled with made rows.

    The training rows of each cell but the largest are joined by new ones until all
    cells have as many, so that neither the label nor the group is rare (Fair-SMOTE
    [1]_). A new row starts at a random row p of its cell, whose two nearest other rows
    in the cell are c1 and c2. Numbers become ``p + scale * (c1 - c2)``; categories are
    taken from one of the three rows, all together, so that indicators of one column
    still exclude one another. All this happens in `fit`, after validation rows were
    set aside: no row that a score is computed on is touched or made.

    Parameters
    ----------
    scale : float, default=0.8
        The share f of the neighbors' difference that a number is moved by.
    crossover : float, default=0.8
        The chance cr of each number of a new row to be moved; the others are the
        parent's. 1 moves all.
    strict : bool, default=False
        Whether to make rows as the released code does: every number is moved, whatever
        `crossover`, and becomes its absolute value, and so do indicators, unless
        `categorical_features` names them. It supposes columns scaled to [0, 1], and
        leaves one-hot columns at .2 or 1.8.
    categorical_features : array-like, default=None
        Columns of X that hold categories: names, positions or a mask of all columns.
        Lists of names or positions are blocks that draw their rows independently.
        None finds the columns with at most two different values in the training rows
        (under `strict` none). Columns that the net does not see are ignored.
    situation_testing : bool, default=False
        Whether to drop rows, old and new, whose label by a logistic regression on X
        and the groups changes with the group. The cells are unequal behind it.
    net, net_params, constraints, max_epochs, lr, batch_size, steps_per_epoch, \
optimizer, device, precision, select_epoch, validation_fraction, utility_drop, \
patience, image_storage, image_transform, augment, channels_last, compile, \
gradient_accumulation, sensitive_columns, keep_sensitive, missing, min_group_size, \
min_cell_size, warm_start, checkpoint, random_state, verbose, \
callbacks : as in NetClassifier
        The net and its training, see `skrunner.NetClassifier`.

    Attributes
    ----------
    n_synthetic_ : Series of shape (n_groups * n_classes,)
        Made rows of each cell, by group and label; of the last `fit` or `partial_fit`.
    n_dropped_ : int
        Rows that the situation testing dropped.
    categorical_features_ : ndarray of bool of shape (`net_n_features_`,)
        Which columns of the net's were taken from one of three rows.
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

    Warns
    -----
    SmallGroupWarning
        If a cell has fewer than three rows, which are repeated instead, or none, which
        leaves it empty, or if the situation testing empties it.

    See Also
    --------
    OversamplingClassifier : Draws rows of small cells more often.
    ReweightingClassifier : Weighs cells instead.

    References
    ----------
    .. [1] Chakraborty, Majumder and Menzies, "Bias in machine learning software: why?
       how? what to do?", ESEC/FSE 2021.

    Examples
    --------
    >>> from skrunner.baselines import FairSmoteClassifier
    >>> from skrunner.datasets import make_biased_classification
    >>> data = make_biased_classification(300, random_state=0)
    >>> clf = FairSmoteClassifier(max_epochs=3, random_state=0)
    >>> groups = data.sensitive_features["group"]
    >>> clf = clf.fit(data.data, data.target, sensitive_features=groups)
    >>> rows = pd.crosstab(groups, data.target).stack()
    >>> set(rows.to_numpy() + clf.n_synthetic_.to_numpy()) == {rows.max()}
    True
    """

    scale: float = 0.8
    crossover: float = 0.8
    strict: bool = False
    categorical_features: Any = None
    situation_testing: bool = False

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **ResamplingClassifier._parameter_constraints,
        "scale": [Interval(Real, 0, None, closed="left")],
        "crossover": [Interval(Real, 0, 1, closed="both")],
        "strict": ["boolean"],
        "categorical_features": ["array-like", None],
        "situation_testing": ["boolean"],
    }

    def _prepare(self, data: GroupDataset, seeds: Seeds) -> GroupDataset:
        if len(data.X.shape) != 2:
            raise ValueError(
                f"{type(self).__name__} makes new rows of tables, X of shape "
                f"(n_samples, n_features); got shape {tuple(data.X.shape)}. Take "
                "OversamplingClassifier, which repeats rows of any shape."
            )
        balanced = self._fill(data, np.random.default_rng(seeds.importance))
        self.n_dropped_ = 0
        if not self.situation_testing:
            return balanced
        passes = passes_situation_test(
            balanced.as_table().numpy(),
            balanced.y.numpy(),
            balanced.groups.numpy(),
            seed=seeds.importance,
        )
        self.n_dropped_ = int((~passes).sum())
        kept = balanced.take(torch.from_numpy(np.flatnonzero(passes)))
        _check_left(balanced, kept)
        return kept

    def _fill(self, data: GroupDataset, rng: np.random.Generator) -> GroupDataset:
        X, cells = data.as_table().numpy(), data.cells.numpy()
        blocks = self._find_blocks(X)
        rule = RowRule(self.scale, self.crossover, self.strict, blocks)
        made, made_cells = fill_cells(X, cells, rule, rng)
        self.categorical_features_ = np.zeros(X.shape[1], dtype=bool)
        for block in blocks:
            self.categorical_features_[block] = True
        counts = _counts(data)
        self.n_synthetic_ = pd.Series(
            np.bincount(made_cells, minlength=len(counts)),
            index=pd.MultiIndex.from_tuples(
                data.cell_names(), names=["group", "label"]
            ),
            name="n_synthetic",
        )
        short = (counts > 0) & (counts < N_DONORS) & (counts < counts.max())
        _warn_of_cells(
            data,
            short,
            f"with fewer than {N_DONORS} rows, which have no two neighbors",
            "Their rows are repeated instead: merge groups or get more data.",
        )
        _warn_of_cells(
            data,
            counts == 0,
            "without a row to make others of",
            "They stay empty: merge groups or get more data.",
        )
        codes = torch.from_numpy(made_cells)
        return replace(
            data,
            X=torch.cat([data.as_table(), torch.from_numpy(made)]),
            y=torch.cat([data.y, codes % data.n_classes]),
            groups=torch.cat([data.groups, codes // data.n_classes]),
        )

    def _find_blocks(self, X: npt.NDArray[Any]) -> tuple[npt.NDArray[np.int64], ...]:
        if self.categorical_features is None:
            return () if self.strict else (find_two_valued(X),)
        names = getattr(self, "feature_names_in_", None)
        given = read_blocks(self.categorical_features, self.n_features_in_, names)
        place = np.full(self.n_features_in_, -1)
        seen = np.arange(self.n_features_in_)
        if len(seen) > X.shape[1]:
            seen = np.delete(seen, self._sensitive_positions)
        place[seen] = np.arange(len(seen))
        blocks = [place[block] for block in given]
        blocks = [block[block >= 0] for block in blocks]
        if self.strict:
            return tuple(column[None] for block in blocks for column in block)
        return tuple(blocks)


def _counts(data: GroupDataset) -> npt.NDArray[np.int64]:
    n_cells = data.n_groups * data.n_classes
    return np.bincount(data.cells.numpy(), minlength=n_cells)


def _warn_of_cells(
    data: GroupDataset, which: npt.NDArray[np.bool_], what: str, advice: str
) -> None:
    names = data.cell_names()
    listed = ["{} with label {}".format(*names[cell]) for cell in np.flatnonzero(which)]
    if listed:
        warnings.warn(
            f"Cell(s) {what}: {'; '.join(listed)}. {advice}",
            SmallGroupWarning,
            stacklevel=6,
        )


def _check_left(before: GroupDataset, after: GroupDataset) -> None:
    names = before.cell_names()
    had, has = _counts(before), _counts(after)
    lost = [names[cell] for cell in np.flatnonzero((had > 0) & (has == 0))]
    left = [names[cell] for cell in np.flatnonzero(has)]
    for part, kind in enumerate(("group", "label")):
        gone = sorted({str(cell[part]) for cell in lost} - {str(c[part]) for c in left})
        if gone:
            raise ValueError(
                f"The situation testing dropped all rows of {kind}(s) "
                f"{', '.join(gone)}: a linear model answers them by the group alone. "
                "Pass situation_testing=False."
            )
    _warn_of_cells(
        before,
        (had > 0) & (has == 0),
        "without a row behind the situation testing",
        "Their rate is not learned: merge groups, or pass situation_testing=False.",
    )
