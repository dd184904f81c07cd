"""The names of constraints and the labels they condition on."""

import numpy as np
import pytest

from skrunner.groups import CONSTRAINTS, check_constraints, label_conditions


@pytest.mark.parametrize("name", CONSTRAINTS)
def test_known_names_come_back(name):
    assert check_constraints(name) == name


@pytest.mark.parametrize("name", ["dp", None, 1, ["demographic_parity"]])
def test_unknown_names_are_refused_with_the_known_ones(name):
    message = "Unknown constraints=.*demographic_parity, equalized_odds, true_pos.*"
    with pytest.raises(ValueError, match=message):
        check_constraints(name)
    with pytest.raises(ValueError, match=message):
        label_conditions(name, 2)


@pytest.mark.parametrize(
    ("constraints", "two", "three"),
    [
        ("demographic_parity", ["11"], ["111"]),
        ("equalized_odds", ["10", "01"], ["100", "010", "001"]),
        ("true_positive_rate_parity", ["01"], ["100", "010", "001"]),
        ("false_positive_rate_parity", ["10"], ["011", "101", "110"]),
    ],
)
def test_conditions_worked_by_hand(constraints, two, three):
    for n_classes, rows in ((2, two), (3, three)):
        expected = np.array([[digit == "1" for digit in row] for row in rows])
        conditions = label_conditions(constraints, n_classes)
        assert conditions.dtype == bool
        np.testing.assert_array_equal(conditions, expected)
