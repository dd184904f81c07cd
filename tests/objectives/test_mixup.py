"""Fair Mixup against finite differences along the path, and against slow loops.

The first columns of a row name it: what is mixed, and how, is read off the inputs that
the net gets.
"""

from collections import Counter
from itertools import combinations

import pytest
import torch
from scipy.stats import kstest
from torch import nn
from torch.testing import assert_close

from skrunner.data import Batch
from skrunner.gaps import gap_structure
from skrunner.groups import CONSTRAINTS
from skrunner.objectives import MixupObjective
from tests.objectives.nets import NETS, make_net
from tests.objectives.reference import comparisons, cross_entropy, probability
from tests.objectives.test_runner_step import EXACT, OUTPUTS, gradients, make_batch


class Seen:
    """A forward pass that remembers its inputs and hides the rows' names."""

    def __init__(self, net):
        self.net, self.inputs = net, []

    def __call__(self, X):
        self.inputs.append(X.detach())
        return self.net(X[:, -3:])

    def mixed(self, batch):
        """Return t and the numbers of the rows of each pair."""
        names = self.inputs[-1][batch.n_predictive :, :-3]
        pairs, ts = [], []
        for name in names:
            i, j = name.nonzero()[:, 0].tolist()
            pairs.append((i, j))
            ts.append((name[i].item(), name[j].item()))
        return ts, pairs


def named(batch):
    eye = torch.eye(len(batch.y), dtype=batch.X.dtype)
    return batch._replace(X=torch.cat([eye, batch.X], 1))


def make_objective(constraints, shape, **settings):
    n_groups, n_outputs, n_classes = shape
    criterion = nn.BCEWithLogitsLoss() if n_outputs == 1 else nn.CrossEntropyLoss()
    structure = gap_structure(constraints, n_groups, n_classes)
    return MixupObjective(criterion, structure, fairness_weight=0.7, **settings)


def pairs_of_groups(batch, comparison, n_groups):
    """List the pairs of groups that both have rows of the fairness term."""
    rows = zip(batch.groups.tolist(), batch.y.tolist(), strict=True)
    here = {g for g, y in list(rows)[batch.fair_from :] if y in comparison.labels}
    return list(combinations(sorted(here), 2))


def slow_terms(batch, seen, constraints, n_groups, n_classes):
    """List (weights of outputs, rows of a, rows of b, places) of every term, and t."""
    ts, pairs = seen.mixed(batch)
    known = [
        (comparison, pairs_of_groups(batch, comparison, n_groups))
        for comparison in comparisons(constraints, n_classes)
    ]
    n_pairs = len(pairs) // sum(len(groups) for _, groups in known)
    terms, t = [], []
    for comparison, groups in known:
        for a, b in groups:
            places = [n_pairs * len(terms) + k for k in range(n_pairs)]
            rows_a, rows_b = [], []
            for (i, j), (t_i, t_j) in ((pairs[k], ts[k]) for k in places):
                swapped = batch.groups[i] == b
                rows_a.append(j if swapped else i)
                rows_b.append(i if swapped else j)
                t.append(t_j if swapped else t_i)
                assert t_i + t_j == pytest.approx(1, abs=1e-12)
                assert {batch.y[i].item(), batch.y[j].item()} <= comparison.labels
                assert min(i, j) >= batch.fair_from
            assert {batch.groups[i].item() for i in rows_a} == {a}
            assert {batch.groups[j].item() for j in rows_b} == {b}
            weights = {
                c: comparison.weight * weight / len(groups)
                for c, weight in comparison.class_weights.items()
            }
            terms.append((weights, rows_a, rows_b, places))
    assert n_pairs * len(terms) == len(pairs)
    assert max(t) - min(t) < 1e-12
    return terms, t[0]


def mixed_forward(net, batch, terms, t):
    """Run the net on plain rows and on rows at t of their way, in one batch."""
    plain = batch.X[: batch.n_predictive]
    a = batch.X[[i for _, rows, _, _ in terms for i in rows]]
    b = batch.X[[j for _, _, rows, _ in terms for j in rows]]
    mixed = (t * a + (1 - t) * b).requires_grad_()
    return net(torch.cat([plain, mixed])), mixed, a - b


def by_differences(net, batch, terms, t, h=1e-5):
    """Differentiate the mean outputs along the path by their finite differences."""
    ends = [
        mixed_forward(net, batch, terms, t + step)[0][batch.n_predictive :].detach()
        for step in (h, -h)
    ]
    total = 0.0
    for weights, _, _, places in terms:
        for c, weight in weights.items():
            high, low = (probability(end, c, 1.0)[places].mean() for end in ends)
            total += weight * abs((high - low).item() / (2 * h))
    return total


def by_backward(net, batch, terms, t):
    """Compute predictive loss and term by a backward pass for each mean output."""
    logits, mixed, path = mixed_forward(net, batch, terms, t)
    predictive = cross_entropy(logits, batch)
    term = torch.zeros((), dtype=torch.float64)
    for weights, _, _, places in terms:
        for c, weight in weights.items():
            mean = probability(logits[batch.n_predictive :], c, 1.0)[places].mean()
            (slope,) = torch.autograd.grad(mean, mixed, create_graph=True)
            term = term + weight * (slope * path).sum().abs()
    return predictive, term


def assert_same_step(net, objective, batch, comparison):
    seen = Seen(net)
    step = objective(seen, named(batch))
    terms, t = slow_terms(batch, seen, *comparison)
    assert len(seen.inputs) == 1  # one forward pass of the whole batch
    predictive, term = by_backward(net, batch, terms, t)
    assert term.item() > 1e-4
    assert step.fairness.item() == pytest.approx(
        by_differences(net, batch, terms, t), rel=1e-6, abs=1e-9
    )
    assert_close(step.fairness, term.detach(), **EXACT)
    assert_close(step.predictive, predictive.detach(), **EXACT)
    assert_close(step.loss, predictive + 0.7 * term, **EXACT)
    slopes = gradients(predictive + 0.7 * term, net)
    assert (slopes - gradients(predictive, net)).abs().max() > 1e-4
    assert_close(gradients(step.loss, net), slopes, **EXACT)
    assert step.gap is None


@pytest.mark.parametrize("constraints", CONSTRAINTS)
@pytest.mark.parametrize(("n_outputs", "n_classes"), OUTPUTS)
@pytest.mark.parametrize("n_groups", [2, 3])
@pytest.mark.parametrize("net_name", NETS)
def test_step_equals_differences_and_loops(
    net_name, n_groups, n_outputs, n_classes, constraints
):
    net = make_net(net_name, n_outputs)
    net.activation = nn.Softplus()  # smooth, for differences
    batch = make_batch(n_groups, n_classes, n_plain=9)
    objective = make_objective(constraints, (n_groups, n_outputs, n_classes))
    for _ in range(2):
        assert_same_step(net, objective, batch, (constraints, n_groups, n_classes))


@pytest.mark.parametrize(
    "rows", [{"missing": True}, {"n_plain": 0}, {"weighted": True}], ids=str
)
def test_missing_cells_one_stream_and_weights_of_the_loss(rows):
    net = make_net("batchnorm", 1)
    net.activation = nn.Softplus()
    batch = make_batch(3, 2, **{"n_plain": 9, **rows})
    objective = make_objective("equalized_odds", (3, 1, 2))
    assert_same_step(net, objective, batch, ("equalized_odds", 3, 2))


def balanced_batch(n_each=4):
    """Return 5 plain rows, and equally many of each cell of three groups."""
    groups = torch.arange(3).repeat_interleave(2 * n_each)
    labels = torch.arange(2).repeat_interleave(n_each).repeat(3)
    plain = torch.arange(5)
    n_rows = 5 + len(groups)
    X = torch.randn(n_rows, 3, dtype=torch.float64)
    y = torch.cat([plain % 2, labels])
    return Batch(X, y, torch.cat([plain % 3, groups]), None, 5, 5, same_cells=True)


def test_every_balanced_row_is_mixed_once_with_each_other_group():
    net, batch = make_net("mlp", 1), balanced_batch()
    objective, seen = make_objective("equalized_odds", (3, 1, 2)), Seen(net)
    drawn = []
    for _ in range(20):
        objective(seen, named(batch))
        ts, pairs = seen.mixed(batch)
        assert Counter(i for pair in pairs for i in pair) == dict.fromkeys(
            range(5, 29), 2
        )
        drawn.append((max(ts[0]), frozenset(pairs)))
    assert len(set(drawn)) == len({pairs for _, pairs in drawn}) == 20


def test_t_is_uniform():
    net, batch = make_net("mlp", 1), balanced_batch(1)
    objective, seen = make_objective("demographic_parity", (3, 1, 2)), Seen(net)
    ts = []
    for _ in range(400):
        objective(seen, named(batch))
        names = seen.inputs[-1][batch.n_predictive, :-3]
        # The pairs of groups 0 and 1 come first: t belongs to the row of group 0.
        ts.append(names[5:7].max().item())
    assert kstest(ts, "uniform").pvalue > 0.01


def test_the_seed_makes_pairs_and_t():
    net, batch = make_net("mlp", 1), balanced_batch()

    def losses(seed):
        objective = make_objective("equalized_odds", (3, 1, 2), seed=seed)
        return [objective(net, batch).loss.item() for _ in range(3)]

    before = torch.get_rng_state()
    assert losses(1) == losses(1) != losses(2)
    assert torch.equal(torch.get_rng_state(), before)


def test_constant_cells_are_laid_out_once():
    net, batch = make_net("mlp", 1), balanced_batch()
    first, second = (make_objective("equalized_odds", (3, 1, 2)) for _ in range(2))
    for _ in range(3):
        constant = first(net, batch)
        assert_close(
            constant.loss, second(net, batch._replace(same_cells=False)).loss,
            rtol=0, atol=0,
        )  # fmt: skip
    assert len(first._known) == 1
    assert not second._known


def test_gradients_are_left_to_the_loss():
    net, batch = make_net("batchnorm", 1), balanced_batch()
    step = make_objective("equalized_odds", (3, 1, 2))(net, batch)
    assert [part.requires_grad for part in step[:3]] == [True, False, False]
    assert all(parameter.grad is None for parameter in net.parameters())
    assert not batch.X.requires_grad
    step.loss.backward()
    assert all(parameter.grad is not None for parameter in net.parameters())


def test_nothing_to_compare_is_no_term():
    net, batch = make_net("mlp", 1), balanced_batch()
    batch = batch._replace(y=torch.where(batch.groups > 0, 0, batch.y))
    step = make_objective("true_positive_rate_parity", (3, 1, 2))(net, batch)
    assert step.fairness == 0
    assert step.loss == step.predictive
    assert_close(step.loss, cross_entropy(net(batch.X), batch), **EXACT)
    step.loss.backward()
