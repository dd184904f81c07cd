"""Folds that hold every group with every label."""

import warnings
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import StratifiedKFold
from sklearn.utils import check_consistent_length, check_random_state, column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from skrunner.exceptions import SmallGroupWarning
from skrunner.groups import GroupEncoding, cell_counts, encode_groups
from skrunner.metrics._rates import Codes


class SensitiveStratifiedKFold(StratifiedKFold):
    """Split into folds, stratified on labels and groups at once.

    Small groups vanish from plain stratified folds, or appear with one label only, and
    then their rates are undefined. Here the rows of a cell (label and group) are dealt
    out evenly: each fold holds ``n // n_splits`` of its n rows or one more. The same
    is true of the rows of each label, and of all rows. It asks for
    ``sensitive_features`` by metadata routing, without a request call.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, at least 2.
    shuffle : bool, default=False
        Whether to deal the rows of a cell in random order or in that of the data.
    random_state : int, RandomState instance or None, default=None
        Drives the shuffling.

    Examples
    --------
    >>> import numpy as np
    >>> y, groups = np.array([0, 0, 1, 1] * 2), list("aaaabbbb")
    >>> cv = SensitiveStratifiedKFold(n_splits=2)
    >>> for _, test in cv.split(np.zeros((8, 1)), y, sensitive_features=groups):
    ...     print(test)
    [0 2 4 6]
    [1 3 5 7]
    """

    __metadata_request__split: ClassVar = {"sensitive_features": True}

    def __init__(
        self,
        n_splits: int = 5,
        *,
        shuffle: bool = False,
        random_state: Any = None,
    ) -> None:
        super().__init__(n_splits, shuffle=shuffle, random_state=random_state)

    def get_n_splits(
        self, X: Any = None, y: Any = None, groups: Any = None, **metadata: Any
    ) -> int:
        """Return the number of folds.

        Parameters
        ----------
        X, y, groups : object, default=None
            Ignored; here for compatibility.
        **metadata : dict
            What searches route to `split` they pass here too; ignored.

        Returns
        -------
        int
            `n_splits`.
        """
        del X, y, groups, metadata
        return int(self.n_splits)

    def split(
        self, X: Any, y: Any, groups: Any = None, sensitive_features: Any = None
    ) -> Iterator[tuple[Codes, Codes]]:
        """Generate the indices of each split.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows; only their number matters.
        y : array-like of shape (n_samples,)
            Labels.
        groups : object, default=None
            Ignored; here for compatibility.
        sensitive_features : array-like of shape (n_samples,) or \
                (n_samples, n_features), default=None
            Sensitive features, required; several columns are intersected.

        Yields
        ------
        train : ndarray of int
            Rows to train on.
        test : ndarray of int
            Rows of the fold.

        Raises
        ------
        ValueError
            Without sensitive features, or with fewer rows than folds.

        Warns
        -----
        SmallGroupWarning
            If a cell has fewer rows than there are folds, so that some lack it.
        """
        del groups
        y = column_or_1d(y)
        check_classification_targets(y)
        check_consistent_length(X, y)
        if len(y) < self.n_splits:
            raise ValueError(
                f"n_splits={self.n_splits} folds cannot be made of {len(y)} rows."
            )
        if sensitive_features is None:
            raise ValueError(
                "SensitiveStratifiedKFold got no sensitive_features. Either switch "
                "routing on, sklearn.set_config(enable_metadata_routing=True), and "
                "pass sensitive_features to the search's fit or in the params of "
                "cross_validate; or split yourself and pass "
                "cv=list(SensitiveStratifiedKFold().split(X, y, "
                "sensitive_features=...))."
            )
        encoding = encode_groups(sensitive_features, n_samples=len(y))
        folds = self._deal(y, encoding)
        for fold in range(self.n_splits):
            yield np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)

    def _deal(self, y: npt.NDArray[Any], groups: GroupEncoding) -> Codes:
        """Deal the rows out in turns, cell after cell; return the fold of each."""
        classes, labels = np.unique(y, return_inverse=True)
        counts = cell_counts(groups.codes, labels, groups.n_groups, len(classes))
        _warn_of_small_cells(counts, groups, classes, self.n_splits)
        rows = np.arange(len(y))
        if self.shuffle:
            rows = check_random_state(self.random_state).permutation(rows)
        # Cells of one label lie together, so that its rows too are dealt evenly; the
        # order of groups turns at every label, so that two cells of the smallest group
        # meet and no fold lacks it altogether.
        rank = np.argsort(np.argsort(counts.sum(axis=1)))[groups.codes]
        turn = np.where(labels % 2, rank, -rank)
        rows = rows[np.lexsort((turn[rows], labels[rows]))]
        folds = np.empty(len(y), dtype=np.int64)
        folds[rows] = np.arange(len(y)) % self.n_splits
        return folds


def _warn_of_small_cells(
    counts: Codes, groups: GroupEncoding, classes: npt.NDArray[Any], n_splits: int
) -> None:
    small = [
        f"{groups.names[group]} with label {classes[label]} "
        f"({counts[group, label]} rows)"
        for group, label in np.argwhere(counts < n_splits)
    ]
    if small:
        warnings.warn(
            f"Cell(s) with fewer rows than n_splits={n_splits}, which some folds lack: "
            f"{'; '.join(small)}. Use fewer folds or merge groups.",
            SmallGroupWarning,
            stacklevel=4,
        )
