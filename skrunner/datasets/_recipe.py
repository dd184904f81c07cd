"""What a protocol of preprocessing consists of: numbers to scale and indicators."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd


@dataclass(frozen=True)
class Indicator:
    """One 0/1 input: whether a column's value is in a set or a closed interval.

    Attributes
    ----------
    name : str
        Name of the input.
    column : str
        The raw column.
    among : frozenset of str or tuple of (float, float)
        The texts, or the ends of the interval.
    """

    name: str
    column: str
    among: frozenset[str] | tuple[float, float]

    def of(self, X: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Return the input's values; a missing or unknown text gives 0.

        Parameters
        ----------
        X : DataFrame of shape (n_samples, n_features)
            Raw columns.

        Returns
        -------
        ndarray of shape (n_samples,)
            Zeros and ones, as float64.
        """
        values = X[self.column]
        if isinstance(self.among, frozenset):
            is_true = values.isin(self.among)
        else:
            is_true = values.between(*self.among)
        return is_true.to_numpy().astype(np.float64)


@dataclass(frozen=True)
class Recipe:
    """The inputs of one protocol: scaled (or binned) numbers, then indicators.

    Attributes
    ----------
    scaled : tuple of str
        Columns that are standardized.
    bins : {None, "shared", "own"}
        Whether the standardized columns are cut into one-hot deciles, by the edges of
        the first of them ("shared") or by their own.
    indicators : tuple of Indicator
        The 0/1 inputs.
    paired : bool
        Whether each indicator b becomes the two inputs 1 - b and b.
    """

    scaled: tuple[str, ...] = ()
    bins: Literal["shared", "own"] | None = None
    indicators: tuple[Indicator, ...] = ()
    paired: bool = False

    def columns(self) -> list[str]:
        """List the raw columns that are read, each once.

        Returns
        -------
        list of str
            Their names.
        """
        read = [*self.scaled, *(indicator.column for indicator in self.indicators)]
        return list(dict.fromkeys(read))


def one_hot(column: str, *levels: str) -> tuple[Indicator, ...]:
    """Return one indicator for each level of a column.

    Parameters
    ----------
    column : str
        The raw column.
    *levels : str
        Its texts, in the order of the inputs.

    Returns
    -------
    tuple of Indicator
        Named ``column_level``.
    """
    return grouped(column, {level: frozenset([level]) for level in levels})


def grouped(
    column: str, groups: Mapping[str, frozenset[str] | tuple[float, float]]
) -> tuple[Indicator, ...]:
    """Return one indicator for each named group of values of a column.

    Parameters
    ----------
    column : str
        The raw column.
    groups : dict of str to frozenset of str or tuple of (float, float)
        The texts or the interval of each group, in the order of the inputs.

    Returns
    -------
    tuple of Indicator
        Named ``column_group``.
    """
    return tuple(
        Indicator(f"{column}_{name}", column, among) for name, among in groups.items()
    )
