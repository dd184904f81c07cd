"""Fair-SMOTE trains on equal cells, made of training rows alone."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.utils.validation import has_fit_parameter

from skrunner import NetClassifier
from skrunner.baselines import FairSmoteClassifier
from skrunner.baselines._situation_testing import passes_situation_test
from skrunner.baselines._smote import RowRule, fill_cells
from skrunner.exceptions import SmallGroupWarning
from skrunner.training import draw_seeds
from tests.baselines.cases import TWO_COLUMNS, check_copies, check_search, check_seeds
from tests.estimators.nets import Tiny
from tests.estimators.rows import SMALL, A, N, X, Y, fit, weights_of

pytestmark = [pytest.mark.filterwarnings("ignore::skrunner.exceptions.CollapseWarning")]
EXACT = {**SMALL, "precision": "fp64", "max_epochs": 4, "lr": 0.05}
QUIET = {"min_group_size": 0, "min_cell_size": 0}
HOT = np.hstack([X.to_numpy(), np.eye(3)[np.arange(N) % 3]])


class Spy:
    """Keep the rows that the steps are made of, and the validation rows."""

    def _run(self, net, layers, data, *, validation, **rest):
        self.seen, self.aside = data.to("cpu"), validation and validation.to("cpu")
        super()._run(net, layers, data, validation=validation, **rest)


class SmoteSpy(Spy, FairSmoteClassifier):
    pass


class PlainSpy(Spy, NetClassifier):
    pass


def rows_of(data):
    return [
        (group, label, row.numpy().tobytes())
        for row, group, label in zip(
            data.X, data.groups.tolist(), data.y.tolist(), strict=True
        )
    ]


def sizes_of(data):
    return Counter(zip(data.groups.tolist(), data.y.tolist(), strict=True))


def test_cells_are_equal_and_the_training_rows_come_first():
    spy = fit(SmoteSpy(**EXACT))
    plain = fit(PlainSpy(**EXACT)).seen
    before = sizes_of(plain)
    assert len(before) == 6
    assert len(set(before.values())) > 3
    largest = max(before.values())
    assert set(sizes_of(spy.seen).values()) == {largest}
    assert len(spy.seen) == 6 * largest
    assert rows_of(spy.seen)[:N] == rows_of(plain)
    made = sizes_of(spy.seen.take(torch.arange(N, 6 * largest)))
    names = sorted(set(A))
    for (group, label), size in before.items():
        assert made[group, label] == largest - size
        assert spy.n_synthetic_[names[group], label] == largest - size
    assert spy.n_synthetic_.index.names == ["group", "label"]


def test_new_rows_are_those_of_the_rule_on_the_training_rows():
    params = {"scale": 0.5, "crossover": 0.6, "categorical_features": [[6, 7, 8], [0]]}
    spy = fit(SmoteSpy(**EXACT, **params), X=HOT)
    codes = np.unique(A, return_inverse=True)[1]
    rule = RowRule(0.5, 0.6, False, (np.array([6, 7, 8]), np.array([0])))
    made, cells = fill_cells(
        HOT, codes * 2 + Y, rule, np.random.default_rng(draw_seeds(0).importance)
    )
    np.testing.assert_array_equal(spy.seen.X[N:], made)
    np.testing.assert_array_equal(spy.seen.cells[N:], cells)
    assert np.flatnonzero(spy.categorical_features_).tolist() == [0, 6, 7, 8]


def test_the_net_is_a_plain_one_on_those_rows():
    ours = fit(SmoteSpy(**EXACT))
    plain = NetClassifier(**EXACT)
    plain.fit(ours.seen.X.numpy(), ours.seen.y.numpy())
    np.testing.assert_allclose(weights_of(ours), weights_of(plain), rtol=0, atol=1e-12)
    without = fit(NetClassifier(**EXACT))
    assert np.abs(weights_of(ours) - weights_of(without)).max() > 1e-3


@pytest.mark.parametrize("situation_testing", [False, True])
def test_validation_rows_are_neither_touched_nor_looked_at(situation_testing):
    split = {**EXACT, "validation_fraction": 0.25, "select_epoch": "min_gap"}
    plain = fit(PlainSpy(**split))
    spy = fit(SmoteSpy(**split, situation_testing=situation_testing))
    assert rows_of(spy.aside) == rows_of(plain.aside)
    assert len(plain.aside) > 40
    extreme = HOT[:, :6].copy()  # other validation rows make the same training rows
    for row in plain.aside.X.numpy():
        extreme[(extreme == row).all(axis=1)] = 1e3
    other = fit(SmoteSpy(**split, situation_testing=situation_testing), X=extreme)
    assert (other.aside.X == 1e3).all()
    assert rows_of(other.seen) == rows_of(spy.seen)
    assert not {row for *_, row in rows_of(spy.seen)} & {
        row for *_, row in rows_of(plain.aside)
    }


def test_columns_of_two_values_are_found_among_the_training_rows():
    scaled = HOT.copy()
    scaled[:, 7] = (scaled[:, 7] - 0.3) / 0.5
    spy = fit(SmoteSpy(**EXACT), X=scaled)
    assert np.flatnonzero(spy.categorical_features_).tolist() == [6, 7, 8]
    hot = spy.seen.X[:, 6:].numpy()
    assert {tuple(row) for row in hot} == {tuple(row) for row in scaled[:, 6:]}


def test_the_literal_rule_is_absolute_and_breaks_indicators():
    spy = fit(SmoteSpy(**EXACT, strict=True), X=HOT)
    assert not spy.categorical_features_.any()
    made = spy.seen.X[N:].numpy()
    assert (made >= 0).all()
    assert (spy.seen.X[:N].numpy()[:, :6] < 0).any()
    found = set(np.round(np.unique(made[:, 6:]), 12))
    assert found == {0.0, 0.2, 0.8, 1.0, 1.8}
    same = fit(SmoteSpy(**EXACT, strict=True, crossover=0.1), X=HOT)
    np.testing.assert_array_equal(same.seen.X, spy.seen.X)
    named = fit(SmoteSpy(**EXACT, strict=True, categorical_features=[6, 7, 8]), X=HOT)
    drawn = named.seen.X[N:, 6:].numpy()
    assert set(np.unique(drawn)) == {0.0, 1.0}
    assert set(drawn.sum(axis=1)) > {1.0}  # each column for itself


def test_names_are_of_x_and_dropped_columns_are_ignored():
    frame = pd.DataFrame(HOT, columns=[*"uvwxyz", "red", "green", "blue"])
    frame.insert(2, "sex", np.unique(A, return_inverse=True)[1])
    names = ["v", "sex", "w"]
    spies = [
        SmoteSpy(**EXACT, sensitive_columns=["sex"], categorical_features=given)
        for given in (names, [1, 2, 3], frame.columns.isin(names))
    ]
    for spy in spies:
        spy.fit(frame, Y)
        assert np.flatnonzero(spy.categorical_features_).tolist() == [1, 2]
        assert spy.net_n_features_ == 9
    np.testing.assert_array_equal(spies[0].seen.X, spies[2].seen.X)
    values = set(map(tuple, HOT[:, 1:3]))
    assert {tuple(row) for row in spies[0].seen.X[:, 1:3].numpy()} <= values
    kept = SmoteSpy(
        **EXACT,
        sensitive_columns=["sex"],
        keep_sensitive=True,
        categorical_features=names,
    ).fit(frame, Y)
    assert np.flatnonzero(kept.categorical_features_).tolist() == [1, 2, 3]


@pytest.mark.filterwarnings("ignore::skrunner.exceptions.SmallGroupWarning")
def test_several_columns_and_three_labels():
    labels = np.where(X.iloc[:, 0] > 0.8, "high", np.where(Y == 1, "mid", "low"))
    spy = fit(SmoteSpy(**EXACT), y=labels, sensitive_features=TWO_COLUMNS)
    names = TWO_COLUMNS["race"] + " & " + TWO_COLUMNS["sex"]
    found = pd.Series(labels).groupby([names, labels]).size()
    assert len(found) == 18
    assert spy.n_synthetic_.index.tolist() == found.index.tolist()
    expected = np.where(found > 0, found.max() - found, 0)
    np.testing.assert_array_equal(spy.n_synthetic_, expected)
    assert set(sizes_of(spy.seen).values()) == {found.max()}


def test_short_cells_are_repeated_and_named():
    groups, labels = A.copy(), np.where(Y == 1, "yes", "no")
    groups[:2], labels[:2] = "rare", "yes"
    groups[2:9], labels[2:9] = "rare", "no"
    spy = SmoteSpy(**EXACT, **QUIET)
    with pytest.warns(SmallGroupWarning, match="3 rows.*: rare with label yes. Their"):
        fit(spy, y=labels, sensitive_features=groups)
    code = spy.group_names_.index("rare")
    short = (spy.seen.groups == code) & (spy.seen.y == 1)
    assert short.sum() == max(sizes_of(spy.seen).values()) > 50
    values = {row.numpy().tobytes() for row in spy.seen.X[short]}
    assert values == {row.numpy().tobytes() for row in spy.seen.X[:2]}


@pytest.mark.filterwarnings("ignore:Cell.* without a row, so that groups give")
def test_a_cell_without_rows_stays_empty_and_is_named():
    labels = np.where(sorted(set(A))[2] == A, 0, Y)
    spy = SmoteSpy(**EXACT)
    empty = f"without a row to make others of: {sorted(set(A))[2]} with label 1"
    with pytest.warns(SmallGroupWarning, match=empty):
        fit(spy, y=labels)
    assert len(set(sizes_of(spy.seen).values())) == 1
    assert len(sizes_of(spy.seen)) == 5
    assert spy.n_synthetic_.iloc[5] == 0


def test_situation_testing_drops_what_it_finds():
    spy, full = (fit(SmoteSpy(**EXACT, situation_testing=on)) for on in (True, False))
    data = full.seen
    passes = passes_situation_test(
        data.X.numpy(), data.y.numpy(), data.groups.numpy(), seed=0
    )
    assert 0 < (~passes).sum() < len(passes) / 2
    assert spy.n_dropped_ == (~passes).sum()
    assert full.n_dropped_ == 0
    assert rows_of(spy.seen) == rows_of(
        data.take(torch.from_numpy(passes).nonzero()[:, 0])
    )
    pd.testing.assert_series_equal(spy.n_synthetic_, full.n_synthetic_)


def four_cells(places):
    """Return 20 rows around a place for each of four cells."""
    rng = np.random.default_rng(0)
    rows = np.concatenate([rng.normal(place, 0.1, (20, 1)) for place in places])
    groups = np.repeat(["f", "f", "m", "m"], 20)
    return rows, np.repeat(["no", "yes", "no", "yes"], 20), groups


def test_a_cell_that_vanishes_in_situation_testing_is_named():
    # The line between labels lies at -2.5 for f and at 2.5 for m.
    rows, labels, groups = four_cells([-5, 0.1, -0.1, 5])
    spy = SmoteSpy(**EXACT, situation_testing=True)
    with pytest.warns(SmallGroupWarning, match="testing: f with label yes; m with"):
        spy.fit(rows, labels, sensitive_features=groups)
    assert spy.n_dropped_ == 40
    assert sizes_of(spy.seen) == {(0, 0): 20, (1, 1): 20}


@pytest.mark.filterwarnings("ignore::skrunner.exceptions.SmallGroupWarning")
def test_a_group_that_vanishes_is_refused():
    rows = np.random.default_rng(0).normal(size=(80, 2)) * 0.01
    groups = np.repeat(["f", "m"], 40)  # the labels too: all depends on the group
    estimator = FairSmoteClassifier(**EXACT, situation_testing=True)
    match = r"all rows of group\(s\) f, m: .* Pass situation_testing=False"
    with pytest.raises(ValueError, match=match):
        estimator.fit(rows, groups, sensitive_features=groups)
    assert not hasattr(estimator, "net_")


@pytest.mark.filterwarnings("ignore::skrunner.exceptions.SmallGroupWarning")
def test_a_label_that_vanishes_is_refused():
    # At 0 the group decides the label, and only there are rows of label yes.
    rows, _, groups = four_cells([-5, 0, -5, 0])
    labels = np.where((groups == "f") & (rows[:, 0] > -2), "yes", "no")
    estimator = FairSmoteClassifier(**EXACT, situation_testing=True)
    with pytest.raises(ValueError, match=r"all rows of label\(s\) yes:"):
        estimator.fit(rows, labels, sensitive_features=groups)


def test_each_call_of_partial_fit_makes_rows_anew():
    spy = SmoteSpy(**EXACT)
    seen = []
    for _ in range(2):
        spy.partial_fit(X, Y, sensitive_features=A)
        seen.append(spy.seen)
    assert rows_of(seen[0])[:N] == rows_of(seen[1])[:N]
    assert (seen[0].X[N:] != seen[1].X[N:]).double().mean() > 0.9
    assert len(spy.history_) == 2


def test_other_seeds_make_other_rows():
    made = [
        fit(SmoteSpy(**{**EXACT, "random_state": seed})).seen.X[N:]
        for seed in (0, 0, 1)
    ]
    np.testing.assert_array_equal(made[0], made[1])
    assert (made[0] != made[2]).float().mean() > 0.9


def test_only_tables():
    net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(6, 1))
    estimator = FairSmoteClassifier(**{**SMALL, "net_params": None}, net=net)
    with pytest.raises(ValueError, match=r"tables.*got shape \(240, 2, 3\).*Oversamp"):
        fit(estimator, X=X.to_numpy().reshape(N, 2, 3))


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"scale": -0.1}, "'scale' parameter"),
        ({"crossover": 1.1}, "'crossover' parameter"),
        ({"strict": "yes"}, "'strict' parameter"),
        ({"categorical_features": "red"}, "'categorical_features' parameter"),
        ({"categorical_features": ["green"]}, "holds 'green', which is not a column"),
        ({"situation_testing": 2}, "'situation_testing' parameter"),
    ],
)
def test_bad_parameters_are_refused(params, match):
    with pytest.raises(ValueError, match=match):
        fit(FairSmoteClassifier(**SMALL, **params))


def test_there_is_no_sample_weight():
    estimator = FairSmoteClassifier(**SMALL)
    assert not has_fit_parameter(estimator, "sample_weight")
    with pytest.raises(TypeError, match="sample_weight"):
        fit(estimator, sample_weight=np.ones(N))


@pytest.mark.filterwarnings("ignore::skrunner.exceptions.SmallGroupWarning")
def test_seeds_copies_and_searches(tmp_path):
    check_seeds(FairSmoteClassifier, situation_testing=True)
    check_copies(FairSmoteClassifier, tmp_path)
    check_search(FairSmoteClassifier, "scale", [0.2, 0.8])


def test_a_net_of_the_users_takes_the_rows():
    net = Tiny(6)
    clf = fit(FairSmoteClassifier(**{**SMALL, "net_params": None}, net=net))
    assert clf.predict_proba(X).shape == (N, 2)
