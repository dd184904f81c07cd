"""What users get wrong: each case and the message it gives. Nothing trains silently."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch

from skrunner import NetClassifier
from skrunner.exceptions import SmallGroupWarning
from tests.estimators.rows import SMALL, A, N, X, Y, case, fit, put, runner

BAD_ROWS = [
    case("X and y differ in length", r"samples: \[240, 239\]", data={"y": Y[:-1]}),
    case("groups too short", r"has 239 row\(s\), but X has 240", data={
        "sensitive_features": A[:-1]}),
    case("weights too short", r"sample_weight.shape == \(239,\)", data={
        "sample_weight": np.ones(N - 1)}),
    case("weights negative", r"Negative values in data passed to `sample_w", data={
        "sample_weight": put(np.ones(N), 3, -1)}),
    case("weights NaN", r"sample_weight contains NaN", data={
        "sample_weight": put(np.ones(N), 3, np.nan)}),
    case("weights all zero", r"at least one non-zero", data={
        "sample_weight": np.zeros(N)}),
    case("NaN in X", r"X contains NaN", data={"X": put(X, (3, 1), np.nan)}),
    case("infinity in X", r"X contains infinity", data={"X": put(X, (3, 1), np.inf)}),
    case("NaN in groups", r"1 row\(s\) with a missing value.*missing='group'", data={
        "sensitive_features": put(A, 3, np.nan, object)}),
    case("None in groups", r"1 row\(s\) with a missing value.*missing='group'", data={
        "sensitive_features": put(A, 3, None, object)}),
    case("NaN in one of two columns", r"1 row\(s\) with a missing value", data={
        "sensitive_features": pd.DataFrame({"a": A, "b": put(Y, 3, np.nan, float)})}),
    case("no groups", r"RunnerClassifier needs sensitive_features.*fit\(X, y, "
         r"sensitive_features=.*sensitive_columns=.*enable_metadata_routing", data={
             "sensitive_features": None}),
    case("a name as groups", r"must have one or two dimensions, got 0", data={
        "sensitive_features": "sex"}),
    case("continuous groups", r"'age' looks continuous: 240 dist.*pandas\.cut", data={
        "sensitive_features": pd.Series(np.linspace(18, 80, N) + 0.25, name="age")}),
    case("one group", r"one group \(f\).*train NetClassifier", data={
        "sensitive_features": ["f"] * N}),
    case("one class", r"y has one class \(\[0\]\)", data={"y": np.zeros(N, int)}),
    case("None in y", r"y contains NaN: 1 of 240 labels",
         data={"y": put(Y, 3, None, object)}),
    case("NaN in y", r"y contains NaN", data={"y": put(Y, 3, np.nan, float)}),
    case("continuous y", r"Unknown label type: continuous", data={
        "y": np.linspace(0, 1, N)}),
    case("strings among numbers in y", r"uniformly strings or numbers.*'int', 'str'",
         error=TypeError, data={"y": put(Y, 3, "yes", object)}),
    case("two columns of y", r"y should be a 1d array", data={"y": np.c_[Y, Y]}),
    case("no y", r"requires y to be passed, but the target y is None", data={
        "y": None}),
    case("strings in X", r"could not convert string to float: 'high'", data={
        "X": X.assign(noise_5="high")}),
    case("sparse X", r"Sparse data was passed.*dense", error=TypeError, data={
        "X": scipy.sparse.csr_array(X.to_numpy())}),
    case("empty X", r"0 sample\(s\)", data={
        "X": X[:0], "y": Y[:0], "sensitive_features": A[:0]}),
    case("X without columns", r"0 feature\(s\)", data={"X": X.to_numpy()[:, :0]}),
    case("one axis", r"Expected 2D array, got 1D array", data={
        "X": X.to_numpy()[:, 0]}),
    case("three axes for the preset", r"Found array with dim 3", data={
        "X": np.zeros((N, 2, 3))}),
]  # fmt: skip


def must_be(name, value, match):
    text = rf"'{name}' parameter of RunnerClassifier must be .*{match}"
    return case(f"{name}={value!r}", text, params={name: value})


BAD_PARAMETERS = [
    must_be("constraints", "parity", r"equalized_odds.*Got 'parity'"),
    must_be("importance", "gradient", r"sum_sq.*Got 'gradient'"),
    must_be("sampling", "even", r"two_stream.*Got 'even'"),
    must_be("gap", "median", r"wasserstein.*Got 'median'"),
    must_be("reduction", "max", r"mean.*Got 'max'"),
    must_be("select_epoch", "best", r"within_utility.*Got 'best'"),
    must_be("precision", "fp16", r"bf16.*Got 'fp16'"),
    must_be("missing", "drop", r"group.*Got 'drop'"),
    must_be("lr", 0, r"range \(0\.0, inf\).*Got 0"),
    must_be("max_epochs", 0, r"int in the range \[1, inf\).*Got 0"),
    must_be("batch_size", 1.5, r"int in the range \[1, inf\).*Got 1\.5"),
    must_be("fairness_weight", -1, r"range \[0\.0, inf\).*Got -1"),
    must_be("neuron_ratio", 5, r"range \(0\.0, 1\.0\].*Got 5"),
    must_be("neuron_ratio", 0, r"range \(0\.0, 1\.0\].*Got 0"),
    must_be("validation_fraction", 1.0, r"range \(0\.0, 1\.0\).*Got 1"),
    must_be("gap_momentum", 1.0, r"range \[0\.0, 1\.0\).*Got 1"),
    must_be("random_state", "seed", r"Got 'seed'"),
    case("unknown device", r"device type at start of device string: bogus",
         error=RuntimeError, params={"device": "bogus"}),
    case("unknown layers", r"layers='head' matches no layer.*layers\.0, layers\.2",
         params={"layers": "head"}),
    case("unknown column", r"holds 'sex', which is not a column of X. Known: .*proxy_4",
         params={"sensitive_columns": "sex"}),
    case("unknown column in a list", r"holds 'sex', which is not",
         params={"sensitive_columns": ["proxy_4", "sex"]}),
    case("name with an array", r"names 'sex', but X is a ndarray without column names.*"
         r"set_output\(transform='pandas'\).*callable",
         params={"sensitive_columns": "sex"}, data={"X": X.to_numpy()}),
    case("negative position", r"holds -1, which is not a column of X. Known: 0 to 5",
         params={"sensitive_columns": -1}, data={"X": X.to_numpy()}),
    case("position too large", r"holds 6, which is not a column of X. Known: 0 to 5",
         params={"sensitive_columns": [0, 6]}, data={"X": X.to_numpy()}),
    case("mask of columns", r"names or positions.*got False of type bool",
         params={"sensitive_columns": [False] * 5 + [True]}),
    case("float position", r"names or positions.*got 1\.0 of type float",
         params={"sensitive_columns": 1.0}),
    case("callable that returns too few", r"has 3 row\(s\), but X has 240",
         params={"sensitive_columns": lambda X: X[:3, 0] > 0},
         data={"sensitive_features": None}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("params", "data", "error", "match"), [*BAD_ROWS, *BAD_PARAMETERS]
)
def test_a_message_and_no_training(params, data, error, match):
    estimator = runner(**params)
    with pytest.raises(error, match=f"(?s){match}"):
        fit(estimator, **data)
    assert not hasattr(estimator, "net_")


NEEDS_NO_GROUPS = [one for one in BAD_ROWS if "sensitive_features" not in one[0][1]]


@pytest.mark.parametrize(("params", "data", "error", "match"), NEEDS_NO_GROUPS)
def test_the_same_of_a_plain_net(params, data, error, match):
    estimator = NetClassifier(**SMALL, **params)
    with pytest.raises(error, match=f"(?s){match}".replace("Runner", "(Net|Runner)")):
        fit(estimator, **{"sensitive_features": None, **data})
    assert not hasattr(estimator, "net_")


def test_an_epoch_cannot_be_chosen_by_a_gap_without_groups():
    estimator = NetClassifier(**{**SMALL, "select_epoch": "within_utility"})
    with pytest.raises(
        ValueError, match="'within_utility' compares the gap between gr"
    ):
        estimator.fit(X, Y)


DIVERGING = {
    "in an epoch": {"batch_size": 20},
    "in the last step": {"max_epochs": 1},
    "before validation rows are scored": {"max_epochs": 1, "validation_fraction": 0.2},
}


@pytest.mark.parametrize("params", DIVERGING.values(), ids=DIVERGING)
def test_a_training_that_diverges(params):
    estimator = runner(lr=1e36, fairness_batch_size=30, **params)
    with pytest.raises(FloatingPointError, match=r"diverged.*Lower lr"):
        fit(estimator)
    assert not hasattr(estimator, "net_")


def test_missing_as_a_group():
    groups = put(A, np.arange(30), None, object)
    estimator = fit(runner(missing="group"), sensitive_features=groups)
    assert "<missing>" in estimator.group_names_
    assert len(estimator.group_names_) == 4


def finite(estimator):
    return all(
        torch.isfinite(weight).all() for weight in estimator.net_.module_.parameters()
    )


def only(cell_rows):
    """Return rows in which group_2 has so many positives."""
    keep = (A != "group_2") | (Y == 0)
    keep[np.flatnonzero((A == "group_2") & (Y == 1))[:cell_rows]] = True
    return {"X": X[keep], "y": Y[keep], "sensitive_features": A[keep]}


@pytest.mark.parametrize("sampling", ["two_stream", "shared", "balanced"])
@pytest.mark.parametrize(
    ("rows", "match"),
    [
        (1, r"min_cell_size=5 rows: group_2 with label 1 \(1 rows\)"),
        (0, r"without a row.*not repaired: group_2 with label 1\. "),
    ],
)
def test_thin_cells_are_named_and_do_not_break_the_net(rows, match, sampling):
    estimator = runner(
        constraints="equalized_odds",
        sampling=sampling,
        batch_size=6,
        fairness_batch_size=6,
        min_group_size=0,
    )
    with pytest.warns(SmallGroupWarning, match=match):
        fit(estimator, **only(rows))
    assert finite(estimator)
    assert (estimator.history_["fairness_term"] > 0).all()


def test_a_small_group_is_named():
    keep = np.r_[np.flatnonzero(A != "group_2"), np.flatnonzero(A == "group_2")[:7]]
    with pytest.warns(
        SmallGroupWarning, match=r"min_group_size=20 rows: group_2 \(7 r"
    ):
        fit(runner(), X=X.iloc[keep], y=Y[keep], sensitive_features=A[keep])
