"""The warnings and errors of skrunner, each also a builtin or scikit-learn type.

Imports nothing of the package.
"""

from sklearn.exceptions import UndefinedMetricWarning

__all__ = [
    "CheckpointError",
    "ColdAdversaryWarning",
    "CollapseWarning",
    "DistributedError",
    "FlaggedShareWarning",
    "IgnoredWeightsWarning",
    "ImageFileError",
    "ImageFileWarning",
    "ImageSizeWarning",
    "MemoryFallbackWarning",
    "NotCompiledWarning",
    "SmallGroupWarning",
    "UndefinedRateWarning",
    "UnmetBoundWarning",
    "UnsupportedModuleError",
    "ValidationShareWarning",
]


class SmallGroupWarning(UserWarning):
    """A group or a cell (group and label) has too few rows for what is asked of it."""


class CollapseWarning(UserWarning):
    """The net answers with one class, or nearly so: its small gap is no repair."""


class ColdAdversaryWarning(UserWarning):
    """An adversary does worse than one that sees nothing: it pushes the wrong way."""


class UndefinedRateWarning(UndefinedMetricWarning):
    """A rate has no rows to be computed from; it is NaN and never 0 or 1."""


class ValidationShareWarning(UserWarning):
    """The validation share is too small to choose an epoch by it."""


class FlaggedShareWarning(UserWarning):
    """FairNeuron flagged hardly any or nearly all rows, so it selects nothing."""


class IgnoredWeightsWarning(UserWarning):
    """Weights that were passed in are not where the training starts."""


class ImageFileWarning(UserWarning):
    """Rows were dropped because their image files cannot be read."""


class ImageSizeWarning(UserWarning):
    """Images are of another size than those that the net was trained on."""


class MemoryFallbackWarning(UserWarning):
    """The device has too little memory for a step; its rows run in parts."""


class NotCompiledWarning(UserWarning):
    """A net is trained as it is, although it was to be compiled."""


class UnmetBoundWarning(UserWarning):
    """No candidate of a search has a gap within the bound that was set for it."""


class UnsupportedModuleError(ValueError):
    """The module or the net cannot be trained or diagnosed as it is."""


class ImageFileError(ValueError):
    """Image files are missing or damaged; the message names them."""


class CheckpointError(ValueError):
    """A checkpoint is of another training, or damaged; the message says which."""


class DistributedError(ValueError):
    """Several processes cannot train together; the message says why."""
