"""What a batch is: rows, groups and labels on the device, and the streams of them.

Owns the data set that carries groups with X and y, and how its rows are drawn; knows
neither modules nor gaps.
"""

from skrunner.data._batches import Batch, EpochBatches
from skrunner.data._dataset import GroupDataset
from skrunner.data._strata import rows_by_code, strata_of
from skrunner.data._streams import ShuffledStream, StratifiedStream
from skrunner.data._validation import split_validation

__all__ = [
    "Batch",
    "EpochBatches",
    "GroupDataset",
    "ShuffledStream",
    "StratifiedStream",
    "rows_by_code",
    "split_validation",
    "strata_of",
]
