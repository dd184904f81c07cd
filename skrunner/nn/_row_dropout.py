"""Dropout for some rows of a batch, in a net that has none."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor, nn


@contextmanager
def row_dropout(
    layers: Sequence[nn.Module], rows: Tensor, p: float, generator: torch.Generator
) -> Iterator[None]:
    """Drop inputs of layers at random in some rows; other rows pass unchanged.

    What is dropped in front of a layer are the neurons that it reads, behind their norm
    and nonlinearity. Each row has a mask of its own, so one forward pass takes rows
    with and without dropout together, and batch normalization sees them as one batch.
    Kept inputs are divided by ``1 - p``, as in ``torch.nn.Dropout``. The module itself
    is not changed: its hooks are gone when the block ends, on error too.

    Parameters
    ----------
    layers : sequence of Module
        The layers whose inputs are dropped.
    rows : Tensor of bool of shape (n_rows,)
        Which rows of the batch are thinned.
    p : float
        The probability that an input is dropped, in [0, 1).
    generator : Generator
        The source of the masks, on the device of the rows. It draws for all rows.

    Yields
    ------
    None
        Nothing.

    Examples
    --------
    >>> layer = torch.nn.Identity()
    >>> generator = torch.Generator().manual_seed(0)
    >>> with row_dropout([layer], torch.tensor([True, False]), 0.5, generator):
    ...     layer(torch.ones(2, 4))
    tensor([[0., 2., 0., 0.],
            [1., 1., 1., 1.]])
    """

    def drop(_layer: nn.Module, args: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        values, *others = args
        drawn = torch.rand(values.shape, generator=generator, device=values.device)
        thinned = rows.reshape(-1, *[1] * (values.ndim - 1))
        kept = (drawn >= p).to(values.dtype) / (1 - p)
        return (values * torch.where(thinned, kept, 1), *others)

    with ExitStack() as hooks:
        for layer in layers:
            handle = layer.register_forward_pre_hook(drop)
            hooks.callback(handle.remove)
        yield
