"""The size of the top k and who is in it."""

import pytest
import torch

from skrunner.diagnosis import n_selected, top_neurons


@pytest.mark.parametrize(
    ("n_neurons", "ratio", "expected"),
    [
        (200, 0.1, 20),
        (200, 0.05, 10),
        (100, 0.29, 29),  # int(.29 * 100) is 28
        (10, 0.05, 1),  # int would be 0, and the mean of nothing NaN
        (10, 1e-9, 1),
        (1, 0.1, 1),
        (7, 1.0, 7),
        (3, 0.5, 2),
    ],
)
def test_number(n_neurons, ratio, expected):
    assert n_selected(n_neurons, ratio) == expected
    importance = torch.rand(n_neurons)
    selected = top_neurons(importance, ratio)
    assert selected.dtype == torch.bool
    assert selected.sum() == expected
    if expected < n_neurons:
        assert importance[selected].min() > importance[~selected].max()


def test_negative_scores_are_ranked_by_value():
    importance = torch.tensor([-3.0, 0.5, -0.1, 0.0])
    assert top_neurons(importance, 0.5).tolist() == [False, True, False, True]


def test_of_equals_the_first_are_taken():
    importance = torch.tensor([0.0, 1.0, 0.0, 0.0, 1.0] * 20)
    chosen = top_neurons(importance, 0.45).nonzero().flatten().tolist()
    ones = [i for i in range(100) if i % 5 in (1, 4)]
    zeros = [i for i in range(100) if i % 5 not in (1, 4)]
    assert chosen == sorted(ones + zeros[:5])
