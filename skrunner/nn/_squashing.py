"""Notice a module that returns probabilities where logits are expected."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from skrunner.exceptions import UnsupportedModuleError

SQUASHING: dict[Callable[..., Any], str] = {
    **dict.fromkeys([F.sigmoid, torch.sigmoid, Tensor.sigmoid], "Sigmoid"),
    **dict.fromkeys([F.softmax, torch.softmax, Tensor.softmax], "Softmax"),
    **dict.fromkeys(
        [F.log_softmax, torch.log_softmax, Tensor.log_softmax], "LogSoftmax"
    ),
}


class SquashingDetector(TorchFunctionMode):
    """Remember the tensors that a sigmoid or softmax made."""

    def __init__(self) -> None:
        super().__init__()
        self._made: dict[int, tuple[Tensor, str]] = {}

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Call the function and remember a squashed result."""
        output = func(*args, **(kwargs or {}))
        if func in SQUASHING:
            self._made[id(output)] = (output, SQUASHING[func])
        return output

    def check(self, module: nn.Module, output: Tensor) -> None:
        """Raise if the output, or what it is a view of, was squashed.

        Parameters
        ----------
        module : Module
            The module, for the message.
        output : Tensor
            What it returned.

        Raises
        ------
        UnsupportedModuleError
            If the module ends in a sigmoid or softmax.
        """
        base = output if output._base is None else output._base  # noqa: SLF001
        for tensor in (output, base):
            if id(tensor) in self._made:
                name = self._made[id(tensor)][1]
                raise UnsupportedModuleError(
                    f"{type(module).__name__} ends in {name}; skrunner expects logits. "
                    f"Remove the final {name}."
                )
