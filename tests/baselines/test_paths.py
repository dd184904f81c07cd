"""Paths against a tracer that goes row by row, and against tables worked by hand."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from skrunner.baselines import _links
from skrunner.baselines._chain_net import ChainNet
from skrunner.baselines._links import LinkTracer, shortest_heads
from skrunner.baselines._paths import Paths, find_paths
from skrunner.nn import MLP, linear_chain
from tests.baselines.path_oracle import (
    head,
    layers_of,
    mean_activations,
    path_of,
    paths_of,
    relu,
    run,
)

BASELINES = ["mean", "zero"]


def make_chain(seed, hidden, n_outputs=1, n_rows=60, *, bias=True):
    """Return a random net in float64 and random rows, some of them twice."""
    torch.manual_seed(seed)
    widths = [3, *hidden, n_outputs]
    parts = []
    for before, after in pairwise(widths):
        parts += [nn.Linear(before, after, bias=bias), nn.ReLU()]
    module = nn.Sequential(*parts[:-1]).double()
    X = torch.randn(n_rows, 3, dtype=torch.float64)
    return chained(module, torch.cat([X, X[: n_rows // 3]]))


def chained(module, X):
    return ChainNet(module, linear_chain(module, X[:3]), "fp64"), X


@torch.no_grad()
def link_sets(net, X, gamma, baseline):
    """Return the sets of links that the package traces."""
    logits, hidden = net.run(X)
    if baseline == "mean":
        hidden = [v - v.mean(0) for v in hidden]
    tracer = LinkTracer(net.chain, gamma, signed=baseline == "mean")
    sets = [set() for _ in X]
    depth = len(net.chain)
    for links in tracer._links(logits, hidden):
        depth -= 1
        for row, unit, before in links.nonzero().tolist():
            sets[row].add((depth, before, unit))
    return [frozenset(links) for links in sets]


def same_partition(codes, paths):
    """Tell whether codes are equal exactly where paths are."""
    return (
        len(set(zip(codes, paths, strict=True))) == len(set(codes)) == len(set(paths))
    )


@pytest.mark.parametrize("baseline", BASELINES)
@pytest.mark.parametrize("gamma", [1e-6, 0.6, 0.9, 1.0])
@pytest.mark.parametrize(
    ("hidden", "n_outputs", "bias"),
    [((5,), 1, True), ((6, 4), 1, False), ((5, 6, 4), 3, True), ((4, 3), 2, True)],
    ids=str,
)
def test_paths_equal_those_of_the_slow_tracer(hidden, n_outputs, bias, gamma, baseline):
    net, X = make_chain(sum(hidden), hidden, n_outputs, bias=bias)
    expected = paths_of(layers_of(net.chain), X.tolist(), gamma, baseline)
    assert link_sets(net, X, gamma, baseline) == expected
    found = find_paths(net, X, gamma=gamma, baseline=baseline)
    assert same_partition(found.codes.tolist(), expected)
    counts = Counter(expected)
    of_row = found.counts[found.codes].tolist()
    assert of_row == [counts[path] for path in expected]
    assert len(counts) > 1
    if n_outputs == 1:
        logits = net.module(X)
        assert 5 < (logits < logits.mean()).sum() < len(X) - 5  # negative targets


def test_a_small_chunk_changes_nothing(monkeypatch):
    net, X = make_chain(0, (6, 5))
    whole = find_paths(net, X)
    monkeypatch.setattr(_links, "CHUNK_LINKS", 100)  # three rows at a time
    parts = find_paths(net, X)
    assert torch.equal(whole.codes, parts.codes)
    assert torch.equal(whole.counts, parts.counts)


@pytest.mark.parametrize("baseline", BASELINES)
def test_weights_are_repetitions(baseline):
    net, X = make_chain(1, (5, 4))
    times = torch.arange(len(X)) % 4
    weighted = find_paths(net, X, baseline=baseline, weight=times.float())
    repeated = find_paths(net, X.repeat_interleave(times, 0), baseline=baseline)
    of_row = weighted.counts[weighted.codes].repeat_interleave(times)
    assert torch.equal(of_row, repeated.counts[repeated.codes])
    expected = paths_of(layers_of(net.chain), X.tolist(), 0.9, baseline, times.tolist())
    assert same_partition(weighted.codes.tolist(), expected)


def test_equal_rows_share_their_path_in_single_precision():
    # Products in chunks of other sizes may differ in their last bit.
    torch.manual_seed(0)
    module = MLP(20, hidden=(64, 64))
    X = torch.randn(40, 20).repeat(50, 1)[:1999]
    found = find_paths(ChainNet(module, linear_chain(module, X[:2])), X)
    assert found.codes.unique().numel() <= 40
    assert torch.equal(found.codes[:40].repeat(50)[:1999], found.codes)


def test_norms_are_part_of_the_activation():
    torch.manual_seed(3)
    module = nn.Sequential(
        *(nn.Linear(3, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Dropout(0.5)),
        *(nn.Linear(6, 5), nn.BatchNorm1d(5), nn.Tanh(), nn.Linear(5, 1)),
    ).double()
    norms = [module[1], module[5]]
    for norm in norms:
        nn.init.normal_(norm.running_mean)
        nn.init.uniform_(norm.running_var, 0.5, 2)
        nn.init.normal_(norm.bias)
    net, X = chained(module, torch.randn(80, 3, dtype=torch.float64))

    def normed(norm, function):
        mean, variance = norm.running_mean.tolist(), norm.running_var.tolist()
        scale, shift = norm.weight.tolist(), norm.bias.tolist()

        def apply(z):
            rows = zip(z, mean, variance, scale, shift, strict=True)
            values = [(v - m) / (s + norm.eps) ** 0.5 * w + b for v, m, s, w, b in rows]
            return function(values)

        return apply

    functions = [
        normed(norms[0], relu),
        normed(norms[1], lambda z: np.tanh(z).tolist()),
    ]
    layers = layers_of(net.chain, functions)
    for baseline in BASELINES:
        expected = paths_of(layers, X.tolist(), 0.9, baseline)
        assert link_sets(net, X, 0.9, baseline) == expected
        codes = find_paths(net, X, baseline=baseline).codes.tolist()
        assert same_partition(codes, expected)
    assert module.training
    assert all(norm.num_batches_tracked == 0 for norm in norms)


# Three inputs, as many units that copy them, two units, one logit.
HAND = nn.Sequential(
    nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 1)
)
HAND = HAND.double()
with torch.no_grad():
    for part, weight, shift in [
        (HAND[0], [[1, 0, 0], [0, 1, 0], [0, 0, 1]], [0, 0, 0]),
        (HAND[2], [[1, 2, 0], [0, -1, 3]], [0, 1]),
        (HAND[4], [[2, -1]], [0.5]),
    ]:
        part.weight.copy_(torch.tensor(weight))
        part.bias.copy_(torch.tensor(shift))
# First units 1 2 3 and 0 0 2, second units 5 8 and 0 7, logits 2.5 and -6.5.
HAND_ROWS = torch.tensor([[1, 2, 3], [0, 0, 2]]).double()


def test_a_net_worked_by_hand_without_baseline():
    net, X = chained(HAND, HAND_ROWS)
    # Row 1: 10 of (10, -8) reaches 0.9 * 2.5; of (1, 4, 0) both 4 and 1 are needed for
    # 0.9 * 5. Row 2: 0 of (0, -7) is above 0.9 * -6.5 already, and 0 of (0, 0, 0) is 0:
    # the rule of the released code takes what has nothing to do with the answer.
    expected = [{(2, 0, 0), (1, 1, 0), (1, 0, 0)}, {(2, 0, 0), (1, 0, 0)}]
    assert link_sets(net, X, 0.9, "zero") == expected
    # 0.8 * 5 is 4: the second link is needed no longer.
    assert link_sets(net, X, 0.8, "zero")[0] == {(2, 0, 0), (1, 1, 0)}


def test_a_net_worked_by_hand_against_the_mean():
    net, X = chained(HAND, HAND_ROWS)
    # The means are 0.5 1 2.5 and 2.5 7.5: the rows are mirror images, (5, -0.5) for a
    # target of 4.5 and the same negated. Unit 0: (0.5, 2, 0) for 2.5, and negated.
    both = {(2, 0, 0), (1, 1, 0), (1, 0, 0)}
    assert link_sets(net, X, 0.9, "mean") == [both, both]
    assert find_paths(net, X, gamma=0.9).counts.tolist() == [2.0]


def test_paths_against_the_mean_explain_negative_targets_too():
    # Without regard to the sign, a negative target ends at the one greatest part.
    net, X = make_chain(5, (8, 6))
    layers, rows = layers_of(net.chain), X.tolist()
    means = mean_activations(layers, rows)
    negative = 0
    for row, links in zip(rows, link_sets(net, X, 0.9, "mean"), strict=True):
        activations = run(layers, row)
        for index, j in {(index, j) for index, _, j in links}:
            parts = [
                (v - m) * w
                for v, m, w in zip(
                    activations[index - 1], means[index - 1], layers[index][0][j],
                    strict=True,
                )
            ]  # fmt: skip
            explained = sum(parts[k] for i, k, unit in links if (i, unit) == (index, j))
            assert explained / sum(parts) >= 0.9
            negative += sum(parts) < 0
    assert negative > 50


def test_a_bias_moves_no_path_against_the_mean():
    # It is in the target of the released code, but in none of its contributions.
    net, X = make_chain(7, (7, 5))
    before = {name: link_sets(net, X, 0.9, name) for name in BASELINES}
    with torch.no_grad():
        net.chain[-1].bias += 3.0
    after = {name: link_sets(net, X, 0.9, name) for name in BASELINES}
    assert before["mean"] == after["mean"]
    assert before["zero"] != after["zero"]


def test_silent_units_contribute_nothing():
    # Their pre-activations, as in the released code, would: -4 * -2 is the greatest.
    module = nn.Sequential(nn.Linear(1, 2), nn.ReLU(), nn.Linear(2, 1)).double()
    with torch.no_grad():
        module[0].weight.copy_(torch.tensor([[1.0], [-4.0]]))
        module[2].weight.copy_(torch.tensor([[3.0, -2.0]]))
        for layer in (module[0], module[2]):
            layer.bias.zero_()
    net, X = chained(module, torch.ones(1, 1).double())
    assert link_sets(net, X, 0.9, "zero") == [{(1, 0, 0)}]


def test_analysis_of_several_logits_starts_at_the_greatest():
    net, X = make_chain(8, (5,), n_outputs=4)
    winners = net.module(X).argmax(1).tolist()
    assert len(set(winners)) > 2
    for baseline in BASELINES:
        sets = link_sets(net, X, 0.9, baseline)
        assert [{j for _, _, j in links} for links in sets] == [{j} for j in winners]


@pytest.mark.parametrize(
    ("parts", "offset", "gamma", "expected"),
    [
        ([4, 3, 2, 1], 0, 0.7, [1, 1, 0, 0]),  # 7 of 10 is enough
        ([4, 3, 2, 1], 0, 0.71, [1, 1, 1, 0]),
        ([1, 2, 3, 4], 0, 0.7, [0, 0, 1, 1]),
        ([4, 3, 2, 1], 0, 1.0, [1, 1, 1, 1]),
        ([4, 3, 0, 0], 0, 1.0, [1, 1, 0, 0]),  # zeros are not needed
        ([4, 3, -2, -1], 0, 1.0, [1, 0, 0, 0]),  # 4 of 4
        ([1, 1, 1, 1], 0, 0.5, [1, 1, 0, 0]),  # the first of equals
        ([1, 3, 1, 1], 0, 0.8, [1, 1, 1, 0]),
        ([4, 3, 2, 1], 2, 1.0, [1, 1, 1, 1]),  # 12 is never reached: all
        ([4, 3, -2, 1], 6, 1.0, [1, 1, 1, 1]),
        ([-4, -3, -2, -1], 0, 0.9, [0, 0, 0, 1]),  # -1 is above -9
        ([0, 0, 0, 0], 0, 0.9, [1, 0, 0, 0]),  # at least one
        ([2, 1, 1, 0], -8, 0.9, [1, 0, 0, 0]),
    ],
)
def test_heads_by_hand(parts, offset, gamma, expected):
    rows = torch.tensor([parts, parts]).double()  # twice, to see rows kept apart
    found = shortest_heads(rows, torch.tensor([offset, 1e9]).double(), gamma)
    assert found.tolist() == [list(map(bool, expected)), [True] * 4]


def test_heads_of_tied_contributions_equal_the_slow_ones():
    rng = np.random.default_rng(0)
    rows = rng.integers(-2, 4, (300, 7)).tolist()
    offset = rng.integers(-3, 4, 300).tolist()
    for gamma in (0.25, 0.5, 1.0):
        found = shortest_heads(
            *(torch.tensor(v).double() for v in (rows, offset)), gamma
        )
        for row, shift, taken in zip(rows, offset, found, strict=True):
            expected = head(row, sum(row) + shift, gamma)
            assert taken.nonzero()[:, 0].tolist() == sorted(expected)


@pytest.mark.parametrize(
    ("theta", "rare"),
    [
        (0.0, [0, 0, 0, 0, 1]),
        (0.001, [0, 0, 0, 0, 1]),  # 0.2 rows: at most one row is always rare
        (0.01, [0, 0, 0, 1, 1]),  # at most 2 of 200
        (0.024, [0, 0, 0, 1, 1]),
        (0.025, [0, 0, 1, 1, 1]),
        (0.5, [0, 1, 1, 1, 1]),
        (1.0, [1, 1, 1, 1, 1]),
    ],
)
def test_the_rule_for_rare_paths_by_hand(theta, rare):
    counts = torch.tensor([200, 100, 5, 2, 1]).double()
    codes = torch.tensor([4, 0, 2, 2, 3, 1])
    paths = Paths(codes, counts)
    assert paths.rare(theta).tolist() == list(map(bool, rare))
    assert paths.flag(theta).tolist() == [bool(rare[code]) for code in codes]


def test_a_single_path_is_rare_only_if_it_is_one_row():
    assert path_of(layers_of(linear_chain(HAND, HAND_ROWS)), [1, 2, 3], 0.9)
    many, one = (Paths(torch.zeros(n, dtype=int), torch.ones(1) * n) for n in (9, 1))
    assert not many.flag(0.5).any()
    assert one.flag(0.0).all()


def test_the_scale_of_weights_changes_nothing():
    net, X = make_chain(1, (5, 4))
    times = (torch.arange(len(X)) % 4).float()
    whole, scaled = (find_paths(net, X, weight=w * times) for w in (1.0, 0.25))
    assert torch.equal(whole.flag(0.01), scaled.flag(0.01))
    assert torch.equal(whole.counts, scaled.counts)
