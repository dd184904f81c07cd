"""What a step changes before it is over, kept so that it can begin again."""

from itertools import compress
from typing import Any

import torch
from torch import Tensor, nn

from skrunner.objectives import Objective


class Undo:
    """Put back what a step that ran out of memory had changed by then.

    Parameters
    ----------
    module : Module
        Its buffers, such as the running statistics of batch normalization, move in
        every forward pass. Weights do not: the optimizer comes last.
    objective : callable
        What is minimized; its running means move too.
    """

    def __init__(self, module: nn.Module, objective: Objective) -> None:
        self._objective = objective
        self._state: dict[str, Any] = {}
        self._buffers = list(module.buffers())
        self._kept = [buffer.detach().clone() for buffer in self._buffers]

    def keep(self) -> None:
        """Remember how things are before a step."""
        self._state = self._objective.state_dict()
        _copy(self._kept, self._buffers)

    def put_back(self) -> None:
        """Make everything as it was when it was kept."""
        self._objective.load_state_dict(self._state)
        _copy(self._buffers, self._kept)


def _copy(targets: list[Tensor], sources: list[Tensor]) -> None:
    for dtype in {target.dtype for target in targets}:
        alike = [target.dtype == dtype for target in targets]
        with torch.no_grad():
            # One launch for all of a type, as torch's optimizers copy.
            torch._foreach_copy_(
                list(compress(targets, alike)), list(compress(sources, alike))
            )
