"""A step that runs out of memory: what is put back before it begins again in parts."""

import warnings
from itertools import compress
from typing import Any

import torch
from torch import Tensor, nn

from skrunner.exceptions import MemoryFallbackWarning
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


def warn_of_parts(n_rows: int, n_parts: int, device: Any) -> None:
    """Say that the rows of a step run in parts from here on.

    Parameters
    ----------
    n_rows : int
        The rows.
    n_parts : int
        How many parts.
    device : device or str
        What ran out of memory.

    Warns
    -----
    MemoryFallbackWarning
        Always.
    """
    warnings.warn(
        f"The {n_rows} rows of a step take more memory than {device} has. They run in "
        f"{n_parts} parts from here on, whose gradients add up, and the step is done "
        "again: nothing is lost but time. Groups are compared part by part; pass a "
        "smaller batch_size or fairness_batch_size, or "
        f"gradient_accumulation={n_parts}, to silence this.",
        MemoryFallbackWarning,
        stacklevel=3,
    )


def _copy(targets: list[Tensor], sources: list[Tensor]) -> None:
    for dtype in {target.dtype for target in targets}:
        alike = [target.dtype == dtype for target in targets]
        with torch.no_grad():
            # One launch for all of a type, as torch's optimizers copy.
            torch._foreach_copy_(
                list(compress(targets, alike)), list(compress(sources, alike))
            )
