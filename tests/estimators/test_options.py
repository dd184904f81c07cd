"""Every option of the repair reaches the training, and means what it says."""

import numpy as np
import pytest
from torch import nn

from tests.estimators.rows import A, X, fit, runner, weights_of

pytestmark = pytest.mark.filterwarnings("ignore::skrunner.exceptions.CollapseWarning")
TWO_LAYERS = {"net_params": {"hidden": (6, 4)}, "precision": "fp64", "max_epochs": 6,
              "lr": 0.05, "fairness_weight": 0.5, "gap": "mean",
              "diagnose_every": 1}  # fmt: skip


def trained(**changes):
    return fit(runner(**{**TWO_LAYERS, **changes}))


def differ(one, other):
    return np.abs(weights_of(one) - weights_of(other)).max() > 1e-4


OPTIONS = {
    "neuron_ratio": (0.2, 0.8),
    "importance": ("sum_sq", "signed"),
    "layers": (None, "layers.0"),
    "include_output": (True, False),
    "reduction": ("mean", "sum"),
    "normalize": (False, True),
    "gap": ("mean", "threshold"),
    "constraints": ("demographic_parity", "equalized_odds"),
    "fairness_weight": (0.5, 1.0),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_matters(name):
    one, other = (
        trained(neuron_ratio=0.5, **{name: value})
        if name != "neuron_ratio"
        else trained(neuron_ratio=value)
        for value in OPTIONS[name]
    )
    assert differ(one, other)


def test_all_neurons_are_a_ratio_of_one():
    every = trained(importance="all", neuron_ratio=0.1)
    whole = trained(importance="sum_sq", neuron_ratio=1.0)
    np.testing.assert_allclose(weights_of(every), weights_of(whole), rtol=0, atol=1e-12)


def test_a_sum_is_the_mean_times_the_number_of_neurons():
    # Three of six neurons are held in one layer, and nothing else.
    only = {"layers": "layers.0", "include_output": False, "neuron_ratio": 0.5}
    added = trained(**only, reduction="sum", fairness_weight=0.1)
    averaged = trained(**only, reduction="mean", fairness_weight=0.3)
    np.testing.assert_allclose(
        weights_of(added), weights_of(averaged), rtol=0, atol=1e-9
    )


def test_layers_add_up():
    # In the first step: the term of both layers is the sum of each one's.
    def first_term(**changes):
        estimator = trained(include_output=False, neuron_ratio=1.0, **changes)
        return estimator.history_["fairness_term"][0]

    parts = first_term(layers="layers.0") + first_term(layers="layers.2")
    assert first_term(layers=["layers.0", "layers.2"]) == pytest.approx(parts, rel=1e-9)
    assert first_term() == pytest.approx(parts, rel=1e-9)
    assert first_term(layers=nn.Linear) == pytest.approx(parts, rel=1e-9)
    with_output = trained(neuron_ratio=1.0).history_.iloc[0]
    expected = parts + with_output["train_gap"]
    assert with_output["fairness_term"] == pytest.approx(expected, rel=1e-9)


def test_the_first_term_is_the_diagnosed_discrimination():
    # One step from known weights: equation 9 by hand, from the public diagnosis.
    start = trained(max_epochs=1, lr=1e-30)
    frame = start.diagnose(X, sensitive_features=A, importance="sum_sq").to_frame()
    ratio = start.neuron_ratio_
    by_hand = 0.0
    for _, layer in frame.groupby("layer"):
        k = max(1, round(ratio * len(layer)))
        by_hand += layer.nlargest(k, "importance")["discrimination"].mean()
    term = trained(
        max_epochs=1, lr=1e-30, importance="sum_sq", include_output=False
    ).history_["fairness_term"][0]
    assert term == pytest.approx(by_hand, rel=1e-6)


def test_neurons_are_chosen_anew_only_so_often():
    params = {"importance": "random", "neuron_ratio": 0.2, "max_epochs": 4}
    often, seldom = (trained(**params, diagnose_every=n) for n in (1, 3))
    never = trained(**params, diagnose_every=100)
    assert differ(often, seldom)
    assert differ(seldom, never)
    # The fourth step is the second choice of every third: until then they agree.
    short = {**params, "max_epochs": 3}
    np.testing.assert_array_equal(
        weights_of(trained(**short, diagnose_every=3)),
        weights_of(trained(**short, diagnose_every=100)),
    )


def test_random_neurons_come_from_the_seed():
    params = {
        "importance": "random",
        "neuron_ratio": 0.2,
        "net_params": {"hidden": (9,)},
    }
    start = trained(max_epochs=1, lr=1e-30).net_.module_
    nets = [
        trained(net=start, **{**params, "net_params": None}, random_state=seed)
        for seed in (0, 0, 1)
    ]
    np.testing.assert_array_equal(weights_of(nets[0]), weights_of(nets[1]))
    assert differ(nets[0], nets[2])  # full batches: nothing else is drawn


def test_momentum_smooths_the_gap():
    # With a share of the past, a running gap moves less from step to step.
    batches = {"sampling": "shared", "batch_size": 24, "max_epochs": 1,
               "steps_per_epoch": 1, "lr": 1e-30}  # fmt: skip

    def gaps(momentum):
        estimator = runner(**{**TWO_LAYERS, **batches, "max_epochs": 30},
                           gap_momentum=momentum)  # fmt: skip
        return fit(estimator).history_["train_gap"].to_numpy()

    plain, smooth = gaps(0.0), gaps(0.9)
    assert plain[0] == smooth[0]
    assert (
        np.abs(np.diff(smooth[10:])).mean() < 0.5 * np.abs(np.diff(plain[10:])).mean()
    )
