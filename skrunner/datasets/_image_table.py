"""A user's own table of image paths, labels and groups; rows that cannot be read."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.utils import Bunch

from skrunner.datasets._opening import open_images, usual_check


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
