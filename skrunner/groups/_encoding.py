"""From any accepted form of sensitive features to integer codes and group names."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import issparse

MISSING = "<missing>"
MAX_LEVELS_OF_A_FLOAT = 20


@dataclass(frozen=True)
class GroupEncoding:
    """Groups of rows: the intersections of one or several sensitive features.

    Attributes
    ----------
    codes : ndarray of int64 of shape (n_samples,)
        The group of each row, an index into `values`.
    values : tuple of length n_groups
        The value that defines each group (a tuple of values for several features),
        sorted.
    feature_names : tuple of str
        The sensitive features' names.
    missing : {"error", "group"}
        What a missing value means, see `encode_groups`.
    """

    codes: npt.NDArray[np.int64]
    values: tuple[Hashable, ...]
    feature_names: tuple[str, ...]
    missing: str = "error"

    @property
    def n_groups(self) -> int:
        """Number of groups.

        Returns
        -------
        int
            The length of `values`.
        """
        return len(self.values)

    @property
    def names(self) -> tuple[str, ...]:
        """Group names for people.

        Returns
        -------
        tuple of str
            The value of each group, or its values joined by " & ".
        """
        return tuple(
            " & ".join(map(str, value)) if isinstance(value, tuple) else str(value)
            for value in self.values
        )

    def without_rows(self) -> "GroupEncoding":
        """Return the known groups alone, to encode other rows by.

        Returns
        -------
        GroupEncoding
            The same groups with no codes.
        """
        return replace(self, codes=self.codes[:0])

    def encode(
        self, sensitive_features: Any, *, n_samples: int | None = None
    ) -> npt.NDArray[np.int64]:
        """Give the codes of other rows by the groups known here.

        Parameters
        ----------
        sensitive_features : array-like of shape (n_samples,) or (n_samples, n_features)
            The sensitive features of the rows, in the same form as before; several
            columns of a DataFrame are found by name.
        n_samples : int, default=None
            Number of rows that X has; None skips the comparison.

        Returns
        -------
        ndarray of int64 of shape (n_samples,)
            Their codes.

        Raises
        ------
        ValueError
            If a group is unknown here; the message names it and the known ones. Or if
            there are other columns, or another number of rows.
        """
        frame = self._in_order(_as_frame(sensitive_features))
        _check_length(frame, n_samples)
        if frame.shape[1] != len(self.feature_names):
            raise ValueError(
                f"sensitive_features has {frame.shape[1]} column(s), but the groups "
                f"were made of {len(self.feature_names)}: "
                f"{', '.join(self.feature_names)}."
            )
        keys = _keys(_fill_missing(frame, self.missing))
        code_of = {value: code for code, value in enumerate(self.values)}
        codes = np.fromiter((code_of.get(key, -1) for key in keys), np.int64, len(keys))
        if (codes < 0).any():
            unseen = sorted({str(key) for key in keys if key not in code_of})
            raise ValueError(
                "sensitive_features holds group(s) unseen in training: "
                f"{', '.join(unseen)}. Known groups: {', '.join(self.names)}. Drop "
                "those rows, merge the groups, or fit on data that holds them."
            )
        return codes

    def _in_order(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Take columns by name, where both sides have names of the user's."""
        known, names = self.feature_names, tuple(map(str, frame.columns))
        invented = _numbered(len(known))
        if len(known) < 2 or len(names) != len(known) or invented in (names, known):
            return frame
        if set(names) != set(known):
            raise ValueError(
                f"sensitive_features has the columns {', '.join(names)}, but the "
                f"groups were made of {', '.join(known)}. Pass the same ones."
            )
        return frame.iloc[:, [names.index(name) for name in known]]


def encode_groups(
    sensitive_features: Any, *, n_samples: int | None = None, missing: str = "error"
) -> GroupEncoding:
    """Turn sensitive features into group codes; several columns intersect.

    Parameters
    ----------
    sensitive_features : array-like of shape (n_samples,) or (n_samples, n_features)
        Array, Series, DataFrame or list of strings, integers, booleans or categories.
    n_samples : int or None, default=None
        Number of rows that X has; None skips the comparison.
    missing : {"error", "group"}, default="error"
        Whether a missing value is an error or a group of its own, called
        ``"<missing>"``.

    Returns
    -------
    GroupEncoding
        Codes, values and names. Only intersections that occur become groups.

    Raises
    ------
    ValueError
        On another length than `n_samples`, on missing values, on more than two
        dimensions, without a column, and on a column that looks continuous.

    Examples
    --------
    >>> encode_groups(["b", "a", "b"]).codes
    array([1, 0, 1])
    >>> encode_groups([["f", 1], ["m", 0], ["f", 1]]).names
    ('f & 1', 'm & 0')
    """
    frame = _as_frame(sensitive_features)
    _check_length(frame, n_samples)
    if frame.shape[1] == 0:
        raise ValueError("sensitive_features has no column. Pass at least one.")
    for name, column in frame.items():
        _refuse_continuous(column, str(name))
    keys = _keys(_fill_missing(frame, missing))
    values = _sorted(set(keys))
    code_of = {value: code for code, value in enumerate(values)}
    codes = np.fromiter((code_of[key] for key in keys), np.int64, len(keys))
    return GroupEncoding(codes, values, tuple(map(str, frame.columns)), missing)


def _check_length(frame: pd.DataFrame, n_samples: int | None) -> None:
    if n_samples is not None and len(frame) != n_samples:
        raise ValueError(
            f"sensitive_features has {len(frame)} row(s), but X has {n_samples}. Pass "
            "one row of sensitive features for each row of X."
        )


def _as_frame(sensitive_features: Any) -> pd.DataFrame:
    if isinstance(sensitive_features, pd.DataFrame):
        return sensitive_features
    if isinstance(sensitive_features, pd.Series):
        name = sensitive_features.name
        return sensitive_features.to_frame(
            "sensitive_feature" if name is None else name
        )
    if hasattr(sensitive_features, "to_pandas"):
        return _as_frame(sensitive_features.to_pandas())
    if issparse(sensitive_features):
        sensitive_features = sensitive_features.toarray()
    array = np.asarray(sensitive_features)
    if array.dtype.kind in "US" and not isinstance(sensitive_features, np.ndarray):
        array = np.asarray(sensitive_features, dtype=object)
    if array.ndim == 1:
        return pd.DataFrame({"sensitive_feature": array})
    if array.ndim != 2:
        raise ValueError(
            f"sensitive_features must have one or two dimensions, got {array.ndim}."
        )
    return pd.DataFrame(array, columns=_numbered(array.shape[1]))


def _numbered(n_columns: int) -> tuple[str, ...]:
    return tuple(f"sensitive_feature_{i}" for i in range(n_columns))


def _refuse_continuous(column: "pd.Series[Any]", name: str) -> None:
    column = column.infer_objects()
    if column.dtype.kind != "f":
        return
    levels = column.dropna().unique()
    if len(levels) > MAX_LEVELS_OF_A_FLOAT and (levels != np.round(levels)).any():
        raise ValueError(
            f"The sensitive feature {name!r} looks continuous: {len(levels)} distinct "
            "values. Cut it into groups first, for example with pandas.cut."
        )


def _fill_missing(frame: pd.DataFrame, missing: str) -> pd.DataFrame:
    if missing not in ("error", "group"):
        raise ValueError(f"missing must be 'error' or 'group', got {missing!r}.")
    absent = frame.isna()
    if not absent.to_numpy().any():
        return frame
    if missing == "error":
        raise ValueError(
            f"sensitive_features has {int(absent.any(axis=1).sum())} row(s) with a "
            "missing value. Drop or impute them. To make them a group of their own, "
            "fill them with a value such as 'missing', or pass missing='group' to a "
            "classifier."
        )
    return frame.astype(object).mask(absent, MISSING)


def _keys(frame: pd.DataFrame) -> Sequence[Hashable]:
    columns = [column.tolist() for _, column in frame.items()]
    return columns[0] if len(columns) == 1 else list(zip(*columns, strict=True))


def _sorted(values: set[Hashable]) -> tuple[Hashable, ...]:
    try:
        return tuple(sorted(values))  # type: ignore[type-var]
    except TypeError:
        return tuple(sorted(values, key=lambda value: (str(type(value)), str(value))))
