"""The parts of a step have the gradient of the whole, or of their sum written out."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from skrunner.data import EpochBatches, most_parts, split_batch
from skrunner.gaps import gap_structure
from skrunner.nn import find_neuron_layers
from skrunner.objectives import (
    GapObjective,
    PredictiveObjective,
    RepairSettings,
    StabilizingObjective,
    TermWeight,
)
from skrunner.training._steps import backward
from tests.training.nets import make_rows


class Conv(nn.Module):
    """A convolution over the features as positions, without a norm."""

    def __init__(self, n_outputs):
        super().__init__()
        self.conv = nn.Conv1d(1, 4, 2, dtype=torch.float64)
        self.out = nn.Linear(4, n_outputs, dtype=torch.float64)

    def forward(self, X):
        return self.out(self.conv(X[:, None]).relu().mean(2))


def start(n_outputs=1):
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return Conv(n_outputs)


def criterion_of(n_classes):
    return nn.BCEWithLogitsLoss() if n_classes == 2 else nn.CrossEntropyLoss()


def gradient(net):
    found = torch.cat([part.grad.flatten() for part in net.parameters()])
    net.zero_grad()
    return found


def first_batch(rows, **options):
    return next(iter(EpochBatches(rows, **options)))


@pytest.mark.parametrize("n_parts", [2, 3, 7, 1000])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("class_weights", [False, True])
def test_the_predictive_loss_in_parts_is_that_of_the_whole(
    class_weights, n_classes, weighted, n_parts
):
    rows = make_rows(n_classes=n_classes, weighted=weighted, dtype=torch.float64)
    criterion = criterion_of(n_classes)
    if class_weights:
        weights = torch.tensor([1.0, 20.0, 3.0], dtype=torch.float64)[:n_classes]
        criterion = nn.CrossEntropyLoss(weights)
    one_logit = isinstance(criterion, nn.BCEWithLogitsLoss)
    net = start(1 if one_logit else n_classes)
    objective = PredictiveObjective(criterion)
    batch = first_batch(rows, batch_size=32)
    whole = backward(objective, net, [batch])
    expected = gradient(net)
    parts = split_batch(batch, n_parts)
    assert len(parts) == min(n_parts, most_parts(batch))
    found = backward(objective, net, parts)
    assert_close(gradient(net), expected, rtol=1e-8, atol=1e-12)
    assert_close(found.loss, whole.loss.detach(), rtol=1e-8, atol=0)
    assert found.fairness is None


def make_objective(kind, rows, net, momentum, **settings):
    structure = gap_structure("equalized_odds", rows.n_groups, rows.n_classes)
    structure = structure.to("cpu", torch.float64)
    if kind == "gap":
        return GapObjective(
            nn.BCEWithLogitsLoss(),
            structure,
            weight=TermWeight(0.7),
            gap_momentum=momentum,
        )
    chosen = {"neuron_ratio": 0.5, "diagnose_every": 1, **settings}
    return StabilizingObjective(
        nn.BCEWithLogitsLoss(),
        structure,
        find_neuron_layers(net, rows.X[:2]),
        RepairSettings(fairness_weight=0.7, gap_momentum=momentum, **chosen),
    )


def repeated(batch, times):
    """Repeat every row side by side, so that all parts hold the same rows."""
    return batch._replace(
        **{
            name: getattr(batch, name).repeat_interleave(times, 0)
            for name in ("X", "y", "groups")
        },
        n_predictive=times * batch.n_predictive,
        fair_from=times * batch.fair_from,
        same_cells=False,
    )


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("sampling", ["two_stream", "balanced", "shared"])
@pytest.mark.parametrize("kind", ["runner", "gap"])
def test_parts_of_the_same_rows_are_the_whole(kind, sampling, momentum):
    rows, net = make_rows(300, dtype=torch.float64), start()
    options = {"sampling": sampling, "constraints": "equalized_odds"}
    batch = first_batch(rows, batch_size=40, fairness_batch_size=36, **options)
    whole = repeated(batch, 3)
    once = backward(make_objective(kind, rows, net, momentum), net, [whole])
    expected = gradient(net)
    parts = split_batch(whole, 3)
    for part in parts:
        assert torch.equal(part.X, batch.X)
        assert (part.n_predictive, part.fair_from) == batch[4:6]
    found = backward(make_objective(kind, rows, net, momentum), net, parts)
    assert_close(gradient(net), expected, rtol=1e-8, atol=1e-12)
    for name in ("loss", "predictive", "fairness", "gap"):
        value = getattr(once, name).detach()
        assert_close(getattr(found, name), value, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("sampling", ["two_stream", "balanced"])
def test_different_parts_are_compared_one_by_one(sampling):
    """Written out: the gap of mean probabilities, with running means over the parts."""
    rows, net, momentum = make_rows(dtype=torch.float64), start(), 0.8
    structure = gap_structure("demographic_parity", rows.n_groups, 2)
    objective = GapObjective(
        nn.BCEWithLogitsLoss(),
        structure.to("cpu", torch.float64),
        weight=TermWeight(0.7),
        gap_momentum=momentum,
    )
    batch = first_batch(rows, batch_size=41, sampling=sampling, fairness_batch_size=36)
    parts = split_batch(batch, 3)
    found = backward(objective, net, parts)
    result = gradient(net)

    total, running, losses = 0, None, []
    n_rows = sum(part.n_predictive for part in parts)
    for part in parts:
        logits = net(part.X)[:, 0]
        n = part.n_predictive
        predictive = nn.functional.binary_cross_entropy_with_logits(
            logits[:n], part.y[:n].double()
        )
        scores, groups = (
            logits.sigmoid()[part.fair_from :],
            part.groups[part.fair_from :],
        )
        means = torch.stack([scores[groups == group].mean() for group in range(3)])
        fresh = means.detach()
        share = 1 if running is None else 1 - momentum
        running = fresh if running is None else torch.lerp(running, fresh, share)
        pairs = [(0, 1), (0, 2), (1, 2)]
        # The value is that of the running means, the slope that of the part's own.
        term = sum(
            torch.sign(running[a] - running[b]) * (means[a] - means[b])
            for a, b in pairs
        ) / len(pairs)
        losses.append(n / n_rows * predictive.item())
        total = total + n / n_rows * (predictive + 0.7 * term)
    total.backward()
    assert_close(result, gradient(net), rtol=1e-8, atol=1e-12)
    assert found.predictive.item() == pytest.approx(sum(losses), rel=1e-8)


def test_steps_are_counted_and_neurons_chosen_by_step():
    rows, net = make_rows(dtype=torch.float64), start()
    chosen = []

    class Counted(StabilizingObjective):
        def _diagnose(self, *args):
            chosen.append(self._step)
            super()._diagnose(*args)

    structure = gap_structure("demographic_parity", 3, 2).to("cpu", torch.float64)
    layers = find_neuron_layers(net, rows.X[:2])
    settings = RepairSettings(fairness_weight=1.0, neuron_ratio=0.5, diagnose_every=2)
    objective = Counted(nn.BCEWithLogitsLoss(), structure, layers, settings)
    batches = EpochBatches(rows, batch_size=30, steps_per_epoch=5)
    for n_parts, batch in zip((1, 3, 2, 3, 4), batches, strict=True):
        backward(objective, net, split_batch(batch, n_parts))
    assert chosen == [0, 2, 4]
    assert objective.state_dict()["step"] == 5


def test_no_part_is_empty():
    rows = make_rows(dtype=torch.float64)
    options = {"sampling": "two_stream", "fairness_batch_size": 6}
    batch = first_batch(rows, batch_size=45, **options)
    parts = split_batch(batch, 1000)
    assert [(part.n_predictive, len(part.y) - part.fair_from) for part in parts] == [
        *[(8, 1)] * 3,
        *[(7, 1)] * 3,
    ]
    assert [part.part for part in parts] == list(range(6))
    assert [part.ends_step for part in parts] == [False] * 5 + [True]
    assert sorted(torch.cat([part.X for part in parts])[:, 0].tolist()) == sorted(
        batch.X[:, 0].tolist()
    )
