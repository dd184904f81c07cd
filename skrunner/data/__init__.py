"""What a batch is: rows, groups and labels on the device, and the streams of them.

Owns the data set that carries groups with X and y, and how its rows are drawn; knows
neither modules nor gaps.
"""

from skrunner.data._ahead import chunks_of, rows_at_once
from skrunner.data._as_pixels import as_pixels
from skrunner.data._batch import Batch, WholeRows
from skrunner.data._batches import EpochBatches
from skrunner.data._dataset import GroupDataset
from skrunner.data._parts import most_parts, split_batch
from skrunner.data._pixel_options import PixelOptions
from skrunner.data._pixels import PixelRows
from skrunner.data._storage import STORAGES
from skrunner.data._strata import equal_shares, rows_by_code, strata_of
from skrunner.data._streams import ShuffledStream, StratifiedStream
from skrunner.data._validation import split_validation

__all__ = [
    "STORAGES",
    "Batch",
    "EpochBatches",
    "GroupDataset",
    "PixelOptions",
    "PixelRows",
    "ShuffledStream",
    "StratifiedStream",
    "WholeRows",
    "as_pixels",
    "chunks_of",
    "equal_shares",
    "most_parts",
    "rows_at_once",
    "rows_by_code",
    "split_batch",
    "split_validation",
    "strata_of",
]
