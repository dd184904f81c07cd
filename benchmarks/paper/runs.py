"""Run many fits side by side; a run that was killed goes on where it was.

Results are JSON lines, one a finished fit, appended at once by the parent process.
"""

import json
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from joblib import Parallel, delayed
from tqdm.auto import tqdm

Row = dict[str, Any]


def run_points(
    points: Sequence[Row],
    fit: Callable[[Row], Row],
    file_of: Callable[[Row], Path],
    *,
    jobs: int,
    minutes: float = math.inf,
) -> list[Row]:
    """Fit what is not yet in a file, and append each result to its file.

    Parameters
    ----------
    points : sequence of dict
        What to fit, in this order; all with the same names, which make the key.
    fit : callable
        Returns the row of a point: the point itself and its results, or an ``error``.
    file_of : callable
        Returns the file of a point. Fits that failed are tried again.
    jobs : int
        Fits at a time.
    minutes : float, default=inf
        When no other fit is begun; those that run are finished.

    Returns
    -------
    list of dict
        The rows of the points, in their order, without those that time was too short
        for.
    """
    end = time.monotonic() + 60 * minutes
    names = list(points[0])
    files = dict.fromkeys(file_of(point) for point in points)
    rows = [row for path in files for row in read_rows(path, cut=True)]
    known = {_key(row, names): row for row in rows}
    todo = [p for p in points if "error" in known.get(_key(p, names), {"error": ""})]
    # No fit waits for a worker: what waits would still be fitted when time is over.
    parallel = Parallel(
        jobs, return_as="generator_unordered", batch_size=1, pre_dispatch="n_jobs"
    )
    bar = tqdm(
        parallel(delayed(fit)(point) for point in todo if time.monotonic() < end),
        total=len(points),
        initial=len(points) - len(todo),
        unit="fit",
    )
    for row in bar:
        _append(row, file_of(row))
        known[_key(row, names)] = row
    keys = (_key(point, names) for point in points)
    return [known[key] for key in keys if key in known]


def _append(row: Row, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.write(json.dumps(_without_nan(row), allow_nan=False) + "\n")


def read_rows(path: Path, *, cut: bool = False) -> list[Row]:
    """Read a file of results.

    Parameters
    ----------
    path : Path
        The file; none is an empty one.
    cut : bool, default=False
        Whether a last line that a killed run left unfinished is cut from the file.

    Returns
    -------
    list of dict
        The rows in the order in which they were written, without an unfinished one.

    Raises
    ------
    ValueError
        If another line than the last cannot be read.
    """
    if not path.exists():
        return []
    whole, newline, rest = path.read_bytes().rpartition(b"\n")
    if cut and rest:
        path.write_bytes(whole + newline)
    rows = []
    for number, line in enumerate(whole.splitlines(), 1):
        try:
            rows.append(json.loads(line))
        except ValueError as error:
            raise ValueError(
                f"Line {number} of {path.name} is no JSON: {error}. Only the last line "
                "may be unfinished; delete this one and run again."
            ) from error
    return rows


def _key(row: Row, names: list[str]) -> str:
    return json.dumps({name: row.get(name) for name in names}, sort_keys=True)


def _without_nan(row: Row) -> Row:
    """JSON has no NaN: what is undefined becomes null."""
    undefined = {k for k, v in row.items() if isinstance(v, float) and math.isnan(v)}
    return {name: None if name in undefined else row[name] for name in row}
