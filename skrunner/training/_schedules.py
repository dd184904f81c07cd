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
                "schedule": _described(callback),
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
            If these are other schedules.
        """
        here, there = len(self._callbacks), len(states)
        if here != there:
            raise CheckpointError(
                f"The checkpoint is of a fit with {there} learning rate schedule(s) "
                f"among its callbacks, and here are {here}. Pass the same ones, or "
                "another file."
            )
        for callback, state in zip(self._callbacks, states, strict=True):
            if _described(callback) != state["schedule"]:
                raise CheckpointError(
                    f"The checkpoint is of a fit with the learning rate schedule "
                    f"{state['schedule']}, and here is {_described(callback)}. Pass "
                    "the same one, or another file."
                )
            callback.lr_scheduler_.load_state_dict(state["scheduler"])
            callback.batch_idx_ = state["batch_idx"]


def _described(callback: LRScheduler) -> str:
    """Say which schedule it is, the same in every process."""
    policy = getattr(callback.policy, "__name__", callback.policy)
    given = {**callback.kwargs, "step_every": callback.step_every}
    words = (
        f"{name}={getattr(given[name], '__qualname__', repr(given[name]))}"
        for name in sorted(given)
    )
    return f"{policy}({', '.join(words)})"
