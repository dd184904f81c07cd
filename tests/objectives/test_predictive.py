"""The predictive loss against torch's own, with and without weights of rows."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from skrunner.data import Batch
from skrunner.objectives import PredictiveObjective, predictive_loss

CRITERIA = {
    "bce": (1, nn.BCEWithLogitsLoss()),
    "bce, positives weighted": (1, nn.BCEWithLogitsLoss(pos_weight=torch.tensor(2.5))),
    "ce of two": (2, nn.CrossEntropyLoss()),
    "ce": (3, nn.CrossEntropyLoss()),
    "ce, classes weighted": (
        3,
        nn.CrossEntropyLoss(weight=torch.tensor([0.5, 2.0, 1.2])),
    ),
    "ce, smoothed": (3, nn.CrossEntropyLoss(label_smoothing=0.2)),
    "ce, both": (
        3,
        nn.CrossEntropyLoss(weight=torch.tensor([0.5, 2.0, 1.2]), label_smoothing=0.2),
    ),
}


def make_rows(n_outputs, n_rows=9):
    logits = torch.randn(n_rows, n_outputs, dtype=torch.float64) * 2
    return logits, torch.arange(n_rows) % max(2, n_outputs)


def make_batch(y, *, weight=None, n_predictive=None):
    n_rows = len(y)
    X = torch.zeros(n_rows, 1, dtype=torch.float64)
    return Batch(X, y, y, weight, n_predictive or n_rows, 0, same_cells=False)


def torch_loss(criterion, logits, y):
    if isinstance(criterion, nn.BCEWithLogitsLoss):
        return criterion(logits[:, 0], y.double())
    return criterion(logits, y)


@pytest.mark.parametrize("name", CRITERIA)
def test_unweighted_loss_is_that_of_torch(name):
    n_outputs, criterion = CRITERIA[name]
    criterion = criterion.double()
    logits, y = make_rows(n_outputs)
    found = predictive_loss(criterion, logits, make_batch(y))
    assert_close(found, torch_loss(criterion, logits, y), rtol=0, atol=0)


def test_loss_by_hand():
    logits = torch.tensor([[0.0], [2.0], [-1.0]], dtype=torch.float64)
    weight = torch.tensor([1.0, 3.0, 0.0], dtype=torch.float64)
    batch = make_batch(torch.tensor([1, 0, 1]), weight=weight)
    # (1 * log 2 + 3 * log(1 + e^2)) / 4
    expected = torch.tensor((0.6931471805599453 + 3 * 2.1269280110429727) / 4)
    found = predictive_loss(nn.BCEWithLogitsLoss(), logits, batch)
    assert_close(found, expected.double(), rtol=1e-7, atol=0)


@pytest.mark.parametrize("name", CRITERIA)
def test_weights_equal_repeated_rows(name):
    n_outputs, criterion = CRITERIA[name]
    criterion = criterion.double()
    logits, y = make_rows(n_outputs)
    logits.requires_grad_()
    repeats = torch.tensor([1, 3, 2, 0, 1, 4, 1, 2, 5])
    loss = torch_loss(
        criterion, logits.repeat_interleave(repeats, 0), y.repeat_interleave(repeats)
    )
    batch = make_batch(y, weight=repeats.double())
    found = predictive_loss(criterion, logits, batch)
    assert_close(found, loss, rtol=1e-12, atol=0)
    assert_close(torch.autograd.grad(found, logits), torch.autograd.grad(loss, logits))
    scaled = batch._replace(weight=7 * batch.weight)
    assert_close(predictive_loss(criterion, logits, scaled), loss)


@pytest.mark.parametrize("shape", [(9,), (9, 1)])
def test_one_logit_has_either_shape(shape):
    logits, y = make_rows(1)
    criterion = nn.BCEWithLogitsLoss()
    found = predictive_loss(criterion, logits.reshape(shape), make_batch(y))
    assert_close(found, torch_loss(criterion, logits, y), rtol=0, atol=0)


def test_the_criterion_stays_as_it_was():
    criterion = nn.CrossEntropyLoss()
    logits, y = make_rows(3)
    predictive_loss(criterion, logits, make_batch(y, weight=torch.ones(9).double()))
    assert criterion.reduction == "mean"


def test_rows_that_all_weigh_nothing_have_no_loss():
    logits, y = make_rows(1)
    logits.requires_grad_()
    batch = make_batch(y, weight=torch.zeros(9, dtype=torch.float64))
    loss = predictive_loss(nn.BCEWithLogitsLoss(), logits, batch)
    assert loss == 0
    assert (torch.autograd.grad(loss, logits)[0] == 0).all()


@pytest.mark.parametrize("weighted", [True, False])
def test_the_objective_looks_at_the_predictive_rows_alone(weighted):
    logits, y = make_rows(1)
    weight = torch.linspace(1, 2, 9, dtype=torch.float64) if weighted else None
    objective = PredictiveObjective(nn.BCEWithLogitsLoss())
    shift = torch.zeros((), dtype=torch.float64, requires_grad=True)
    batch = make_batch(y, weight=weight, n_predictive=6)
    step = objective(lambda _X: logits + shift, batch)
    first = make_batch(y[:6], weight=None if weight is None else weight[:6])
    assert_close(
        step.loss, predictive_loss(nn.BCEWithLogitsLoss(), logits[:6] + shift, first)
    )
    assert step.loss.requires_grad
    assert not step.predictive.requires_grad
    assert step.predictive == step.loss
    assert step.fairness is None
    assert step.gap is None
