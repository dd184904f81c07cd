"""Scores of the validation rows against scikit-learn, our metrics and a hand count."""

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, average_precision_score, log_loss

from skrunner.metrics import delta_dp, delta_eo
from skrunner.training._scoring import is_collapsed
from tests.training.nets import Dropping, make_rows, train


def last_scores(constraints, *, n_classes=2, weighted=False, net="mlp"):
    validation = make_rows(150, n_classes=n_classes, weighted=weighted, seed=7)
    params = {} if isinstance(net, type) else {"hidden": (6, 5)}
    fitted = train(
        make_rows(n_classes=n_classes),
        validation=validation,
        constraints=constraints,
        net=net,
        net_params=params,
        repair=False,
        lr=0.1,
        batch_size=15,
    )
    module = fitted.module_.eval()
    with torch.no_grad():
        logits = module(validation.X).double()
    p = logits.softmax(1) if n_classes > 2 else logits.sigmoid()
    if n_classes == 2:
        p = torch.cat([1 - p, p], 1)
    return fitted.history[-1], p.numpy(), validation


def as_arrays(rows):
    weight = None if rows.weight is None else rows.weight.double().numpy()
    return rows.y.numpy(), rows.groups.numpy(), weight


def rate(predicted, groups, group, weight, rows):
    mask = (groups == group) & rows
    return np.average(predicted[mask], weights=weight[mask])


@pytest.mark.parametrize("net", ["mlp", Dropping], ids=["mlp", "dropout"])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("constraints", ["demographic_parity", "equalized_odds"])
def test_two_classes(constraints, weighted, net):
    record, p, rows = last_scores(constraints, weighted=weighted, net=net)
    y, groups, weight = as_arrays(rows)
    utility = average_precision_score(y, p[:, 1], sample_weight=weight)
    assert record["valid_utility"] == pytest.approx(utility, abs=1e-6)
    assert record["valid_loss"] == pytest.approx(
        log_loss(y, p, sample_weight=weight), abs=1e-5
    )
    metric = delta_dp if constraints == "demographic_parity" else delta_eo
    predicted = p.argmax(1)
    gap = metric(y, predicted, sensitive_features=groups, sample_weight=weight)
    assert record["valid_gap"] == pytest.approx(gap, abs=1e-6)
    assert record["valid_gap"] > 0.01
    weight = np.ones(len(y)) if weight is None else weight
    conditions = [y == 0, y == 1]
    if constraints == "demographic_parity":
        conditions = [y >= 0]
    by_hand = sum(
        np.ptp([rate(predicted, groups, g, weight, wanted) for g in range(3)])
        for wanted in conditions
    )
    assert record["valid_gap"] == pytest.approx(by_hand, abs=1e-6)


@pytest.mark.parametrize("label", [0, 1])
def test_parity_of_one_rate(label):
    names = ["false_positive_rate_parity", "true_positive_rate_parity"]
    record, p, rows = last_scores(names[label])
    y, groups, _ = as_arrays(rows)
    ones = np.ones(len(y))
    gap = np.ptp([rate(p.argmax(1), groups, g, ones, y == label) for g in range(3)])
    assert record["valid_gap"] == pytest.approx(gap, abs=1e-6)
    assert gap > 0.01


@pytest.mark.parametrize("weighted", [True, False])
def test_three_classes(weighted):
    record, p, rows = last_scores("demographic_parity", n_classes=3, weighted=weighted)
    y, groups, weight = as_arrays(rows)
    predicted = p.argmax(1)
    utility = accuracy_score(y, predicted, sample_weight=weight)
    assert record["valid_utility"] == pytest.approx(utility, abs=1e-6)
    weight = np.ones(len(y)) if weight is None else weight
    gaps = [
        np.ptp([rate(predicted == c, groups, g, weight, y >= 0) for g in range(3)])
        for c in range(3)
    ]
    assert record["valid_gap"] == pytest.approx(np.mean(gaps), abs=1e-6)
    assert record["valid_gap"] > 0.01


def test_best_epochs_are_marked():
    validation = make_rows(150, seed=7)
    net = train(make_rows(), validation=validation, max_epochs=12, lr=0.3)
    losses = net.history[:, "valid_loss"]
    lowest = [loss < min(losses[:i], default=np.inf) for i, loss in enumerate(losses)]
    assert net.history[:, "valid_loss_best"] == lowest
    assert set(lowest) == {True, False}


@pytest.mark.parametrize(
    ("n_positive", "collapsed"),
    [(0, True), (1, True), (2, False), (4, False), (6, False), (7, True), (20, True)],
)
def test_two_classes_collapse_outside_half_to_one_and_a_half_base_rates(
    n_positive, collapsed
):
    labels = np.repeat([1, 0], [4, 16])
    predicted = np.repeat([1, 0], [n_positive, 20 - n_positive])
    assert is_collapsed(labels, predicted) is collapsed


def test_naming_everyone_positive_is_a_collapse_at_any_base_rate():
    assert is_collapsed(np.array([1, 1, 1, 0]), np.ones(4, int))


@pytest.mark.parametrize(
    ("predicted", "collapsed"),
    [([2, 2, 2, 2], True), ([0, 0, 0, 0], True), ([2, 2, 2, 1], False)],
)
def test_more_classes_collapse_to_one(predicted, collapsed):
    assert is_collapsed(np.array([0, 1, 2, 2]), np.array(predicted)) is collapsed


def test_without_validation_rows_nothing_is_scored():
    net = train(make_rows())
    assert not [name for name in net.history[-1] if name.startswith("valid")]


def test_weights_that_diverge_in_the_last_step_are_named():
    rows = make_rows()
    with pytest.raises(FloatingPointError, match=r"loss is \w+ in epoch 1"):
        train(rows, validation=make_rows(seed=1), lr=1e30, batch_size=len(rows))


def test_rows_of_weight_0_are_no_collapse():
    labels, predicted = (
        np.repeat([1, 0, 1], [4, 6, 30]),
        np.repeat([1, 0, 0], [4, 6, 30]),
    )
    weight = np.repeat([1.0, 0.0], [10, 30])
    assert is_collapsed(labels, predicted)
    assert not is_collapsed(labels, predicted, weight)
    assert is_collapsed(labels + 1, np.repeat([2, 1], [10, 30]), weight)
