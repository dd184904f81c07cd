"""What is compared: bins, terms and their weights, by hand."""

import pytest
import torch
from torch.testing import assert_close

from skrunner.gaps import gap_structure


def float64(values):
    return torch.tensor(values, dtype=torch.float64)


def test_demographic_parity_compares_all_pairs_of_whole_groups():
    structure = gap_structure("demographic_parity", n_groups=3, n_classes=2)
    assert structure.pairs == ((0, 1), (0, 2), (1, 2))
    assert_close(
        structure.membership,
        float64([[1, 1, 0, 0, 0, 0], [0, 0, 1, 1, 0, 0], [0, 0, 0, 0, 1, 1]]),
    )
    assert_close(structure.differences, float64([[1, -1, 0], [1, 0, -1], [0, 1, -1]]))
    assert_close(structure.term_weights(torch.ones(3).double()), float64([1 / 3] * 3))


def test_equalized_odds_has_one_bin_a_cell_and_adds_labels():
    structure = gap_structure("equalized_odds", n_groups=2, n_classes=2)
    # bins: label 0 of both groups, then label 1; cells: (group, label)
    expected = [[1, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 1]]
    assert_close(structure.membership, float64(expected))
    assert_close(structure.differences, float64([[1, -1, 0, 0], [0, 0, 1, -1]]))
    assert_close(structure.term_weights(torch.ones(4).double()), float64([1, 1]))


@pytest.mark.parametrize(
    ("constraints", "cells"),
    [
        ("true_positive_rate_parity", [[0, 1, 0, 0], [0, 0, 0, 1]]),
        ("false_positive_rate_parity", [[1, 0, 0, 0], [0, 0, 1, 0]]),
    ],
)
def test_one_rate_looks_at_one_label(constraints, cells):
    structure = gap_structure(constraints, n_groups=2, n_classes=2)
    assert_close(structure.membership, float64(cells))


def test_a_missing_bin_drops_its_terms_and_reweights_the_others():
    structure = gap_structure("equalized_odds", n_groups=3, n_classes=2)
    # label 0 lacks group 2: one pair of three is left; label 1 has all
    present = float64([1, 1, 0, 1, 1, 1])
    expected = [1, 0, 0, 1 / 3, 1 / 3, 1 / 3]
    assert_close(structure.term_weights(present), float64(expected))
    # label 0 has one group only: nothing can be compared
    present = float64([1, 0, 0, 1, 1, 1])
    expected = [0, 0, 0, 1 / 3, 1 / 3, 1 / 3]
    assert_close(structure.term_weights(present), float64(expected))


def test_more_classes_weigh_each_output_by_a_half_or_by_its_own_rate():
    odds = gap_structure("equalized_odds", n_groups=2, n_classes=3)
    ones = torch.ones(6).double()
    assert_close(odds.term_output_weights(ones), torch.full((3, 3), 0.5).double())
    rates = gap_structure("true_positive_rate_parity", n_groups=2, n_classes=3)
    assert_close(rates.term_output_weights(ones), torch.eye(3).double() / 3)


def test_to_changes_every_tensor_and_leaves_the_original():
    structure = gap_structure("equalized_odds", n_groups=3, n_classes=3)
    moved = structure.to("cpu", torch.float32)
    tensors = ["membership", "differences", "term_conditions", "condition_weights"]
    for name in [*tensors, "output_weights"]:
        assert getattr(moved, name).dtype == torch.float32
        assert getattr(structure, name).dtype == torch.float64
        assert_close(getattr(moved, name).double(), getattr(structure, name))
    assert moved.pairs == structure.pairs
    assert moved.n_classes == 3


def test_unknown_constraint_lists_the_known():
    with pytest.raises(ValueError, match=r"Unknown constraints='parity'.*demogr"):
        gap_structure("parity", n_groups=2, n_classes=2)
