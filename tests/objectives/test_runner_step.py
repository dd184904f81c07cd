"""A RUNNER step equals eqs 3, 4 and 6 to 10 written out, in value and gradient."""

from itertools import pairwise

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from skrunner.data import Batch
from skrunner.gaps import gap_structure
from skrunner.groups import CONSTRAINTS
from skrunner.nn import find_neuron_layers
from skrunner.objectives import (
    OUTPUT_GAPS,
    REDUCTIONS,
    RepairSettings,
    StabilizingObjective,
)
from tests.objectives.nets import NETS, Dense, make_net
from tests.objectives.reference import Reference

EXACT = {"rtol": 1e-9, "atol": 1e-11}
OUTPUTS = [(1, 2), (2, 2), (3, 3)]  # logits, classes
SIZES = {2: (19, 8), 3: (17, 10, 6)}


def make_batch(
    n_groups, n_classes, *, weighted=False, n_plain=0, missing=False, seed=0
):
    """Return rows whose inputs depend on group and label; groups of unequal sizes."""
    generator = torch.Generator().manual_seed(seed)
    sizes = torch.tensor(SIZES[n_groups])
    n_rows = int(sizes.sum()) + n_plain
    fair = torch.arange(n_groups).repeat_interleave(sizes)
    plain = torch.randint(0, n_groups, (n_plain,), generator=generator)
    groups = torch.cat([plain, fair])
    y = torch.randint(0, n_classes, (n_rows,), generator=generator)
    y[n_plain : n_plain + n_classes] = torch.arange(n_classes)
    if missing:
        y[(groups == n_groups - 1) & (y == 1)] = 0
    X = torch.randn(n_rows, 3, generator=generator, dtype=torch.float64)
    X[:, 0] += 0.7 * groups
    X[:, 1] += 0.8 * y - 0.3 * groups
    weight = None
    if weighted:
        weight = 0.2 + 3 * torch.rand(n_rows, generator=generator, dtype=torch.float64)
    n_predictive = n_plain or n_rows
    return Batch(X, y, groups, weight, n_predictive, n_plain, same_cells=False)


def make_objective(net, constraints, shape, **settings):
    n_groups, n_outputs, n_classes = shape
    criterion = nn.BCEWithLogitsLoss() if n_outputs == 1 else nn.CrossEntropyLoss()
    return StabilizingObjective(
        criterion,
        gap_structure(constraints, n_groups, n_classes),
        find_neuron_layers(net, torch.zeros(2, 3, dtype=torch.float64)),
        RepairSettings(**settings),
    )


def gradients(loss, net):
    found = torch.autograd.grad(
        loss, list(net.parameters()), retain_graph=True, materialize_grads=True
    )
    return torch.cat([gradient.flatten() for gradient in found])


def assert_same_step(net, objective, reference, batch):
    ours = objective(net, batch)
    loss, predictive, fairness, gap = reference.step(net, batch)
    chosen = [mask.nonzero()[:, 0].tolist() for mask in objective.selected]
    assert chosen == reference.chosen
    assert fairness.item() > 1e-3
    assert_close(ours.loss, loss, **EXACT)
    assert_close(ours.predictive, predictive.detach(), **EXACT)
    assert_close(ours.fairness, fairness.detach(), **EXACT)
    assert_close(ours.gap, gap.detach(), **EXACT)
    found, expected = gradients(ours.loss, net), gradients(loss, net)
    assert expected.abs().max() > 1e-2
    assert_close(found, expected, **EXACT)
    return ours


def compare(net_name, constraints, shape, *, batch=None, **settings):
    n_groups, n_outputs, n_classes = shape
    settings = {"neuron_ratio": 0.4, "diagnose_every": 1, **settings}
    net = make_net(net_name, n_outputs)
    objective = make_objective(net, constraints, shape, fairness_weight=0.7, **settings)
    reference = Reference(
        constraints,
        n_groups,
        n_classes,
        fairness_weight=0.7,
        **{"importance": "auto", **settings},
    )
    if batch is None:
        batch = make_batch(n_groups, n_classes)
    return assert_same_step(net, objective, reference, batch)


@pytest.mark.parametrize("constraints", CONSTRAINTS)
@pytest.mark.parametrize(("n_outputs", "n_classes"), OUTPUTS)
@pytest.mark.parametrize("n_groups", [2, 3])
@pytest.mark.parametrize("net_name", NETS)
def test_step_equals_the_equations(
    net_name, n_groups, n_outputs, n_classes, constraints
):
    compare(net_name, constraints, (n_groups, n_outputs, n_classes))


@pytest.mark.parametrize("importance", ["sum_sq", "taylor", "signed", "all", "random"])
@pytest.mark.parametrize("constraints", ["demographic_parity", "equalized_odds"])
@pytest.mark.parametrize("net_name", NETS)
def test_every_importance(net_name, constraints, importance):
    compare(net_name, constraints, (3, 1, 2), importance=importance)


@pytest.mark.parametrize("include_output", [True, False])
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("net_name", ["batchnorm", "conv"])
def test_every_form_of_the_neuron_term(net_name, normalize, reduction, include_output):
    compare(
        net_name,
        "equalized_odds",
        (3, 1, 2),
        batch=make_batch(3, 2, weighted=True),
        normalize=normalize,
        reduction=reduction,
        include_output=include_output,
    )


@pytest.mark.parametrize("gap", OUTPUT_GAPS)
@pytest.mark.parametrize("constraints", CONSTRAINTS)
@pytest.mark.parametrize(("n_outputs", "n_classes"), OUTPUTS)
def test_every_gap_of_the_output(n_outputs, n_classes, constraints, gap):
    batch = make_batch(3, n_classes, weighted=True, n_plain=9)
    compare("batchnorm", constraints, (3, n_outputs, n_classes), batch=batch, gap=gap)


@pytest.mark.parametrize("missing", [True, False], ids=["missing cell", "all cells"])
@pytest.mark.parametrize("n_plain", [0, 11], ids=["one stream", "two streams"])
@pytest.mark.parametrize("weighted", [True, False], ids=["weighted", "unweighted"])
@pytest.mark.parametrize("constraints", CONSTRAINTS)
def test_every_kind_of_batch(constraints, weighted, n_plain, missing):
    batch = make_batch(3, 2, weighted=weighted, n_plain=n_plain, missing=missing)
    compare("batchnorm", constraints, (3, 1, 2), batch=batch, normalize=True)


@pytest.mark.parametrize("gap", OUTPUT_GAPS)
def test_missing_cell_with_every_gap(gap):
    batch = make_batch(3, 3, missing=True, n_plain=5)
    compare("mlp", "equalized_odds", (3, 3, 3), batch=batch, gap=gap)


def test_condition_that_no_two_groups_share_counts_as_zero():
    batch = make_batch(2, 2, missing=True)
    net = make_net("mlp", 1)
    settings = {"fairness_weight": 0.7, "neuron_ratio": 0.4}
    objective = make_objective(
        net, "true_positive_rate_parity", (2, 1, 2), importance="all", **settings
    )
    step = objective(net, batch)
    assert step.fairness.item() == 0
    assert step.loss.item() == step.predictive.item()
    assert_close(
        gradients(step.loss, net),
        gradients(
            nn.functional.binary_cross_entropy_with_logits(
                net(batch.X)[:, 0], batch.y.double()
            ),
            net,
        ),
    )


def test_rows_of_a_plain_stream_do_not_reach_the_fairness_term():
    batch = make_batch(3, 2, n_plain=11)
    net = make_net("mlp", 1)
    objective = make_objective(
        net, "equalized_odds", (3, 1, 2), fairness_weight=0.7, neuron_ratio=0.4
    )
    before = objective(net, batch).fairness
    X = batch.X.clone()
    X[:11] += 5
    assert objective(net, batch._replace(X=X)).fairness == before


@pytest.mark.parametrize("k", [0.05, 0.29, 0.5, 1.0])
def test_k_neurons_of_each_layer_are_chosen_and_never_none(k):
    net = Dense(1, units=(100, 10)).double()
    objective = make_objective(
        net, "demographic_parity", (3, 1, 2), fairness_weight=1.0, neuron_ratio=k
    )
    objective(net, make_batch(3, 2))
    chosen = [int(mask.sum()) for mask in objective.selected]
    assert (
        chosen
        == {
            0.05: [5, 1],
            0.29: [29, 3],
            0.5: [50, 5],
            1.0: [100, 10],
        }[k]
    )


@pytest.mark.parametrize("diagnose_every", [1, 2, 3])
@pytest.mark.parametrize("importance", ["sum_sq", "random"])
def test_masks_stay_between_diagnoses(importance, diagnose_every):
    net = make_net("batchnorm", 1)
    settings = {
        "fairness_weight": 5.0,
        "neuron_ratio": 0.3,
        "importance": importance,
        "diagnose_every": diagnose_every,
        "seed": 3,
    }
    objective = make_objective(net, "equalized_odds", (3, 1, 2), **settings)
    reference = Reference("equalized_odds", 3, 2, **settings)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.3)
    masks = []
    for seed in range(6):
        batch = make_batch(3, 2, seed=seed)
        step = assert_same_step(net, objective, reference, batch)
        masks.append([mask.tolist() for mask in objective.selected])
        optimizer.zero_grad()
        step.loss.backward()
        optimizer.step()
    changed = [a != b for a, b in pairwise(masks)]
    may_change = [step % diagnose_every == 0 for step in range(1, 6)]
    assert any(changed)
    assert not any(c and not m for c, m in zip(changed, may_change, strict=True))


@pytest.mark.parametrize("gap", ["mean", "threshold"])
@pytest.mark.parametrize("net_name", ["mlp", "conv"])
def test_running_means_over_three_steps(net_name, gap):
    net = make_net(net_name, 1)
    settings = {
        "fairness_weight": 0.7,
        "neuron_ratio": 0.4,
        "importance": "auto",
        "diagnose_every": 1,
        "gap_momentum": 0.75,
        "gap": gap,
    }
    objective = make_objective(net, "equalized_odds", (3, 1, 2), **settings)
    reference = Reference("equalized_odds", 3, 2, **settings)
    terms = []
    for seed, missing in enumerate([True, False, True, True]):
        batch = make_batch(3, 2, seed=seed, missing=missing, weighted=True)
        terms.append(assert_same_step(net, objective, reference, batch).fairness)
    alone = make_objective(
        net, "equalized_odds", (3, 1, 2), **{**settings, "gap_momentum": 0.0}
    )
    assert abs(alone(net, batch).fairness - terms[-1]) > 1e-3


def test_random_neurons_come_from_the_seed():
    batch, net = make_batch(3, 2), make_net("mlp", 1)

    def chosen(seed):
        objective = make_objective(
            net,
            "equalized_odds",
            (3, 1, 2),
            fairness_weight=1.0,
            neuron_ratio=0.4,
            importance="random",
            diagnose_every=1,
            seed=seed,
        )
        found = []
        for _ in range(3):
            objective(net, batch)
            found.append([mask.tolist() for mask in objective.selected])
        return found

    assert chosen(1) == chosen(1)
    assert chosen(1) != chosen(2)
    first, second, third = chosen(1)
    assert len({str(first), str(second), str(third)}) > 1


def test_net_without_hidden_layer_has_the_output_term_alone():
    net = nn.Sequential(nn.Linear(3, 1)).double()
    batch = make_batch(2, 2)
    objective = make_objective(
        net, "demographic_parity", (2, 1, 2), fairness_weight=2.0, neuron_ratio=0.4
    )
    step = objective(net, batch)
    p = torch.sigmoid(net(batch.X)[:, 0])
    gap = (p[batch.groups == 0].mean() - p[batch.groups == 1].mean()).abs()
    assert_close(step.fairness, gap.detach(), **EXACT)
    assert_close(step.loss, step.predictive + 2 * gap, **EXACT)


@pytest.mark.parametrize("constraints", ["demographic_parity", "equalized_odds"])
def test_published_algorithm_for_two_groups(constraints):
    """Alg. 1, lines 6 to 18 and 23 to 32, for one batch of equal cells."""
    groups, y = torch.tensor([0, 0, 1, 1] * 9), torch.tensor([0, 1] * 18)
    X = torch.randn(36, 3, dtype=torch.float64) + 0.8 * groups[:, None] + y[:, None]
    net, lam, k = make_net("mlp", 1), 0.3, 0.4
    logits, activations = net.outputs(X)
    f = torch.sigmoid(logits[:, 0])
    cells = [[(groups == a) & (y == label) for a in (0, 1)] for label in (0, 1)]
    if constraints == "demographic_parity":
        cells = [[groups == 0, groups == 1]]
    gap = sum((f[x0].mean() - f[x1].mean()).abs() for x0, x1 in cells)
    classification = sum(
        nn.functional.binary_cross_entropy(f[rows], y[rows].double())
        for pair in cells
        for rows in pair
    )
    fair = 0.0
    for layer, activation in zip(net.hidden, activations, strict=True):
        g = torch.autograd.grad(gap, layer.weight, retain_graph=True)[0]
        importance = (g * layer.weight).sum(1)
        for m in importance.topk(round(k * len(importance))).indices:
            for x0, x1 in cells:
                a = activation[:, m]
                fair = fair + (a[x0].mean() - a[x1].mean()).abs()
    objective = make_objective(
        net,
        constraints,
        (2, 1, 2),
        fairness_weight=lam,
        neuron_ratio=k,
        importance="signed",
        reduction="sum",
        include_output=False,
    )
    batch = Batch(X, y, groups, None, 36, 0, same_cells=True)
    step = objective(net, batch)
    loss = classification / (2 * len(cells)) + lam * fair
    assert_close(step.loss, loss, **EXACT)
    assert_close(gradients(step.loss, net), gradients(loss, net), **EXACT)


def test_batchnorm_would_hide_the_gap_from_a_forward_of_each_group():
    net, batch = make_net("batchnorm", 1), make_batch(2, 2)
    for norm in net.norms:
        nn.init.ones_(norm.weight)
        nn.init.zeros_(norm.bias)
    apart = [net.norms[0](net.first(batch.X[batch.groups == g])) for g in (0, 1)]
    trap = (apart[0].mean(0) - apart[1].mean(0)).abs().max()
    assert trap < 1e-12
    objective = make_objective(
        net,
        "demographic_parity",
        (2, 1, 2),
        fairness_weight=1.0,
        neuron_ratio=0.4,
        importance="all",
        include_output=False,
    )
    reference = Reference(
        "demographic_parity",
        2,
        2,
        fairness_weight=1.0,
        neuron_ratio=0.4,
        importance="all",
        include_output=False,
    )
    step = assert_same_step(net, objective, reference, batch)
    assert step.fairness > 0.1


def test_constant_cells_are_averaged_by_one_matrix():
    net, batch = make_net("mlp", 1), make_batch(3, 2, n_plain=9)
    settings = {"fairness_weight": 1.0, "neuron_ratio": 0.4, "diagnose_every": 1}
    first = make_objective(net, "equalized_odds", (3, 1, 2), **settings)
    second = make_objective(net, "equalized_odds", (3, 1, 2), **settings)
    longer = make_batch(3, 2, n_plain=10)
    for each in (batch, longer, batch._replace(X=batch.X.flip(1)), longer):
        constant = first(net, each._replace(same_cells=True))
        assert_close(constant.loss, second(net, each).loss, rtol=0, atol=0)


def hooks_of(net):
    return [
        len(part._forward_hooks) + len(part._forward_pre_hooks)
        for part in net.modules()
    ]


@pytest.mark.parametrize("net_name", NETS)
def test_diagnosis_writes_no_gradient_and_leaves_no_hook(net_name):
    net, batch = make_net(net_name, 1), make_batch(3, 2)
    objective = make_objective(
        net, "equalized_odds", (3, 1, 2), fairness_weight=1.0, neuron_ratio=0.4
    )
    state = {name: value.clone() for name, value in net.named_parameters()}
    step = objective(net, batch)
    assert net.training
    assert all(parameter.grad is None for parameter in net.parameters())
    assert not any(hooks_of(net))
    assert all(
        torch.equal(state[name], value) for name, value in net.named_parameters()
    )
    assert [part.requires_grad for part in step] == [True, False, False, False]
    step.loss.backward()
    assert_close(
        torch.cat([parameter.grad.flatten() for parameter in net.parameters()]),
        gradients(objective(net, batch).loss, net),
        **EXACT,
    )


def test_gradients_that_were_there_stay_as_they_are():
    net, batch = make_net("mlp", 1), make_batch(3, 2)
    objective = make_objective(
        net, "equalized_odds", (3, 1, 2), fairness_weight=1.0, neuron_ratio=0.4
    )
    for parameter in net.parameters():
        parameter.grad = torch.full_like(parameter, 3.0)
    objective(net, batch)
    assert all((parameter.grad == 3).all() for parameter in net.parameters())


def test_no_hook_is_left_when_the_forward_pass_raises():
    net, batch = make_net("mlp", 1), make_batch(3, 2)
    objective = make_objective(
        net, "equalized_odds", (3, 1, 2), fairness_weight=1.0, neuron_ratio=0.4
    )

    def failing(X):
        net(X)
        raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError, match="out of memory"):
        objective(failing, batch)
    assert not any(hooks_of(net))
    assert objective(net, batch).fairness > 0


@pytest.mark.parametrize("importance", ["sum_sq", "taylor", "random"])
def test_frozen_layers_are_skipped(importance):
    net, batch = make_net("mlp", 1), make_batch(3, 2)
    settings = {
        "fairness_weight": 0.7,
        "neuron_ratio": 0.4,
        "importance": importance,
    }
    net.first.requires_grad_(requires_grad=False)
    objective = make_objective(net, "equalized_odds", (3, 1, 2), **settings)
    step = objective(net, batch)
    assert [int(mask.sum()) for mask in objective.selected] == [0, 2]
    second = StabilizingObjective(
        nn.BCEWithLogitsLoss(),
        gap_structure("equalized_odds", 3, 2),
        find_neuron_layers(net, batch.X, layers=["second"]),
        RepairSettings(**settings),
    )
    assert_close(step.loss, second(net, batch).loss, rtol=1e-12, atol=0)
    step.loss.backward()
    assert net.first.weight.grad is None
