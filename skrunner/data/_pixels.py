"""Rows of images: uint8 until a batch of them is needed, floats on the device then."""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from skrunner.data._pixel_options import (
    ImageSource,
    PixelOptions,
    as_many,
    standardized,
)
from skrunner.data._storage import choose_storage

LOADED_AT_ONCE = 1024


class PixelRows:
    """Images as rows of a data set; indexing gives float batches on the device.

    Parameters
    ----------
    source : ImageSource or Tensor of uint8 of shape (n_images, channels, height, width)
        Where the pixels come from.
    options : PixelOptions
        What becomes of them.
    rows : Tensor of int64 of shape (n_rows,) or None, default=None
        Which images are the rows; None takes all.
    device : device or str, default="cpu"
        Where batches go.

    Attributes
    ----------
    ready : bool
        Whether the pixels are on the device: a batch takes no more than an index.

    Examples
    --------
    >>> black = torch.zeros(10, 3, 4, 4, dtype=torch.uint8)
    >>> rows = PixelRows(black, PixelOptions()).take(torch.tensor([7, 8, 9]))
    >>> rows.shape, rows[:2].shape, rows[:2].dtype
    (torch.Size([3, 3, 4, 4]), torch.Size([2, 3, 4, 4]), torch.float32)
    """

    def __init__(
        self,
        source: ImageSource | Tensor,
        options: PixelOptions,
        rows: Tensor | None = None,
        device: torch.device | str = "cpu",
    ) -> None:
        self._source = source
        rows = torch.arange(len(source)) if rows is None else rows
        # Where the pixels are: numbers from elsewhere would make every step wait.
        self._rows = rows.to(source.device if isinstance(source, Tensor) else "cpu")
        self.options = options
        self.dtype = options.dtype
        self.device = torch.device(device)
        self.ready = _is_on(self.device, source)

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def shape(self) -> torch.Size:
        """The rows, channels, height and width."""
        return torch.Size((len(self), *self._source.shape[1:]))

    @property
    def nbytes(self) -> int:
        """Bytes of the pixels of all rows."""
        return self.shape.numel()

    def identity(self) -> list[Any]:
        """Return what tells the rows from others, without decoding one.

        Returns
        -------
        list
            The files or pixels of the images, the shape, and which images are rows.
        """
        source = self._source
        return [getattr(source, "paths", source), self.shape, self._rows]

    def __getitem__(self, key: Any) -> Tensor:
        """Return rows as the net takes them, on the device, without augmentation."""
        return self.finish(self.read(key), augmented=False)

    def read(self, key: Any) -> Tensor:
        """Fetch the pixels of a batch: the part that a thread can do ahead.

        Parameters
        ----------
        key : slice or Tensor of int64 of shape (n_batch,)
            Which rows.

        Returns
        -------
        Tensor of uint8 of shape (n_batch, channels, height, width)
            On the device if the pixels are there already, else on the host.
        """
        key = key.to(self._rows.device) if isinstance(key, Tensor) else key
        rows, source = self._rows[key], self._source
        if isinstance(source, Tensor) and source.device.type != "cpu":
            return source[rows]
        pinned = self.device.type == "cuda"
        shape = (len(rows), *self.shape[1:])
        pixels = torch.empty(shape, dtype=torch.uint8, pin_memory=pinned)
        if isinstance(source, Tensor):
            return torch.index_select(source, 0, rows, out=pixels)
        source.decode(rows.numpy(), out=pixels.numpy())
        return pixels

    def finish(self, pixels: Tensor, *, augmented: bool) -> Tensor:
        """Bring the pixels of a batch to the device, and make floats of them there.

        Parameters
        ----------
        pixels : Tensor of uint8 of shape (n_batch, channels, height, width)
            From `read`.
        augmented : bool
            Whether ``augment`` is applied.

        Returns
        -------
        Tensor of shape (n_batch, channels, height, width)
            What the net takes.

        Raises
        ------
        ValueError
            If a transform returns another number of images, or ``augment`` anything but
            uint8 where no transform follows.
        """
        options = self.options
        pixels = pixels.to(self.device, non_blocking=True)
        if augmented and options.augment is not None:
            pixels = as_many("augment", options.augment(pixels), len(pixels))
        if options.transform is None:
            if pixels.dtype != torch.uint8:
                raise ValueError(
                    f"augment was given uint8 pixels and returned {pixels.dtype}, "
                    "which would be scaled as pixels are. Return uint8, or pass an "
                    "image_transform that takes what augment returns."
                )
            batch = standardized(pixels, options.dtype)
        else:
            batch = as_many("image_transform", options.transform(pixels), len(pixels))
            batch = batch.to(self.device, options.dtype)
        if options.channels_last:
            batch = batch.contiguous(memory_format=torch.channels_last)
        return batch

    def take(self, rows: Tensor) -> "PixelRows":
        """Select rows; no pixel is copied.

        Parameters
        ----------
        rows : Tensor of int64 of shape (n_rows,)
            Their numbers.

        Returns
        -------
        PixelRows
            The selection.
        """
        chosen = self._rows[rows.to(self._rows.device)]
        return PixelRows(self._source, self.options, chosen, self.device)

    def to(self, device: torch.device | str) -> "PixelRows":
        """Bring the pixels to where a training keeps them.

        Parameters
        ----------
        device : device or str
            Where batches go.

        Returns
        -------
        PixelRows
            The same rows; with ``storage="auto"`` they are on the device if they take
            less than two fifths of its free memory, else in the host's if they take
            less than half of that, else they stay where they are.
        """
        device = torch.device(device)
        source = self._source
        storage = choose_storage(self.options.storage, self.nbytes, device)
        on_host = isinstance(source, Tensor) and source.device.type == "cpu"
        keep = storage == "files" or (storage == "host" and on_host)
        if keep or _is_on(device, source):
            return self.on_the_way_to(device)
        target = device if storage == "device" else torch.device("cpu")
        loaded = torch.empty(self.shape, dtype=torch.uint8, device=target)
        for start in range(0, len(self), LOADED_AT_ONCE):
            part = slice(start, start + LOADED_AT_ONCE)
            loaded[part] = self.read(part)
        return PixelRows(loaded, self.options, device=device)

    def on_the_way_to(self, device: torch.device | str) -> "PixelRows":
        """Let batches go to a device, and leave all pixels where they are.

        Parameters
        ----------
        device : device or str
            Where to.

        Returns
        -------
        PixelRows
            The same rows.
        """
        return PixelRows(self._source, self.options, self._rows, device)

    def replace_options(self, **changes: Any) -> "PixelRows":
        """Return the same rows with other options.

        Parameters
        ----------
        **changes : dict
            Fields of ``PixelOptions``.

        Returns
        -------
        PixelRows
            The rows.
        """
        options = replace(self.options, **changes)
        return PixelRows(self._source, options, self._rows, self.device)


def _is_on(device: torch.device, source: ImageSource | Tensor) -> bool:
    if not isinstance(source, Tensor) or source.device.type != device.type:
        return False
    # "cuda" is the current one of several; what is there knows its number.
    return source.device == torch.empty(0, device=device).device
