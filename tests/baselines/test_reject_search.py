"""The search of a critical region against loops over every threshold and margin."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from skrunner.baselines import RejectOptionClassifier
from skrunner.data import split_validation
from skrunner.exceptions import UnmetBoundWarning
from skrunner.metrics import delta_dp, delta_eo
from skrunner.training import draw_seeds
from tests.baselines.given_scores import (
    answers,
    every_region,
    gap_of,
    labels_of,
    option_on,
    slow_search,
)
from tests.estimators.rows import A, X, Y

CONSTRAINTS = ["demographic_parity", "equalized_odds",
               "true_positive_rate_parity", "false_positive_rate_parity"]  # fmt: skip
OBJECTIVES = ["balanced_accuracy", "accuracy"]
ENDS = np.unique([end for t, m in every_region() for end in (t - m, t, t + m)])


def made(seed, n=90):
    """Return scores of which many are ends of regions, labels and three groups."""
    rng = np.random.default_rng(seed)
    groups = rng.choice(["a", "b", "c"], n, p=[0.5, 0.3, 0.2])
    wanted = np.clip(rng.normal(0.35 + 0.2 * (groups == "b"), 0.25), 0, 1)
    scores = np.where(
        rng.random(n) < 0.6,
        ENDS[np.abs(ENDS - wanted[:, None]).argmin(axis=1)],
        np.round(wanted, 1),
    )
    return scores, (rng.random(n) < wanted).astype(int), groups


def region_of(option):
    return option.threshold_, option.margin_


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("constraints", CONSTRAINTS)
@pytest.mark.parametrize("seed", [0, 1])
def test_the_region_is_that_of_the_loops(seed, constraints, objective):
    scores, y, groups = made(seed)
    settings = {"constraints": constraints, "objective": objective, "bound": 0.1}
    option = option_on(
        scores, y, groups, method="search", deprived=["a", "c"], **settings
    )
    expected, within = slow_search(scores, y, groups, ["a", "c"], **settings)
    assert within
    assert region_of(option) == pytest.approx(expected, abs=1e-12)
    found = answers(option, scores, groups)[0]
    expected = labels_of(scores, groups, ["a", "c"], *region_of(option))
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("constraints", CONSTRAINTS)
def test_the_region_is_that_of_the_loops_where_the_first_label_is_favorable(
    constraints,
):
    scores, y, groups = made(2)
    settings = {"constraints": constraints, "objective": "accuracy", "bound": 0.1}
    option = option_on(
        1 - scores, y, groups, method="search", deprived="b", favorable_label=0,
        **settings,
    )  # fmt: skip
    exact = 1 - (1 - scores)  # what is left of them
    expected, _ = slow_search(exact, y, groups, ["b"], favorable=0, **settings)
    assert region_of(option) == pytest.approx(expected, abs=1e-12)
    found = answers(option, 1 - scores, groups)[0]
    expected = 1 - labels_of(exact, groups, ["b"], *region_of(option))
    np.testing.assert_array_equal(found, expected)


def test_of_equal_candidates_the_first_is_taken():
    # Any threshold in [.2, .8) is perfect, with any margin that spares the scores.
    option = option_on(
        [0.2, 0.8] * 4, [0, 1] * 4, list("aabb") * 2, method="search", deprived="a"
    )
    first = next(t for t, _ in every_region() if t >= 0.2)
    assert region_of(option) == (first, 0)


def test_half_open_regions_are_empty_without_a_margin():
    # A threshold that is a score belongs to no region of margin 0: labels stay.
    threshold = np.linspace(0.01, 0.99, 100)[30]
    scores, groups = [threshold, threshold + 1e-6] * 8, list("aabb") * 4
    option = option_on(scores, [0, 1] * 8, groups, method="search", deprived="a")
    assert region_of(option) == (threshold, 0)
    np.testing.assert_array_equal(answers(option, scores, groups)[0], [0, 1] * 8)


# Hard scores leave two answers: as they are, and all of the favored unfavorable.
def hard(rates, size=10):
    """Return scores of 0 and 1 by cell, with these rates of 1 in each."""
    scores, y, groups = [], [], []
    for (group, label), rate in rates.items():
        n_high = round(rate * size)
        scores += [1.0] * n_high + [0.0] * (size - n_high)
        y, groups = y + [label] * size, groups + [group] * size
    return np.array(scores), np.array(y), np.array(groups)


def test_without_a_feasible_region_the_smallest_gap_is_taken_not_the_smallest_sign():
    # AIF360 took -.4 here, the candidate that is worst for the deprived; +.1 is nearer.
    scores, y, groups = hard({("d", 0): 0.1, ("d", 1): 0.1, ("f", 0): 0.5,
                              ("f", 1): 0.5})  # fmt: skip
    with pytest.warns(UnmetBoundWarning, match=r"bound=0\.05: the smallest is 0\.1,"):
        option = option_on(scores, y, groups, method="search")
    assert option.deprived_groups_ == ("d",)
    predicted = answers(option, scores, groups)[0]
    assert delta_dp(y, predicted, sensitive_features=groups) == pytest.approx(0.1)
    assert predicted[groups == "f"].sum() == 0
    settings = {"constraints": "demographic_parity", "objective": "accuracy"}
    expected, within = slow_search(scores, y, groups, ["d"], bound=0.05, **settings)
    assert region_of(option) == pytest.approx(expected)
    assert not within


def test_differences_of_odds_that_cancel_are_no_parity():
    # Half of (.8 - .5) + (.2 - .5) is 0: the average odds difference calls this fair.
    rates = {("d", 1): 0.8, ("d", 0): 0.2, ("f", 1): 0.5, ("f", 0): 0.5}
    scores, y, groups = hard(rates)
    with pytest.warns(UnmetBoundWarning, match=r"the smallest is 0\.6,"):
        option = option_on(
            scores, y, groups, method="search", constraints="equalized_odds",
            deprived="d",
        )  # fmt: skip
    predicted = answers(option, scores, groups)[0]
    assert delta_eo(y, predicted, sensitive_features=groups) == pytest.approx(0.6)


def test_weights_of_rows_are_repetitions():
    scores, y, groups = made(3)
    counts = np.random.default_rng(0).integers(1, 4, len(y))
    settings = {"constraints": "equalized_odds", "bound": 0.1, "objective": "accuracy"}
    again = [np.repeat(values, counts) for values in (scores, y, groups)]
    expected, _ = slow_search(*again, ["a", "c"], **settings)
    plain = option_on(scores, y, groups, method="search", deprived=["a", "c"],
                      **settings)  # fmt: skip
    weighted = plain.fit(
        scores[:, None], y, sensitive_features=groups, sample_weight=counts
    )
    assert region_of(weighted) == pytest.approx(expected, abs=1e-12)
    unweighted, _ = slow_search(scores, y, groups, ["a", "c"], **settings)
    assert unweighted != expected


@pytest.mark.parametrize("seed", [0, 1])
def test_the_search_looks_at_rows_that_the_estimator_did_not_see(seed):
    settings = {"constraints": "demographic_parity", "bound": 0.1,
                "objective": "accuracy"}  # fmt: skip
    option = RejectOptionClassifier(
        LogisticRegression(), method="search", random_state=seed,
        validation_fraction=0.3, **settings,
    ).fit(X, Y, sensitive_features=A)  # fmt: skip
    cells = np.unique(A, return_inverse=True)[1] * 2 + Y
    rng = np.random.RandomState(draw_seeds(seed).split)
    train, valid = split_validation(cells, 0.3, rng)
    inner = LogisticRegression().fit(X.iloc[train], Y[train])
    np.testing.assert_array_equal(option.estimator_.coef_, inner.coef_)
    scores = inner.predict_proba(X)[:, 1]
    rates = {group: (scores[group == A] > 0.5).mean() for group in np.unique(A)}
    deprived = [g for g, rate in rates.items() if rate < (scores > 0.5).mean()]
    assert option.deprived_groups_ == tuple(deprived)
    expected, _ = slow_search(scores[valid], Y[valid], A[valid], deprived, **settings)
    assert region_of(option) == pytest.approx(expected, abs=1e-12)


def test_thresholds_alone_are_searched_if_nobody_is_deprived():
    scores, y = [0.1, 0.2, 0.35, 0.45] * 4, [0, 0, 1, 1] * 4
    groups = list("aaaabbbb") * 2
    with pytest.warns(match="predicts 0 for every row of the fit"):
        option = option_on(scores, y, groups, method="search")
    assert option.deprived_groups_ == ()
    assert option.margin_ == 0
    np.testing.assert_array_equal(answers(option, scores, groups)[0], y)


@pytest.mark.parametrize("constraints", ["equalized_odds", "demographic_parity"])
def test_a_rate_without_rows_is_an_error_and_not_a_nan(constraints):
    scores, y, groups = made(0)
    y = np.where(groups == "a", 0, y) if constraints == "equalized_odds" else y * 0
    frozen = option_on(scores, [*y[:-1], 1], groups).estimator
    option = RejectOptionClassifier(
        frozen, method="search", constraints=constraints, deprived="a",
        min_group_size=0, min_cell_size=0,
    )  # fmt: skip
    gap = gap_of(scores > 0.5, y, groups, "equalized_odds")
    assert np.isnan(gap)
    with pytest.raises(ValueError, match=r"No region can be searched: .* has no row"):
        option.fit(scores[:, None], y, sensitive_features=groups)
