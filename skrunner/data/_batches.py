"""From a data set to the batches of an epoch: plain rows, balanced rows, or both."""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from skrunner.data._ahead import inputs_of
from skrunner.data._batch import Batch
from skrunner.data._dataset import GroupDataset
from skrunner.data._pixels import PixelRows
from skrunner.data._shares import own_plan, shared_batch
from skrunner.data._strata import equal_shares, strata_of, warn_of_short_strata
from skrunner.data._streams import ShuffledStream, StratifiedStream

# Measured on Adult and COMPAS: 500 balanced rows repair as well as 1,000.
ENOUGH_ROWS = 500
FEW_ROWS = 32
SAMPLINGS = ("plain", "shared", "two_stream", "balanced")


class EpochBatches:
    """Iterate over the batches of an epoch; every iteration is another epoch.

    Parameters
    ----------
    dataset : GroupDataset
        The rows; they stay where they are, only indices are drawn.
    batch_size : int
        Rows of the predictive stream. With as many rows as the data set has, or more,
        every batch is the whole data set and nothing is drawn.
    sampling : {"plain", "shared", "two_stream", "balanced"}, default="plain"
        ``"plain"`` and ``"shared"`` draw random rows, ``"balanced"`` equal shares of
        the strata of the constraint, ``"two_stream"`` random rows for the predictive
        loss and balanced ones for the fairness term. Where every batch is the whole
        data set, weights balance it.
    constraints : str, default="demographic_parity"
        Which strata are balanced.
    strata : sequence of Tensor of int64 or None, default=None
        Row indices of other strata to balance; None takes those of the constraint.
    steps_per_epoch : int or None, default=None
        Batches of an epoch; None makes it one pass over the rows.
    fairness_batch_size : int or None, default=None
        Balanced rows of a two-stream batch; None takes half of `batch_size` or 500,
        whichever is more, but no stratum's rows twice unless it has fewer than 32; of
        images, which take more time, as many as `batch_size`.
    seeds : (int, int), default=(0, 1)
        The seeds of the predictive and of the fairness stream.

    Examples
    --------
    >>> codes = torch.tensor([0, 1] * 5)
    >>> data = GroupDataset(torch.zeros(10, 1), codes, codes, n_groups=2, n_classes=2)
    >>> [len(batch.y) for batch in EpochBatches(data, batch_size=4)]
    [4, 3, 3]
    """

    def __init__(
        self,
        dataset: GroupDataset,
        *,
        batch_size: int,
        sampling: str = "plain",
        constraints: str = "demographic_parity",
        strata: Sequence[Tensor] | None = None,
        steps_per_epoch: int | None = None,
        fairness_batch_size: int | None = None,
        seeds: tuple[int, int] = (0, 1),
    ) -> None:
        if sampling not in SAMPLINGS:
            raise ValueError(
                f"Unknown sampling={sampling!r}. Pass one of: {', '.join(SAMPLINGS)}."
            )
        self.full = batch_size >= len(dataset)
        self.steps = steps_per_epoch or -(-len(dataset) // batch_size)
        self._one_pass = steps_per_epoch is None
        self._batch_size = batch_size
        plain, fair = (torch.Generator().manual_seed(seed) for seed in seeds)
        self._plain = ShuffledStream(torch.arange(len(dataset)), plain)
        self._balanced: StratifiedStream | None = None
        self._two_streams = two = sampling == "two_stream"
        self._process = (0, 1)
        self.dataset = dataset
        if sampling not in ("balanced", "two_stream"):
            return
        strata = strata or strata_of(dataset, constraints, all_labels=not two)
        if not self.full:
            n_fair = fairness_batch_size or _enough_rows(dataset, strata, batch_size)
            n_rows = n_fair if two else batch_size
            self._balanced = StratifiedStream(strata, n_rows, fair)
            warn_of_short_strata(strata, self._balanced.sizes)
        elif not two:
            self.dataset = replace(dataset, weight=equal_shares(strata, dataset))

    def __len__(self) -> int:
        return self.steps

    @property
    def n_fair(self) -> int:
        """Rows of a batch that the fairness term is over."""
        if self.full:
            return len(self.dataset)
        return sum(self._balanced.sizes) if self._balanced else self._batch_size

    def divide(self, rank: int, n_processes: int) -> None:
        """Yield one process's share of every batch from here on.

        All processes draw the same batches; each takes every n-th of the predictive
        rows and every n-th of those of the fairness term.

        Parameters
        ----------
        rank : int
            The number of the process, from 0.
        n_processes : int
            How many share the rows; 1 takes all.

        Raises
        ------
        ValueError
            If a batch has fewer rows than there are processes.
        """
        fewest = len(self.dataset) if self.full else min(self.n_fair, *self._sizes())
        if fewest < n_processes:
            raise ValueError(
                f"A step has {fewest} row(s) for {n_processes} processes, and each "
                "needs one at least. Raise batch_size or fairness_batch_size, or "
                "start fewer processes."
            )
        self._process = (rank, n_processes)

    def __iter__(self) -> Generator[Batch, None, None]:
        shared = self._process[1] > 1
        plans, batch_of = self._shares() if shared else self._plans()
        # Ends with this generator, not with the last that holds it: a thread may read.
        with closing(inputs_of(self.dataset.X, plans)) as inputs:
            for plan, X in inputs:
                yield batch_of(plan, X)

    def _plans(self) -> tuple[Iterable[Any], Callable[[Any, Tensor], Batch]]:
        """Return what to read for each batch, and what makes a batch of it."""
        if self.full:
            return [(slice(None),)] * self.steps, self._everyone
        return self._indices(), self._drawn

    def _drawn(self, plan: tuple[Tensor, int, int], X: Tensor) -> Batch:
        data = self.dataset
        rows, n_predictive, fair_from = plan
        return Batch(
            X,
            data.y.index_select(0, rows),
            data.groups.index_select(0, rows),
            None if data.weight is None else data.weight.index_select(0, rows),
            n_predictive,
            fair_from,
            self._same_cells(),
            None if data.flagged is None else data.flagged.index_select(0, rows),
        )

    def _everyone(self, _plan: Any, X: Tensor) -> Batch:
        data = self.dataset
        n_rows = len(data)
        return Batch(
            X,
            data.y,
            data.groups,
            data.weight,
            n_rows,
            0,
            same_cells=True,
            flagged=data.flagged,
        )

    def _same_cells(self) -> bool:
        drawn_alike = self._balanced is not None and self.dataset.weight is None
        return self.full or drawn_alike

    def _shares(self) -> tuple[Iterable[Any], Callable[[Any, Tensor], Batch]]:
        """Return the same for the own share of every batch."""
        data = self.dataset
        steps = self._indices()
        if self.full:
            everyone = torch.arange(len(data), device=data.y.device)
            steps = iter([(everyone, len(data), 0)] * self.steps)
        plans = (own_plan(*step, self._process) for step in steps)
        return plans, partial(shared_batch, data, same_cells=self._same_cells())

    def state_dict(self) -> dict[str, Any]:
        """Return what the rows of later epochs depend on.

        Returns
        -------
        dict
            The states of both streams.
        """
        return {name: stream.state_dict() for name, stream in self._streams().items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where other batches of the same rows were.

        Parameters
        ----------
        state : mapping
            From `state_dict`, between two epochs.
        """
        for name, stream in self._streams().items():
            stream.load_state_dict(state[name])

    def _streams(self) -> dict[str, ShuffledStream | StratifiedStream]:
        streams: dict[str, ShuffledStream | StratifiedStream] = {"plain": self._plain}
        if self._balanced is not None:
            streams["balanced"] = self._balanced
        return streams

    def _indices(self) -> Iterator[tuple[Tensor, int, int]]:
        device = self.dataset.y.device
        balanced = None
        if self._balanced is not None:
            balanced = self._balanced.draw(self.steps).to(device)
            if not self._two_streams:
                for rows in balanced:
                    yield rows, len(rows), 0
                return
        sizes = self._sizes()
        drawn = self._plain.draw(sum(sizes)).to(device)
        for step, plain in enumerate(torch.split(drawn, sizes)):
            if balanced is None:
                yield plain, len(plain), 0
            else:
                yield torch.cat([plain, balanced[step]]), len(plain), len(plain)

    def _sizes(self) -> list[int]:
        # Even shares: a last batch of one row would break batch normalization.
        if not self._one_pass:
            return [self._batch_size] * self.steps
        base, extra = divmod(len(self.dataset), self.steps)
        return [base + (step < extra) for step in range(self.steps)]


def _enough_rows(
    dataset: GroupDataset, strata: Sequence[Tensor], batch_size: int
) -> int:
    if isinstance(dataset.X, PixelRows):
        return batch_size
    smallest = min(len(rows) for rows in strata)
    return min(max(batch_size // 2, ENOUGH_ROWS), len(strata) * max(smallest, FEW_ROWS))
