"""CelebA, decoded once for all processes of a run: pixels lie in a file that they map.

CelebA is for non-commercial research only. The file is the caller's to delete; the
command puts it into a temporary folder.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from benchmarks.images.tasks import TASKS, Budget
from benchmarks.paper.protocol import Part, Split
from skrunner.datasets import load_celeba

PIXELS, ROWS = "pixels.npy", "rows.csv"
PARTS = ("train", "valid", "test")
AT_ONCE = 1024


@dataclass(frozen=True)
class Faces:
    """The images of a run.

    Parameters
    ----------
    pixels : ndarray of uint8 of shape (n_images, 3, height, width)
        Train, validation and test images, one part behind the other.
    rows : DataFrame of shape (n_images, n_attributes + 1)
        Their attributes, 0 and 1, and the column ``part``.
    """

    pixels: Any
    rows: pd.DataFrame

    def split(self, task: str) -> Split:
        """Return the official partition for a task.

        Parameters
        ----------
        task : str
            A key of ``TASKS``.

        Returns
        -------
        Split
            Views of the pixels; ``fit`` is train and validation rows together.
        """
        counts = self.rows["part"].value_counts()
        n_train, n_fit = counts["train"], counts["train"] + counts["valid"]
        y = self.rows[TASKS[task].target].to_numpy()
        groups = self.rows["Male"].map({0: "Female", 1: "Male"})
        bounds = ((0, n_train), (n_train, n_fit), (n_fit, len(y)), (0, n_fit))
        parts = (
            Part(self.pixels[start:end], y[start:end], groups.iloc[start:end])
            for start, end in bounds
        )
        return Split(*parts)

    def describe(self) -> dict[str, Any]:
        """Return what the pages say of the images.

        Returns
        -------
        dict
            ``size``, images of each part, and the ``cells`` of the test part: by task
            the number of images, by group, of label 0 and of label 1.
        """
        test = self.rows[self.rows["part"] == "test"]
        cells = {
            name: [
                [int((group[task.target] == label).sum()) for label in (0, 1)]
                for _, group in test.groupby("Male")
            ]
            for name, task in TASKS.items()
        }
        counts = self.rows["part"].value_counts()
        return {
            "size": list(self.pixels.shape[2:]),
            **{part: int(counts[part]) for part in PARTS},
            "cells": cells,
        }


def write_faces(root: Path, folder: Path, budget: Budget) -> None:
    """Decode the images once.

    Parameters
    ----------
    root : Path
        The folder of CelebA, see `skrunner.datasets.load_celeba`.
    folder : Path
        Where the pixels and the attributes go.
    budget : Budget
        Holds the size, and how many images are taken.
    """
    size, parts, frames = budget.size, [], []
    for part in PARTS:
        faces = load_celeba(root, split=part, size=size)
        size = faces.data.size
        parts.append(faces.data[: budget.limit])
        frames.append(faces.frame.iloc[: budget.limit].assign(part=part))
    shape = (sum(map(len, parts)), 3, *parts[0].size)
    pixels = np.lib.format.open_memmap(
        folder / PIXELS, mode="w+", dtype=np.uint8, shape=shape
    )
    start = 0
    with tqdm(total=shape[0], unit="image", desc="decoding") as bar:
        for images in parts:
            for first in range(0, len(images), AT_ONCE):
                chunk = images[first : first + AT_ONCE]
                chunk.decode(out=pixels[start : start + len(chunk)])
                start += len(chunk)
                bar.update(len(chunk))
    pixels.flush()
    pd.concat(frames).to_csv(folder / ROWS, index=False)


@lru_cache(maxsize=1)
def open_faces(folder: Path) -> Faces:
    """Map the images that `write_faces` decoded; processes share their memory.

    Parameters
    ----------
    folder : Path
        Where they are.

    Returns
    -------
    Faces
        The images.
    """
    return Faces(np.load(folder / PIXELS, mmap_mode="r"), pd.read_csv(folder / ROWS))
