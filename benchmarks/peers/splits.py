"""The splits of the paper's tables, with and without the sensitive column as input."""

from dataclasses import fields, replace
from functools import lru_cache
from typing import Any

import numpy as np

from benchmarks.paper.grid import split_of
from benchmarks.paper.protocol import Part, Split
from skrunner import datasets

DATASETS = ("adult", "compas")
SENSITIVE = {"adult": "sex", "compas": "race"}


@lru_cache(maxsize=4)
def load_inputs(name: str, seed: int, *, sensitive_input: bool) -> Split:
    """Load a split of the paper's protocol and set whether the groups are an input.

    Parameters
    ----------
    name : {"adult", "compas"}
        The data set. Among the paper's inputs of Adult there is no sex, among those of
        COMPAS there is race.
    seed : int
        The split.
    sensitive_input : bool
        Whether the sensitive column is an input: one indicator where the paper has
        none, the paper's indicators where it has some.

    Returns
    -------
    Split
        The same rows in either case.
    """
    split = split_of(name, seed)
    columns = sensitive_columns(name)
    if sensitive_input and not len(columns):
        return _changed(split, _with_indicator)
    if not sensitive_input and len(columns):
        return _changed(split, lambda part: np.delete(part.X, columns, axis=1))
    return split


def sensitive_columns(name: str) -> list[int]:
    """Find the sensitive column among the paper's inputs.

    Parameters
    ----------
    name : str
        The data set.

    Returns
    -------
    list of int
        Its indicators; none where it is no input.
    """
    raw = getattr(datasets, f"load_{name}")().data
    names = datasets.paper_preprocessor(name).fit(raw).get_feature_names_out()
    prefix = f"{SENSITIVE[name]}_"
    return [place for place, one in enumerate(names) if one.startswith(prefix)]


def _with_indicator(part: Part) -> Any:
    first = part.groups == min(part.groups.unique())
    return np.column_stack([part.X, first.to_numpy(np.float32)])


def _changed(split: Split, change: Any) -> Split:
    parts = {field.name: getattr(split, field.name) for field in fields(split)}
    return Split(
        **{name: replace(part, X=change(part)) for name, part in parts.items()}
    )
