"""Training that goes on: warm_start and partial_fit."""

import numpy as np
import pytest
import torch

from skrunner import NetClassifier
from skrunner.exceptions import SmallGroupWarning
from tests.estimators.rows import SMALL, A, N, X, Y, fit, runner, weights_of

BOTH = {
    "plain": lambda **params: NetClassifier(**{**SMALL, **params}),
    "runner": lambda **params: runner(diagnose_every=1, **params),
}


def partial(estimator, times=1, **changes):
    given = {"X": X, "y": Y, "sensitive_features": A, **changes}
    for _ in range(times):
        estimator.partial_fit(given["X"], given["y"], **{
            name: value for name, value in given.items() if name not in "Xy"
        })  # fmt: skip
    return estimator


@pytest.mark.parametrize("make", BOTH.values(), ids=BOTH)
def test_parts_make_the_whole(make):
    # Adam's moments, weights and epochs go on: in full batches nothing else matters.
    whole = fit(make(max_epochs=4))
    warm = fit(fit(make(max_epochs=2, warm_start=True)))
    parts = partial(make(), times=4)
    for other in (warm, parts):
        np.testing.assert_array_equal(weights_of(other), weights_of(whole))
        assert other.history_["epoch"].tolist() == [1, 2, 3, 4]
        losses = other.history_["train_loss"], whole.history_["train_loss"]
        np.testing.assert_array_equal(*losses)
    assert warm.chosen_epoch_ == 4


def test_fit_begins_anew_without_warm_start():
    once, twice = fit(runner()), fit(fit(runner()))
    np.testing.assert_array_equal(weights_of(twice), weights_of(once))
    after_part = fit(partial(runner()), y=np.where(Y, "b", "a"))
    np.testing.assert_array_equal(weights_of(after_part), weights_of(once))
    assert after_part.classes_.tolist() == ["a", "b"]


def test_every_part_draws_other_batches():
    params = {
        "batch_size": 30,
        "fairness_batch_size": 30,
        "optimizer": torch.optim.SGD,  # it remembers nothing
        "lr": 0.1,
    }
    first = partial(runner(**params))
    second = partial(runner(**params), times=2)
    again = partial(runner(**params, net=first.net_.module_))
    assert np.abs(weights_of(second) - weights_of(again)).max() > 1e-4
    full = {**params, "batch_size": N}
    first = partial(runner(**full))
    second = partial(runner(**full), times=2)
    again = partial(runner(**full, net=first.net_.module_))
    np.testing.assert_array_equal(weights_of(second), weights_of(again))


@pytest.mark.parametrize("make", BOTH.values(), ids=BOTH)
def test_settings_of_today_hold(make):
    estimator = fit(make(warm_start=True))
    before = weights_of(estimator)
    estimator.set_params(lr=1e-12)
    fit(estimator)
    np.testing.assert_allclose(weights_of(estimator), before, rtol=0, atol=1e-9)
    estimator.set_params(lr=0.1, optimizer=torch.optim.SGD, precision="fp64")
    fit(estimator)
    assert np.abs(weights_of(estimator) - before).max() > 1e-3
    assert isinstance(estimator.net_.optimizer_, torch.optim.SGD)
    assert next(estimator.net_.module_.parameters()).dtype == torch.float64
    assert len(estimator.history_) == 6


@pytest.mark.filterwarnings("ignore::skrunner.exceptions.CollapseWarning")
def test_partial_fit_after_an_epoch_was_chosen():
    estimator = fit(runner(select_epoch="min_gap", max_epochs=3, lr=0.3))
    start = weights_of(estimator)
    partial(estimator)
    assert len(estimator.history_) == 4
    assert estimator.chosen_epoch_ == 4
    assert not np.array_equal(weights_of(estimator), start)
    assert estimator.history_["valid_gap"].notna().tolist() == [True] * 3 + [False]


def test_the_first_call_may_lack_a_class():
    zeros = Y == 0
    estimator = runner(min_group_size=0)
    estimator.partial_fit(
        X[zeros], Y[zeros], classes=[0, 1], sensitive_features=A[zeros]
    )
    assert estimator.classes_.tolist() == [0, 1]
    assert estimator.predict_proba(X).shape == (N, 2)
    partial(estimator, classes=[1, 0])
    assert len(estimator.history_) == 2


def test_groups_are_those_of_the_first_call():
    estimator = partial(runner(min_group_size=0))
    two = A != "group_2"
    partial(estimator, X=X[two], y=Y[two], sensitive_features=A[two])
    assert estimator.group_names_ == ("group_0", "group_1", "group_2")
    # Codes mean the same groups: a first call that lacks group_0 would shift them.
    last = A != "group_0"
    params = {
        "optimizer": torch.optim.SGD,
        "constraints": "equalized_odds",
        "min_group_size": 0,
        "min_cell_size": 0,
    }
    known = partial(partial(runner(**params)), X=X[last], y=Y[last],
                    sensitive_features=A[last])  # fmt: skip
    assert known.history_["train_gap"].notna().all()
    fresh = partial(runner(**params, net=partial(runner(**params)).net_.module_),
                    X=X[last], y=Y[last], sensitive_features=A[last])  # fmt: skip
    np.testing.assert_array_equal(weights_of(known), weights_of(fresh))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("make", BOTH.values(), ids=BOTH)
def test_a_chunk_of_one_group_compares_nothing(make, weighted):
    only = A == "group_1"
    estimator = partial(make())
    weight = {"sample_weight": np.ones(only.sum())} if weighted else {}
    with pytest.warns(SmallGroupWarning, match=r"rows are of one group \(group_1\)"):
        partial(estimator, X=X[only], y=Y[only], sensitive_features=A[only], **weight)
    assert len(estimator.history_) == 2
    assert estimator.group_names_ == ("group_0", "group_1", "group_2")
    before, last = estimator.history_["fairness_term"]
    # A plain net has no term at all.
    assert last == 0 < before or np.isnan([before, last]).all()
    partial(estimator)
    assert np.isfinite(estimator.predict_proba(X)).all()


def test_a_plain_net_may_do_without_groups_at_any_time():
    estimator = NetClassifier(**SMALL)
    estimator.partial_fit(X, Y)
    estimator.partial_fit(X, Y, sensitive_features=A)
    estimator.partial_fit(X, Y)
    assert estimator.group_names_ is None
    assert len(estimator.history_) == 3
