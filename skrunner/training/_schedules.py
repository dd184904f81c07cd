"""The schedules of the learning rate among the callbacks of a net."""

from collections.abc import Sequence
from typing import Any

from skorch.callbacks import LRScheduler

from skrunner.exceptions import CheckpointError


class Schedules:
    """What skorch's ``LRScheduler`` callbacks of a net have come to.

    Parameters
    ----------
    net : GroupNet
        Behind the start of a training, when the schedules are made.
    """

    def __init__(self, net: Any) -> None:
        self._callbacks = [
            callback
            for _, callback in net.callbacks_
            if isinstance(callback, LRScheduler)
        ]

    def state_dict(self) -> list[dict[str, Any]]:
        """Return what later rates depend on.

        Returns
        -------
        list of dict
            One a schedule.
        """
        return [
            {
                "scheduler": callback.lr_scheduler_.state_dict(),
                "batch_idx": callback.batch_idx_,
            }
            for callback in self._callbacks
        ]

    def load_state_dict(self, states: Sequence[dict[str, Any]]) -> None:
        """Go on where the schedules of another training were.

        Parameters
        ----------
        states : sequence of dict
            From `state_dict`.

        Raises
        ------
        CheckpointError
            If these are not as many schedules.
        """
        here, there = len(self._callbacks), len(states)
        if here != there:
            raise CheckpointError(
                f"The checkpoint is of a fit with {there} learning rate schedule(s) "
                f"among its callbacks, and here are {here}. Pass the same ones, or "
                "another file."
            )
        for callback, state in zip(self._callbacks, states, strict=True):
            callback.lr_scheduler_.load_state_dict(state["scheduler"])
            callback.batch_idx_ = state["batch_idx"]
