"""The loss with selective dropout against a loop over rows."""

import math

import pytest
import torch
from torch import nn

from skrunner.data import Batch
from skrunner.objectives import SelectiveDropoutObjective
from tests.objectives.nets import Dense

N = 9
FLAGGED = torch.arange(N) % 3 != 1


def make_batch(n_classes, *, weighted, flagged=FLAGGED):
    generator = torch.Generator().manual_seed(2)
    X = torch.randn(N, 3, generator=generator, dtype=torch.float64)
    y = torch.arange(N) % n_classes
    weight = torch.linspace(0, 2, N, dtype=torch.float64) if weighted else None
    return Batch(X, y, y % 3, weight, N, 0, same_cells=False, flagged=flagged)


def masks(n_units, p, generator):
    drawn = torch.rand(N, n_units, generator=generator)
    return [
        [0.0 if value < p else 1 / (1 - p) for value in row]
        if flag
        else [1.0] * n_units
        for row, flag in zip(drawn.tolist(), FLAGGED.tolist(), strict=True)
    ]


def linear(layer, values):
    return [
        sum(w * v for w, v in zip(line, values, strict=True)) + b
        for line, b in zip(layer.weight.tolist(), layer.bias.tolist(), strict=True)
    ]


def loss_of(logits, label):
    if len(logits) == 1:
        logits = [0.0, *logits]
    return math.log(sum(map(math.exp, logits))) - logits[label]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_loss_equals_a_loop_over_rows(n_classes, weighted):
    torch.manual_seed(0)
    net = Dense(1 if n_classes == 2 else n_classes).double()
    criterion = nn.BCEWithLogitsLoss() if n_classes == 2 else nn.CrossEntropyLoss()
    batch = make_batch(n_classes, weighted=weighted)
    objective = SelectiveDropoutObjective(
        criterion, [net.second, net.out], 0.4, torch.Generator().manual_seed(5)
    )
    calls = []

    def forward(X):
        calls.append(len(X))
        return net(X)

    step = objective(forward, batch)
    generator = torch.Generator().manual_seed(5)
    first, second = masks(7, 0.4, generator), masks(5, 0.4, generator)
    losses = []
    for i, row in enumerate(batch.X.tolist()):
        values = [
            max(z, 0) * m for z, m in zip(linear(net.first, row), first[i], strict=True)
        ]
        values = [
            max(z, 0) * m
            for z, m in zip(linear(net.second, values), second[i], strict=True)
        ]
        losses.append(loss_of(linear(net.out, values), batch.y[i].item()))
    weight = batch.weight.tolist() if weighted else [1.0] * N
    expected = sum(w * v for w, v in zip(weight, losses, strict=True)) / sum(weight)
    assert step.loss.item() == pytest.approx(expected, rel=1e-12)
    assert step.predictive.item() == step.loss.item()
    assert step.fairness is None
    assert step.gap is None
    assert calls == [N]  # both kinds of rows in one pass


def test_batch_norm_sees_the_whole_batch_once():
    # Passes of flagged and of other rows, as in the released code, would leave the
    # statistics of one kind in the norms, and those of the other unseen.
    torch.manual_seed(0)
    net = Dense(1, norm=True).double().train()
    batch = make_batch(2, weighted=False)
    generator = torch.Generator().manual_seed(5)
    SelectiveDropoutObjective(
        nn.BCEWithLogitsLoss(), [net.second, net.out], 0.4, generator
    )(net, batch)
    first = net.first(batch.X)
    scaled = (first - first.mean(0)) / (first.var(0, correction=0) + 1e-5).sqrt()
    factors = torch.tensor(masks(7, 0.4, torch.Generator().manual_seed(5))).double()
    second = net.second(scaled.relu() * factors)
    for norm, values in zip(net.norms, (first, second), strict=True):
        assert norm.num_batches_tracked == 1
        torch.testing.assert_close(norm.running_mean, 0.1 * values.mean(0))
        torch.testing.assert_close(norm.running_var, 0.9 + 0.1 * values.var(0))


def test_a_batch_without_flags_is_an_error():
    net = Dense(1).double()
    objective = SelectiveDropoutObjective(
        nn.BCEWithLogitsLoss(), [net.out], 0.4, torch.Generator()
    )
    with pytest.raises(ValueError, match=r"which rows are flagged.*flagged="):
        objective(net, make_batch(2, weighted=False, flagged=None))
