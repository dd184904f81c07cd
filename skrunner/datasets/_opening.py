"""The files of a table are checked, and the rows of bad ones dropped or refused."""

import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from skrunner.datasets._images import ImageRows
from skrunner.datasets._threads import check_workers, in_threads
from skrunner.datasets._unreadable import check_depth, list_files, why_unreadable
from skrunner.exceptions import ImageFileError, ImageFileWarning

ON_BAD = ("raise", "skip")


def usual_check(check: str | None, on_bad: str, otherwise: str) -> str:
    """Choose how far files are read: what is to be skipped has to be found first.

    Parameters
    ----------
    check : str or None
        What the user wants; None leaves the choice.
    on_bad : str
        What becomes of bad files.
    otherwise : str
        How far where nothing is skipped.

    Returns
    -------
    str
        One of ``CHECKS``.
    """
    if check is not None:
        return check
    return "pixels" if on_bad == "skip" else otherwise


def open_images(
    paths: pd.Series,
    *,
    root: Any,
    size: Any,
    check: str,
    on_bad: str,
    max_workers: int | None,
) -> tuple[ImageRows, npt.NDArray[np.intp], pd.DataFrame]:
    """Check the files of a table, and drop the rows of those that cannot be read.

    Parameters
    ----------
    paths : Series of str
        The files.
    root, size : object
        As `ImageRows` takes them.
    check, on_bad : str
        As `load_images` takes them.
    max_workers : int or None
        Threads.

    Returns
    -------
    images : ImageRows
        The rows that are left.
    kept : ndarray of shape (n_rows,)
        Their positions.
    skipped : DataFrame
        Path and reason of the others.

    Raises
    ------
    ImageFileError
        If files cannot be read and are not to be skipped, or none are left.
    """
    check_depth(check)
    if on_bad not in ON_BAD:
        raise ValueError(f"on_bad must be one of {ON_BAD}, got {on_bad!r}.")
    listed = paths.tolist()

    def reason(i: int) -> str | None:
        if not isinstance(listed[i], str | os.PathLike):
            return "no path"
        return why_unreadable(Path(root, listed[i]), check)

    bad = in_threads(reason, len(listed), check_workers(max_workers))
    named = {str(listed[i]): why for i, why in bad.items()}
    counts = f"{len(bad)} of {len(listed)} image files"
    if bad and (on_bad == "raise" or len(bad) == len(listed)):
        raise ImageFileError(
            f"{counts} cannot be read: {list_files(named)}. Relative paths start at "
            f"{Path(root).absolute()}. Restore them, pass root=, or drop their rows "
            'with on_bad="skip".'
        )
    if bad:
        warnings.warn(
            f"Dropped the rows of {counts}, listed in .skipped: {list_files(named)}.",
            ImageFileWarning,
            stacklevel=3,
        )
    kept = np.setdiff1d(np.arange(len(listed)), list(bad)).astype(np.intp)
    images = ImageRows(
        [listed[i] for i in kept], root=root, size=size, max_workers=max_workers
    )
    skipped = pd.DataFrame(
        {"path": [listed[i] for i in bad], "reason": list(bad.values())},
        index=list(bad),
    )
    return images, kept, skipped
