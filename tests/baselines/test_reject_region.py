"""The critical region: its ends, and what becomes of scores."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from skrunner.baselines import RejectOptionClassifier
from tests.baselines.given_scores import answers, every_region, option_on

RNG = np.random.default_rng(0)
N = 600
SCORES = RNG.choice([*RNG.random(60), *np.linspace(0, 1, 41)], N)
GROUPS = RNG.choice(["a", "b", "c"], N, p=[0.5, 0.3, 0.2])
TRUTH = (RNG.random(N) < SCORES).astype(int)
HOWS = ["mirrored", "hard_in_region"]


def paper_label(score, group, theta, deprived, favorable):
    """Return the label of one row, the score being that of the favorable label."""
    if max(score, 1 - score) <= theta:
        return favorable if group in deprived else 1 - favorable
    return favorable if score > 0.5 else 1 - favorable


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("favorable", [0, 1])
@pytest.mark.parametrize("theta", [0.55, 0.6, 0.7, 0.9])
def test_a_fixed_region_is_that_of_the_paper_row_by_row(theta, favorable, how):
    option = option_on(
        SCORES, TRUTH, GROUPS, theta=theta, favorable_label=favorable, scores=how,
        deprived=["c", "a"],
    )  # fmt: skip
    of_favorable = SCORES if favorable else 1 - SCORES
    expected = [
        paper_label(score, group, theta, "ac", favorable)
        for score, group in zip(of_favorable, GROUPS, strict=True)
    ]
    labels, scores = answers(option, SCORES, GROUPS)
    np.testing.assert_array_equal(labels, expected)
    assert (labels != (SCORES > 0.5)).any()
    np.testing.assert_array_equal(scores > 0.5, expected)


@pytest.mark.parametrize(("theta", "score"), [(0.7, 0.3), (0.6, 0.4), (0.9, 0.1)])
def test_both_ends_of_a_fixed_region_belong_to_it(theta, score):
    option = option_on(SCORES, TRUTH, GROUPS, theta=theta, deprived="a")
    assert answers(option, [score, theta], ["a", "b"])[0].tolist() == [1, 0]
    beyond = [score - 1e-9, theta + 1e-9]
    assert answers(option, beyond, ["a", "b"])[0].tolist() == [0, 1]


@pytest.mark.parametrize("favorable", [0, 1])
@pytest.mark.parametrize("how", HOWS)
def test_a_score_of_one_half_goes_to_the_group_too(how, favorable):
    option = option_on(
        SCORES, TRUTH, GROUPS, deprived="a", favorable_label=favorable, scores=how
    )
    labels = answers(option, [0.5, 0.5], ["a", "b"])[0]
    assert labels.tolist() == [favorable, 1 - favorable]


def test_mirrored_scores_stay_in_the_region_and_others_stay_as_they_are():
    option = option_on(SCORES, TRUTH, GROUPS, theta=0.7, deprived="a")
    labels, scores = answers(option, SCORES, GROUPS)
    inside = np.maximum(SCORES, 1 - SCORES) <= 0.7
    np.testing.assert_array_equal(scores[~inside], SCORES[~inside])
    changed = labels != (SCORES > 0.5)
    assert changed.any()
    assert inside[changed].all()
    np.testing.assert_allclose(scores[changed], 1 - SCORES[changed], atol=2e-16)
    np.testing.assert_allclose(scores[~changed], SCORES[~changed], atol=2e-16)
    assert ((scores[inside] >= 0.3 - 1e-12) & (scores[inside] <= 0.7 + 1e-12)).all()


def test_hard_scores_are_zero_and_one_inside_and_as_they_are_outside():
    option = option_on(
        SCORES, TRUTH, GROUPS, theta=0.7, deprived="a", scores="hard_in_region"
    )
    scores = answers(option, SCORES, GROUPS)[1]
    inside = np.maximum(SCORES, 1 - SCORES) <= 0.7
    np.testing.assert_array_equal(scores[~inside], SCORES[~inside])
    np.testing.assert_array_equal(scores[inside], GROUPS[inside] == "a")


@pytest.mark.parametrize(
    ("how", "expected", "precision"),
    [
        # By rank: 1 0, .9 1, .3 1, 0 1, that is 1/2, 2/3 and 3/4.
        ("hard_in_region", [0.9, 0, 1, 0.3], (1 / 2 + 2 / 3 + 3 / 4) / 3),
        # By rank: .9 1, .55 0, .45 1, .3 1, that is 1, 2/3 and 3/4.
        ("mirrored", [0.9, 0.45, 0.55, 0.3], (1 + 2 / 3 + 3 / 4) / 3),
    ],
)
def test_average_precision_by_hand(how, expected, precision):
    scores, y, groups = [0.9, 0.55, 0.45, 0.3], [1, 1, 0, 1], list("mmff")
    option = option_on(scores, y, groups, scores=how)
    assert option.deprived_groups_ == ("f",)
    found = answers(option, scores, groups)[1]
    np.testing.assert_allclose(found, expected)
    assert average_precision_score(y, found) == pytest.approx(precision)


@pytest.mark.parametrize("favorable", [0, 1])
@pytest.mark.parametrize("how", HOWS)
def test_a_searched_threshold_is_moved_to_one_half_in_order(how, favorable):
    low = np.clip(SCORES - 0.2 * (GROUPS == "a"), 0, 1)
    given = low if favorable else 1 - low
    option = option_on(
        given, (given > (0.25 if favorable else 0.75)) * 1, GROUPS, method="search",
        deprived="a", scores=how, favorable_label=favorable,
    )  # fmt: skip
    t, m = option.threshold_, option.margin_
    assert abs(t - 0.5) > 0.1
    assert m > 0
    labels, scores = answers(option, given, GROUPS)
    p = given if favorable else 1 - given
    s = scores if favorable else 1 - scores
    inside = (t - m < p) & (p <= t + m)
    good = np.where(inside, GROUPS == "a", p > t)
    np.testing.assert_array_equal(labels == favorable, good)
    np.testing.assert_array_equal(s > 0.5, good)
    wrong = inside & (good != (p > t))
    moved = np.where(wrong, 2 * t - p, p)
    if how == "hard_in_region":
        moved = np.where(inside, good, p)
    stretched = np.where(moved > t, 0.5 + (moved - t) / (1 - t) / 2, moved / t / 2)
    np.testing.assert_allclose(s, stretched, atol=1e-12)


def test_rows_sum_to_one_and_labels_are_the_more_probable_ones():
    y = np.array(["no", "yes"])[TRUTH]
    for favorable in ("no", "yes"):
        option = option_on(SCORES, y, GROUPS, favorable_label=favorable)
        assert option.favorable_label_ == favorable
        X = SCORES[:, None]
        scores = option.predict_proba(X, sensitive_features=GROUPS)
        labels = option.predict(X, sensitive_features=GROUPS)
        np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-15)
        assert (scores >= 0).all()
        np.testing.assert_array_equal(labels, option.classes_[scores.argmax(axis=1)])


def test_the_default_is_the_papers_region():
    assert RejectOptionClassifier().theta == 0.6
    option = option_on(SCORES, TRUTH, GROUPS)
    assert option.threshold_ == 0.5
    assert option.margin_ == pytest.approx(0.1)


def test_there_are_5000_regions_and_none_leaves_the_unit_interval():
    regions = np.array(list(every_region()))
    assert len(regions) == 5000
    assert (regions[:, 0] - regions[:, 1]).min() >= 0
