"""Read what neurons answer, after the norm and the nonlinearity that follow them."""

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from skrunner.nn._joined_norm import normalize_jointly

FOLLOWED: frozenset[Callable[..., Any]] = frozenset(
    [
        normalize_jointly,
        *(F.batch_norm, F.layer_norm, F.group_norm, F.instance_norm),
        *(torch.batch_norm, torch.layer_norm, torch.group_norm, torch.instance_norm),
        *(F.rms_norm, torch.rms_norm, torch.selu_, torch.celu_),
        *(F.relu, F.relu_, F.relu6, F.leaky_relu, F.leaky_relu_, F.elu, F.elu_),
        *(torch.relu, torch.relu_, Tensor.relu, Tensor.relu_, torch.selu, torch.celu),
        *(F.gelu, F.silu, F.mish, F.selu, F.celu, F.softplus, F.prelu, torch.prelu),
        *(F.hardtanh, F.hardswish, F.hardsigmoid, F.logsigmoid, F.softsign),
        *(F.sigmoid, torch.sigmoid, torch.sigmoid_, Tensor.sigmoid, Tensor.sigmoid_),
        *(F.tanh, torch.tanh, torch.tanh_, Tensor.tanh, Tensor.tanh_),
    ]
)
AUGMENTED = frozenset(
    [
        *("__iadd__", "__isub__", "__imul__", "__itruediv__", "__ifloordiv__"),
        *("__imod__", "__ipow__", "__setitem__"),
    ]
)


class ActivationRecorder(TorchFunctionMode):
    """Record the activations of layers during the forward passes inside the context.

    A neuron's activation is the output of its layer after the normalization and the
    nonlinearity that are applied to it directly, whether as modules or as functions:
    under BatchNorm the score of a convolution's own output is zero by construction. A
    layer that runs several times in one forward pass is read at its last call.

    Parameters
    ----------
    layers : mapping of str to Module
        The layers to read, by name.

    Attributes
    ----------
    activations : dict of str to Tensor
        The last activations, attached to the autograd graph.
    depths : dict of str to int
        How many norms and nonlinearities followed the layer.
    overwritten : set of str
        The layers whose activation was overwritten later on; what is recorded is a copy
        from before.

    Examples
    --------
    >>> import torch
    >>> layer = torch.nn.Linear(2, 3)
    >>> net = torch.nn.Sequential(layer, torch.nn.ReLU(), torch.nn.Linear(3, 1))
    >>> with ActivationRecorder({"0": layer}) as recorder:
    ...     _ = net(torch.ones(4, 2))
    >>> recorder.activations["0"].shape, recorder.depths
    (torch.Size([4, 3]), {'0': 1})
    """

    def __init__(self, layers: Mapping[str, nn.Module]) -> None:
        super().__init__()
        self.activations: dict[str, Tensor] = {}
        self.depths: dict[str, int] = {}
        self.overwritten: set[str] = set()
        self._layers = layers
        self._handles: list[torch.utils.hooks.RemovableHandle] = []
        self._owners: dict[int, str] = {}

    def __enter__(self) -> "ActivationRecorder":
        for name, layer in self._layers.items():
            self._handles.append(layer.register_forward_hook(self._hook(name)))
        super().__enter__()  # type: ignore[no-untyped-call]
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            super().__exit__(exc_type, exc, traceback)  # type: ignore[no-untyped-call]
        finally:
            for handle in self._handles:
                handle.remove()
            self._handles.clear()
            self._owners.clear()

    def owner_of(self, value: object) -> str | None:
        """Tell whose activation a value is so far, during a forward pass.

        Parameters
        ----------
        value : object
            Such as what a module returned.

        Returns
        -------
        str or None
            The layer.
        """
        return self._owners.get(id(value))

    def _hook(self, name: str) -> Callable[..., Tensor | None]:
        def read(_module: nn.Module, _args: object, output: Tensor) -> Tensor | None:
            return self._keep(name, output, depth=0)

        return read

    def _keep(self, name: str, activation: Tensor, depth: int) -> Tensor | None:
        """Take a tensor as the layer's activation; a subclass may return another."""
        previous = self.activations.get(name)
        if previous is not None:
            self._owners.pop(id(previous), None)
        self.activations[name] = activation
        self.depths[name] = depth
        self.overwritten.discard(name)
        self._owners[id(activation)] = name
        return None

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Call the function; if it transforms a recorded activation, follow it."""
        owner = self.owner_of(args[0]) if args else None
        if owner is not None and func not in FOLLOWED:
            if _overwrites(func):
                self._rescue(owner, args[0])
            owner = None
        output = func(*args, **(kwargs or {}))
        if owner is None:
            return output
        edited = self._keep(owner, output, self.depths[owner] + 1)
        if edited is None:
            return output
        return output.copy_(edited) if output is args[0] else edited

    def _rescue(self, name: str, activation: Tensor) -> None:
        """Keep an activation that is about to be overwritten, as by ``x += skip``."""
        kept = activation.clone()
        _Rewired.apply(activation, kept)
        del self._owners[id(activation)]
        self.activations[name] = kept
        self.overwritten.add(name)


class _Rewired(torch.autograd.Function):
    """Let the gradient of a tensor flow through a copy of it, and no other way."""

    @staticmethod
    def forward(ctx: Any, tensor: Tensor, _copy: Tensor) -> Tensor:
        ctx.mark_dirty(tensor)
        return tensor

    @staticmethod
    def backward(_ctx: Any, *gradients: Tensor) -> tuple[None, Tensor]:
        return None, gradients[0]


def _overwrites(func: Callable[..., Any]) -> bool:
    name = getattr(func, "__name__", "")
    if name.startswith("__"):
        return name in AUGMENTED
    return name.endswith("_")
