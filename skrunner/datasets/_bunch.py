"""Put a loaded table into the form that every loader returns.

Owns the Bunch and its DESCR, whose figures are computed from the rows at hand.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
from sklearn.utils import Bunch

from skrunner.datasets._files import read_sources


@dataclass(frozen=True)
class Facts:
    """What the rows themselves do not tell about a data set.

    Attributes
    ----------
    name : str
        Its key in ``SOURCES.json``.
    title : str
        Its name for people.
    task : str
        What is predicted.
    target_names : tuple of str
        What each label means, by label.
    favorable_label : int
        The label that is good for the person.
    harms : str
        Known harms and flaws, to be read before use.
    """

    name: str
    title: str
    task: str
    target_names: tuple[str, ...]
    favorable_label: int
    harms: str


def make_bunch(
    facts: Facts,
    data: pd.DataFrame,
    target: pd.Series,
    sensitive_features: pd.DataFrame,
    *,
    return_X_y_a: bool,
    **more: pd.DataFrame,
) -> Any:
    """Return the Bunch of a data set, or its three main tables.

    Parameters
    ----------
    facts : Facts
        What the rows do not tell.
    data : DataFrame of shape (n_samples, n_features)
        The raw columns.
    target : Series of shape (n_samples,)
        The labels.
    sensitive_features : DataFrame of shape (n_samples, n_sensitive_features)
        The candidates, the paper's first.
    return_X_y_a : bool
        Return the tables only.
    **more : DataFrame of n_samples rows
        Further entries of the Bunch.

    Returns
    -------
    Bunch or tuple of (DataFrame, Series, DataFrame)
        What the loaders document, rows numbered from 0.
    """
    data = _fresh(data)
    target = target.reset_index(drop=True)
    # Plain texts: a category without rows would become an empty group downstream.
    sensitive_features = sensitive_features.reset_index(drop=True).astype(str)
    if return_X_y_a:
        return data, target, sensitive_features
    return Bunch(
        data=data,
        target=target,
        target_names=list(facts.target_names),
        favorable_label=facts.favorable_label,
        sensitive_features=sensitive_features,
        feature_names=list(data.columns),
        frame=pd.concat([data, target], axis=1),
        DESCR=_describe(facts, data, target, sensitive_features),
        **{key: _fresh(frame) for key, frame in more.items()},
    )


def _fresh(frame: pd.DataFrame) -> pd.DataFrame:
    """Renumber the rows and forget categories that no row has."""
    frame = frame.reset_index(drop=True)
    categories = frame.select_dtypes("category").columns
    return frame.assign(
        **{
            column: frame[column].cat.remove_unused_categories()
            for column in categories
        }
    )


def _describe(
    facts: Facts,
    data: pd.DataFrame,
    target: pd.Series,
    sensitive_features: pd.DataFrame,
) -> str:
    source = read_sources()[facts.name]
    labels = ", ".join(f"{i} = {name}" for i, name in enumerate(facts.target_names))
    rows = {
        "Task": facts.task,
        "Rows": f"{len(data)}",
        "Columns": f"{data.shape[1]}",
        "Label": f"{target.name}: {labels}",
        "Favorable label": f"{facts.favorable_label}",
        "Base rate of label 1": f"{target.mean():.4f}",
        "Source": source["source"],
        "License": source["license"],
        "Changes": source["changes"],
    }
    return describe(facts.title, rows, target, sensitive_features, facts.harms)


def describe(
    title: str,
    rows: Mapping[str, str],
    target: pd.Series,
    sensitive_features: pd.DataFrame,
    harms: str,
) -> str:
    """Write the table of facts of a data set as plain text.

    Parameters
    ----------
    title : str
        The heading.
    rows : mapping of str to str
        The facts, in order.
    target : Series of shape (n_samples,)
        Labels 0 and 1.
    sensitive_features : DataFrame of shape (n_samples, n_sensitive_features)
        The groups.
    harms : str
        Known harms.

    Returns
    -------
    str
        The text.
    """
    lines = [title, "=" * len(title), ""]
    lines += [f"{key}: {value}" for key, value in rows.items()]
    lines += ["", "Rows and base rate of label 1 by group", ""]
    for column in sensitive_features:
        for group, labels_of in target.groupby(sensitive_features[column]):
            size, rate = len(labels_of), labels_of.mean()
            lines.append(f"{column} = {group}: {size} rows, {rate:.3f}")
    lines += ["", "Known harms", "", harms, ""]
    return "\n".join(lines)
