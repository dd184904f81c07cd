"""What a diagnosis takes, and what it says about what it does not take."""

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_array_equal
from torch import nn

from skrunner.diagnosis import diagnose_neurons
from skrunner.exceptions import UnsupportedModuleError
from tests.diagnosis.oracles import make_mlp, make_rows

ODDS = "equalized_odds"
RATES = "true_positive_rate_parity"


@pytest.fixture
def rows():
    return make_rows()


@pytest.mark.parametrize(
    "convert",
    [
        lambda X: X.numpy(),
        lambda X: X.tolist(),
        lambda X: pd.DataFrame(X.numpy(), columns=list("abc")),
        lambda X: X.clone().requires_grad_(),
        lambda X: np.asfortranarray(X.numpy()),
    ],
    ids=["ndarray", "list", "frame", "requires_grad", "fortran"],
)
def test_forms_of_rows(rows, convert):
    X, problem = rows
    net = make_mlp()
    expected = diagnose_neurons(net, X, sensitive_features=problem.groups)
    found = diagnose_neurons(net, convert(X), sensitive_features=problem.groups)
    assert_array_equal(found.importance, expected.importance)


def test_whole_numbers_take_the_type_of_the_module(rows):
    X, problem = rows
    X = X.round()
    net = make_mlp()
    expected = diagnose_neurons(net, X, sensitive_features=problem.groups)
    integers = X.numpy().astype(np.int64)
    found = diagnose_neurons(net, integers, sensitive_features=problem.groups)
    assert_array_equal(found.importance, expected.importance)


@pytest.mark.parametrize("container", [list, np.array, pd.Series, pd.Categorical])
def test_labels_as_text_follow_classes(rows, container):
    X, problem = rows
    net = make_mlp()

    def importance(y, **options):
        return diagnose_neurons(
            net, X, y, sensitive_features=problem.groups, constraints=RATES, **options
        ).importance

    positive = importance(problem.labels)
    negative = importance([1 - label for label in problem.labels])
    assert not np.allclose(positive, negative)
    text = container(["good" if label else "poor" for label in problem.labels])
    assert_array_equal(importance(text), negative)  # sorted: poor is 1
    assert_array_equal(importance(text, classes=["good", "poor"]), negative)
    assert_array_equal(importance(text, classes=["poor", "good"]), positive)
    assert_array_equal(importance(text, classes=np.array(["poor", "good"])), positive)


@pytest.mark.parametrize(
    "labels", [np.float64, np.int8, bool, torch.tensor], ids=lambda f: f.__name__
)
def test_labels_of_other_types(rows, labels):
    X, problem = rows
    net = make_mlp()
    options = {"sensitive_features": problem.groups, "constraints": ODDS}
    expected = diagnose_neurons(net, X, problem.labels, **options).importance
    y = labels(problem.labels) if labels is torch.tensor else None
    y = np.array(problem.labels, dtype=labels) if y is None else y
    assert_array_equal(diagnose_neurons(net, X, y, **options).importance, expected)


def test_classes_let_a_class_be_absent():
    X, problem = make_rows(3, 2)
    net = make_mlp(3)
    options = {"sensitive_features": problem.groups, "constraints": "equalized_odds"}
    with pytest.raises(ValueError, match=r"y has 2 classes.*3 output.*Pass classes="):
        diagnose_neurons(net, X, problem.labels, **options)
    with pytest.warns(UserWarning, match="without a row.*with label 2"):
        found = diagnose_neurons(net, X, problem.labels, classes=[0, 1, 2], **options)
    assert found.gap > 0


def with_nan(X):
    X = X.clone()
    X[5, 1] = torch.nan
    return X


ERRORS = {
    "constraint": ({"constraints": "parity"}, "Unknown constraints='parity'"),
    "no constraint": ({"constraints": None}, "Unknown constraints=None"),
    "importance": (
        {"importance": "eq6"},
        "Unknown importance='eq6'. Pass one of: .*taylor.*, exact",
    ),
    "ratio 0": ({"neuron_ratio": 0}, r"neuron_ratio must be in \(0, 1\], got 0"),
    "ratio 2": ({"neuron_ratio": 2}, r"neuron_ratio must be in \(0, 1\], got 2"),
    "layer": ({"layers": "conv*"}, "layers='conv\\*' matches no layer.*layers.0"),
    "missing y": ({"y": None, "constraints": ODDS}, "equalized_odds' needs the lab"),
    "short y": ({"y": [0, 1]}, r"one label for each of the 240 rows of X.*\(2,\)"),
    "wide y": ({"y": np.zeros((240, 1))}, r"one label for each.*\(240, 1\)"),
    "one label": ({"y": [1] * 240}, "y has 1 classes.*1 output.*stand for 2"),
    "other labels": (
        {"classes": [0, 2]},
        r"labels that are not in classes: \[1\]",
    ),
    "text labels": ({"classes": ["0", "1"]}, "labels that are not in classes"),
    "short groups": (
        {"sensitive_features": [0, 1, 1]},
        r"sensitive_features has 3 row\(s\), but X has 240",
    ),
    "one group": ({"sensitive_features": ["a"] * 240}, r"one group \(a\).*at least t"),
    "missing group": (
        {"sensitive_features": [None, "a", "b"] * 80},
        r"80 row\(s\) with a missing value",
    ),
    "NaN": ({"X": with_nan}, "X holds NaN or infinity. Impute"),
    "infinity": ({"X": lambda X: X / 0}, "X holds NaN or infinity"),
    "one dimension": (
        {"X": lambda X: X[:, 0]},
        r"X must have shape \(n_samples, ...\).*got \(240,\)",
    ),
    "no row": ({"X": lambda X: X[:0]}, r"at least one row, got \(0, 3\)"),
    "batch size": ({"batch_size": 0}, "batch_size must be at least 1, got 0"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(rows, name):
    changes, match = ERRORS[name]
    X, problem = rows
    call = {"y": problem.labels, "sensitive_features": problem.groups, **changes}
    call["X"] = call["X"](X) if "X" in call else X
    with pytest.raises(ValueError, match=match):
        diagnose_neurons(make_mlp(), **call)


@pytest.mark.parametrize(
    ("module", "match"),
    [
        (nn.Sequential(nn.Linear(3, 1)), "Sequential has no hidden layer: '0' alone"),
        (nn.Identity(), "Identity runs no nn.Linear or nn.Conv layer"),
        (nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 1), nn.Sigmoid()), "S"),
    ],
)
def test_unsupported_modules(rows, module, match):
    X, problem = rows
    with pytest.raises(UnsupportedModuleError, match=match):
        diagnose_neurons(module, X.float(), sensitive_features=problem.groups)
