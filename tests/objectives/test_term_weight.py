"""The weight of the fairness term, by hand and on the gradients of a net."""

import numpy as np
import pytest
import torch
from torch import nn

from skrunner import RunnerClassifier
from skrunner.baselines import GapRegularizationClassifier
from skrunner.objectives import TermWeight
from tests.device import DEVICE
from tests.estimators.nets import SmallConv
from tests.estimators.rows import SMALL, N, fit, weights_of


def vectors():
    """Two parameters whose gradients are known: 3, 4 and 0; 6, 0 and 8."""
    a = nn.Parameter(torch.zeros(2, dtype=torch.float64, device=DEVICE))
    b = nn.Parameter(torch.zeros((), dtype=torch.float64, device=DEVICE))
    frozen = nn.Parameter(torch.zeros(3, device=DEVICE), requires_grad=False)
    predictive = 3 * a[0] + 4 * a[1] + 1
    fairness = 6 * a[0] + 8 * b + 2
    return predictive, fairness, [a, frozen, b]


@pytest.mark.parametrize(
    ("limit", "weight", "wanted"),
    # lengths of the gradients: 5 and 10
    [(None, 7.0, 7.0), (0.5, 7.0, 0.25), (1.0, 7.0, 0.5), (2.0, 0.3, 0.3)],
)
def test_the_gradient_is_cut_to_its_share(limit, weight, wanted):
    predictive, fairness, parameters = vectors()
    term = TermWeight(weight, gradient_limit=limit, parameters=parameters)
    loss = term.add(predictive, fairness, 0)
    assert loss.item() == pytest.approx(1 + 2 * wanted, abs=1e-12)
    loss.backward()
    a, _, b = parameters
    found = [*a.grad.tolist(), b.grad.item()]
    assert found == pytest.approx([3 + 6 * wanted, 4, 8 * wanted], abs=1e-12)


def test_norms_are_kept_between_measurements():
    predictive, fairness, parameters = vectors()
    term = TermWeight(9.0, gradient_limit=1.0, parameters=parameters)
    found = [
        (term.add(scale * predictive, fairness, step).item() - scale) / 2
        for step, scale in enumerate((1, 2, 3, 4, 5, 6, 7))
    ]
    assert found == pytest.approx([0.5] * 5 + [3.0] * 2, abs=1e-12)
    again = TermWeight(9.0, gradient_limit=1.0, parameters=parameters)
    again.load_state_dict(term.state_dict())
    assert again.add(predictive, fairness, 8).item() == pytest.approx(7, abs=1e-12)


def test_a_weight_that_warms_up_is_limited_by_what_it_is_now():
    predictive, fairness, parameters = vectors()
    term = TermWeight(1.0, warm_up_steps=4, gradient_limit=1.0, parameters=parameters)
    found = [(term.add(predictive, fairness, step).item() - 1) / 2 for step in range(5)]
    assert found == pytest.approx([0, 0.25, 0.5, 0.5, 0.5], abs=1e-12)


def test_a_term_without_a_gradient_trains_on():
    predictive, _, parameters = vectors()
    term = TermWeight(1.0, gradient_limit=0.5, parameters=parameters)
    still = 0.0 * parameters[0].sum() + 3.0
    assert term.add(predictive, still, 0).item() == pytest.approx(4, abs=1e-12)


@pytest.mark.parametrize("kind", [RunnerClassifier, GapRegularizationClassifier])
def test_any_weight_trains_the_same_net_once_it_is_limited(kind):
    def weights(**params):
        return weights_of(fit(kind(**SMALL, gap="mean", **params)))

    limited = {"fairness_gradient_limit": 0.3}
    strong = weights(fairness_weight=1e3, **limited)
    stronger = weights(fairness_weight=1e6, **limited)
    np.testing.assert_allclose(strong, stronger, rtol=1e-5, atol=1e-7)
    assert np.abs(strong - weights(fairness_weight=1e3)).max() > 1e-3
    weak = weights(fairness_weight=1e-3, **limited)
    np.testing.assert_allclose(
        weak, weights(fairness_weight=1e-3), rtol=1e-5, atol=1e-7
    )


@pytest.mark.filterwarnings("ignore::skrunner.exceptions.CollapseWarning")
@pytest.mark.parametrize("kind", [RunnerClassifier, GapRegularizationClassifier])
def test_images_are_limited_unless_it_is_said_otherwise(kind):
    pixels = np.random.default_rng(0).integers(0, 256, (N, 1, 4, 4), dtype=np.uint8)

    def weights(weight, **params):
        params |= {"net": SmallConv, "net_params": None, "gap": "mean"}
        # Adam would blow up the rounding of the bias that BatchNorm takes away again.
        params |= {"optimizer": torch.optim.SGD, "fairness_weight": weight}
        return weights_of(fit(kind(**{**SMALL, **params}), X=pixels))

    default, free = weights(1e3), weights(1e3, fairness_gradient_limit=np.inf)
    limited = weights(1e3, fairness_gradient_limit=0.2)
    np.testing.assert_allclose(default, limited, rtol=1e-5, atol=1e-7)
    assert np.abs(default - free).max() > 1e-3
    table = fit(kind(**SMALL, fairness_weight=1e3))
    same = fit(kind(**SMALL, fairness_weight=1e3, fairness_gradient_limit=np.inf))
    np.testing.assert_array_equal(weights_of(table), weights_of(same))


def test_a_limit_is_positive():
    with pytest.raises(ValueError, match="fairness_gradient_limit"):
        fit(RunnerClassifier(**SMALL, fairness_gradient_limit=0.0))
