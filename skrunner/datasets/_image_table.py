"""A user's own table of image paths, labels and groups; rows that cannot be read."""

import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.utils import Bunch

from skrunner.datasets._decoding import (
    check_depth,
    check_workers,
    in_threads,
    list_files,
    why_unreadable,
)
from skrunner.datasets._images import ImageRows
from skrunner.exceptions import ImageFileError, ImageFileWarning

ON_BAD = ("raise", "skip")


def load_images(
    table: Any,
    image_column: str,
    *,
    target: str | None = None,
    sensitive: str | Sequence[str] | None = None,
    root: Any = None,
    size: Any = None,
    check: str | None = None,
    on_bad: str = "raise",
    max_workers: int | None = None,
    return_X_y_a: bool = False,
) -> Any:
    """Load images that a table of yours names, with labels and groups beside them.

    Pixels stay in their files until they are needed, see `ImageRows`.

    Parameters
    ----------
    table : DataFrame, str or path
        One row an image, or the CSV file that holds such a table.
    image_column : str
        The column of paths.
    target : str, default=None
        The column of labels, of any type; None loads no labels.
    sensitive : str or list of str, default=None
        The columns that are the sensitive features; None loads none.
    root : str or path, default=None
        The folder that relative paths start at; None takes that of the CSV file, or for
        a DataFrame the working directory.
    size : int or tuple of (int, int), default=None
        Height and width that all images are resized to; None takes the size of the
        first.
    check : {"exists", "header", "pixels"}, default=None
        What is made sure of before anything is trained: that the files are there and
        not empty, that they also begin as images do, or that they can be decoded to the
        end, which takes as long as an epoch's reading and is the only way to find
        truncated files beforehand. None takes ``"header"``, and ``"pixels"`` with
        ``on_bad="skip"``.
    on_bad : {"raise", "skip"}, default="raise"
        Whether files that fail the check are an error, which counts and names them, or
        whether their rows are dropped with a warning.
    max_workers : int, default=None
        Threads that read; None takes one for each core, at most 8.
    return_X_y_a : bool, default=False
        Return ``(data, target, sensitive_features)`` instead of a Bunch.

    Returns
    -------
    Bunch or tuple
        With the entries:

        - data : ImageRows of shape (n_samples, 3, height, width);
        - target : Series of shape (n_samples,) or None, the labels as they are;
        - target_names : list of str, the labels that occur, sorted;
        - sensitive_features : DataFrame of n_samples rows or None, as it is;
        - frame : DataFrame of n_samples rows, the table without dropped rows;
        - skipped : DataFrame with the columns ``path`` and ``reason``, the dropped rows
          by their position in the table;
        - DESCR : str, what was loaded.

    Raises
    ------
    ValueError
        If a column is unknown or named twice, or an option makes no sense.
    ImageFileError
        If files fail the check, or none are left.

    Warns
    -----
    ImageFileWarning
        If rows were dropped.

    See Also
    --------
    load_celeba : Faces with 40 attributes, from the official folder.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> from pathlib import Path
    >>> from PIL import Image
    >>> from skrunner.datasets import load_images
    >>> table = pd.DataFrame(
    ...     {"file": ["a.png", "b.png"], "label": [0, 1], "site": ["north", "south"]}
    ... )
    >>> with tempfile.TemporaryDirectory() as root:
    ...     for name in table["file"]:
    ...         Image.new("RGB", (6, 4)).save(Path(root, name))
    ...     loaded = load_images(
    ...         table, "file", target="label", sensitive="site", root=root
    ...     )
    >>> loaded.data
    ImageRows(2 images of 3 x 4 x 6)
    """
    if not isinstance(table, pd.DataFrame):
        root = Path(table).parent if root is None else root
        table = pd.read_csv(table)
    groups = [sensitive] if isinstance(sensitive, str) else list(sensitive or [])
    wanted = [image_column, *([] if target is None else [target]), *groups]
    check_columns(wanted, table.columns, "The table has the columns")
    data, kept, skipped = open_images(
        table[image_column],
        root="" if root is None else root,
        size=size,
        check=usual_check(check, on_bad, "header"),
        on_bad=on_bad,
        max_workers=max_workers,
    )
    frame = table.iloc[kept].reset_index(drop=True)
    labels = None if target is None else frame[target]
    sensitive_features = frame[groups] if groups else None
    if return_X_y_a:
        return data, labels, sensitive_features
    found = [] if labels is None else labels.dropna().unique()
    names = sorted(found, key=lambda label: (type(label).__name__, label))
    return Bunch(
        data=data,
        target=labels,
        target_names=list(map(str, names)),
        sensitive_features=sensitive_features,
        frame=frame,
        skipped=skipped,
        DESCR=f"{data!r} of {len(table)} rows; label {target}, groups {groups}.",
    )


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


def check_columns(wanted: Sequence[str], known: Sequence[str], such: str) -> None:
    """Refuse names that are not known, and one for two purposes.

    Parameters
    ----------
    wanted, known : sequence of str
        The names.
    such : str
        What the known ones are, for the message.

    Raises
    ------
    ValueError
        If one is unknown or named twice.
    """
    twice = [name for name in wanted if list(wanted).count(name) > 1]
    if twice:
        raise ValueError(
            f"{twice[0]!r} is named twice: the images, labels and groups are different "
            "columns. Groups that are told by the label have nothing to compare."
        )
    unknown = [name for name in wanted if name not in known]
    if unknown:
        given = ", ".join(map(str, known))
        raise ValueError(f"Unknown {', '.join(map(repr, unknown))}. {such} {given}.")


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
