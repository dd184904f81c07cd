"""Sensitive features become integer codes, names and cells.

Owns the vocabulary of groups and constraints; numpy and pandas only, no torch.
"""

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
    "label_conditions",
]
