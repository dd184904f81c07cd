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
    **dict.fromkeys([torch.sigmoid_, Tensor.sigmoid_, torch.special.expit], "Sigmoid"),
    F.logsigmoid: "LogSigmoid",
    F.hardsigmoid: "Hardsigmoid",
    **dict.fromkeys([F.softmax, torch.softmax, Tensor.softmax], "Softmax"),
    torch.special.softmax: "Softmax",
    F.softmin: "Softmin",
    **dict.fromkeys(
        [F.log_softmax, torch.log_softmax, Tensor.log_softmax], "LogSoftmax"
    ),
}


# What copies values into another shape or type; views are known by their base.
COPYING: frozenset[Callable[..., Any]] = frozenset(
    [
        *(Tensor.__getitem__, Tensor.reshape, torch.reshape, Tensor.flatten),
        *(torch.flatten, Tensor.contiguous, Tensor.clone, torch.clone, Tensor.to),
        *(Tensor.float, Tensor.double, Tensor.half, Tensor.type, torch.index_select),
        *(Tensor.clamp, torch.clamp, Tensor.clip, torch.clip, torch.cat, torch.stack),
    ]
)


class SquashingDetector(TorchFunctionMode):
    """Remember the tensors that a sigmoid or softmax made, and copies of them."""

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
        name = SQUASHING.get(func)
        if name is None and func in COPYING:
            parts = args[0] if isinstance(args[0], (list, tuple)) else args[:1]
            name = next(filter(None, map(self._squashed_by, parts)), None)
        if name is not None:
            self._made[id(output)] = (output, name)
        return output

    def _squashed_by(self, tensor: Tensor) -> str | None:
        base = tensor if tensor._base is None else tensor._base  # noqa: SLF001
        known = self._made.get(id(tensor)) or self._made.get(id(base))
        return known[1] if known else None

    def check(self, module: nn.Module, output: Tensor) -> None:
        """Raise if the output, or what it is a view or copy of, was squashed.

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
        name = self._squashed_by(output)
        if name is not None:
            raise UnsupportedModuleError(
                f"{type(module).__name__} ends in {name}; skrunner expects logits. "
                f"Remove the final {name}."
            )
