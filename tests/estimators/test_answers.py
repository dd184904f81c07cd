"""What a fitted estimator answers: probabilities, labels, its own diagnosis."""

import copy

import numpy as np
import pytest
import torch

from skrunner import diagnose_neurons
from tests.device import DEVICE
from tests.estimators.nets import Tiny
from tests.estimators.rows import A, N, X, Y, fit, runner

pytestmark = [
    pytest.mark.filterwarnings("ignore::skrunner.exceptions.CollapseWarning"),
    pytest.mark.filterwarnings("ignore:Cell.* without a row, so that groups give"),
]
ROWS = np.ascontiguousarray(X, dtype=np.float32)


@pytest.fixture(scope="module", params=[2, 3])
def fitted(request):
    labels = np.array(["no", "yes", "later"])[
        Y + (request.param == 3) * (A > "group_0")
    ]
    return fit(runner(max_epochs=10, lr=0.1), y=labels)


@torch.no_grad()
def logits_of(estimator):
    module = estimator.net_.module_.eval()
    return module(torch.from_numpy(ROWS).to(DEVICE)).cpu().double().numpy()


def test_probabilities_are_those_of_the_module(fitted):
    logits = logits_of(fitted)
    if logits.shape[1] == 1:
        positive = 1 / (1 + np.exp(-logits[:, 0]))
        expected = np.column_stack([1 - positive, positive])
    else:
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        expected = powers / powers.sum(axis=1, keepdims=True)
    found = fitted.predict_proba(X)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=0, atol=1e-15)
    assert len(np.unique(found.argmax(axis=1))) == len(fitted.classes_)


def test_labels_are_those_of_the_largest_probability(fitted):
    assert fitted.classes_.tolist() == sorted(fitted.classes_)
    expected = fitted.classes_[fitted.predict_proba(X).argmax(axis=1)]
    np.testing.assert_array_equal(fitted.predict(X), expected)


@pytest.mark.parametrize("n_outputs", [1, 2, 3])
def test_the_first_of_equals(n_outputs):
    module = Tiny(6, n_outputs)
    with torch.no_grad():
        module.out.weight.zero_()
        module.out.bias.zero_()
    labels = np.array(["a", "b", "c"])[np.arange(N) % max(2, n_outputs)]
    still = {"optimizer": torch.optim.SGD, "lr": 1e-30}
    estimator = fit(runner(net=module, **still), y=labels)
    np.testing.assert_array_equal(
        estimator.predict_proba(X),
        np.full((N, max(2, n_outputs)), 1 / max(2, n_outputs)),
    )
    assert set(estimator.predict(X)) == {"a"}


def test_rows_are_answered_one_by_one(fitted):
    found = np.vstack([fitted.predict_proba(X.iloc[[i]]) for i in range(20)])
    np.testing.assert_allclose(found, fitted.predict_proba(X)[:20], rtol=0, atol=1e-6)


@pytest.mark.parametrize("importance", ["taylor", "exact", "sum_sq"])
@pytest.mark.parametrize("constraints", ["demographic_parity", "equalized_odds"])
def test_diagnose_is_that_of_the_module(constraints, importance):
    labels = np.where(Y, "yes", "no")
    estimator = fit(runner(constraints=constraints, neuron_ratio=0.5), y=labels)
    options = {"importance": importance, "sensitive_features": A}
    found = estimator.diagnose(X, labels, **options)
    expected = diagnose_neurons(
        estimator.net_.module_,
        ROWS,
        Y,
        constraints=constraints,
        neuron_ratio=0.5,
        **options,
    )
    assert found.to_frame().equals(expected.to_frame())
    assert found.gap == expected.gap > 0
    assert found.selected.sum() == 2
    assert (
        estimator.diagnose(X, labels, neuron_ratio=0.1, **options).selected.sum() == 1
    )
    assert found.pairs == (
        ("group_0", "group_1"), ("group_0", "group_2"), ("group_1", "group_2"),
    )  # fmt: skip


def test_diagnose_takes_layers_and_its_own_seed():
    estimator = fit(runner(net_params={"hidden": (5, 3)}, random_state=4))
    first = estimator.diagnose(X, sensitive_features=A, layers="layers.2")
    assert first.to_frame()["layer"].tolist() == ["layers.2"] * 3
    drawn = [
        estimator.diagnose(X, sensitive_features=A, importance="random").importance
        for _ in range(2)
    ]
    np.testing.assert_array_equal(*drawn)


def test_an_answer_that_is_no_number_is_an_error(fitted):
    broken = copy.deepcopy(fitted)
    with torch.no_grad():
        next(broken.net_.module_.parameters())[0, 0] = torch.nan
    for method in (broken.predict, broken.predict_proba):
        with pytest.raises(ValueError, match=f"answers NaN for {N} of {N} rows"):
            method(X)
