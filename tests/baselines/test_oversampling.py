"""Oversampling draws every stratum equally often, and weighs nothing besides."""

from collections import Counter

import numpy as np
import pytest
import torch
from sklearn.utils.validation import has_fit_parameter

from skrunner import NetClassifier
from skrunner.baselines import OversamplingClassifier
from skrunner.data import GroupDataset
from skrunner.estimators import Budget
from skrunner.exceptions import SmallGroupWarning
from skrunner.training import draw_seeds
from tests.baselines.cases import TWO_COLUMNS, check_copies, check_search, check_seeds
from tests.estimators.nets import Tiny
from tests.estimators.rows import SMALL, A, N, X, Y, fit, weights_of

CODES = np.unique(A, return_inverse=True)[1]
EXACT = {**SMALL, "precision": "fp64", "max_epochs": 5, "lr": 0.05}
pytestmark = [pytest.mark.filterwarnings("ignore::skrunner.exceptions.CollapseWarning")]


def strata_of_rows(strategy, groups=A, labels=Y):
    """Name the stratum of each row."""
    names = {
        "cell": [f"{a} {y}" for a, y in zip(groups, labels, strict=True)],
        "group": [str(a) for a in groups],
        "label": [str(y) for y in labels],
    }
    return names[strategy]


def dataset():
    return GroupDataset(
        torch.tensor(X.to_numpy()),
        torch.tensor(Y),
        torch.tensor(CODES),
        n_groups=3,
        n_classes=2,
    )


def batches_of(estimator, data, batch_size):
    return estimator._make_batches(data, Budget(1, batch_size), draw_seeds(0))


@pytest.mark.parametrize("strategy", ["cell", "group", "label"])
def test_every_batch_holds_each_stratum_equally_often(strategy):
    data = dataset()
    estimator = OversamplingClassifier(strategy=strategy, steps_per_epoch=20)
    batches = batches_of(estimator, data, 60)
    assert batches.dataset.X.data_ptr() == data.X.data_ptr()  # no row is copied
    names = np.array(strata_of_rows(strategy))
    place = {row.numpy().tobytes(): i for i, row in enumerate(data.X)}
    drawn = Counter()
    for batch in batches:
        rows = [place[row.numpy().tobytes()] for row in batch.X]
        counts = Counter(names[rows])
        assert set(counts.values()) == {60 // len(set(names))}
        assert batch.weight is None
        drawn.update(rows)
    for name, size in Counter(names.tolist()).items():
        times = [drawn[row] for row in np.flatnonzero(names == name)]
        assert sum(times) == 20 * 60 // len(set(names))
        assert max(times) - min(times) <= 1, size


def test_steps_are_those_of_the_plain_loss_on_these_batches():
    torch.manual_seed(0)
    module = Tiny(6).double()
    params = {**SMALL, "net_params": None, "precision": "fp64", "batch_size": 60}
    estimator = OversamplingClassifier(
        **{**params, "optimizer": torch.optim.SGD, "lr": 0.1}, net=module
    )
    fit(estimator, X=X.to_numpy())
    assert not np.array_equal(
        weights_of(estimator),
        torch.cat([p.detach().flatten() for p in module.parameters()]).numpy(),
    )
    batches = batches_of(estimator, dataset(), 60)
    for batch in [batch for _ in range(2) for batch in batches]:
        loss = 0.0
        for row, label in zip(module(batch.X)[:, 0], batch.y.tolist(), strict=True):
            p = 1 / (1 + torch.exp(-row))
            loss = loss - torch.log(p if label else 1 - p) / len(batch.y)
        slopes = torch.autograd.grad(loss, list(module.parameters()))
        with torch.no_grad():
            for parameter, slope in zip(module.parameters(), slopes, strict=True):
                parameter.sub_(0.1 * slope)
    expected = torch.cat([p.detach().flatten() for p in module.parameters()])
    np.testing.assert_allclose(weights_of(estimator), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("strategy", ["cell", "group", "label"])
def test_all_rows_at_once_equal_the_loss_of_balanced_rows(strategy):
    names = strata_of_rows(strategy)
    sizes = Counter(names)
    weight = np.array([1 / sizes[name] for name in names])
    ours = fit(OversamplingClassifier(**EXACT, strategy=strategy))
    plain = fit(NetClassifier(**EXACT), sample_weight=weight)
    np.testing.assert_allclose(weights_of(ours), weights_of(plain), rtol=0, atol=1e-12)
    unweighted = weights_of(fit(NetClassifier(**EXACT)))
    assert np.abs(weights_of(ours) - unweighted).max() > 1e-3


def test_all_rows_at_once_equal_copied_rows():
    sizes = {("a", 0): 12, ("a", 1): 4, ("b", 0): 3, ("b", 1): 6, ("c", 0): 2}
    groups = np.array([a for (a, _), n in sizes.items() for _ in range(n)])
    labels = np.array([y for (_, y), n in sizes.items() for _ in range(n)])
    copies = np.repeat(
        np.arange(27), [12 // sizes[a, y] for a, y in zip(groups, labels, strict=True)]
    )
    rows = X.to_numpy()[:27]
    quiet = {"min_group_size": 0, "min_cell_size": 0}
    ours = OversamplingClassifier(**EXACT, **quiet)
    ours.fit(rows, labels, sensitive_features=groups)
    plain = NetClassifier(**EXACT, **quiet).fit(rows[copies], labels[copies])
    assert len(copies) == 5 * 12  # c has no label 1: five cells remain
    np.testing.assert_allclose(weights_of(ours), weights_of(plain), rtol=0, atol=1e-12)


def test_two_columns_are_intersected():
    estimator = OversamplingClassifier(**EXACT)
    fit(estimator, sensitive_features=TWO_COLUMNS)
    both = TWO_COLUMNS["race"] + " " + TWO_COLUMNS["sex"]
    one = fit(OversamplingClassifier(**EXACT), sensitive_features=both)
    np.testing.assert_array_equal(weights_of(estimator), weights_of(one))


def test_a_short_stratum_is_repeated_and_named():
    rare = np.where(np.arange(N) < 6, "rare", A)
    estimator = OversamplingClassifier(
        **{**SMALL, "batch_size": 80}, strategy="group", min_group_size=0
    )
    with pytest.warns(SmallGroupWarning, match="6 of 20"):
        fit(estimator, sensitive_features=rare)


def test_there_is_no_sample_weight():
    estimator = OversamplingClassifier(**SMALL)
    assert not has_fit_parameter(estimator, "sample_weight")
    with pytest.raises(TypeError, match="sample_weight"):
        fit(estimator, sample_weight=np.ones(N))
    with pytest.raises(TypeError, match="sample_weight"):
        estimator.partial_fit(X, Y, sensitive_features=A, sample_weight=np.ones(N))
    assert not hasattr(estimator, "net_")
    asked = estimator.get_metadata_routing()
    assert asked.fit.requests == {"sensitive_features": True}
    assert asked.partial_fit.requests == {"classes": None, "sensitive_features": True}


def test_parts_make_the_whole():
    whole = fit(OversamplingClassifier(**{**EXACT, "max_epochs": 2}))
    parts = OversamplingClassifier(**EXACT)
    for _ in range(2):
        parts.partial_fit(X, Y, sensitive_features=A)
    np.testing.assert_allclose(weights_of(parts), weights_of(whole), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("params", "given", "match"),
    [
        ({"strategy": "rows"}, {}, "'strategy' parameter .* must be a str among"),
        ({}, {"sensitive_features": None}, "OversamplingClassifier needs sensitive"),
        ({}, {"sensitive_features": ["a"] * N}, "one group"),
    ],
)
def test_bad_input(params, given, match):
    estimator = OversamplingClassifier(**SMALL, **params)
    with pytest.raises(ValueError, match=match):
        fit(estimator, **given)
    assert not hasattr(estimator, "net_")


def test_seeds():
    check_seeds(OversamplingClassifier)


def test_copies(tmp_path):
    check_copies(OversamplingClassifier, tmp_path)


def test_search():
    check_search(OversamplingClassifier, "strategy", ["cell", "label"])
