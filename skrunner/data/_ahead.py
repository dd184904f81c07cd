"""Batches of inputs in the order of their rows, read ahead where that takes time."""

from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import Any, TypeVar

from torch import Tensor

from skrunner.data._pixels import PixelRows

READ_AHEAD = 2
Item = TypeVar("Item", bound=tuple[Any, ...])


def inputs_of(
    X: Tensor | PixelRows, plans: Iterable[Item]
) -> Generator[tuple[Item, Tensor], None, None]:
    """Yield the inputs of each batch with its plan. Close it: a thread may be at work.

    Parameters
    ----------
    X : Tensor or PixelRows
        All inputs.
    plans : iterable of tuple
        Row indices or a slice first, the rest is handed back.

    Yields
    ------
    tuple of (tuple, Tensor)
        The plan and its inputs. Images that are not on the device are decoded and
        copied by a thread while earlier batches train.
    """
    if isinstance(X, Tensor):
        for plan in plans:
            # A fraction of the time of X[rows] on a CPU.
            yield plan, X if _is_all(plan[0]) else X.index_select(0, plan[0])
    elif X.ready:
        for plan in plans:
            yield plan, X.finish(X.read(plan[0]), augmented=True)
    else:
        yield from _read_ahead(X, plans)


def _is_all(rows: Any) -> bool:
    return isinstance(rows, slice) and rows == slice(None)


def _read_ahead(
    X: PixelRows, plans: Iterable[Item]
) -> Generator[tuple[Item, Tensor], None, None]:
    waiting: deque[tuple[Item, Future[Tensor]]] = deque()
    pool = ThreadPoolExecutor(1)
    try:
        for plan in plans:
            waiting.append((plan, pool.submit(X.read, plan[0])))
            if len(waiting) > READ_AHEAD:
                yield _finished(X, *waiting.popleft())
        while waiting:
            yield _finished(X, *waiting.popleft())
    finally:
        pool.shutdown(cancel_futures=True)


def _finished(
    X: PixelRows, plan: Item, pixels: "Future[Tensor]"
) -> tuple[Item, Tensor]:
    # In a function of its own, so that nothing holds the pixels while a batch trains.
    return plan, X.finish(pixels.result(), augmented=True)


def chunks_of(X: Tensor | PixelRows, n_rows: int) -> Generator[Tensor, None, None]:
    """Yield all inputs in order, some rows at a time.

    Parameters
    ----------
    X : Tensor or PixelRows
        All inputs.
    n_rows : int
        Rows of a chunk.

    Yields
    ------
    Tensor of shape (n_rows, ...)
        Where `X` is; images are on their device.
    """
    starts = range(0, len(X), n_rows)
    if isinstance(X, Tensor) or X.ready:
        for start in starts:
            yield X[start : start + n_rows]
        return
    plain = X.replace_options(augment=None)
    parts = [(slice(start, start + n_rows),) for start in starts]
    with closing(inputs_of(plain, parts)) as chunks:
        for _, chunk in chunks:
            yield chunk


def rows_at_once(X: Tensor | PixelRows, most: int) -> int:
    """Limit the rows of a chunk by their size: the activations of images are large.

    Parameters
    ----------
    X : Tensor or PixelRows
        All inputs.
    most : int
        The limit for small rows.

    Returns
    -------
    int
        At least 1, for inputs of about 128 MB in single precision.
    """
    return max(1, min(most, 2**25 // max(1, X.shape[1:].numel())))
