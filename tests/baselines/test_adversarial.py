"""A net trained against an adversary, and the faults that other packages have here."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from torch import nn
from torch.testing import assert_close

from skrunner import NetClassifier
from skrunner.baselines import AdversarialClassifier
from skrunner.datasets import make_biased_classification
from skrunner.exceptions import ColdAdversaryWarning
from skrunner.groups import CONSTRAINTS
from skrunner.nn import MLP
from skrunner.objectives import AdversarialObjective, Adversary
from skrunner.training import draw_seeds
from tests.baselines.cases import (
    DRAWING,
    TWO_COLUMNS,
    check_copies,
    check_search,
    check_seeds,
)
from tests.estimators.rows import SMALL, A, N, X, Y, fit, skorch_net, weights_of

pytestmark = [
    pytest.mark.filterwarnings("ignore::skrunner.exceptions.CollapseWarning"),
    pytest.mark.filterwarnings("ignore::skrunner.exceptions.SmallGroupWarning"),
    pytest.mark.filterwarnings("ignore::skrunner.exceptions.ColdAdversaryWarning"),
]
DOUBLE = {"precision": "fp64", "device": "cpu"}


def adversarial(**changes):
    return AdversarialClassifier(**{**SMALL, **changes})


def adversary_weights(estimator):
    return torch.cat([p.flatten() for p in estimator.adversary_.parameters()]).detach()


@pytest.mark.parametrize("optimizer_decay", [0.0, 0.2])
@pytest.mark.parametrize("constraints", ["demographic_parity", "equalized_odds"])
def test_one_step_of_a_linear_net_by_formula(constraints, optimizer_decay):
    """A linear net: all gradients have closed forms; weight decay is not projected."""
    start = nn.Linear(X.shape[1], 1).double()
    net = skorch_net(
        start,
        optimizer=torch.optim.SGD,
        lr=0.5,
        optimizer__weight_decay=optimizer_decay,
    )
    params = {
        **SMALL,
        **DOUBLE,
        "net": net,
        "net_params": None,
        "max_epochs": 1,
        "warm_up": 0,
        "adversary_hidden": (),
        "adversary_weight": 0.3,
        "adversary_steps": 1,
        "constraints": constraints,
    }
    batch_weight = np.random.default_rng(0).uniform(0.5, 2, N)
    fitted = fit(AdversarialClassifier(**params), sample_weight=batch_weight)
    w, b = start.weight[0].detach().numpy(), start.bias.item()
    share = batch_weight / batch_weight.sum()
    design = np.column_stack([X, np.ones(N)])
    z = np.asarray(X) @ w + b
    g_p = design.T @ (share * (1 / (1 + np.exp(-z)) - Y))
    codes = np.unique(A, return_inverse=True)[1]
    told = [z[:, None]]
    if constraints == "equalized_odds":
        indicators = np.eye(2)[Y]
        told = [z[:, None], z[:, None] * indicators, indicators]
    U, c = start_of_adversary(fitted)
    logits = np.column_stack(told) @ U.T + c
    p = np.exp(logits - logits.max(1, keepdims=True))
    wrong = p / p.sum(1, keepdims=True) - np.eye(3)[codes]
    slope = U[:, 0] if len(told) == 1 else U[:, [0]].T + U[:, 1:3].T[Y]
    g_a = design.T @ (share * (wrong * slope).sum(1))
    g = g_p - (g_p @ g_a) / (g_a @ g_a) * g_a - 0.3 * g_a
    expected = np.append(w, b) - 0.5 * (g + optimizer_decay * np.append(w, b))
    np.testing.assert_allclose(weights_of(fitted), expected, rtol=0, atol=1e-6)
    assert np.abs(g_p @ g_a) > 1e-5


def test_the_adversary_is_shown_balanced_cells(monkeypatch):
    """One step: its gradient is that of balanced rows, the predictive one of others."""
    seen = []
    original = AdversarialObjective.__call__

    def spying(self, forward, batch):
        seen.append(batch)
        return original(self, forward, batch)

    monkeypatch.setattr(AdversarialObjective, "__call__", spying)
    start = nn.Linear(X.shape[1], 1).double()
    fitted = AdversarialClassifier(
        net=skorch_net(start, optimizer=torch.optim.SGD, lr=0.5),
        max_epochs=1,
        steps_per_epoch=1,
        batch_size=50,
        fairness_batch_size=42,
        constraints="equalized_odds",
        warm_up=0,
        adversary_hidden=(),
        adversary_steps=1,
        adversary_weight=0.3,
        random_state=0,
        **DOUBLE,
    )
    fit(fitted)
    (batch,) = seen
    rows, y = batch.X.double().numpy(), batch.y.numpy()
    codes = batch.groups.numpy()
    assert (batch.n_predictive, batch.fair_from, len(y)) == (50, 50, 92)
    counts = np.bincount(2 * codes[50:] + y[50:], minlength=6)
    assert counts.tolist() == [7] * 6
    w, b = start.weight[0].detach().numpy(), start.bias.item()
    U, c = start_of_adversary(fitted)
    g_p, g_a = np.zeros(len(w) + 1), np.zeros(len(w) + 1)
    for row in range(92):
        inputs = np.append(rows[row], 1)
        z = rows[row] @ w + b
        if row < 50:
            g_p += inputs * (1 / (1 + np.exp(-z)) - y[row]) / 50
            continue
        told = np.zeros(5)
        told[[0, 1 + y[row], 3 + y[row]]] = z, z, 1
        p = np.exp(U @ told + c)
        wrong = p / p.sum() - np.eye(3)[codes[row]]
        g_a += inputs * (wrong @ (U[:, 0] + U[:, 1 + y[row]])) / 42
    g = g_p - (g_p @ g_a) / (g_a @ g_a) * g_a - 0.3 * g_a
    expected = np.append(w, b) - 0.5 * g
    np.testing.assert_allclose(weights_of(fitted), expected, rtol=0, atol=1e-6)
    assert np.abs(g - g_p).max() > 1e-3


def start_of_adversary(estimator):
    """Return weights and biases before the first step, one layer."""
    seeds = draw_seeds(estimator.random_state)
    with torch.random.fork_rng():
        torch.manual_seed(seeds.importance)
        inputs = 5 if estimator.constraints == "equalized_odds" else 1
        layer = nn.Linear(inputs, 3)
    return layer.weight.detach().double().numpy(), layer.bias.detach().double().numpy()


@pytest.mark.parametrize("constraints", CONSTRAINTS)
@pytest.mark.parametrize("batch_size", [60, 10_000])
def test_without_a_say_it_is_a_plain_net(batch_size, constraints):
    params = {**SMALL, "batch_size": batch_size, "max_epochs": 3}
    plain = fit(NetClassifier(**params))
    for silent in (
        {"adversary_weight": 0.0, "projection": "none", "warm_up": 0},
        {"warm_up": 2, "max_epochs": 3, "steps": 2},
    ):
        steps = silent.pop("steps", 3)
        silent |= {"alpha_schedule": "constant", "constraints": constraints}
        ours = fit(AdversarialClassifier(**{**params, **silent}))
        same = plain.history_["predictive_loss"][:steps]
        assert_close(ours.history_["predictive_loss"][:steps].tolist(), same.tolist())
    loud = fit(
        AdversarialClassifier(
            **params, warm_up=0, adversary_weight=9.0, constraints=constraints
        )
    )
    assert np.abs(weights_of(loud) - weights_of(plain)).max() > 1e-3


def test_alpha_zero_without_projection_is_plain_bit_for_bit():
    silent = {"adversary_weight": 0.0, "projection": "none", "warm_up": 0}
    silent |= {"alpha_schedule": "constant", "sampling": "shared"}
    plain = weights_of(fit(NetClassifier(**DRAWING)))
    ours = weights_of(fit(AdversarialClassifier(**{**DRAWING, **silent})))
    np.testing.assert_array_equal(ours, plain)


def test_history_and_adversary_agree():
    """With one step of the adversary, each loss is that of the adversary before."""
    params = {**DOUBLE, "adversary_steps": 1, "adversary_lr": 1e-9, "lr": 1e-9}
    fitted = fit(adversarial(**params, max_epochs=2))
    scores = torch.tensor(fitted.predict_proba(X)).log()
    logits = scores[:, 1] - scores[:, 0]
    codes = torch.tensor(np.unique(A, return_inverse=True)[1])
    with torch.no_grad():
        told = fitted.adversary_(logits, torch.tensor(Y))
    loss = nn.functional.cross_entropy(told, codes)
    assert fitted.history_["fairness_term"].iloc[-1] == pytest.approx(
        float(loss), abs=1e-6
    )
    last = fitted.history_.iloc[-1]
    assert last["train_loss"] == pytest.approx(
        last["predictive_loss"] - 0.5 * last["fairness_term"], abs=1e-12
    )


def test_the_seed_makes_net_and_adversary():
    check_seeds(AdversarialClassifier)
    first, same, other = (
        adversary_weights(fit(adversarial(random_state=seed))) for seed in (0, 0, 1)
    )
    assert torch.equal(first, same)
    # Every seed of fairlearn 0.15 is 0.
    assert (first - other).abs().max() > 0.1


def test_copies_predict_the_same(tmp_path):
    check_copies(AdversarialClassifier, tmp_path)
    check_copies(AdversarialClassifier, tmp_path, constraints="equalized_odds")


def test_the_adversary_is_pickled_too():
    fitted = fit(adversarial(constraints="equalized_odds"))
    again = pickle.loads(pickle.dumps(fitted))
    assert torch.equal(adversary_weights(again), adversary_weights(fitted))
    assert all(part.device.type == "cpu" for part in again.adversary_.parameters())
    assert all(part.grad is None for part in again.adversary_.parameters())


def test_search_in_a_pipeline():
    check_search(AdversarialClassifier, "adversary_weight", [0.0, 5.0])


def test_a_second_fit_forgets():
    """fairlearn 0.15 goes on with the old weights, or fails on other labels."""
    fresh = fit(adversarial())
    again = adversarial()
    three = make_biased_classification(
        150, n_features=7, n_groups=2, n_classes=3, random_state=1
    )
    again.fit(three.data, three.target, sensitive_features=three.sensitive_features)
    assert again.predict_proba(three.data).shape == (150, 3)
    fit(again)
    np.testing.assert_array_equal(weights_of(again), weights_of(fresh))
    assert torch.equal(adversary_weights(again), adversary_weights(fresh))
    twice = fit(fit(adversarial()))
    np.testing.assert_array_equal(weights_of(twice), weights_of(fresh))


def test_the_callers_module_stays_as_it_is():
    module = MLP(X.shape[1], hidden=(4,))
    before = [part.clone() for part in module.parameters()]
    first = adversarial(net=module, net_params=None, warm_up=0)
    moved = weights_of(fit(first))
    assert_close(list(module.parameters()), before, rtol=0, atol=0)
    assert all(part.grad is None for part in module.parameters())
    np.testing.assert_array_equal(weights_of(fit(clone(first))), moved)
    assert np.abs(
        moved - torch.cat([p.flatten() for p in before]).detach().numpy()
    ).max()


@pytest.mark.parametrize("constraints", CONSTRAINTS)
def test_a_dead_adversary_trains_a_finite_net(constraints, monkeypatch):
    """fairlearn 0.15 divides 0 by 0 here, in float32."""

    def dead(self, *args):
        return self.layers(0 * self.inputs(*args))

    monkeypatch.setattr(Adversary, "forward", dead)
    steady = {"warm_up": 0, "alpha_schedule": "constant"}
    found = fit(adversarial(constraints=constraints, **steady))
    plain = fit(NetClassifier(**SMALL))
    np.testing.assert_allclose(weights_of(found), weights_of(plain), rtol=0, atol=1e-6)


def test_defaults_train_on_shuffled_rows_for_epochs():
    """fairlearn 0.15 takes one epoch in the order of the rows."""
    rows = pd.DataFrame({"x": np.arange(N) / N, "z": X.iloc[:, 0]})
    fitted = AdversarialClassifier(random_state=0, device="cpu")
    fit(fitted, X=rows, sensitive_features=TWO_COLUMNS)
    assert len(fitted.history_) == 20
    seen = []
    original = AdversarialClassifier._make_objective

    def spying(self, net, layers, batches, seeds):
        seen.extend(batch.X[: batch.n_predictive, 0].tolist() for batch in batches)
        return original(self, net, layers, batches, seeds)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AdversarialClassifier, "_make_objective", spying)
        fit(AdversarialClassifier(random_state=0, max_epochs=2, device="cpu"), X=rows)
    order = np.concatenate(seen)
    np.testing.assert_allclose(np.sort(order), rows["x"], atol=1e-6)
    assert (np.diff(order) > 0).mean() < 0.7


@pytest.mark.parametrize("groups", [A, TWO_COLUMNS])
@pytest.mark.parametrize("constraints", CONSTRAINTS)
def test_adversaries_have_an_output_a_group(constraints, groups):
    three = make_biased_classification(N, n_classes=3, n_groups=3, random_state=1)
    fitted = fit(
        adversarial(constraints=constraints),
        X=three.data,
        y=three.target,
        sensitive_features=groups,
    )
    told = fitted.adversary_(torch.zeros(4, 3), torch.tensor([0, 1, 2, 0]))
    assert told.shape == (4, len(fitted.group_names_))


def test_parts_of_a_training_are_the_whole():
    """Warm-up, weights and the memory of both optimizers go on."""
    params = {**DOUBLE, "alpha_schedule": "sqrt", "lr": 0.02, "warm_up": 2}
    whole = fit(adversarial(**params, max_epochs=4))
    parts = adversarial(**params, max_epochs=None)
    for _ in range(4):
        parts.partial_fit(X, Y, sensitive_features=A)
    np.testing.assert_allclose(weights_of(parts), weights_of(whole), rtol=0, atol=1e-12)
    assert_close(adversary_weights(parts), adversary_weights(whole), rtol=0, atol=1e-12)
    warm = fit(adversarial(**params, max_epochs=3, warm_start=True))
    fit(warm.set_params(max_epochs=1))
    np.testing.assert_allclose(weights_of(warm), weights_of(whole), rtol=0, atol=1e-12)
    fit(warm.set_params(adversary_hidden=(3,)))
    assert [p.shape[0] for p in warm.adversary_.parameters()] == [3, 3, 3, 3]


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"warm_up": 2}, r"warm_up=2 leaves none of 2 epoch.*Lower warm_up or raise"),
        ({"adversary_hidden": (4, 0)}, r"adversary_hidden=\(4, 0\).*at least 1"),
        ({"adversary_hidden": ["4"]}, r"adversary_hidden=\['4'\].*integers"),
        ({"adversary_weight": -1.0}, "adversary_weight"),
        ({"adversary_lr": 0.0}, "adversary_lr"),
        ({"adversary_steps": 0}, "adversary_steps"),
        ({"projection": "tensor"}, "projection"),
        ({"alpha_schedule": "linear"}, "alpha_schedule"),
        ({"warm_up": -1}, "warm_up"),
        ({"sampling": "balanced"}, "sampling"),
        ({"fairness_batch_size": 0}, "fairness_batch_size"),
    ],
)
def test_bad_parameters(params, match):
    with pytest.raises(ValueError, match=match):
        fit(adversarial(**params))


def test_groups_are_needed():
    with pytest.raises(ValueError, match="sensitive_features"):
        adversarial().fit(X, Y)


def test_a_cold_adversary_is_named():
    """One that starts far off and hardly learns is worse than a blind one."""
    cold = {"adversary_lr": 1e-6, "adversary_steps": 1, "warm_up": 0}
    tight = np.where(A[0] == A, "big", "small")
    scaled = X * 30
    with pytest.warns(ColdAdversaryWarning, match=r"is above 0\.6.*Raise adversary_st"):
        fit(adversarial(**cold), X=scaled, sensitive_features=tight)
    warm = {
        "adversary_lr": 0.05,
        "adversary_steps": 20,
        "max_epochs": 12,
        "warm_up": 10,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("error", ColdAdversaryWarning)
        fit(adversarial(**warm), sensitive_features=tight)
        adversarial(**cold).set_params(warm_up=1).partial_fit(
            scaled, Y, sensitive_features=tight
        )
