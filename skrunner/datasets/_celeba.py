"""CelebA: faces with 40 attributes, from a folder that the user has."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from sklearn.utils import Bunch

from skrunner.datasets._bunch import describe
from skrunner.datasets._image_table import check_columns
from skrunner.datasets._opening import open_images, usual_check

ATTRIBUTES = "list_attr_celeba.txt"
PARTITION = "list_eval_partition.txt"
IMAGES = "img_align_celeba"
PARTS = {"train": 0, "valid": 1, "test": 2}
PAGE = "https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html"
LICENSE = "non-commercial research only; images may not be passed on"
HARMS = (
    "The images are of celebrities who were not asked, collected from the web. The\n"
    "attributes are what annotators saw, with errors; Male has two values and says\n"
    "nothing of how a person identifies, and Attractive is an opinion. A model of\n"
    "them repeats the opinions of the annotators. Use it to compare methods, and\n"
    "never to judge people."
)


def load_celeba(
    root: Any,
    *,
    target: str = "Wavy_Hair",
    sensitive: str | Sequence[str] = "Male",
    split: Literal["train", "valid", "test", "all"] = "train",
    size: Any = None,
    check: str | None = None,
    on_bad: str = "raise",
    max_workers: int | None = None,
    return_X_y_a: bool = False,
) -> Any:
    """Load CelebA from the folder that its authors publish; nothing is downloaded.

    The folder holds ``list_attr_celeba.txt``, ``list_eval_partition.txt`` and the
    aligned images in ``img_align_celeba``. Get it from the project's page [1]_; it is
    for non-commercial research only. Pixels stay in their files until they are needed,
    see `ImageRows`.

    Parameters
    ----------
    root : str or path
        The folder.
    target : str, default="Wavy_Hair"
        The attribute that is predicted; the paper's are ``"Wavy_Hair"`` and
        ``"Attractive"``.
    sensitive : str or list of str, default="Male"
        The attributes that are the sensitive features.
    split : {"train", "valid", "test", "all"}, default="train"
        Which part of the official partition.
    size : int or tuple of (int, int), default=None
        Height and width that images are resized to; None keeps theirs, 218 x 178.
    check : {"exists", "header", "pixels"}, default=None
        How far files are read beforehand, see `load_images`; None takes ``"exists"``,
        and ``"pixels"`` with ``on_bad="skip"``.
    on_bad : {"raise", "skip"}, default="raise"
        Whether files that fail the check are an error or their rows are dropped.
    max_workers : int, default=None
        Threads that read; None takes one for each core, at most 8.
    return_X_y_a : bool, default=False
        Return ``(data, target, sensitive_features)`` instead of a Bunch.

    Returns
    -------
    Bunch or tuple
        With the entries:

        - data : ImageRows of shape (n_samples, 3, height, width), in file order;
        - target : Series of shape (n_samples,), 1 where the attribute is there;
        - target_names : list of str, what 0 and 1 mean;
        - sensitive_features : DataFrame of texts, ``"Male"`` or ``"Female"``, and for
          other attributes such as ``"Young"`` or ``"not Young"``;
        - frame : DataFrame of shape (n_samples, 40) of 0 and 1, all attributes, by file
          name;
        - skipped : DataFrame with the columns ``path`` and ``reason``, dropped rows;
        - DESCR : str, the table of facts, with source, license and known harms.

    Raises
    ------
    FileNotFoundError
        If the folder or one of its parts is absent.
    ValueError
        If an attribute is unknown or both target and group, `split` makes no sense, or
        the lists are damaged.
    ImageFileError
        If image files fail the check.

    Warns
    -----
    ImageFileWarning
        If rows were dropped.

    See Also
    --------
    load_images : The same for a table of your own.

    References
    ----------
    .. [1] Liu, Luo, Wang and Tang, "Deep Learning Face Attributes in the Wild", ICCV
       2015, https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html.
    """
    folder = _check_folder(root)
    if split not in (*PARTS, "all"):
        raise ValueError(f"split must be one of {(*PARTS, 'all')}, got {split!r}.")
    frame = _read_attributes(folder / ATTRIBUTES)
    columns = [sensitive] if isinstance(sensitive, str) else list(sensitive)
    if not columns:
        raise ValueError('sensitive names no attribute. Pass one, such as "Male".')
    check_columns([target, *columns], list(frame.columns), "CelebA's attributes are")
    frame = frame[_in_split(folder / PARTITION, frame.index, split)]
    data, kept, skipped = open_images(
        frame.index.to_series(),
        root=folder / IMAGES,
        size=size,
        check=usual_check(check, on_bad, "exists"),
        on_bad=on_bad,
        max_workers=max_workers,
    )
    frame = frame.iloc[kept]
    labels = frame[target].astype("int64").reset_index(drop=True)
    groups = pd.DataFrame({name: _as_text(frame[name]) for name in columns})
    groups = groups.reset_index(drop=True)
    if return_X_y_a:
        return data, labels, groups
    names = [f"not {target}", target]
    facts = {
        "Task": f"predict the attribute {target} of a face",
        "Images": f"{data!r}, split {split}",
        "Label": f"{target}: 0 = {names[0]}, 1 = {names[1]}",
        "Base rate of label 1": f"{labels.mean():.4f}",
        "Source": PAGE,
        "License": LICENSE,
    }
    return Bunch(
        data=data,
        target=labels,
        target_names=names,
        sensitive_features=groups,
        frame=frame,
        skipped=skipped,
        DESCR=describe("CelebA (faces)", facts, labels, groups, HARMS),
    )


def _check_folder(root: Any) -> Path:
    folder = Path(root)
    missing = [n for n in (ATTRIBUTES, PARTITION, IMAGES) if not (folder / n).exists()]
    if missing:
        raise FileNotFoundError(
            f"{folder} holds no {', '.join(missing)}. skrunner does not download "
            f"CelebA ({LICENSE}). Get the aligned images and both lists from {PAGE} "
            f"and lay them out as {ATTRIBUTES}, {PARTITION} and {IMAGES}/000001.jpg "
            "under root."
        )
    return folder


def _read_attributes(path: Path) -> pd.DataFrame:
    """Read the number of images, the names of the attributes, and -1 or 1 for each."""
    with path.open(encoding="utf-8-sig") as file:
        first = file.readline().strip()
        names = file.readline().split()
        table = _read_rows(path, file, names)
    if first != str(len(table)):
        raise ValueError(
            f"{path} announces {first} images but holds {len(table)}. Get it anew: "
            "it is damaged."
        )
    if not table.isin([-1, 1]).all(axis=None):
        raise ValueError(
            f"{path} holds values other than -1 and 1, or rows of another number of "
            f"values than the {len(names)} attributes. Get it anew: it is damaged."
        )
    return (table == 1).astype("int8")


def _read_rows(path: Path, file: Any, names: Sequence[str]) -> pd.DataFrame:
    columns = ["file", *names]
    try:
        table = pd.read_csv(file, sep=r"\s+", header=None)
    except pd.errors.ParserError as error:
        raise ValueError(
            f"{path} holds rows of several lengths ({error}). Get it anew: it is "
            "damaged."
        ) from error
    if table.shape[1] != len(columns):
        raise ValueError(
            f"{path} holds rows of {table.shape[1] - 1} values, but {len(names)} were "
            "expected. Get it anew: it is damaged."
        )
    table = table.set_axis(columns, axis=1).set_index("file")
    twice = table.index[table.index.duplicated()]
    if len(twice):
        raise ValueError(f"{path} lists {twice[0]} twice. Get it anew: it is damaged.")
    return table


def _in_split(path: Path, files: pd.Index, split: str) -> Any:
    """Tell which files are in a part of the partition, in their order."""
    with path.open(encoding="utf-8-sig") as file:
        parts = _read_rows(path, file, ["part"])["part"]
    unlisted = files.difference(parts.index)
    if len(unlisted):
        raise ValueError(
            f"{path} does not list {len(unlisted)} of the images of {ATTRIBUTES}, such "
            f"as {unlisted[0]}. Take both files from the same source."
        )
    unknown = set(parts) - set(PARTS.values())
    if unknown:
        raise ValueError(
            f"{path} holds the code {min(map(str, unknown))}, but parts are {PARTS}. "
            "Get it anew: it is damaged."
        )
    if split == "all":
        return slice(None)
    inside = (parts.reindex(files) == PARTS[split]).to_numpy()
    if not inside.any():
        raise ValueError(f"{path} has no image of the split {split!r}.")
    return inside


def _as_text(values: pd.Series) -> pd.Series:
    yes = str(values.name)
    no = "Female" if yes == "Male" else f"not {yes}"
    return values.map({1: yes, 0: no})
