import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from benchmarks.paper.grid import split_of
from benchmarks.paper.protocol import Part
from benchmarks.paper.scores import fit_and_score
from benchmarks.peers import grid
from benchmarks.peers.fairlearn_peers import Adversary, Reduction, Thresholds
from benchmarks.peers.fairret_peer import FairretClassifier, FairretObjective, make_loss
from benchmarks.peers.grid import fit_point, points
from benchmarks.peers.makers import Task
from benchmarks.peers.methods import METHODS
from benchmarks.peers.splits import load_inputs
from skrunner.data import Batch
from skrunner.datasets import make_biased_classification
from skrunner.metrics import delta_dp

COMMON = {"device": "cpu", "random_state": 3}
DATA = make_biased_classification(300, random_state=0)
PART = Part(
    np.asarray(DATA.data, dtype=np.float32),
    DATA.target,
    DATA.sensitive_features["group"],
)


def test_the_sensitive_column_comes_and_goes():
    compas = split_of("compas", 0)
    with_race = load_inputs("compas", 0, sensitive_input=True)
    without = load_inputs("compas", 0, sensitive_input=False)
    np.testing.assert_array_equal(with_race.test.X, compas.test.X)
    assert without.test.X.shape[1] == compas.test.X.shape[1] - 6
    np.testing.assert_array_equal(without.fit.X, compas.fit.X[:, :12])
    np.testing.assert_array_equal(without.test.y, compas.test.y)
    assert without.test.groups.equals(compas.test.groups)


def test_an_input_is_added_where_the_paper_has_none(monkeypatch):
    part = Part(np.zeros((3, 2), np.float32), None, pd.Series(["b", "a", "b"]))
    split = SimpleNamespace(train=part, valid=part, test=part, fit=part)
    monkeypatch.setattr("benchmarks.peers.splits.split_of", lambda *_: split)
    monkeypatch.setattr("benchmarks.peers.splits.sensitive_columns", lambda _: [])
    monkeypatch.setattr("benchmarks.peers.splits.fields", lambda _: FIELDS)
    load_inputs.cache_clear()
    added = load_inputs("adult", 0, sensitive_input=True)
    load_inputs.cache_clear()
    np.testing.assert_array_equal(added.test.X[:, 2], [0, 1, 0])
    assert added.fit.X.dtype == np.float32


FIELDS = [SimpleNamespace(name=name) for name in ("train", "valid", "test", "fit")]


@pytest.mark.parametrize("key", METHODS)
@pytest.mark.parametrize("constraints", ["demographic_parity", "equalized_odds"])
def test_every_strength_can_be_made(key, constraints):
    task = Task("compas", constraints, 3, 4000, "cpu")
    method = METHODS[key]
    for strength in method.strengths_of(constraints):
        made = method.make(task, strength)
        params = getattr(made, "model", made).get_params()
        if key == "eg_net":
            assert params["estimator"].random_state == 3
        for name, value in strength.items():
            if name == "bound":
                assert params["constraints"].eps == value
            else:
                assert params[name] == value


@pytest.mark.filterwarnings("ignore:Setting a(n item| value)")
def test_fairlearns_reduction_is_scored_by_its_mixture():
    peer = Reduction(LogisticRegression(), "demographic_parity", 0, bound=0.001)
    scores = fit_and_score(peer, PART, PART)
    plain = LogisticRegression().fit(PART.X, PART.y).predict(PART.X)
    before = delta_dp(PART.y, plain, sensitive_features=PART.groups)
    assert scores["delta_dp"] < before / 2
    share = peer.predict_proba(PART.X)
    mixture = sum(
        weight * peer.model.predictors_[index].predict(PART.X)
        for index, weight in peer.model.weights_.items()
    )
    np.testing.assert_allclose(share[:, 1], mixture)
    assert scores["epochs"] == 0
    assert np.isnan(scores["epoch"])


def test_fairlearns_thresholds_take_float32_and_groups():
    peer = Thresholds(LogisticRegression(), "equalized_odds", 0, {"flip": True})
    scores = fit_and_score(peer, PART, PART)
    share = peer.predict_proba(PART.X, sensitive_features=PART.groups)[:, 1]
    for label in (0, 1):
        rows = PART.y == label
        rates = pd.Series(share[rows]).groupby(PART.groups[rows].to_numpy()).mean()
        assert rates.max() - rates.min() < 0.01
    assert scores["acc"] > 0.5


def test_fairlearns_adversary_scores_by_its_net_and_leaves_the_generator():
    options = {"alpha": 0.1, "learning_rate": 1e-3}
    options = {"hidden": (8, 4), "options": options}
    peer = Adversary("equalized_odds", 0, 100_000, **options)
    assert peer.model.predictor_model == [8, "relu", 4, "relu"]
    assert peer.model.epochs == 3
    peer = Adversary("equalized_odds", 0, 300_000, **options)
    before = torch.get_rng_state()
    fit_and_score(peer, PART, PART)
    assert torch.equal(before, torch.get_rng_state())
    score = peer.predict_proba(PART.X)[:, 1]
    np.testing.assert_array_equal(peer.predict(PART.X), (score >= 0.5).astype(int))


def batch_of(n=40):
    rng = np.random.default_rng(0)
    groups = torch.tensor(rng.permutation([0] * 20 + [1] * 13 + [2] * 7))
    y = torch.tensor(rng.integers(0, 2, n))
    return Batch(torch.randn(n, 3), y, groups, None, n, 0, same_cells=False)


@pytest.mark.parametrize("constraints", ["demographic_parity", "equalized_odds"])
def test_fairrets_norm_is_that_of_relative_violations(constraints):
    batch = batch_of()
    logits = batch.X @ torch.tensor([1.0, -0.5, 0.2])
    by_label = constraints == "equalized_odds"
    objective = FairretObjective(
        torch.nn.BCEWithLogitsLoss(),
        make_loss("norm", constraints),
        fairness_weight=0.3,
        n_groups=3,
        by_label=by_label,
    )
    step = objective(lambda X: logits, batch)
    p = logits.sigmoid().double().numpy()
    y, groups = batch.y.numpy(), batch.groups.numpy()
    wanted = 0.0
    for rows in [y == 1, y == 0] if by_label else [y >= 0]:
        mean = p[rows].mean()
        for group in range(3):
            wanted += abs(p[rows & (groups == group)].mean() / mean - 1)
    entropy = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
    assert float(step.fairness) == pytest.approx(wanted, rel=1e-5)
    assert float(step.loss) == pytest.approx(entropy + 0.3 * wanted, rel=1e-5)


@pytest.mark.parametrize("constraints", ["demographic_parity", "equalized_odds"])
def test_the_projection_is_asked_for_one_rate_at_a_time(monkeypatch, constraints):
    class Projection(torch.nn.Module):
        def __init__(self, statistic, **options):
            super().__init__()
            self.statistic, self.options = statistic, options

        def forward(self, column, groups, *labels):
            return self.statistic(column, groups, *labels).sum()

    monkeypatch.setattr("fairret.loss.KLProjectionLoss", Projection)
    loss = make_loss("projection", constraints)
    assert all(one.options["force_proj_normalized"] is False for one in loss.losses)
    batch = batch_of()
    column, y = batch.X[:, :1], batch.y[:, None].float()
    groups = torch.nn.functional.one_hot(batch.groups, 3).float()
    by_label = constraints == "equalized_odds"
    value = loss(column, groups, *([y] if by_label else []))
    wanted = sum(
        column[(batch.groups == group) & rows].mean()
        for rows in ([batch.y == 1, batch.y == 0] if by_label else [batch.y >= 0])
        for group in range(3)
    )
    assert float(value) == pytest.approx(float(wanted), rel=1e-4)


def test_fairret_trains_our_net():
    net = FairretClassifier(
        fairness_weight=3.0, max_epochs=10, net_params={"hidden": (30,)}, **COMMON
    )
    strong = fit_and_score(net, PART, PART)
    weak = fit_and_score(net.set_params(fairness_weight=0.0), PART, PART)
    assert strong["delta_dp"] < weak["delta_dp"] / 2


def test_what_is_not_installed_is_a_row_with_its_reason(monkeypatch):
    monkeypatch.setitem(sys.modules, "fairret.loss", None)
    monkeypatch.setattr(grid, "load_inputs", lambda *a, **k: whole())
    row = fit_point(first_of("fairret_norm"), "cpu")
    assert row["method"] == "fairret_norm"
    assert row["error"].startswith("ModuleNotFoundError")
    assert "fairret" in row["error"]


def first_of(method):
    todo = points(seeds=1, datasets=["compas"], methods=[method])
    return next(point for point in todo if point["method"] == method)


def whole():
    return SimpleNamespace(fit=PART, test=PART)


def test_a_fit_is_a_row_with_the_base_rate(monkeypatch):
    monkeypatch.setattr(grid, "load_inputs", lambda *a, **k: whole())
    row = fit_point(first_of("to_logistic"), "cpu")
    assert row["base_rate"] == PART.y.mean()
    assert {"ap", "acc", "strong_delta_dp", "seconds", "strength"} <= set(row)
