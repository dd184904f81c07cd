"""The processes that train one net together: their number, sums and agreements.

Owns every collective of ``torch.distributed``; knows nothing of what is added up. A
process alone is a group of one, and nothing here costs it anything.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import torch
import torch.distributed as dist
from torch import Tensor

Value = TypeVar("Value")


def n_processes() -> int:
    """Count the processes that train together.

    Returns
    -------
    int
        1 where no process group is up.
    """
    if dist.is_available() and dist.is_initialized():
        return dist.get_world_size()
    return 1


def process_rank() -> int:
    """Tell which of the processes this one is.

    Returns
    -------
    int
        Its number, from 0.
    """
    return dist.get_rank() if n_processes() > 1 else 0


def joined_sum(values: Tensor) -> Tensor:
    """Add up a tensor over all processes, without a graph.

    Parameters
    ----------
    values : Tensor
        Of the same shape in all processes; it stays as it is.

    Returns
    -------
    Tensor
        The sum, bit for bit the same in all processes.
    """
    total = values.detach().clone(memory_format=torch.contiguous_format)
    if n_processes() > 1:
        dist.all_reduce(total)
    return total


def joined_sums(pieces: Sequence[Tensor]) -> list[Tensor]:
    """Add up several tensors of one type at once.

    Parameters
    ----------
    pieces : sequence of Tensor
        Of the same shapes in all processes.

    Returns
    -------
    list of Tensor
        The sums.
    """
    if n_processes() == 1 or not any(piece.numel() for piece in pieces):
        return [piece.detach() for piece in pieces]
    total = joined_sum(torch.cat([piece.detach().reshape(-1) for piece in pieces]))
    parts = total.split_with_sizes([piece.numel() for piece in pieces])
    return [part.view(piece.shape) for part, piece in zip(parts, pieces, strict=True)]


def of_first(values: Tensor) -> Tensor:
    """Return the first process's tensor.

    Parameters
    ----------
    values : Tensor
        Of the same shape in all processes; it stays as it is.

    Returns
    -------
    Tensor
        Without a graph.
    """
    copy = values.detach().clone(memory_format=torch.contiguous_format)
    if n_processes() > 1:
        dist.broadcast(copy, src=0)
    return copy


def from_first(value: Value) -> Value:
    """Let all processes go on with what the first one has.

    Parameters
    ----------
    value : object
        Can be pickled.

    Returns
    -------
    object
        The first process's.
    """
    if n_processes() == 1:
        return value
    box: list[Any] = [value]
    dist.broadcast_object_list(box, src=0)
    return cast("Value", box[0])


def from_all(value: Value) -> list[Value]:
    """Tell all processes what each of them has.

    Parameters
    ----------
    value : object
        Can be pickled.

    Returns
    -------
    list of object
        In the order of the processes.
    """
    values: list[Any] = [value] * n_processes()
    if n_processes() > 1:
        dist.all_gather_object(values, value)
    return values


def by_first(function: Callable[[], Value]) -> Value:
    """Run a function in the first process alone.

    Parameters
    ----------
    function : callable
        Takes nothing.

    Returns
    -------
    object
        What it returned, in all processes.

    Raises
    ------
    Exception
        What it raised, in all processes: none waits for one that is gone.
    """
    if n_processes() == 1:
        return function()
    outcome: Any = None
    if process_rank() == 0:
        try:
            outcome = (function(), None)
        except Exception as error:  # noqa: BLE001 (it is raised below)
            outcome = (None, error)
    value, failure = from_first(outcome)
    if failure is not None:
        raise failure
    return cast("Value", value)


@dataclass(frozen=True)
class RowShare:
    """The rows that one process has of a step's rows.

    What all processes compute from joined sums is the same in each of them, so the
    gradient that a process takes back is the whole one by its own rows; nothing is
    exchanged on the way back. The gradients of the weights add up over the processes.

    Attributes
    ----------
    own : Tensor of int64 of shape (n_own,)
        Where its rows stand among all.
    n_rows : int
        Rows of the step in all processes.
    """

    own: Tensor
    n_rows: int

    def total(self, values: Tensor) -> Tensor:
        """Add up what the processes took from their rows, attached to the graph.

        Parameters
        ----------
        values : Tensor
            A sum over the own rows.

        Returns
        -------
        Tensor
            The sum over all rows.
        """
        result: Tensor = _Total.apply(values)
        return result

    def all_rows(self, values: Tensor) -> Tensor:
        """Put the rows of all processes together, attached to the graph.

        Parameters
        ----------
        values : Tensor of shape (n_own, ...)
            Of the own rows.

        Returns
        -------
        Tensor of shape (n_rows, ...)
            Of all rows, in their order.
        """
        result: Tensor = _AllRows.apply(values, self.own, self.n_rows)
        return result


class _Total(torch.autograd.Function):
    @staticmethod
    def forward(_ctx: Any, values: Tensor) -> Tensor:
        return joined_sum(values)

    @staticmethod
    def backward(_ctx: Any, *gradients: Tensor) -> Tensor:
        return gradients[0]


class _AllRows(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, own: Tensor, n_rows: int) -> Tensor:
        ctx.save_for_backward(own)
        # Adding zeros is exact, and takes shares of any size.
        rows = values.new_zeros(n_rows, *values.shape[1:])
        return joined_sum(rows.index_copy_(0, own, values))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (own,) = ctx.saved_tensors
        return gradients[0][own], None, None
