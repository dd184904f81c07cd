"""Read the shipped tables and what is recorded of their sources."""

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import pandas as pd

FILES = files("skrunner.datasets") / "files"


def read_sources() -> Mapping[str, Mapping[str, Any]]:
    """Return source, license and digests of every shipped file, by data set name.

    Returns
    -------
    dict of str to dict
        The content of ``SOURCES.json``.
    """
    sources: Mapping[str, Mapping[str, Any]] = json.loads(
        (FILES / "SOURCES.json").read_text(encoding="utf-8")
    )
    return sources


def read_table(name: str) -> pd.DataFrame:
    """Return one shipped table: numbers as numbers, texts as categories.

    Parameters
    ----------
    name : str
        Its file's name without endings.

    Returns
    -------
    DataFrame
        All rows and columns of the file.
    """
    with (FILES / f"{name}.csv.gz").open("rb") as file:
        # Only the empty field means missing: "NA" and the like are values.
        table = pd.read_csv(
            file, compression="gzip", keep_default_na=False, na_values=[""]
        )
    texts = table.select_dtypes(exclude="number").columns
    return table.astype(dict.fromkeys(texts, "category"))
