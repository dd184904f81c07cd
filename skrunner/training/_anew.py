"""Train a net once more as if it were the first time."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def trained_anew(net: Any) -> Iterator[None]:
    """Give a net a new optimizer and an empty history; both histories are kept.

    Callbacks take their part of a training from the history, such as skorch's
    ``LRScheduler``: on top of an earlier one it would go on where that one ended.

    Parameters
    ----------
    net : GroupNet
        A trained net.

    Yields
    ------
    None
        While the net may be trained. Behind it, epochs count from the first training.
    """
    earlier = list(net.history)
    net.history.clear()
    net.initialize_optimizer()
    yield
    for epoch in net.history:
        epoch["epoch"] += len(earlier)
    net.history[:] = [*earlier, *net.history]
    net.chosen_epoch_ += len(earlier)
