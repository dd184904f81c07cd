"""Neurons that were made unfair by hand are found."""

import numpy as np
import pytest
import torch

from skrunner.diagnosis import diagnose_neurons
from skrunner.nn import MLP

PLANTED = {"layers.0": [1, 4, 7, 8, 15], "layers.2": [0, 3, 9, 10]}
WIDTHS = {"layers.0": 20, "layers.2": 16}


def planted_net():
    """Route a proxy of the group through a few neurons, other inputs through the rest.

    All neurons are as large and feed the next layer as strongly; only what they read
    differs.
    """
    net = MLP(6, hidden=tuple(WIDTHS.values())).double()
    first, second, out = net.layers[0], net.layers[2], net.layers[4]
    with torch.no_grad():
        for layer in (first, second, out):
            layer.weight.uniform_(0.5, 1).mul_(
                torch.rand_like(layer.weight).round() + 1
            )
            layer.bias.uniform_(0.1, 0.3)
        in_first = torch.zeros(20, dtype=torch.bool)
        in_first[PLANTED["layers.0"]] = True
        in_second = torch.zeros(16, dtype=torch.bool)
        in_second[PLANTED["layers.2"]] = True
        is_proxy = torch.tensor([True] + [False] * 5)
        first.weight *= (in_first[:, None] == is_proxy[None, :]).double()
        second.weight *= (in_second[:, None] == in_first[None, :]).double()
        second.weight /= second.weight.sum(1, keepdim=True)
        out.weight /= out.weight.sum()
        out.bias.fill_(-1.0)
    return net


def planted_rows(n=1500):
    rng = np.random.default_rng(0)
    groups = rng.choice(3, n, p=[0.5, 0.3, 0.2])
    labels = rng.integers(0, 2, n)
    X = rng.normal(size=(n, 6))
    X[:, 0] += 1.5 * groups
    X[:, 1] += 0.5 * labels
    return X, labels, np.array(["a", "b", "c"])[groups]


def recall(importance, constraints="demographic_parity", **options):
    X, labels, groups = planted_rows()
    frame = diagnose_neurons(
        planted_net(),
        X,
        labels,
        sensitive_features=groups,
        constraints=constraints,
        importance=importance,
        **options,
    ).to_frame()
    found = {}
    for layer, planted in PLANTED.items():
        part = frame[frame["layer"] == layer]
        top = part.loc[part["rank"] <= len(planted), "neuron"]
        found[layer] = len({*top} & {*planted}) / len(planted)
    return found


@pytest.mark.parametrize("importance", ["sum_sq", "taylor", "exact"])
@pytest.mark.parametrize("constraints", ["demographic_parity", "equalized_odds"])
def test_all_planted_neurons_lead(constraints, importance):
    assert recall(importance, constraints) == dict.fromkeys(PLANTED, 1.0)


def test_random_scores_do_not_find_them():
    found = [recall("random", random_state=seed) for seed in range(20)]
    for layer, planted in PLANTED.items():
        mean = np.mean([one[layer] for one in found])
        assert abs(mean - len(planted) / WIDTHS[layer]) < 0.15
