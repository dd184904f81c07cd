"""make_biased_classification plants what it says it plants."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from skrunner.datasets import make_biased_classification

N = 60_000
PROPORTIONS = [0.6, 0.3, 0.1]


@pytest.fixture(scope="module")
def made():
    """Three groups of unequal sizes, four classes."""
    return make_biased_classification(
        N,
        n_features=9,
        informative_features=3,
        proxy_features=2,
        n_groups=3,
        n_classes=4,
        group_proportions=PROPORTIONS,
        base_rate_gap=0.3,
        class_sep=1.5,
        proxy_strength=0.8,
        random_state=0,
    )


def codes_of(made):
    return made.sensitive_features["group"].str.removeprefix("group_").astype(int)


def test_base_rates_by_hand(made):
    last = np.array([0.1, 0.25, 0.4])
    others = (1 - last) / 3
    expected = np.column_stack([others, others, others, last])
    np.testing.assert_allclose(made.base_rates, expected)


def test_empirical_rates_within_binomial_error(made):
    a = codes_of(made)
    np.testing.assert_array_equal(made.group_proportions, PROPORTIONS)
    for group, share in enumerate(PROPORTIONS):
        assert abs((a == group).mean() - share) < 4 * (share * (1 - share) / N) ** 0.5
        labels = made.target[a == group]
        for label, rate in enumerate(made.base_rates[group]):
            error = (rate * (1 - rate) / len(labels)) ** 0.5
            assert abs((labels == label).mean() - rate) < 4 * error


def test_every_cell_has_the_stated_means_and_unit_variance(made):
    # Means by cell that depend on the label alone, the group alone or on neither are
    # the independence of the normal features, given the other variable.
    a = codes_of(made)
    for group in range(3):
        for label in range(4):
            cell = made.data[(a == group) & (made.target == label)]
            mean = made.class_means[label] + made.group_means[group]
            error = len(cell) ** -0.5
            assert np.abs(cell.mean() - mean).max() < 4.5 * error
            assert np.abs(cell.var() - 1).max() < 4.5 * error * 2**0.5
            correlation = np.corrcoef(cell.T) - np.eye(9)
            assert np.abs(correlation).max() < 4.5 * error


def test_roles(made):
    assert made.informative_features.tolist() == [0, 1, 2]
    assert made.proxy_features.tolist() == [3, 4]
    assert made.noise_features.tolist() == [5, 6, 7, 8]
    assert made.feature_names[2:6] == ["informative_2", "proxy_3", "proxy_4", "noise_5"]
    informative, proxies = made.class_means[:, :3], made.group_means[:, 3:5]
    for column in informative.T:
        np.testing.assert_allclose(sorted(column), [-1.5, -0.5, 0.5, 1.5])
    for column in proxies.T:
        np.testing.assert_allclose(sorted(column), [-0.8, 0, 0.8])
    assert np.count_nonzero(made.class_means[:, 3:]) == 0
    assert np.count_nonzero(made.group_means[:, [0, 1, 2, 5, 6, 7, 8]]) == 0


def test_defaults_have_the_stated_gap():
    made = make_biased_classification(40_000, random_state=1)
    np.testing.assert_allclose(made.base_rates, [[0.65, 0.35], [0.35, 0.65]])
    rates = made.target.groupby(made.sensitive_features["group"]).mean()
    assert rates["group_1"] - rates["group_0"] == pytest.approx(0.3, abs=0.02)
    assert made.data.shape == (40_000, 10)
    assert made.favorable_label == 1


def test_proxies_gain_accuracy_and_err_unequally():
    made = make_biased_classification(
        20_000, informative_features=1, base_rate_gap=0.6, random_state=2
    )
    a, y = codes_of(made), made.target
    scores, gaps = [], []
    for n_columns in (1, 3):
        X = made.data.iloc[:, :n_columns]
        predicted = LogisticRegression().fit(X, y).predict(X)
        scores.append((predicted == y).mean())
        rates = [predicted[(a == group) & (y == 1)].mean() for group in (0, 1)]
        gaps.append(rates[1] - rates[0])
    assert scores[1] > scores[0] + 0.01
    assert gaps[0] == pytest.approx(0, abs=0.03)
    assert gaps[1] > 0.1


def test_negative_gap_and_no_roles():
    made = make_biased_classification(
        10, n_features=2, informative_features=0, proxy_features=0, base_rate_gap=-0.5
    )
    np.testing.assert_allclose(made.base_rates[:, 1], [0.75, 0.25])
    assert made.feature_names == ["noise_0", "noise_1"]


def test_seeds():
    first, again, other = (
        make_biased_classification(50, random_state=seed, return_X_y_a=True)
        for seed in (0, 0, 1)
    )
    for table, same in zip(first, again, strict=True):
        assert table.equals(same)
    assert not first[0].equals(other[0])


def test_frame_and_names(made):
    assert list(made.frame.columns) == [*made.feature_names, "target"]
    assert made.target_names == ["class_0", "class_1", "class_2", "class_3"]
    assert set(made.sensitive_features["group"]) == {"group_0", "group_1", "group_2"}


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_groups": 1}, "n_groups must be at least 2, got 1"),
        ({"n_classes": 1}, "n_classes must be at least 2, got 1"),
        ({"n_features": 5}, "n_features must be at least 6, got 5"),
        ({"n_samples": 0, "n_groups": 0}, "n_samples .* got 0; n_groups .* got 0"),
        ({"base_rate_gap": 1.0}, r"\(1 for 2 classes\), got 1.0"),
        ({"base_rate_gap": "big"}, "got 'big'"),
        ({"group_proportions": [0.2, 0.2]}, r"2 positive numbers .* got \[0.2, 0.2\]"),
        ({"group_proportions": [0.0, 1.0]}, r"positive numbers .* got \[0.0, 1.0\]"),
        ({"group_proportions": [0.2, 0.2, 0.6]}, "must be 2 positive numbers"),
    ],
)
def test_wrong_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        make_biased_classification(**parameters)
