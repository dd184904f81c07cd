"""The paper's data protocol: random 60 % train, 20 % validation, 20 % test rows."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from skrunner import datasets

DATASETS = ("adult", "compas", "credit", "lsac")


@dataclass(frozen=True)
class Part:
    """Rows of one part of a split.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Preprocessed inputs.
    y : ndarray of shape (n_samples,)
        Labels 0 and 1.
    groups : Series of shape (n_samples,)
        The sensitive feature of the paper.
    """

    X: Any
    y: Any
    groups: Any


@dataclass(frozen=True)
class Split:
    """A data set, split and preprocessed as the released code does.

    Parameters
    ----------
    train, valid, test : Part
        The parts.
    fit : Part
        Train and validation rows together, for estimators that split themselves.
    """

    train: Part
    valid: Part
    test: Part
    fit: Part


def load_split(name: str, seed: int) -> Split:
    """Load a data set and split it by a seed.

    Parameters
    ----------
    name : str
        One of ``DATASETS``; COMPAS with race as an input.
    seed : int
        The split; the permutation is numpy's legacy one, as in the released code.

    Returns
    -------
    Split
        Preprocessed parts: bins from the train rows, scales from train and validation.
    """
    data = getattr(datasets, f"load_{name}")()
    groups = data.sensitive_features["race" if name == "compas" else "sex"]
    rows = np.random.RandomState(seed).permutation(len(data.target))
    n_block = int(0.8 * len(rows))
    block, test = rows[:n_block], rows[n_block:]
    valid, train = block[: len(test)], block[len(test) :]
    preprocessor = datasets.paper_preprocessor(name)
    preprocessor.fit(data.data.iloc[train], scale_on=data.data.iloc[block])
    X = preprocessor.transform(data.data).astype(np.float32)
    y = np.asarray(data.target)
    parts = (
        Part(X[part], y[part], groups.iloc[part])
        for part in (train, valid, test, block)
    )
    return Split(*parts)
