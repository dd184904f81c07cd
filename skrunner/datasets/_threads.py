"""Many files at once, in threads."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import joblib
from PIL import Image

MOST_THREADS = 8  # opening files and copying pixels hold Python's lock
BLOCK = 8


def in_threads(
    work: Callable[[int], str | None], n: int, max_workers: int | None
) -> dict[int, str]:
    """Do something for each of n items, in threads.

    Parameters
    ----------
    work : callable
        Takes the number of an item and returns what is wrong with it, or None.
    n : int
        How many items.
    max_workers : int or None
        Threads; None takes one for each core, at most 8.

    Returns
    -------
    dict of int to str
        What is wrong, by item, in order.
    """
    Image.init()  # before the threads: it is not safe in them

    def block(start: int) -> list[tuple[int, str | None]]:
        return [(i, work(i)) for i in range(start, min(start + BLOCK, n))]

    starts = range(0, n, BLOCK)
    threads = min(max_workers or min(joblib.cpu_count(), MOST_THREADS), len(starts))
    if threads <= 1:
        return _found(map(block, starts))
    pool = ThreadPoolExecutor(threads)
    try:
        return _found(pool.map(block, starts))
    finally:
        pool.shutdown(cancel_futures=True)


def _found(blocks: Iterable[list[tuple[int, str | None]]]) -> dict[int, str]:
    return {i: reason for block in blocks for i, reason in block if reason is not None}


def check_workers(max_workers: int | None) -> int | None:
    """Refuse numbers of threads that make no sense.

    Parameters
    ----------
    max_workers : int or None
        The number.

    Returns
    -------
    int or None
        The same.

    Raises
    ------
    ValueError
        If it is below 1.
    """
    if max_workers is not None and max_workers < 1:
        raise ValueError(f"max_workers must be at least 1 or None, got {max_workers}.")
    return max_workers
