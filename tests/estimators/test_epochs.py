"""Which epoch is kept, by which rows, and what history tells of it."""

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score

from skrunner import NetClassifier, RunnerClassifier
from skrunner.data import split_validation
from skrunner.datasets import make_biased_classification
from skrunner.exceptions import CollapseWarning, ValidationShareWarning
from skrunner.metrics import delta_dp, delta_eo
from skrunner.training import draw_seeds
from tests.estimators.rows import SMALL, fit, runner, weights_of

MADE = make_biased_classification(
    600,
    n_features=6,
    n_groups=3,
    group_proportions=[0.5, 0.3, 0.2],
    base_rate_gap=0.5,
    class_sep=0.5,
    random_state=0,
)
DATA = MADE.data, MADE.target, MADE.sensitive_features["group"]
TRAINED = {**SMALL, "batch_size": 100, "lr": 0.02, "max_epochs": 8}
REPAIR = {"fairness_batch_size": 60, "fairness_weight": 0.3, "gap": "mean",
          "neuron_ratio": 0.2}  # fmt: skip
COLUMNS = ["epoch", "train_loss", "train_loss_best", "predictive_loss",
           "fairness_term", "train_gap", "dur"]  # fmt: skip
VALIDATED = ["valid_loss", "valid_loss_best", "valid_utility", "valid_gap",
             "valid_collapsed"]  # fmt: skip


def train(classifier=RunnerClassifier, data=DATA, **changes):
    if classifier is RunnerClassifier:
        changes = {**REPAIR, **changes}
    rows, labels, groups = data
    estimator = classifier(**{**TRAINED, **changes})
    return estimator.fit(rows, labels, sensitive_features=groups)


def expected_epoch(history, rule, drop):
    """Choose by hand."""
    sound = history[~history["valid_collapsed"].astype(bool)]
    if rule == "within_utility":
        sound = sound[sound["valid_utility"] >= sound["valid_utility"].max() - drop]
    order = sound.sort_values(
        ["valid_gap", "valid_utility", "epoch"], ascending=[True, False, True]
    )
    return int(order["epoch"].iloc[0])


@pytest.mark.parametrize("constraints", ["demographic_parity", "equalized_odds"])
@pytest.mark.parametrize("drop", [0.0, 0.01, 0.1])
@pytest.mark.parametrize("rule", ["within_utility", "min_gap"])
def test_the_chosen_epoch(rule, drop, constraints):
    params = {"constraints": constraints, "select_epoch": rule, "utility_drop": drop}
    estimator = train(**params)
    history = estimator.history_
    assert estimator.chosen_epoch_ == expected_epoch(history, rule, drop)
    last = train(
        constraints=constraints,
        select_epoch="last",
        validation_fraction=0.2,
        max_epochs=estimator.chosen_epoch_,
    )
    np.testing.assert_array_equal(weights_of(estimator), weights_of(last))


def test_the_rules_choose_differently():
    params = {"constraints": "equalized_odds", "utility_drop": 0.0}
    rules = ("last", "min_gap", "within_utility")
    chosen = [train(select_epoch=rule, **params).chosen_epoch_ for rule in rules]
    assert chosen[0] == 8
    assert len(set(chosen)) == 3


@pytest.mark.parametrize("classifier", [RunnerClassifier, NetClassifier])
def test_validation_scores_are_those_of_the_rows_set_aside(classifier):
    labels, groups = (np.asarray(part) for part in DATA[1:])
    estimator = train(
        classifier, constraints="equalized_odds", validation_fraction=0.25
    )
    codes = np.unique(groups, return_inverse=True)[1] * 2 + labels
    seed = np.random.RandomState(draw_seeds(0).split)
    train_rows, valid = split_validation(codes, 0.25, seed)
    assert len(train_rows) + len(valid) == 600
    scores = estimator.predict_proba(MADE.data.iloc[valid])[:, 1]
    last = estimator.history_.iloc[-1]
    utility = average_precision_score(labels[valid], scores)
    assert last["valid_utility"] == pytest.approx(utility, abs=1e-9)
    gap = delta_eo(labels[valid], scores > 0.5, sensitive_features=groups[valid])
    assert last["valid_gap"] == pytest.approx(gap, abs=1e-9)


def test_history():
    assert set(train().history_) == {*COLUMNS}
    assert set(train(validation_fraction=0.2).history_) == {*COLUMNS, *VALIDATED}
    plain = NetClassifier(**TRAINED).fit(*DATA[:2])
    assert set(plain.history_) == {*COLUMNS}
    assert plain.history_["epoch"].tolist() == list(range(1, 9))
    assert plain.history_[["fairness_term", "train_gap"]].isna().all(axis=None)
    assert plain.history_["train_loss"].is_monotonic_decreasing
    repaired = train().history_
    parts = repaired["predictive_loss"] + 0.3 * repaired["fairness_term"]
    np.testing.assert_allclose(repaired["train_loss"], parts, rtol=1e-6)


def test_three_classes_are_chosen_by_accuracy():
    made = make_biased_classification(
        600, n_groups=3, n_classes=3, base_rate_gap=0.5, random_state=0
    )
    data = made.data, made.target, made.sensitive_features["group"]
    estimator = train(data=data, select_epoch="within_utility", max_epochs=4)
    labels = made.target.to_numpy()
    codes = np.unique(data[2], return_inverse=True)[1] * 3 + labels
    seed = np.random.RandomState(draw_seeds(0).split)
    valid = split_validation(codes, 0.2, seed)[1]
    predicted = estimator.predict(made.data.iloc[valid])
    row = estimator.history_.iloc[estimator.chosen_epoch_ - 1]
    accuracy = np.mean(predicted == labels[valid])
    assert row["valid_utility"] == pytest.approx(accuracy, abs=1e-9)
    gap = delta_dp(
        labels[valid],
        predicted,
        sensitive_features=np.asarray(data[2])[valid],
        average="macro",
    )
    assert row["valid_gap"] == pytest.approx(gap, abs=1e-9)


def few_positives(n_rows):
    """Return rows of which group_2 has three positives."""
    rows = np.arange(600)
    groups, labels = DATA[2].to_numpy(), DATA[1].to_numpy()
    rare = np.flatnonzero((groups == "group_2") & (labels == 1))
    rows = np.setdiff1d(rows, rare)[: n_rows - 3]
    rows = np.r_[rows, rare[:3]]
    return tuple(part.iloc[rows] for part in DATA)


QUIET = {"min_group_size": 0, "min_cell_size": 0}
STRICT = {
    **QUIET,
    "constraints": "true_positive_rate_parity",
    "select_epoch": "within_utility",
    "fairness_batch_size": 3,
    "batch_size": 40,
    "max_epochs": 3,
}


def test_a_share_too_small_to_choose_by():
    data = few_positives(300)
    message = r"share of \d+ rows holds 1 row\(s\) of a group.*validation_fraction"
    with pytest.warns(ValidationShareWarning, match=message):
        estimator = train(data=data, **STRICT)
    assert estimator.chosen_epoch_ == 3
    assert "valid_gap" not in estimator.history_
    last = train(data=data, **{**STRICT, "select_epoch": "last"})
    np.testing.assert_array_equal(weights_of(estimator), weights_of(last))
    # A share that is asked for is recorded all the same.
    with pytest.warns(ValidationShareWarning, match="holds 1 row"):
        asked = train(data=data, validation_fraction=0.3, **STRICT)
    assert asked.history_["valid_loss"].notna().all()
    assert asked.chosen_epoch_ == 3
    # Demographic parity compares groups, of which there are enough rows.
    parity = train(
        data=data, **{**STRICT, "constraints": "demographic_parity", "lr": 0.2}
    )
    assert "valid_gap" in parity.history_


def test_rows_of_weight_0_do_not_choose():
    rows, labels, groups = few_positives(300)
    weight = (groups != "group_2") * 1.0
    estimator = RunnerClassifier(**{**TRAINED, **STRICT})
    message = r"share of \d+ rows holds 0 row\(s\) of a group"
    with pytest.warns(ValidationShareWarning, match=message):
        estimator.fit(rows, labels, sensitive_features=groups, sample_weight=weight)


@pytest.mark.parametrize("classifier", [NetClassifier, RunnerClassifier])
def test_a_share_of_no_rows(classifier):
    few = tuple(part.iloc[:40] for part in DATA)
    with pytest.raises(ValueError, match=r"validation_fraction=0\.01 sets none of 40"):
        train(classifier, data=few, validation_fraction=0.01, **QUIET)


@pytest.mark.filterwarnings("ignore::skrunner.exceptions.CollapseWarning")
def test_below_a_hundred_rows_it_is_silent():
    estimator = train(data=few_positives(99), **STRICT)
    assert "valid_gap" not in estimator.history_


def test_patience():
    params = {"max_epochs": 40, "lr": 0.2, "patience": 2}
    estimator = train(select_epoch="within_utility", **params)
    epochs = len(estimator.history_)
    assert epochs < 40
    assert estimator.chosen_epoch_ <= epochs - 2
    plain = train(NetClassifier, validation_fraction=0.3, **params)
    losses = plain.history_["valid_loss"]
    assert losses.idxmin() == len(losses) - 3


def test_a_net_that_names_one_class_is_called_a_collapse():
    labels = np.where(np.arange(240) % 12 == 0, "rich", "poor")
    message = r"predicts 'poor' for all 240 training rows.*no repair"
    with pytest.warns(CollapseWarning, match=message):
        estimator = fit(runner(lr=0.1), X=np.zeros((240, 2)), y=labels)
    assert set(estimator.predict(np.zeros((3, 2)))) == {"poor"}


def test_collapsed_epochs_are_refused():
    # A heavy repair soon predicts alike for all; the first epochs do not yet.
    kept = train(select_epoch="min_gap", fairness_weight=10.0, lr=0.05)
    collapsed = kept.history_["valid_collapsed"].astype(bool)
    assert 0 < collapsed.sum() < len(collapsed)
    assert not collapsed[kept.chosen_epoch_ - 1]
    smallest = kept.history_["valid_gap"].idxmin()
    assert collapsed[smallest]


def test_all_epochs_collapsed():
    still = {"optimizer": torch.optim.SGD, "lr": 1e-9, "max_epochs": 2}
    data = (MADE.data * 0, *DATA[1:])
    with pytest.warns(CollapseWarning) as caught:
        estimator = train(data=data, select_epoch="min_gap", **still)
    validation, training = (str(warning.message) for warning in caught)
    assert "In every epoch" in validation
    assert f"Epoch {estimator.chosen_epoch_}, of the best utility" in validation
    assert "for all 600 training rows" in training
    utility = estimator.history_["valid_utility"]
    assert utility[estimator.chosen_epoch_ - 1] == utility.max()
