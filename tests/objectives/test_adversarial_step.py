"""A step against an adversary equals Zhang, Lemoine and Mitchell's, written out."""

import copy

import numpy as np
import pytest
import torch
from scipy.stats import entropy
from torch import nn
from torch.testing import assert_close

from skrunner.data import Batch
from skrunner.groups import CONSTRAINTS
from skrunner.objectives import (
    PROJECTIONS,
    AdversarialObjective,
    Adversary,
    AdversarySettings,
    opposed,
)
from tests.objectives.adversarial_reference import (
    adversary_loss,
    direction,
    label_loss,
)
from tests.objectives.nets import NETS, make_net
from tests.objectives.test_runner_step import OUTPUTS, gradients, make_batch

EXACT = {"rtol": 1e-9, "atol": 1e-12}


def make_objective(net, constraints, shape, *, hidden=(5,), optimizer=None, **settings):
    n_groups, n_outputs, n_classes = shape
    criterion = nn.BCEWithLogitsLoss() if n_outputs == 1 else nn.CrossEntropyLoss()
    adversary = Adversary(
        constraints, n_groups=n_groups, n_classes=n_classes, hidden=hidden
    ).double()
    given = AdversarySettings(**{"warm_up": 0, **settings})
    return AdversarialObjective(
        criterion, adversary, net.parameters(), given, optimizer
    )


def compare(net_name, constraints, shape, batch, *, weight=0.7, **settings):
    """Check value, direction and the adversary's own Adam step."""
    net = make_net(net_name, shape[1])
    objective = make_objective(
        net, constraints, shape, adversary_weight=weight, adversary_lr=0.01, **settings
    )
    before = copy.deepcopy(objective.adversary)
    logits = net(batch.X)
    L_P = label_loss(logits, batch)
    L_A = adversary_loss(logits, batch, before, constraints, shape[2])
    helping, against = (
        [
            g.numpy()
            for g in torch.autograd.grad(
                loss, list(net.parameters()), retain_graph=True
            )
        ]
        for loss in (L_P, L_A)
    )
    own = torch.autograd.grad(L_A, list(before.parameters()))

    step = objective(net, batch)
    assert_close(step.predictive, L_P.detach(), **EXACT)
    assert_close(step.fairness, L_A.detach(), **EXACT)
    assert_close(step.loss.detach(), (L_P - weight * L_A).detach(), **EXACT)
    expected = direction(helping, against, weight, settings["projection"])
    assert np.abs(expected).max() > 1e-2
    found = gradients(step.loss, net).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-11)
    # The first step of Adam: both moments are the gradient's, unbiased.
    pairs = zip(before.parameters(), objective.adversary.parameters(), own, strict=True)
    for old, new, g in pairs:
        assert_close(new, old - 0.01 * g / (g.abs() + 1e-8), **EXACT)
    return helping, against, found


@pytest.mark.parametrize("projection", PROJECTIONS)
@pytest.mark.parametrize("constraints", CONSTRAINTS)
@pytest.mark.parametrize(("n_outputs", "n_classes"), OUTPUTS)
@pytest.mark.parametrize("n_groups", [2, 3])
def test_step_equals_the_equation(
    n_groups, n_outputs, n_classes, constraints, projection
):
    batch = make_batch(n_groups, n_classes)
    shape = (n_groups, n_outputs, n_classes)
    compare("mlp", constraints, shape, batch, projection=projection)


@pytest.mark.parametrize("hidden", [(), (4, 3)])
@pytest.mark.parametrize("constraints", CONSTRAINTS)
@pytest.mark.parametrize("net_name", NETS)
def test_weights_streams_and_other_adversaries(net_name, constraints, hidden):
    batch = make_batch(3, 2, weighted=True, n_plain=9)
    compare(net_name, constraints, (3, 1, 2), batch, projection="global", hidden=hidden)


def test_weights_count_as_repetitions_in_both_losses():
    batch = make_batch(3, 2)
    times = torch.arange(len(batch.y)) % 3
    again = torch.arange(len(batch.y)).repeat_interleave(times)
    repeated = Batch(
        batch.X[again], batch.y[again], batch.groups[again], None, len(again), 0, False
    )
    net = make_net("mlp", 1)
    first = make_objective(net, "equalized_odds", (3, 1, 2))
    second = copy.deepcopy(first)
    second._parameters = first._parameters
    weighted = first(net, batch._replace(weight=times.double()))
    plain = second(net, repeated)
    assert_close(weighted.loss, plain.loss, **EXACT)
    assert_close(gradients(weighted.loss, net), gradients(plain.loss, net), **EXACT)


@pytest.mark.parametrize("projection", ["global", "per_tensor"])
def test_without_alpha_nothing_helps_the_adversary(projection):
    batch = make_batch(3, 2)
    helping, against, found = compare(
        "mlp", "demographic_parity", (3, 1, 2), batch, weight=0.0, projection=projection
    )
    sizes = np.cumsum([g.size for g in helping])[:-1]
    parts = np.split(found, sizes)
    products = [np.sum(p * g.ravel()) for p, g in zip(parts, against, strict=True)]
    before = [np.sum(p * g) for p, g in zip(helping, against, strict=True)]
    # Only the projection of the whole vector may leave something in one tensor.
    left = [sum(products)] if projection == "global" else products
    np.testing.assert_allclose(left, 0, atol=1e-15)
    assert max(map(abs, before)) > 1e-4
    if projection == "global":
        assert max(map(abs, products)) > 1e-4


def test_matrices_are_projected_with_their_inner_product():
    """fairlearn 0.15 sums a matrix product of columns, which is another number."""
    rng = np.random.default_rng(3)
    g_p, g_a = rng.normal(size=(2, 4, 3))
    expected = g_p - np.trace(g_p.T @ g_a) / np.trace(g_a.T @ g_a) * g_a - 0.3 * g_a
    wrong = g_p - (g_p.sum(0) @ g_a.sum(0)) / np.trace(g_a.T @ g_a) * g_a - 0.3 * g_a
    vectors = [torch.from_numpy(g.ravel()) for g in (g_p, g_a)]
    for projection in ("global", "per_tensor"):
        found = opposed(*vectors, 0.3, sizes=[12], projection=projection).numpy()
        np.testing.assert_allclose(found, expected.ravel(), rtol=1e-12)
        assert np.abs(found - wrong.ravel()).max() > 0.1


@pytest.mark.parametrize("projection", PROJECTIONS)
@pytest.mark.parametrize("scale", [0.0, 1e-30, 1e-38, 1e30])
def test_gradients_of_no_or_any_size_are_projected(scale, projection):
    helping = torch.tensor([3.0, -1.0, 2.0, 0.5])
    against = torch.tensor([1.0, 2.0, -1.0, 4.0]) * scale
    found = opposed(helping, against, 0.0, sizes=[2, 2], projection=projection)
    exact = [helping.double().numpy(), against.double().numpy()]
    halves = [np.split(vector, 2) for vector in exact]
    expected = direction(*halves, 0.0, projection) if scale else exact[0]
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-6, atol=1e-6)


def kill(adversary):
    """Make every hidden unit dead and the output constant."""
    with torch.no_grad():
        adversary.layers.layers[0].bias.fill_(-1e4)
        adversary.layers.layers[0].weight.zero_()


@pytest.mark.parametrize("projection", PROJECTIONS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_dead_adversary_leaves_the_predictive_gradient(dtype, projection):
    """fairlearn 0.15 divides 0 by a float64 tiny that float32 rounds to 0."""
    net = make_net("mlp", 1).to(dtype)
    batch = make_batch(3, 2)
    batch = batch._replace(X=batch.X.to(dtype))
    objective = make_objective(net, "equalized_odds", (3, 1, 2), projection=projection)
    objective.adversary.to(dtype)
    kill(objective.adversary)
    step = objective(net, batch)
    loss = nn.functional.binary_cross_entropy_with_logits(
        net(batch.X)[:, 0], batch.y.to(dtype)
    )
    assert_close(gradients(step.loss, net), gradients(loss, net), rtol=1e-5, atol=1e-7)


def test_rows_without_the_label_of_the_constraint_teach_nothing():
    net = make_net("mlp", 1)
    batch = make_batch(3, 2)
    batch = batch._replace(y=torch.zeros_like(batch.y))
    objective = make_objective(net, "true_positive_rate_parity", (3, 1, 2))
    before = [part.clone() for part in objective.adversary.parameters()]
    step = objective(net, batch)
    assert step.fairness == 0
    assert_close(
        gradients(step.loss, net),
        gradients(label_loss(net(batch.X), batch), net),
        **EXACT,
    )
    assert_close(list(objective.adversary.parameters()), before, rtol=0, atol=0)


def test_later_steps_of_the_adversary_see_the_same_logits():
    net, batch = make_net("batchnorm", 1), make_batch(3, 2)
    objective = make_objective(
        net, "equalized_odds", (3, 1, 2), adversary_steps=3, adversary_lr=0.02
    )
    twin = copy.deepcopy(objective.adversary)
    optimizer = torch.optim.Adam(twin.parameters(), lr=0.02, fused=False, foreach=False)
    with torch.no_grad():
        logits = net(batch.X)
    losses = []
    for _ in range(3):
        loss = adversary_loss(logits, batch, twin, "equalized_odds", 2)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    step = objective(net, batch)
    assert_close(step.fairness, losses[0], **EXACT)
    assert losses[2] < losses[0]
    assert_close(
        list(objective.adversary.parameters()), list(twin.parameters()), **EXACT
    )


def test_in_the_warm_up_both_learn_apart():
    net, batch = make_net("mlp", 1), make_batch(3, 2)
    objective = make_objective(
        net, "demographic_parity", (3, 1, 2), warm_up=2, steps_per_epoch=3
    )
    plain = gradients(label_loss(net(batch.X), batch), net)
    losses = []
    for step_number in range(7):
        step = objective(net, batch)
        losses.append(float(step.fairness))
        same = torch.allclose(gradients(step.loss, net), plain, rtol=1e-9)
        assert same == (step_number < 6)
        if step_number < 6:
            assert_close(step.loss.detach(), step.predictive, rtol=0, atol=0)
    assert losses == sorted(losses, reverse=True)
    later = make_objective(
        net,
        "demographic_parity",
        (3, 1, 2),
        warm_up=2,
        steps_per_epoch=3,
        epochs_before=2,
    )
    assert not torch.allclose(gradients(later(net, batch).loss, net), plain, rtol=1e-9)


def test_the_square_root_schedule():
    net, batch = make_net("mlp", 1), make_batch(3, 2)
    optimizer = torch.optim.SGD(
        [{"params": net.first.parameters(), "lr": 0.6}, {"params": [net.out.weight]}],
        lr=0.3,
    )
    objective = make_objective(
        net,
        "equalized_odds",
        (3, 1, 2),
        optimizer=optimizer,
        warm_up=1,
        steps_per_epoch=2,
        alpha_schedule="sqrt",
        adversary_weight=0.5,
    )
    weights, rates = [], []
    for _ in range(8):
        step = objective(net, batch)
        weight = (step.predictive - step.loss.detach()) / step.fairness
        weights.append(float(weight))
        rates.append([group["lr"] for group in optimizer.param_groups])
    roots = [0, 0, 1, 1, 2**0.5, 2**0.5, 3**0.5, 3**0.5]
    np.testing.assert_allclose(weights, [0.5 * root for root in roots], atol=1e-9)
    np.testing.assert_allclose(
        rates, [[0.6 / t, 0.3 / t] for t in [1, 1, 1, 1, 2, 2, 3, 3]]
    )


def test_parity_hides_the_label_and_odds_show_products():
    logits = torch.randn(8, 1)
    y = torch.tensor([0, 1] * 4)
    parity = Adversary("demographic_parity", n_groups=3, n_classes=2)
    assert_close(parity(logits, y), parity(logits, 1 - y), rtol=0, atol=0)
    odds = Adversary("equalized_odds", n_groups=3, n_classes=2)
    assert_close(
        odds.inputs(logits, y)[:2],
        torch.tensor(
            [
                [logits[0], logits[0], 0, 1, 0],
                [logits[1], 0, logits[1], 0, 1],
            ]
        ),
        rtol=0,
        atol=0,
    )


def test_a_linear_adversary_reads_a_score_that_turns_with_the_label():
    """Given score and label side by side, without products, it could not."""
    groups, y = torch.tensor([0, 0, 1, 1]).repeat(6), torch.tensor([0, 1]).repeat(12)
    scores = torch.where(groups == y, 1.0, -1.0).double()[:, None]
    net = nn.Linear(1, 1).double()
    batch = Batch(scores, y, groups, None, 24, 0, same_cells=False)
    objective = make_objective(
        net, "equalized_odds", (2, 1, 2), hidden=(), adversary_lr=0.3
    )
    side_by_side = torch.cat([scores, y[:, None].double()], 1)
    plain = nn.Linear(2, 1).double()
    optimizer = torch.optim.Adam(plain.parameters(), lr=0.3)
    for _ in range(60):
        found = objective.adversary.loss(scores, batch)
        objective(lambda X: X * net.weight.exp(), batch)
        loss = nn.functional.binary_cross_entropy_with_logits(
            plain(side_by_side)[:, 0], groups.double()
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert found < 0.05
    assert loss > 0.69


def test_nets_that_predict_the_same_look_the_same():
    logits, y = torch.randn(9, 3).double(), torch.arange(9) % 3
    shift = torch.randn(9, 1).double()
    for constraints in CONSTRAINTS:
        three = Adversary(constraints, n_groups=3, n_classes=3).double()
        assert_close(three(logits, y), three(logits + shift, y), **EXACT)
        two = Adversary(constraints, n_groups=3, n_classes=2).double()
        pair = torch.cat([shift, shift + logits[:, :1]], 1)
        assert_close(two(logits[:, 0], y % 2), two(pair, y % 2), **EXACT)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("constraints", CONSTRAINTS)
def test_blind_loss_is_an_entropy(constraints, n_classes, weighted):
    rng = np.random.default_rng(1)
    y, groups = (
        rng.integers(n_classes, size=60),
        rng.choice(4, 60, p=[0.6, 0.3, 0.1, 0]),
    )
    weight = rng.uniform(0.1, 3, 60) if weighted else np.ones(60)
    adversary = Adversary(constraints, n_groups=4, n_classes=n_classes)
    found = adversary.blind_loss(
        torch.from_numpy(y),
        torch.from_numpy(groups),
        torch.from_numpy(weight) if weighted else None,
    )

    def of(rows):
        shares = np.bincount(groups[rows], weight[rows], minlength=4)
        return entropy(shares) * weight[rows].sum()

    labels = {"true_positive_rate_parity": 1, "false_positive_rate_parity": 0}
    if constraints == "demographic_parity":
        expected = of(y >= 0) / weight.sum()
    elif constraints != "equalized_odds" and n_classes == 2:
        rows = y == labels[constraints]
        expected = of(rows) / weight[rows].sum()
    else:
        expected = sum(of(y == label) for label in range(n_classes)) / weight.sum()
    assert found == pytest.approx(expected, rel=1e-6)


def test_frozen_and_unused_parameters_and_old_gradients_are_left_alone():
    net, batch = make_net("mlp", 1), make_batch(3, 2)
    net.unused = nn.Linear(2, 2).double()
    objective = make_objective(net, "equalized_odds", (3, 1, 2))
    net.first.requires_grad_(requires_grad=False)
    net.second.weight.grad = torch.full_like(net.second.weight, 3.0)
    step = objective(net, batch)
    assert (net.second.weight.grad == 3).all()
    assert all(part.grad is None for part in objective.adversary.parameters())
    net.zero_grad()
    step.loss.backward()
    assert net.first.weight.grad is None
    assert net.unused.weight.grad is None
    assert net.second.weight.grad.abs().max() > 0
