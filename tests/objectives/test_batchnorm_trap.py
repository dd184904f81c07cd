"""Under BatchNorm only a forward of all groups at once shows the gap between them.

The groups hold the same images in different brightness, and convolutions without
padding turn brightness into a constant of each channel: normalized by itself, every
group looks the same, in every layer. The gap vanishes while the net treats the groups
as differently as before.
"""

from itertools import combinations

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.testing import assert_close

from skrunner.data import Batch
from skrunner.gaps import activation_gap, gap_structure, group_means
from skrunner.nn import ActivationRecorder, find_neuron_layers
from skrunner.objectives import RepairSettings, StabilizingObjective

BRIGHTNESS = (0.0, 0.8, -1.5)
COPIES = (3, 1, 2)
N_GROUPS = 3


@pytest.fixture(params=[torch.float32, torch.float64], ids=["fp32", "fp64"])
def batch(request):
    generator = torch.Generator().manual_seed(0)
    base = torch.randn(9, 2, 8, 8, generator=generator, dtype=torch.float64)
    pieces = [
        base.repeat(copies, 1, 1, 1) + shift
        for copies, shift in zip(COPIES, BRIGHTNESS, strict=True)
    ]
    groups = torch.arange(N_GROUPS).repeat_interleave(torch.tensor(COPIES) * 9)
    order = torch.randperm(len(groups), generator=generator)
    X = torch.cat(pieces)[order].to(request.param)
    y = torch.randint(2, (len(X),), generator=generator)
    return Batch(X, y, groups[order], None, len(X), 0, same_cells=False)


@pytest.fixture
def net(batch):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made = nn.Sequential(
            *(nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True)),
            *(nn.Conv2d(4, 5, 3), nn.BatchNorm2d(5), nn.ReLU(inplace=True)),
            *(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(5, 1)),
        )
    return made.to(batch.X.dtype).train()


def gaps(net, batch, *, apart):
    """Return the gap of every channel, from one forward or from one of each group."""
    layers = find_neuron_layers(net, batch.X[:2])
    parts = (
        [batch.groups == group for group in range(N_GROUPS)]
        if apart
        else [torch.ones(len(batch.X), dtype=torch.bool)]
    )
    activations = {name: [] for name in layers.names}
    for rows in parts:
        with ActivationRecorder(layers.as_mapping()) as recorder:
            net(batch.X[rows])
        for name, activation in recorder.activations.items():
            activations[name].append(activation.detach())
    groups = torch.cat([batch.groups[rows] for rows in parts])
    structure = gap_structure("demographic_parity", N_GROUPS, 2)
    structure = structure.to("cpu", batch.X.dtype)
    means = group_means(structure, groups, torch.zeros_like(groups))
    return [
        activation_gap(structure, means.of(torch.cat(pieces)), means.present)
        for pieces in activations.values()
    ]


def reference(net, batch):
    """Write out the joint forward and the gap in float64, channel by channel."""
    maps, found = batch.X.double(), []
    for index in (0, 3):
        conv, norm = net[index], net[index + 1]
        maps = F.conv2d(maps, conv.weight.double(), conv.bias.double())
        for channel in range(maps.shape[1]):
            values = maps[:, channel]
            values = (values - values.mean()) / (
                values.var(unbiased=False) + norm.eps
            ).sqrt()
            scale, shift = norm.weight[channel], norm.bias[channel]
            maps[:, channel] = (values * scale.double() + shift.double()).clamp_min(0)
        mean = [maps[batch.groups == group].mean(0) for group in range(N_GROUPS)]
        pairs = [(mean[a] - mean[b]).abs() for a, b in combinations(range(N_GROUPS), 2)]
        found.append(torch.stack(pairs).mean((0, 2, 3)))
    return found


def tolerance(batch):
    return 1e-5 if batch.X.dtype == torch.float32 else 1e-12


@torch.no_grad()
def test_a_forward_of_each_group_hides_the_gap(net, batch):
    for gap in gaps(net, batch, apart=True):
        assert gap.max() < tolerance(batch)
    # while a net in use, which knows no groups, has the gap
    for gap in gaps(net, batch, apart=False):
        assert gap.mean() > 0.1


@torch.no_grad()
def test_the_joint_forward_shows_it_and_equals_the_reference(net, batch):
    for gap, expected in zip(
        gaps(net, batch, apart=False), reference(net, batch), strict=True
    ):
        assert_close(gap.double(), expected, rtol=0, atol=tolerance(batch))


def test_the_fairness_term_is_that_of_the_joint_forward(net, batch):
    structure = gap_structure("demographic_parity", N_GROUPS, 2)
    objective = StabilizingObjective(
        nn.BCEWithLogitsLoss(),
        structure.to("cpu", batch.X.dtype),
        find_neuron_layers(net, batch.X[:2]),
        RepairSettings(
            fairness_weight=1.0,
            neuron_ratio=1.0,
            importance="all",
            include_output=False,
            reduction="mean",
        ),
    )
    expected = sum(gap.mean() for gap in reference(net, batch)).detach()
    step = objective(net, batch)
    assert expected > 0.1
    assert_close(step.fairness.double(), expected, rtol=0, atol=tolerance(batch))
