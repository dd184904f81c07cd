"""Rows of images that stay in their files until somebody needs the pixels."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from skrunner.datasets._decoding import check_size, read_pixels, read_size
from skrunner.datasets._row_keys import row_key, several
from skrunner.datasets._threads import check_workers, in_threads
from skrunner.datasets._unreadable import (
    UNREADABLE,
    check_depth,
    reason_of,
    unreadable,
    why_unreadable,
)
from skrunner.exceptions import ImageFileError


class ImageRows:
    """Image files as an array of shape (n_samples, 3, height, width) of uint8.

    It is indexed by rows as a NumPy array is, but a selection holds no pixels: it
    shares the list of paths. Pixels are decoded, in threads, by `decode`, by
    ``numpy.asarray`` and where a single row is taken.

    Everything becomes RGB: grey values are repeated, palettes looked up, CMYK
    converted, transparency dropped, and of 16 bits the upper eight are kept. Of an
    animation the first frame is read. As in torchvision, the orientation that a camera
    noted (EXIF) is not applied. What Pillow cannot convert (pixels that are floats)
    counts as damaged.

    Parameters
    ----------
    paths : sequence of str or path
        The files, one a row; what their names end in does not matter.
    root : str or path, default=""
        The folder that relative paths start at.
    size : int or tuple of (int, int), default=None
        Height and width; images of another size are resized bilinearly, without
        keeping the aspect. One number stands for both. None takes the size of the
        first file that can be read, for all rows.
    max_workers : int, default=None
        Threads that decode; None takes one for each core, at most 8.

    Attributes
    ----------
    shape : tuple of (int, int, int, int)
        Rows, channels, height and width.
    dtype : dtype
        Always uint8.
    ndim : int
        Always 4.
    nbytes : int
        What the pixels would take.
    paths : list of str
        The files.
    size : tuple of (int, int)
        Height and width.
    max_workers : int or None
        Threads.

    Raises
    ------
    ImageFileError
        If `size` is None and no file can be read; by `decode`, if some cannot.
    ValueError
        If there are no paths, or `size` or `max_workers` makes no sense.
    TypeError
        If `paths` is a single path.

    See Also
    --------
    load_images : Rows of images from a table of paths.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from PIL import Image
    >>> from skrunner.datasets import ImageRows
    >>> with tempfile.TemporaryDirectory() as root:
    ...     for name, value in [("a.png", 10), ("b.png", 20), ("c.png", 30)]:
    ...         Image.new("L", (6, 4), value).save(Path(root, name))
    ...     images = ImageRows(["a.png", "b.png", "c.png"], root=root)
    ...     images[[2, 0]].decode()[:, 0, 0, 0]
    array([30, 10], dtype=uint8)
    >>> images
    ImageRows(3 images of 3 x 4 x 6)
    """

    dtype = np.dtype(np.uint8)
    ndim = 4

    def __init__(
        self,
        paths: Sequence[Any],
        *,
        root: Any = "",
        size: Any = None,
        max_workers: int | None = None,
    ) -> None:
        if isinstance(paths, str | os.PathLike):
            raise TypeError(f"paths must be a list of paths, got {paths!r} alone.")
        self._names = np.empty(len(paths), dtype=object)
        self._names[:] = [os.fsdecode(path) for path in paths]
        if not len(self._names):
            raise ValueError("paths is empty: there are no images to read.")
        self._root = os.fspath(root)
        self._rows: npt.NDArray[np.intp] = np.arange(len(self._names))
        self.max_workers = check_workers(max_workers)
        self.size = self._first_size() if size is None else check_size(size)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Rows, channels, height and width."""
        return (len(self._rows), 3, *self.size)

    @property
    def nbytes(self) -> int:
        """What the pixels would take."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def paths(self) -> list[str]:
        """The files of the rows."""
        return [str(Path(self._root, name)) for name in self._names[self._rows]]

    def __len__(self) -> int:
        return len(self._rows)

    def __repr__(self) -> str:
        size = " x ".join(map(str, self.shape[1:]))
        return f"ImageRows({len(self)} images of {size})"

    def __iter__(self) -> Iterator[npt.NDArray[np.uint8]]:
        return (self[row] for row in range(len(self)))

    def __getitem__(self, key: Any) -> Any:
        """Select rows; a single number gives the pixels of one."""
        rows = self._rows[row_key(key)]
        if isinstance(rows, np.intp):
            return self._select(np.array([rows])).decode()[0]
        return self._select(rows)

    def decode(
        self, rows: Any = None, out: npt.NDArray[np.uint8] | None = None
    ) -> npt.NDArray[np.uint8]:
        """Read the pixels of some rows.

        Parameters
        ----------
        rows : slice, array of int or bool, or None, default=None
            Which rows, in which order; None takes all.
        out : ndarray of uint8 of shape (n_rows, 3, height, width), default=None
            Where to write them, such as pinned memory; None makes a new array.

        Returns
        -------
        ndarray of uint8 of shape (n_rows, 3, height, width)
            The pixels, in `out` if it was passed.

        Raises
        ------
        ImageFileError
            If files cannot be read; all of them are counted and the first named.
        ValueError
            If `out` has another shape or type, or cannot be written to.
        """
        chosen = self if rows is None else self[several(rows)]
        if out is None:
            out = np.empty(chosen.shape, np.uint8)
        elif out.shape != chosen.shape or out.dtype != np.uint8:
            raise ValueError(
                f"out must be uint8 of shape {chosen.shape}, got {out.dtype} of shape "
                f"{out.shape}."
            )
        elif not out.flags.writeable:
            raise ValueError("out must be writeable, got a read-only array.")
        paths = chosen.paths

        def read(i: int) -> str | None:
            try:
                out[i] = read_pixels(paths[i], self.size).transpose(2, 0, 1)
            except UNREADABLE as error:
                return reason_of(error)
            return None

        bad = in_threads(read, len(paths), self.max_workers)
        if bad:
            named = {paths[i]: why for i, why in bad.items()}
            raise ImageFileError(unreadable(named, len(bad), len(paths)))
        return out

    def find_unreadable(self, check: str = "pixels") -> dict[int, str]:
        """Look for files that cannot be read, without keeping pixels.

        Parameters
        ----------
        check : {"exists", "header", "pixels"}, default="pixels"
            Whether the files are there and not empty, whether they also begin as images
            do, or whether they can be decoded. Only the last finds truncated files.

        Returns
        -------
        dict of int to str
            What is wrong, by row.

        Raises
        ------
        ValueError
            If `check` is none of these.
        """
        check_depth(check)
        paths = self.paths
        return in_threads(
            lambda i: why_unreadable(paths[i], check), len(paths), self.max_workers
        )

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        if copy is False:
            raise ValueError("Images have to be decoded: copy=False cannot be.")
        pixels = self.decode()
        return pixels if dtype is None else pixels.astype(dtype, copy=False)

    def __getstate__(self) -> dict[str, Any]:
        state = {**self.__dict__, "_names": self._names[self._rows]}
        del state["_rows"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__ = {**state, "_rows": np.arange(len(state["_names"]))}

    def _select(self, rows: npt.NDArray[np.intp]) -> "ImageRows":
        part = object.__new__(type(self))
        part.__dict__ = {**self.__dict__, "_rows": rows}
        return part

    def _first_size(self) -> tuple[int, int]:
        reasons = {}
        for name in self._names:
            path = str(Path(self._root, name))
            try:
                return read_size(path)
            except UNREADABLE as error:
                reasons[path] = reason_of(error)
        raise ImageFileError(unreadable(reasons, len(self), len(self)))
