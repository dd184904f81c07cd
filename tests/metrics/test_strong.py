"""The strong differences against a loop over thresholds, and their invariances."""

import numpy as np
import pytest

from skrunner.exceptions import UndefinedRateWarning
from skrunner.metrics import delta_dp, delta_eo, strong_delta_dp, strong_delta_eo


@pytest.fixture
def scored():
    """Return labels, scores with ties, two sensitive columns and weights."""
    rng = np.random.default_rng(0)
    groups = np.column_stack(
        [rng.choice(3, 500, p=[0.6, 0.3, 0.1]), rng.integers(0, 2, 500)]
    )
    y = rng.integers(0, 2, 500)
    score = np.round(rng.beta(2 + y + groups[:, 0], 3), 2)
    return y, score, groups, rng.uniform(0.2, 3, 500)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n_thresholds", [1, 4, 9])
def test_strong_differences_equal_a_loop_over_thresholds(
    scored, n_thresholds, weighted
):
    y, score, groups, weight = scored
    kwargs = {"sensitive_features": groups}
    if weighted:
        kwargs["sample_weight"] = weight
    q = np.linspace(0, 1, n_thresholds + 2)[1:-1]
    hard = [(score > t).astype(int) for t in np.quantile(score, q)]
    value = strong_delta_dp(y, score, **kwargs, n_thresholds=n_thresholds)
    expected = np.mean([delta_dp(y, p, **kwargs) for p in hard])
    assert value == pytest.approx(expected, abs=1e-12)
    for agg in ("sum", "max", "mean"):
        value = strong_delta_eo(y, score, **kwargs, n_thresholds=n_thresholds, agg=agg)
        expected = np.mean([delta_eo(y, p, **kwargs, agg=agg) for p in hard])
        assert value == pytest.approx(expected, abs=1e-12)


def test_the_default_thresholds_are_the_deciles(scored):
    y, score, groups, _ = scored
    deciles = np.quantile(score, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
    expected = np.mean(
        [delta_dp(y, (score > t) * 1, sensitive_features=groups) for t in deciles]
    )
    value = strong_delta_dp(y, score, sensitive_features=groups)
    assert value == pytest.approx(expected, abs=1e-12)


def test_strong_parity_of_a_shift_worked_by_hand():
    # Thresholds are the quartiles 1.75, 3.5 and 5.25 of 0..7: above them are 2, 0, 0
    # rows of a and 4, 4, 2 rows of b.
    score, groups = np.arange(8.0), list("aaaabbbb")
    value = strong_delta_dp(
        [0, 1] * 4, score, sensitive_features=groups, n_thresholds=3
    )
    assert value == pytest.approx((0.5 + 1 + 0.5) / 3)


def test_increasing_transformations_change_nothing(scored):
    y, score, groups, _ = scored
    # An odd number of rows makes every quartile a score, which transforms with it.
    y, score, groups = y[:497], score[:497], groups[:497]
    kwargs = {"sensitive_features": groups, "n_thresholds": 3}
    value = strong_delta_dp(y, score, **kwargs)
    assert strong_delta_dp(y, np.exp(5 * score), **kwargs) == pytest.approx(value)
    assert strong_delta_dp(y, score**3 - 2, **kwargs) == pytest.approx(value)
    assert value > 0.1


def test_a_gap_that_one_threshold_hides():
    # Equal at .5 by construction, unequal everywhere else.
    low, high = np.linspace(0.3, 0.49, 50), np.linspace(0.51, 0.7, 50)
    far_low, far_high = np.linspace(0, 0.29, 50), np.linspace(0.71, 1, 50)
    score = np.concatenate([low, high, far_low, far_high])
    y, groups = np.tile([0, 1], 100), np.repeat(["a", "b"], 100)
    assert delta_dp(y, (score > 0.5) * 1, sensitive_features=groups) == 0
    assert strong_delta_dp(y, score, sensitive_features=groups) > 0.2


def test_score_columns(scored):
    y, score, groups, _ = scored
    kwargs = {"sensitive_features": groups}
    both = np.column_stack([1 - score, score])
    assert strong_delta_eo(y, both, **kwargs) == strong_delta_eo(y, score, **kwargs)
    assert strong_delta_eo(y, both, **kwargs, pos_label=0) == strong_delta_eo(
        y, 1 - score, **kwargs, pos_label=0
    )


def test_three_classes_are_one_against_rest(scored):
    _, _, groups, weight = scored
    rng = np.random.default_rng(3)
    y = rng.choice(["a", "b", "c"], 500)
    scores = rng.dirichlet([1, 2, 3], 500) + 0.1 * groups[:, :1] * (y == "a")[:, None]
    kwargs = {"sensitive_features": groups, "sample_weight": weight}
    singles = [
        strong_delta_eo((y == c) * 1, scores[:, i], **kwargs)
        for i, c in enumerate("abc")
    ]
    by_class = strong_delta_eo(y, scores, **kwargs, average=None)
    assert by_class == pytest.approx(singles, abs=1e-12)
    assert strong_delta_eo(y, scores, **kwargs) == pytest.approx(np.mean(singles))
    value = strong_delta_eo(y, scores, **kwargs, average="max")
    assert value == pytest.approx(max(singles))
    value = strong_delta_eo(y, scores[:, 2], **kwargs, pos_label="c")
    assert value == pytest.approx(singles[2])


def test_an_undefined_rate_is_nan_and_named():
    y, score, groups = [1, 0, 0, 0], [0.1, 0.2, 0.3, 0.4], list("aabb")
    with pytest.warns(UndefinedRateWarning, match="true positive rate of b") as caught:
        assert np.isnan(strong_delta_eo(y, score, sensitive_features=groups))
    assert caught[0].filename == __file__
    assert strong_delta_dp(y, score, sensitive_features=groups) > 0


@pytest.mark.parametrize(
    ("y_score", "kwargs", "message"),
    [
        (np.ones((4, 3)), {}, r"y_score has shape \(4, 3\), but there are 2 labels"),
        (np.ones(3), {}, "inconsistent numbers of samples"),
        ([0.1, np.nan, 0.2, 0.3], {}, "NaN"),
        (np.ones(4), {"n_thresholds": 0}, "n_thresholds == 0, must be >= 1"),
        (np.ones(4), {"average": "micro"}, "average must be one of"),
    ],
)
def test_scores_and_options_are_checked(y_score, kwargs, message):
    with pytest.raises(ValueError, match=message):
        strong_delta_dp(
            [0, 1, 0, 1], y_score, sensitive_features=list("aabb"), **kwargs
        )


def test_three_labels_need_three_columns():
    with pytest.raises(ValueError, match=r"there are 3 labels \(0, 1, 2\)"):
        strong_delta_dp([0, 1, 2], [0.1, 0.2, 0.3], sensitive_features=list("aab"))
