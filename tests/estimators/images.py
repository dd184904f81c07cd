"""Tiny images of three groups: pixels, labels, files, and small nets without a norm."""

import numpy as np
import torch
from PIL import Image
from torch import nn

from skrunner.datasets import ImageRows
from tests.device import DEVICE

N = 120
SIDE = 6
_RNG = np.random.default_rng(0)
A = _RNG.choice(["a", "b", "c"], N, p=[0.5, 0.3, 0.2])
Y = (_RNG.random(N) < np.where(A == "a", 0.6, 0.35)).astype(int)
PIXELS = _RNG.integers(0, 200, (N, 3, SIDE, SIDE), dtype=np.uint8)
PIXELS[:, 0, :, :3] += (40 * Y[:, None, None]).astype(np.uint8)
PIXELS[:, 1] += (15 * (A == "a")[:, None, None]).astype(np.uint8)


class Conv(nn.Module):
    """Convolution, pooling, a hidden layer, logits."""

    def __init__(self, n_outputs=1):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.hidden = nn.Linear(4, 5)
        self.out = nn.Linear(5, n_outputs)

    def forward(self, X):
        pooled = torch.relu(self.conv(X)).mean(dim=(2, 3))
        return self.out(torch.relu(self.hidden(pooled)))


SMALL = {
    "net": Conv,
    "max_epochs": 2,
    "batch_size": 40,
    "lr": 0.02,
    "device": DEVICE,
    "select_epoch": "last",
    "random_state": 0,
}


def write_files(folder):
    """Write the images as PNG files and return them as rows."""
    paths = []
    for row, pixels in enumerate(PIXELS):
        paths.append(folder / f"{row}.png")
        Image.fromarray(pixels.transpose(1, 2, 0)).save(paths[-1])
    return ImageRows(paths, max_workers=1)


def fit(kind, X=PIXELS, **params):
    """Fit a small estimator on the images."""
    return kind(**{**SMALL, **params}).fit(X, Y, sensitive_features=A)


def assert_same(found, expected):
    """Compare bit by bit; a GPU adds up gradients in another order every time."""
    exact = {"rtol": 0, "atol": 0 if DEVICE == "cpu" else 1e-3}
    np.testing.assert_allclose(found, expected, **exact)
