"""Columns of X by name and position, as scikit-learn's ColumnTransformer reads them."""

import numpy as np
import pandas as pd
import pytest

from skrunner.groups import find_columns

FRAME = pd.DataFrame(np.zeros((2, 3)), columns=["age", "sex", "race"])
NUMBERED = FRAME.set_axis([2, 1, 0], axis=1)


@pytest.mark.parametrize(
    ("columns", "X", "expected"),
    [
        ("sex", FRAME, [1]),
        (["race", "age"], FRAME, [2, 0]),
        (("race", 0), FRAME, [2, 0]),
        (2, NUMBERED, [2]),
        (np.array([0, 1]), NUMBERED, [0, 1]),
        ([1], FRAME.to_numpy(), [1]),
    ],
)
def test_strings_are_names_and_integers_positions(columns, X, expected):
    assert find_columns(columns, X, "columns") == expected


@pytest.mark.parametrize(
    ("columns", "X", "message"),
    [
        ("job", FRAME, "columns holds 'job', which is not.*Known: age, sex, race"),
        (3, FRAME, "columns holds 3, which is not.*Known: age, sex, race"),
        (-1, FRAME.to_numpy(), r"columns holds -1, which is not.*Known: 0 to 2"),
        ("sex", FRAME.to_numpy(), "columns names 'sex', but X is a ndarray without"),
        (True, FRAME, "columns must hold names or positions.*got True of type bool"),
        (1.0, FRAME, "columns must hold names or positions.*got 1.0 of type float"),
    ],
)
def test_other_columns_are_refused(columns, X, message):
    with pytest.raises(ValueError, match=message):
        find_columns(columns, X, "columns")
