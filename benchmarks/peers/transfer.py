"""The fits that tell whether a repair is inherited by what is trained on a net.

A net is repaired for one label and frozen; a new head without any fairness term learns
the same label or another one from its last hidden layer. Neurons held still might leave
it less of a gap than a repair of the output alone, which asks nothing of that layer.
"""

import time
from dataclasses import fields, replace
from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, average_precision_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.paper.grid import guarded, split_of
from benchmarks.paper.protocol import Part, Split
from benchmarks.peers import neurons
from benchmarks.peers.neuron_plans import FEW_VARIANTS, PAPER_NET, Block
from skrunner import datasets
from skrunner.metrics import delta_dp, delta_eo, strong_delta_dp, strong_delta_eo
from skrunner.nn import ActivationRecorder, evaluating, find_neuron_layers

Point = dict[str, Any]
Array = npt.NDArray[Any]

CONSTRAINT = "demographic_parity"
BLOCK = Block("adult", PAPER_NET, range(1, 4), (0.2, 0.5), FEW_VARIANTS, (CONSTRAINT,))
PLAN = (
    BLOCK._replace(dataset="compas", splits=range(1, 6), weights=(0.2, 0.5, 2.0)),
    BLOCK,
)
LONG_WEEK, HIGH_DECILE = 40, 4
FEW_ROWS = 500
CHUNK = 8192


class Head(NamedTuple):
    """A new head on a frozen net.

    Parameters
    ----------
    label : {"same", "other"}
        Whether it learns the label that the net was trained for.
    rows : int or None
        How many of the net's rows it is fitted on; None means all.
    """

    label: str
    rows: int | None


HEADS = {
    "same": Head("same", None),
    "same_few": Head("same", FEW_ROWS),
    "other": Head("other", None),
    "other_few": Head("other", FEW_ROWS),
}


@lru_cache(maxsize=4)
def load_labels(name: str, seed: int) -> tuple[Split, Array, Array]:
    """Load a split with a second label that is no input.

    Parameters
    ----------
    name : {"adult", "compas"}
        Adult's second label is a week of more than 40 hours, which leave the inputs;
        that of COMPAS is a medium or high score of the commercial tool, no input.
    seed : int
        The split.

    Returns
    -------
    split : Split
        The paper's split with its first label.
    fit, test : ndarray of shape (n_samples,)
        The second label of ``split.fit`` and ``split.test``.
    """
    split = split_of(name, seed)
    data = getattr(datasets, f"load_{name}")()
    if name == "compas":
        other = data.compas_scores["decile_score"] > HIGH_DECILE
    else:
        other = data.data["hours-per-week"] > LONG_WEEK
        names = datasets.paper_preprocessor(name).fit(data.data).get_feature_names_out()
        kept = [not one.startswith("hours-per-week") for one in names]
        parts = {field.name: getattr(split, field.name) for field in fields(split)}
        split = Split(**{k: replace(p, X=p.X[:, kept]) for k, p in parts.items()})
    fit, test = (
        other.loc[part.groups.index].to_numpy(np.int64)
        for part in (split.fit, split.test)
    )
    return split, fit, test


def representation(estimator: Any, X: Array, chunk: int = CHUNK) -> Array:
    """Read what the last hidden layer answers, behind its nonlinearity.

    Parameters
    ----------
    estimator : estimator
        A fitted classifier of this package.
    X : ndarray of shape (n_samples, n_features)
        Inputs.
    chunk : int, default=8192
        Rows of one forward pass.

    Returns
    -------
    ndarray of shape (n_samples, n_neurons)
        The activations.
    """
    module = estimator.net_.module_
    weight = next(module.parameters())
    rows = torch.as_tensor(X).to(weight.device, weight.dtype)
    layers = find_neuron_layers(module, rows[:2])
    last = {layers.names[-1]: layers.modules[-1]}
    found = []
    with torch.no_grad(), evaluating(module):
        for part in rows.split(chunk):
            with ActivationRecorder(last) as recorder:
                module(part)
            found.append(recorder.activations[layers.names[-1]].cpu().numpy())
    return np.concatenate(found)


def measure(y: Array, score: Array, groups: Any) -> dict[str, float]:
    """Measure scores of test rows.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        Labels 0 and 1.
    score : ndarray of shape (n_samples,)
        Probabilities of 1.
    groups : Series of shape (n_samples,)
        The sensitive feature.

    Returns
    -------
    dict of str to float
        Utilities and gaps; labels are predicted at a probability above one half.
    """
    predicted = (score > 0.5).astype(np.int64)
    by = {"sensitive_features": groups}
    return {
        "ap": average_precision_score(y, score),
        "acc": accuracy_score(y, predicted),
        "positive_rate": float(predicted.mean()),
        "delta_dp": delta_dp(y, predicted, **by),
        "delta_eo_sum": delta_eo(y, predicted, **by),
        "strong_delta_dp": strong_delta_dp(y, score, **by),
        "strong_delta_eo": strong_delta_eo(y, score, **by),
    }


def fit_head(
    fit: tuple[Array, Array], test: Array, n_rows: int | None, seed: int
) -> Array:
    """Fit a plain new head and score the test rows.

    Parameters
    ----------
    fit : (ndarray of shape (n_fit, n_neurons), ndarray of shape (n_fit,))
        Representation and labels.
    test : ndarray of shape (n_test, n_neurons)
        The representation of test rows.
    n_rows : int or None
        How many rows to fit on, drawn by the seed; None takes all.
    seed : int
        The same rows for all methods of a split.

    Returns
    -------
    ndarray of shape (n_test,)
        Probabilities of 1.
    """
    Z, y = fit
    if n_rows is not None:
        rows = np.random.default_rng(seed).permutation(len(Z))[:n_rows]
        Z, y = Z[rows], y[rows]
    head = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    scored: Array = head.fit(Z, y).predict_proba(test)[:, 1]
    return scored


def fit_point(point: Point, device: str) -> Point:
    """Fit one variant on one split, and all new heads on it.

    Parameters
    ----------
    point : dict
        See `benchmarks.peers.neurons.points`.
    device : str
        Where to train.

    Returns
    -------
    dict
        The point with the measures of the net's own output (``own_...``) and of each of
        ``HEADS``, or with an ``error``.
    """
    return {**point, **guarded(partial(_fit_all, point, device), device)}


def _fit_all(point: Point, device: str) -> dict[str, float]:
    split, *other = load_labels(point["dataset"], point["seed"])
    start = time.perf_counter()
    estimator = neurons.make(point, device)
    estimator.fit(split.fit.X, split.fit.y, sensitive_features=split.fit.groups)
    labels = {"same": (split.fit.y, split.test.y), "other": other}
    found = _named("own", split.test, estimator.predict_proba(split.test.X)[:, 1])
    Z, test = (representation(estimator, part.X) for part in (split.fit, split.test))
    for name, head in HEADS.items():
        y, y_test = labels[head.label]
        score = fit_head((Z, y), test, head.rows, point["seed"])
        found |= _named(name, replace(split.test, y=y_test), score)
    return {**found, "seconds": time.perf_counter() - start}


def _named(name: str, test: Part, score: Array) -> dict[str, float]:
    measures = measure(test.y, score, test.groups)
    return {f"{name}_{key}": value for key, value in measures.items()}
