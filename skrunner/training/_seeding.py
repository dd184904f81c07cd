"""Randomness from one seed, with the global generators left as they were."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields

import torch
from numpy.random import RandomState
from sklearn.utils import check_random_state

# torch's generators are the process's: threads that seed them take turns.
_TURN = threading.RLock()


def _renew() -> None:
    global _TURN  # noqa: PLW0603 (whoever held it is not in the forked process)
    _TURN = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)


@dataclass(frozen=True)
class Seeds:
    """A seed for each source of randomness, so that one does not disturb another.

    Attributes
    ----------
    weights : int
        Initial weights.
    steps : int
        What the module draws in training, such as dropout.
    plain, fair : int
        The predictive and the fairness stream of rows.
    split : int
        The validation share.
    importance : int
        Random importance.
    """

    weights: int
    steps: int
    plain: int
    fair: int
    split: int
    importance: int

    def advanced(self, epochs: int) -> "Seeds":
        """Return other seeds for a training that goes on after some epochs.

        Parameters
        ----------
        epochs : int
            How many epochs are behind it.

        Returns
        -------
        Seeds
            Different for each number of epochs.
        """
        return Seeds(*(getattr(self, part.name) + epochs for part in fields(self)))


def draw_seeds(random_state: int | RandomState | None) -> Seeds:
    """Draw all seeds.

    Parameters
    ----------
    random_state : int, RandomState or None
        The source; None draws from entropy.

    Returns
    -------
    Seeds
        Independent integers.
    """
    # A fresh RandomState for None: numpy's global one stays as it is.
    rng = RandomState() if random_state is None else check_random_state(random_state)
    return Seeds(*rng.randint(2**31 - 1, size=6).tolist())


@contextmanager
def isolated_rng(seed: int, device: torch.device | str = "cpu") -> Iterator[None]:
    """Seed torch inside the context, and restore its generators behind it.

    Threads wait for each other here: one would draw from another's seed.

    Parameters
    ----------
    seed : int
        The seed.
    device : device or str, default="cpu"
        A device in use besides the CPU.

    Yields
    ------
    None
        Nothing.
    """
    device = torch.device(device)
    devices = [device] if device.type == "cuda" else []
    with _TURN, torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield
