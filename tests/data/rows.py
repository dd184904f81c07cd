"""Small data sets whose only feature is the row's number."""

import numpy as np
import torch

from skrunner.data import GroupDataset
from skrunner.groups import encode_groups

COUNTS = {(0, 0): 31, (0, 1): 19, (1, 0): 11, (1, 1): 9, (2, 0): 7, (2, 1): 4}


def make_dataset(counts=COUNTS, *, n_classes=2, weighted=False, seed=0):
    """Return shuffled rows of cells; every row's X is its index."""
    cells = [cell for cell, size in counts.items() for _ in range(size)]
    codes = torch.tensor(cells)[
        torch.randperm(len(cells), generator=torch.Generator().manual_seed(seed))
    ]
    n_rows = len(codes)
    return GroupDataset(
        torch.arange(n_rows)[:, None].float(),
        codes[:, 1].contiguous(),
        codes[:, 0].contiguous(),
        n_groups=1 + max(group for group, _ in counts),
        n_classes=n_classes,
        weight=1 + torch.arange(n_rows) / n_rows if weighted else None,
    )


def two_columns(n_rows=90, seed=0):
    """Return rows whose groups are the intersections of two sensitive columns."""
    rng = np.random.default_rng(seed)
    columns = np.stack(
        [
            rng.choice(["f", "m"], n_rows, p=[0.3, 0.7]),
            rng.choice(["a", "b", "c"], n_rows, p=[0.6, 0.3, 0.1]),
        ],
        axis=1,
    )
    groups = encode_groups(columns)
    return columns, GroupDataset(
        torch.arange(n_rows)[:, None].float(),
        torch.from_numpy(rng.integers(0, 2, n_rows)),
        torch.from_numpy(groups.codes),
        n_groups=groups.n_groups,
        n_classes=2,
    )


def indices(batch, part=slice(None)):
    """Return the numbers of a batch's rows."""
    return batch.X[part, 0].long().tolist()
