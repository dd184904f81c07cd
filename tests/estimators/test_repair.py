"""The repair repairs, for any number of groups and classes; weight 0 is no repair."""

from functools import partial

import numpy as np
import pandas as pd
import pytest

from skrunner import NetClassifier, RunnerClassifier
from skrunner.datasets import make_biased_classification
from skrunner.metrics import delta_dp, delta_eo, delta_fpr, delta_tpr
from tests.device import DEVICE
from tests.estimators.rows import SMALL, A, X, Y, fit, runner, weights_of

GAPS = {
    "demographic_parity": delta_dp,
    "equalized_odds": delta_eo,
    "true_positive_rate_parity": delta_tpr,
    "false_positive_rate_parity": delta_fpr,
}
TRAINED = {
    "net_params": {"hidden": (16,)},
    "max_epochs": 10,
    "lr": 0.01,
    "batch_size": 100,
    "select_epoch": "last",
    "device": DEVICE,
    "random_state": 0,
}
REPAIR = {"fairness_weight": 1.0, "gap": "mean", "fairness_batch_size": 180}


def biased(n_classes, n_groups):
    """Return rows whose labels are hard to tell without the groups' proxies."""
    made = make_biased_classification(
        3000,
        n_classes=n_classes,
        n_groups=n_groups,
        group_proportions={3: [0.5, 0.3, 0.2], 4: [0.4, 0.3, 0.2, 0.1]}[n_groups],
        base_rate_gap=0.6 if n_classes == 2 else 0.5,
        class_sep=0.4,
        proxy_strength=1.5,
        random_state=0,
    )
    labels = made.target.map({0: "refused", 1: "granted", 2: "waiting"})
    return made.data, labels, made.sensitive_features["group"]


def halves(data, classifier, constraints, **params):
    """Train on one half; return accuracy and gap on the other."""
    rows, labels, groups = data
    train, test = np.split(np.arange(len(rows)), 2)
    if classifier is RunnerClassifier:
        params = {**REPAIR, **params}
    estimator = classifier(constraints=constraints, **TRAINED, **params)
    estimator.fit(
        rows.iloc[train], labels.iloc[train], sensitive_features=groups.iloc[train]
    )
    predicted = estimator.predict(rows.iloc[test])
    truth = labels.iloc[test].to_numpy()
    measure = GAPS[constraints]
    if labels.nunique() > 2:
        measure = partial(measure, average="macro")
    gap = measure(truth, predicted, sensitive_features=groups.iloc[test])
    assert set(predicted) == set(labels)
    return np.mean(predicted == truth), gap


@pytest.fixture(scope="module", params=[2, 3], ids=["two classes", "three classes"])
def three_groups(request):
    return biased(request.param, 3)


@pytest.mark.parametrize("constraints", GAPS)
def test_the_gap_of_new_rows_shrinks(three_groups, constraints):
    accuracy, gap = halves(three_groups, RunnerClassifier, constraints)
    vanilla_accuracy, vanilla_gap = halves(three_groups, NetClassifier, constraints)
    assert vanilla_gap > 0.1
    assert gap < 0.8 * vanilla_gap  # 0.16 to 0.70 with two seeds
    assert accuracy > vanilla_accuracy - 0.1  # 0.01 to 0.08 less


@pytest.mark.parametrize("constraints", ["demographic_parity", "equalized_odds"])
def test_two_columns_are_intersected(constraints):
    rows, labels, groups = biased(2, 4)
    codes = groups.str[-1].astype(int)
    columns = pd.DataFrame({"sex": codes // 2, "race": np.where(codes % 2, "b", "a")})
    data = rows, labels, columns
    joined = halves((rows, labels, groups), RunnerClassifier, constraints)
    assert halves(data, RunnerClassifier, constraints) == joined
    _, vanilla_gap = halves(data, NetClassifier, constraints)
    assert joined[1] < 0.75 * vanilla_gap  # 0.41 to 0.58 with two seeds


@pytest.mark.parametrize("sampling", ["two_stream", "shared", "balanced"])
@pytest.mark.parametrize("gap", ["mean", "threshold", "wasserstein"])
def test_every_gap_and_sampling_repairs(gap, sampling):
    data = biased(2, 3)
    constraints = "equalized_odds"
    params = {"gap": gap, "sampling": sampling, "fairness_weight": 0.5}
    _, found = halves(data, RunnerClassifier, constraints, **params)
    _, vanilla = halves(data, NetClassifier, constraints)
    assert found < 0.75 * vanilla


@pytest.mark.parametrize("precision", ["fp32", "fp64"])
@pytest.mark.parametrize("sampling", ["two_stream", "shared"])
@pytest.mark.parametrize("batch_size", [30, 10_000])
def test_without_weight_it_is_the_plain_net(sampling, precision, batch_size):
    params = {
        "batch_size": batch_size,
        "precision": precision,
        "net_params": {"hidden": (8, 8), "dropout": 0.2},
    }
    plain = fit(NetClassifier(**{**SMALL, **params}))
    unrepaired = fit(runner(fairness_weight=0, sampling=sampling, **params))
    np.testing.assert_array_equal(weights_of(unrepaired), weights_of(plain))
    assert unrepaired.history_["fairness_term"].isna().all()
    repaired = fit(runner(fairness_weight=0.1, sampling=sampling, **params,
                          fairness_batch_size=60))  # fmt: skip
    assert np.abs(weights_of(repaired) - weights_of(plain)).max() > 1e-4


def test_groups_change_nothing_in_a_plain_net():
    blind = NetClassifier(**SMALL).fit(X, Y)
    np.testing.assert_array_equal(
        weights_of(blind), weights_of(fit(NetClassifier(**SMALL)))
    )
    assert blind.group_names_ is None
    assert fit(NetClassifier(**SMALL)).group_names_ == tuple(np.unique(A))


def test_a_single_group_with_weights_is_an_error():
    with pytest.raises(ValueError, match="0 for all rows but those of one group"):
        fit(runner(), sample_weight=(A[0] == A) * 1.0)


def test_missing_is_a_group_in_the_diagnosis_too():
    groups = A.astype(object)
    groups[:60] = None
    estimator = runner(missing="group").fit(X, Y, sensitive_features=groups)
    told = estimator.diagnose(X, Y, sensitive_features=groups).to_frame()
    named = np.where(groups == None, "<missing>", groups)  # noqa: E711
    by_hand = estimator.diagnose(X, Y, sensitive_features=named).to_frame()
    pd.testing.assert_frame_equal(told, by_hand)


@pytest.mark.parametrize("constraints", ["demographic_parity", "equalized_odds"])
def test_balanced_rows_of_a_whole_data_set_are_weighted(constraints):
    exact = {"precision": "fp64", "sampling": "balanced", "fairness_weight": 0.0}
    cells = A if constraints == "demographic_parity" else np.char.add(A, Y.astype(str))
    _, place, sizes = np.unique(cells, return_inverse=True, return_counts=True)
    ours = fit(runner(constraints=constraints, **exact))
    plain = NetClassifier(**SMALL, precision="fp64", constraints=constraints)
    fit(plain, sample_weight=1 / sizes[place])
    np.testing.assert_allclose(weights_of(ours), weights_of(plain), rtol=0, atol=1e-9)
    unweighted = weights_of(fit(NetClassifier(**SMALL, precision="fp64")))
    assert np.abs(weights_of(ours) - unweighted).max() > 1e-4
