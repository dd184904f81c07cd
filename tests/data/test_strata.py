"""Strata against a loop over rows, for every constraint."""

import pytest
import torch

from skrunner.data import GroupDataset, equal_shares, rows_by_code, strata_of
from skrunner.groups import CONSTRAINTS
from tests.data.rows import make_dataset, two_columns

THREE_CLASSES = {
    (0, 0): 9,
    (0, 1): 5,
    (0, 2): 6,
    (1, 0): 4,
    (1, 2): 3,
    (2, 0): 1,
    (2, 1): 2,
    (2, 2): 7,
}
LABELS = {
    ("true_positive_rate_parity", 2): {1},
    ("false_positive_rate_parity", 2): {0},
}


def slow_strata(data, constraints, all_labels):
    """List the rows of each group or cell that the constraint compares."""
    wanted = set(range(data.n_classes))
    if not all_labels:
        wanted = LABELS.get((constraints, data.n_classes), wanted)
    rows = {}
    for row, cell in enumerate(zip(data.groups.tolist(), data.y.tolist(), strict=True)):
        if constraints == "demographic_parity":
            rows.setdefault(cell[:1], []).append(row)
        elif cell[1] in wanted:
            rows.setdefault(cell, []).append(row)
    return [rows[key] for key in sorted(rows)]


@pytest.mark.parametrize("all_labels", [True, False])
@pytest.mark.parametrize("constraints", CONSTRAINTS)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_strata_equal_a_loop(n_classes, constraints, all_labels):
    data = (
        make_dataset() if n_classes == 2 else make_dataset(THREE_CLASSES, n_classes=3)
    )
    found = strata_of(data, constraints, all_labels=all_labels)
    expected = slow_strata(data, constraints, all_labels)
    assert [rows.tolist() for rows in found] == expected
    assert all(rows.dtype == torch.int64 for rows in found)


def test_two_sensitive_columns_make_strata_of_their_intersections():
    columns, data = two_columns()
    found = strata_of(data, "demographic_parity", all_labels=False)
    names = sorted({tuple(row) for row in columns.tolist()})
    assert len(names) == 6
    assert [rows.tolist() for rows in found] == [
        [i for i, row in enumerate(columns.tolist()) if tuple(row) == name]
        for name in names
    ]


def test_groups_without_rows_form_no_stratum():
    counts = {(0, 0): 3, (0, 1): 2, (2, 0): 4, (2, 1): 1}
    found = strata_of(make_dataset(counts), "demographic_parity", all_labels=True)
    assert [len(rows) for rows in found] == [5, 5]


def test_rows_by_code_equal_a_loop():
    codes = torch.tensor([7, 0, 2, 7, 2, 2, 9, 0])
    expected = [
        [row for row, code in enumerate(codes.tolist()) if code == wanted]
        for wanted in (0, 2, 7, 9)
    ]
    assert [rows.tolist() for rows in rows_by_code(codes)] == expected
    assert rows_by_code(codes[:0]) == []


def test_shares_are_equal_and_multiply_with_weights():
    groups, labels = torch.tensor([0, 0, 0, 1, 1, 1]), torch.tensor([0, 0, 1, 0, 1, 1])
    X, given = torch.zeros(6, 1), torch.tensor([1.0, 3.0, 1.0, 1.0, 2.0, 0.0])
    for weight in (None, given):
        data = GroupDataset(X, labels, groups, n_groups=2, n_classes=2, weight=weight)
        found = equal_shares(strata_of(data, "equalized_odds", all_labels=True), data)
        shares = torch.tensor([0.75, 0.75, 1.5, 1.5, 0.75, 0.75])
        assert torch.equal(found, shares if weight is None else shares * given)
