"""A plain net of all rows is repaired on few of them, the same for every variant."""

import numpy as np
import pytest
import torch

from benchmarks.paper.grid import split_of
from benchmarks.peers import few_groups
from benchmarks.peers.neurons_page import write_few_groups
from skrunner.metrics import delta_dp
from tests.benchmarks.test_peers_pages import neuron_rows


@pytest.fixture
def quick(monkeypatch):
    make = few_groups.vanilla
    short = {"max_epochs": 2, "net_params": {"hidden": (16,)}}
    monkeypatch.setattr(
        few_groups, "vanilla", lambda *words: make(*words).set_params(**short)
    )
    monkeypatch.setattr(few_groups, "REPAIR", {**few_groups.REPAIR, "max_epochs": 2})
    few_groups.plain_net.cache_clear()
    yield
    few_groups.plain_net.cache_clear()


def test_all_variants_repair_the_same_few_rows_of_a_split():
    fit = split_of("compas", 1).fit
    few, again, other = (few_groups.few_rows(fit, seed) for seed in (1, 1, 2))
    assert few.X.shape == (few_groups.ROWS, fit.X.shape[1])
    np.testing.assert_array_equal(few.X, again.X)
    assert not np.array_equal(few.X, other.X)
    # Rows, labels and groups stay together.
    places = fit.groups.index.get_indexer(few.groups.index)
    np.testing.assert_array_equal(fit.X[places], few.X)
    np.testing.assert_array_equal(fit.y[places], few.y)


def test_a_repair_begins_with_the_plain_net_and_leaves_it(quick):
    (point, *_) = few_groups.neurons.points(
        plan=few_groups.PLAN, seeds=1, datasets=["compas"]
    )
    point = {**point, "method": "all", "strength": {"fairness_weight": 0.5}}
    plain = few_groups.plain_net("compas", point["seed"], "cpu")
    before = {name: part.clone() for name, part in plain.state_dict().items()}
    row = few_groups.fit_point(point, "cpu")
    assert all(torch.equal(before[n], part) for n, part in plain.state_dict().items())
    split = split_of("compas", point["seed"])
    few = few_groups.few_rows(split.fit, point["seed"])
    repaired = few_groups.make(point, "cpu")
    assert repaired.net is plain
    assert repaired.importance == "all"
    repaired.fit(few.X, few.y, sensitive_features=few.groups)
    predicted = repaired.predict(split.test.X)
    gap = delta_dp(split.test.y, predicted, sensitive_features=split.test.groups)
    assert row["delta_dp"] == pytest.approx(gap)
    assert row["base_rate"] == pytest.approx(split.test.y.mean())


def test_the_page_says_what_was_repaired(tmp_path):
    (path,) = write_few_groups(neuron_rows(), tmp_path, "a run")
    page = path.read_text()
    assert page.startswith("# Do neurons help where few groups are known?\n")
    assert "Measured by a run. The plain net was trained on all rows" in page
    assert "against random neurons, better in 0 and worse in 4 of 8;" in page
