"""The rows of a diagnosis, a chunk at a time, and what their means are."""

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, nn

from skrunner.data import PixelRows, chunks_of, rows_at_once
from skrunner.gaps import GapStructure, GroupMeans, class_probabilities
from skrunner.nn import ActivationRecorder, NeuronLayers, neuron_first

Answer = TypeVar("Answer")


@dataclass
class Rows:
    """The rows of a diagnosis and the matrix that averages them.

    Attributes
    ----------
    module : Module
        The net, in evaluation mode when it runs.
    X : Tensor of shape (n_samples, ...) or PixelRows
        Its inputs, on any device.
    structure : GapStructure
        What is compared.
    means : GroupMeans
        The averaging matrix, on the net's device.
    batch_size : int, default=4096
        Rows that run at a time; fewer of large rows such as images, and fewer where
        memory runs out.
    """

    module: nn.Module
    X: Tensor | PixelRows
    structure: GapStructure
    means: GroupMeans
    batch_size: int = 4096

    def chunks(self) -> Generator[tuple[Tensor, Tensor], None, None]:
        """Yield inputs on the device with their columns of the averaging matrix."""
        matrix = self.means.matrix
        n_rows = rows_at_once(self.X, self.batch_size)
        parts = torch.split(matrix, n_rows, dim=1)
        with closing(chunks_of(self.X, n_rows)) as chunks:
            for X, part in zip(chunks, parts, strict=True):
                yield X.to(matrix.device), part


def halving(rows: Rows, run: Callable[[], Answer]) -> Answer:
    """Run a pass over the rows, with half as many at a time while memory runs out.

    Parameters
    ----------
    rows : Rows
        The rows; those at a time are halved in place, for later passes too.
    run : callable
        The pass over them, which begins anew each time.

    Returns
    -------
    object
        What it returned.
    """
    while True:
        try:
            return run()
        except torch.OutOfMemoryError:
            at_once = rows_at_once(rows.X, rows.batch_size)
            if at_once == 1:
                raise
        rows.batch_size = at_once // 2
        torch.cuda.empty_cache()


@torch.no_grad()
def mean_activations(rows: Rows, found: NeuronLayers) -> tuple[Tensor, list[Tensor]]:
    totals: list[Tensor] = []
    with closing(rows.chunks()) as chunks:  # a thread may be reading ahead
        for X, matrix in chunks:
            with ActivationRecorder(found.as_mapping()) as recorder:
                logits = rows.module(X)
            part = GroupMeans(matrix, rows.means.present)
            sums = [part.of(class_probabilities(logits.double()))]
            sums += [
                part.of(neuron_first(layer, recorder.activations[name]))
                for name, layer in zip(found.names, found.modules, strict=True)
            ]
            totals = (
                sums
                if not totals
                else [a + b for a, b in zip(totals, sums, strict=True)]
            )
    return totals[0], totals[1:]
