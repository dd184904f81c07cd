"""Situation testing: which rows get another answer if only their group changes."""

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier

Codes = npt.NDArray[np.int64]
MAX_ITER = 1000


def passes_situation_test(
    X: npt.NDArray[np.floating[Any]], y: Codes, groups: Codes, *, seed: int
) -> npt.NDArray[np.bool_]:
    """Tell which rows a linear model answers alike in every group.

    A logistic regression learns the labels from X and one column a group. Each row is
    then shown to it as a member of every group in turn (Fair-SMOTE [1]_, there for two
    groups); its own label does not matter.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        The rows.
    y : ndarray of int of shape (n_samples,)
        Label codes.
    groups : ndarray of int of shape (n_samples,)
        Group codes.
    seed : int
        For the solver, which would otherwise draw from numpy's global generator.

    Returns
    -------
    ndarray of bool of shape (n_samples,)
        False where the predicted label depends on the group. With one group or one
        label there is nothing to depend on.

    References
    ----------
    .. [1] Chakraborty, Majumder and Menzies, "Bias in machine learning software: why?
       how? what to do?", ESEC/FSE 2021.

    Examples
    --------
    >>> X = np.array([[-9.0], [-0.1], [0.1], [9.0]])
    >>> y, groups = np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1])
    >>> passes_situation_test(X, y, groups, seed=0)
    array([ True, False, False,  True])
    """
    known = np.unique(groups)
    if len(known) < 2 or len(np.unique(y)) < 2:
        return np.ones(len(y), dtype=bool)
    model: Any = LogisticRegression(
        solver="liblinear", max_iter=MAX_ITER, random_state=seed
    )
    if len(np.unique(y)) > 2:
        model = OneVsRestClassifier(model)  # liblinear knows two labels only
    model.fit(_beside(X, groups[:, None] == known), y)
    answers = np.stack([model.predict(_beside(X, known == code)) for code in known])
    passes: npt.NDArray[np.bool_] = (answers == answers[0]).all(axis=0)
    return passes


def _beside(
    X: npt.NDArray[np.floating[Any]], member: npt.NDArray[np.bool_]
) -> npt.NDArray[np.floating[Any]]:
    width = member.shape[-1]
    return np.hstack([X, np.broadcast_to(member, (len(X), width)).astype(X.dtype)])
