"""What an adversary that sees no score can do, by hand."""

import warnings
from math import log

import pytest
import torch

from skrunner.baselines._cold_adversary import blind_loss, warn_if_cold
from skrunner.data import GroupDataset
from skrunner.exceptions import ColdAdversaryWarning
from skrunner.objectives import Adversary
from tests.device import DEVICE

# Cells of (group, label): 2 and 4 rows, 1 and 3, 1 and 1.
GROUPS = [0] * 6 + [1] * 4 + [2] * 2
LABELS = [0, 0, 1, 1, 1, 1, 0, 1, 1, 1, 0, 1]


def entropy(*shares):
    return -sum(share * log(share) for share in shares)


def blind(constraints, *, balanced, weight=None):
    data = GroupDataset(
        torch.zeros(12, 2),
        torch.tensor(LABELS),
        torch.tensor(GROUPS),
        weight=None if weight is None else torch.tensor(weight),
        n_groups=3,
        n_classes=2,
    ).to(DEVICE)
    adversary = Adversary(constraints, n_groups=3, n_classes=2).to(DEVICE)
    return blind_loss(adversary, data, balanced=balanced)


@pytest.mark.parametrize(
    ("constraints", "wanted"),
    [
        ("demographic_parity", entropy(1 / 2, 1 / 3, 1 / 6)),
        (
            "equalized_odds",
            4 / 12 * entropy(2 / 4, 1 / 4, 1 / 4)
            + 8 / 12 * entropy(4 / 8, 3 / 8, 1 / 8),
        ),
        ("true_positive_rate_parity", entropy(4 / 8, 3 / 8, 1 / 8)),
        ("false_positive_rate_parity", entropy(2 / 4, 1 / 4, 1 / 4)),
    ],
)
def test_balanced_rows_make_the_groups_equal(constraints, wanted):
    assert blind(constraints, balanced=False) == pytest.approx(wanted)
    assert blind(constraints, balanced=True) == pytest.approx(log(3))


def test_weights_count_within_balanced_rows():
    weight = [2.0] * 6 + [1.0] * 6
    found = blind("demographic_parity", balanced=True, weight=weight)
    assert found == pytest.approx(entropy(2 / 4, 1 / 4, 1 / 4))


def test_a_little_above_the_blind_loss_is_noise():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_if_cold(0.70, 0.69)
    with pytest.warns(ColdAdversaryWarning, match=r"0\.720, is above 0\.690"):
        warn_if_cold(0.72, 0.69)
