"""Made-up JPEG files and pixels of CelebA's size, so that no data set is needed."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from skrunner.data import GroupDataset, PixelOptions, as_pixels
from skrunner.datasets import ImageRows
from skrunner.training import model_dtype

SIZE = (218, 178)
QUALITY = 75
GRAIN = 12  # keeps a file at the 9 kB of a photograph of this size


def write_jpegs(folder: Path, n: int, size: tuple[int, int] = SIZE) -> list[str]:
    """Write smooth random pictures with a little grain.

    Parameters
    ----------
    folder : Path
        Where to.
    n : int
        How many.
    size : (int, int), default=(218, 178)
        Height and width.

    Returns
    -------
    list of str
        The names of the files.
    """
    rng = np.random.default_rng(0)
    names = [f"{row:06d}.jpg" for row in range(n)]
    for name in names:
        coarse = Image.fromarray(rng.integers(0, 256, (8, 6, 3), np.uint8))
        smooth = np.asarray(coarse.resize(size[::-1], Image.Resampling.BICUBIC))
        grain = rng.normal(scale=GRAIN, size=smooth.shape)
        pixels = np.clip(smooth + grain, 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / name, quality=QUALITY)
    return names


def many_rows(folder: Path, names: list[str], n: int) -> ImageRows:
    """Refer to a few files as often as it takes.

    Parameters
    ----------
    folder : Path
        Where they are.
    names : list of str
        The files.
    n : int
        How many rows.

    Returns
    -------
    ImageRows
        The rows.
    """
    return ImageRows([names[row % len(names)] for row in range(n)], root=folder)


def as_dataset(
    images: ImageRows | torch.Tensor, precision: str, *, channels_last: bool
) -> GroupDataset:
    """Give images labels and two groups.

    Parameters
    ----------
    images : ImageRows or Tensor of uint8 of shape (n_images, 3, height, width)
        The images; files are decoded batch by batch.
    precision : str
        One of ``skrunner.training.PRECISIONS``.
    channels_last : bool
        The memory format of a batch.

    Returns
    -------
    GroupDataset
        On the CPU.
    """
    options = PixelOptions(
        storage="files" if isinstance(images, ImageRows) else "auto",
        dtype=model_dtype(precision),
        channels_last=channels_last,
    )
    pixels = as_pixels(images, options)
    assert pixels is not None
    draw = torch.Generator().manual_seed(0)
    labels, groups = torch.randint(0, 2, (2, len(pixels)), generator=draw)
    return GroupDataset(pixels, labels, groups, n_groups=2, n_classes=2)
