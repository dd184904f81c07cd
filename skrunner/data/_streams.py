"""Endless streams of row indices, each with a generator of its own.

A stream is a chain of random permutations of its rows. A batch smaller than the stream
hardly ever holds a row twice; a larger one repeats every row equally often. Indices are
drawn on the CPU, so that a seed means the same rows on every device.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor


class ShuffledStream:
    """Indices of one set of rows in random order, without end.

    Parameters
    ----------
    rows : Tensor of int64 of shape (n_rows,)
        The indices.
    generator : Generator
        The source of the order, on the CPU.

    Examples
    --------
    >>> stream = ShuffledStream(torch.arange(3), torch.Generator().manual_seed(0))
    >>> sorted(stream.draw(6).tolist())
    [0, 0, 1, 1, 2, 2]
    """

    def __init__(self, rows: Tensor, generator: torch.Generator) -> None:
        self._rows = rows.cpu()
        self._generator = generator
        self._left = self._rows[:0]

    def __len__(self) -> int:
        return len(self._rows)

    def draw(self, n_rows: int) -> Tensor:
        """Draw the next indices.

        Parameters
        ----------
        n_rows : int
            How many.

        Returns
        -------
        Tensor of int64 of shape (n_rows,)
            The indices.
        """
        missing = n_rows - len(self._left)
        n_permutations = max(0, -(-missing // len(self._rows)))
        keys = torch.rand(
            n_permutations,
            len(self._rows),
            generator=self._generator,
            dtype=torch.float64,
        )
        # numpy sorts four times as fast, and to the same order.
        orders = torch.from_numpy(keys.numpy().argsort(1)).flatten()
        drawn = torch.cat([self._left, self._rows.index_select(0, orders)])
        self._left = drawn[n_rows:]
        return drawn[:n_rows]

    def state_dict(self) -> dict[str, Tensor]:
        """Return what the next draws depend on.

        Returns
        -------
        dict
            The generator's state and what is left of a permutation.
        """
        return {"generator": self._generator.get_state(), "left": self._left.clone()}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Go on where another stream of the same rows was.

        Parameters
        ----------
        state : mapping
            From `state_dict`.
        """
        self._generator.set_state(state["generator"])
        self._left = state["left"]


class StratifiedStream:
    """Batches that hold an equal share of every stratum.

    Parameters
    ----------
    strata : sequence of Tensor of int64
        The row indices of each stratum; none is empty.
    batch_size : int
        Rows of a batch, split evenly; the first strata take what is left over.
    generator : Generator
        The source of the order.
    """

    def __init__(
        self, strata: Sequence[Tensor], batch_size: int, generator: torch.Generator
    ) -> None:
        base, extra = divmod(batch_size, len(strata))
        self._streams = [ShuffledStream(rows, generator) for rows in strata]
        self.sizes = [max(1, base + (i < extra)) for i in range(len(strata))]

    def draw(self, n_batches: int) -> Tensor:
        """Draw batches.

        Parameters
        ----------
        n_batches : int
            How many.

        Returns
        -------
        Tensor of int64 of shape (n_batches, batch_size)
            Row indices, sorted by stratum within each batch.
        """
        return torch.cat(
            [
                stream.draw(n_batches * size).reshape(n_batches, size)
                for stream, size in zip(self._streams, self.sizes, strict=True)
            ],
            dim=1,
        )

    def state_dict(self) -> dict[str, Any]:
        """Return what the next draws depend on.

        Returns
        -------
        dict
            The state of the stream of each stratum.
        """
        return {"streams": [stream.state_dict() for stream in self._streams]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where another stream of the same strata was.

        Parameters
        ----------
        state : mapping
            From `state_dict`.
        """
        for stream, its_state in zip(self._streams, state["streams"], strict=True):
            stream.load_state_dict(its_state)
