"""Sensitive features become integer codes, names and cells.

Owns the vocabulary of groups and constraints; numpy, pandas and scikit-learn, no torch.
"""

from skrunner.groups._columns import find_columns, pick_columns
from skrunner.groups._constraints import (
    CONSTRAINTS,
    check_constraints,
    label_conditions,
)
from skrunner.groups._encoding import GroupEncoding, encode_groups
from skrunner.groups._sizes import cell_counts, check_group_sizes

__all__ = [
    "CONSTRAINTS",
    "GroupEncoding",
    "cell_counts",
    "check_constraints",
    "check_group_sizes",
    "encode_groups",
    "find_columns",
    "label_conditions",
    "pick_columns",
]
