"""What becomes of pixels on their way into a net, and where they come from."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

# The usual statistics of the channels of photographs (ImageNet), of pixels in [0, 1].
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class ImageSource(Protocol):
    """Images that are decoded when they are asked for, such as ``ImageRows``."""

    shape: tuple[int, ...]

    def __len__(self) -> int:
        """Return the number of images.

        Returns
        -------
        int
            The number.
        """

    def decode(
        self, rows: Any = None, out: npt.NDArray[np.uint8] | None = None
    ) -> npt.NDArray[np.uint8]:
        """Decode some rows.

        Parameters
        ----------
        rows : slice, array of int or None, default=None
            Which; None takes all.
        out : ndarray of uint8 of shape (n_rows, channels, height, width), default=None
            Where to write them.

        Returns
        -------
        ndarray of uint8 of shape (n_rows, channels, height, width)
            The pixels.
        """


@dataclass(frozen=True, eq=False)
class PixelOptions:
    """What becomes of pixels on their way into the net.

    Attributes
    ----------
    storage : {"auto", "device", "host", "files"}, default="auto"
        Where the pixels of a training stay: on the device, in memory of the
        host, or in their files. ``"auto"`` takes the first that has the room.
    dtype : dtype, default=float32
        What the net takes.
    transform : callable or None, default=None
        From uint8 pixels of shape (n_rows, 3, height, width) on the device to what the
        net takes; None scales to [0, 1] and standardizes the channels as torchvision
        does.
    augment : callable or None, default=None
        Changes the uint8 pixels of training batches before that.
    channels_last : bool, default=False
        The memory format of the batches.
    """

    storage: str = "auto"
    dtype: torch.dtype = torch.float32
    transform: Callable[[Tensor], Tensor] | None = None
    augment: Callable[[Tensor], Tensor] | None = None
    channels_last: bool = False


def as_many(name: str, images: Any, n_images: int) -> Tensor:
    """Refuse what a transform returns, unless it is a tensor of as many images.

    Parameters
    ----------
    name : str
        What the transform is called.
    images : object
        What it returned.
    n_images : int
        How many images it was given.

    Returns
    -------
    Tensor
        The images.

    Raises
    ------
    ValueError
        If it is something else, or holds another number of images.
    """
    if isinstance(images, Tensor) and images.shape[:1] == (n_images,):
        return images
    shape = tuple(getattr(images, "shape", ()))
    came = f"{type(images).__name__} of shape {shape}" if shape else repr(images)
    raise ValueError(
        f"{name} was given {n_images} images and returned {came}. It may change "
        "pixels, not how many images there are, which labels belong to: return a "
        f"tensor whose first axis has length {n_images}."
    )


def standardized(pixels: Tensor, dtype: torch.dtype) -> Tensor:
    """Scale pixels to [0, 1] and standardize the channels by the usual statistics.

    Parameters
    ----------
    pixels : Tensor of uint8 of shape (n_rows, channels, height, width)
        Three channels, or others, which are centered on 0.5 and halved.
    dtype : dtype
        The floating type.

    Returns
    -------
    Tensor of shape (n_rows, channels, height, width)
        In about [-2, 2.7].
    """
    shift, scale = _line(pixels.shape[1] == 3, dtype, pixels.device)
    return torch.addcmul(shift, pixels, scale)


@lru_cache(maxsize=16)  # a GPU would wait for four numbers from the host at every batch
def _line(
    three: bool, dtype: torch.dtype, device: torch.device
) -> tuple[Tensor, Tensor]:
    """Return the constants of the line that standardizes, by channel."""
    mean = torch.tensor(MEAN if three else 0.5, dtype=dtype, device=device)
    deviation = torch.tensor(DEVIATION if three else 0.5, dtype=dtype, device=device)
    shape = (-1, 1, 1)
    return (-mean / deviation).reshape(shape), (1 / (255 * deviation)).reshape(shape)
