"""The state of a training in a file, from which a killed fit goes on."""

import hashlib
import io
import os
import pickle
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from skrunner._processes import by_first, process_rank
from skrunner.exceptions import CheckpointError
from skrunner.training._seeding import Seeds
from skrunner.training._storable import restored, storable

FORMAT = b"skrunner checkpoint 4 sha256 "
LONGEST = 80
# What torch.load raises for a file that is something else or was cut off.
DAMAGED = (
    RuntimeError,
    EOFError,
    ValueError,
    LookupError,
    AttributeError,
    TypeError,
    OSError,
    pickle.UnpicklingError,
)


class Checkpoint:
    """A file that holds how far a fit is, one state for each of its trainings.

    The file is replaced as a whole: whoever is killed while writing leaves the last
    one. It begins with a checksum, holds tensors, numbers and text only, and is read
    by ``torch.load(weights_only=True)``, which runs no code of it.

    Parameters
    ----------
    path : str or path
        The file. If it exists, the fit goes on from it.
    fingerprint : mapping of str to str
        What the fit depends on: a file with another one is refused.
    seeds : Seeds
        The seeds of a fit that starts here; a file's own come first.

    Attributes
    ----------
    seeds : Seeds
        The seeds that the fit started with.

    Raises
    ------
    CheckpointError
        If the file is of another fit, or damaged, or cannot be written; later on, if
        another fit writes to it meanwhile.
    FileNotFoundError
        If its folder does not exist.
    """

    def __init__(
        self, path: str | os.PathLike[str], fingerprint: Mapping[str, str], seeds: Seeds
    ) -> None:
        self.path = Path(path)
        self._stage = -1
        new: dict[str, Any] = {
            "fingerprint": dict(fingerprint),
            "seeds": asdict(seeds),
            "stages": [],
            "finished": False,
        }
        self._seen = _stamp(self.path)
        self._content = by_first(lambda: _open(self.path, new))
        self.seeds = Seeds(**self._content["seeds"])

    def next_stage(self) -> dict[str, Any] | None:
        """Go to the next training of the fit.

        Returns
        -------
        dict or None
            Its state in the file, None if it has not begun.
        """
        self._stage += 1
        stages: list[dict[str, Any]] = self._content["stages"]
        return restored(stages[self._stage]) if self._stage < len(stages) else None

    def keep(self, state: Mapping[str, Any]) -> None:
        """Write the state of the present training.

        Parameters
        ----------
        state : mapping
            Tensors, numbers, text and containers of them; it is copied.
        """
        self._content["stages"][self._stage :] = [storable(state)]
        self._write()

    def finish(self) -> None:
        """Write that the fit came to its end."""
        if not self._content["finished"]:
            self._content["finished"] = True
            self._write()

    def _write(self) -> None:
        if process_rank() > 0:
            return
        if _stamp(self.path) != self._seen:
            raise CheckpointError(
                f"{self.path} was written by another fit meanwhile. Pass each fit a "
                "file of its own."
            )
        part = _part(self.path)
        with part.open("wb") as file:
            file.write(_sealed(self._content))
            file.flush()
            os.fsync(file.fileno())
        part.replace(self.path)
        self._seen = _stamp(self.path)


def _part(path: Path) -> Path:
    """Name the file that is written before it takes the other's place."""
    return path.with_name(f"{path.name}.{os.getpid()}.part")


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """Tell one state of a file from another; None if there is none."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def _sealed(content: dict[str, Any]) -> bytes:
    """Put a checksum before what is kept: torch would read damaged weights."""
    buffer = io.BytesIO()
    torch.save(content, buffer)
    payload = buffer.getvalue()
    return FORMAT + hashlib.sha256(payload).digest() + payload


def _open(path: Path, new: dict[str, Any]) -> dict[str, Any]:
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"checkpoint={str(path)!r} is to be written to a folder that does not "
            "exist. Create it first."
        )
    if path.is_dir():
        raise CheckpointError(f"checkpoint={str(path)!r} is a folder. Pass a file.")
    try:
        _part(path).touch()
        _part(path).unlink()
    except OSError as error:
        raise CheckpointError(
            f"checkpoint={str(path)!r} cannot be written: {error}. Pass another file."
        ) from error
    if not path.exists():
        return new
    there = read_checkpoint(path)
    _compare(path, there["fingerprint"], new["fingerprint"])
    return there


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read what a checkpoint holds, if it is whole.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    dict
        Its content.

    Raises
    ------
    CheckpointError
        If it is something else, of another version, or damaged.
    """
    advice = "Delete it to start anew, or pass another file."
    try:
        sealed = path.read_bytes()
        size = len(FORMAT) + hashlib.sha256().digest_size
        payload = sealed[size:]
        if sealed[:size] != FORMAT + hashlib.sha256(payload).digest():
            raise ValueError("It does not begin with the checksum of what it holds.")
        content: dict[str, Any] = torch.load(
            io.BytesIO(payload), map_location="cpu", weights_only=True
        )
    except DAMAGED as error:
        raise CheckpointError(
            f"{path} is no checkpoint of this version of skrunner, or it was damaged. "
            f"{advice}"
        ) from error
    return content


def _compare(path: Path, there: Mapping[str, str], here: Mapping[str, str]) -> None:
    differ = [
        f"{name} (there {_short(there.get(name))}, here {_short(here.get(name))})"
        for name in sorted({*there, *here})
        if there.get(name) != here.get(name)
    ]
    if differ:
        raise CheckpointError(
            f"{path} is of another fit. These differ: {'; '.join(differ)}. Fit with "
            "what it was written for, pass another file, or delete it to start anew."
        )


def _short(text: str | None) -> str:
    text = "nothing" if text is None else text
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
