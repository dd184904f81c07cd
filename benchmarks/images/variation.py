"""Training images, mirrored and moved, each by chance."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Vary:
    """Mirrors and moves training images; it can be pickled.

    Parameters
    ----------
    flip : bool
        Whether to mirror half of them.
    shift : int
        Pixels to move each by at most, either way and in both directions; what comes in
        repeats the edge.
    """

    flip: bool
    shift: int

    def __call__(self, pixels: Tensor) -> Tensor:
        """Vary a batch.

        Parameters
        ----------
        pixels : Tensor of shape (n_images, channels, height, width)
            The images.

        Returns
        -------
        Tensor
            Of the same shape.
        """
        if self.flip:
            pixels = mirror_half(pixels)
        return move(pixels, self.shift) if self.shift else pixels


def move(pixels: Tensor, most: int) -> Tensor:
    """Move each image by its own whole number of pixels, repeating the edge.

    Parameters
    ----------
    pixels : Tensor of shape (n_images, channels, height, width)
        The images.
    most : int
        The largest move, either way and in both directions.

    Returns
    -------
    Tensor
        Of the same shape.
    """
    count, _, height, width = pixels.shape
    moves = torch.randint(-most, most + 1, (2, count, 1), device=pixels.device)
    rows, columns = (
        (torch.arange(length, device=pixels.device) + by).clamp(0, length - 1)
        for length, by in zip((height, width), moves, strict=True)
    )
    each = torch.arange(count, device=pixels.device)[:, None, None]
    moved = pixels.permute(0, 2, 3, 1)[each, rows[:, :, None], columns[:, None, :]]
    return moved.permute(0, 3, 1, 2)


def mirror_half(pixels: Tensor) -> Tensor:
    """Mirror each image with probability one half.

    Parameters
    ----------
    pixels : Tensor of shape (n_images, channels, height, width)
        The images.

    Returns
    -------
    Tensor
        Of the same shape.
    """
    mirrored = torch.rand(len(pixels), device=pixels.device) < 0.5
    return torch.where(mirrored[:, None, None, None], pixels.flip(-1), pixels)
