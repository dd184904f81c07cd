"""Read the same activations at every step: followed once, then met at module calls.

Following every function of a forward pass, as an `ActivationRecorder` does, keeps a GPU
waiting for Python. Where each activation is what some module returns, the calls of
these modules are all that has to be watched.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

from torch import Tensor, nn

from skrunner.exceptions import UnsupportedModuleError
from skrunner.nn._layers import NeuronLayers
from skrunner.nn._recorder import ActivationRecorder


class Call(NamedTuple):
    """A call of a module, and its number among the calls of this module in a pass."""

    module: nn.Module
    number: int


class ActivationReader:
    """Read the activations of layers in one forward pass after the other.

    The first pass is followed by an `ActivationRecorder`. If each activation that it
    found was returned by a module, later passes read what these calls return. A pass in
    which the modules run more or less often than in the first one is the last that is
    read so: the next is followed again.

    Parameters
    ----------
    layers : NeuronLayers
        The layers.

    Examples
    --------
    >>> import torch
    >>> from skrunner.nn import find_neuron_layers
    >>> net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    >>> reader = ActivationReader(find_neuron_layers(net, torch.ones(4, 2)))
    >>> for _ in range(2):
    ...     with reader.reading() as activations:
    ...         _ = net(torch.ones(4, 2))
    ...     print(activations["0"].shape, reader.follows)
    torch.Size([4, 3]) False
    torch.Size([4, 3]) False
    """

    def __init__(self, layers: NeuronLayers) -> None:
        self._layers = layers
        self._hooked = layers.as_mapping()
        self._calls: dict[Call, str] = {}
        self._overwritten: frozenset[str] = frozenset()
        self._counts: Counter[nn.Module] = Counter()

    @property
    def follows(self) -> bool:
        """Tell how the next pass is read.

        Returns
        -------
        bool
            Whether every function of it is followed.
        """
        return not self._calls

    @contextmanager
    def reading(self) -> Iterator[dict[str, Tensor]]:
        """Read the forward pass inside the context.

        Yields
        ------
        dict of str to Tensor
            The activations of all layers by name, attached to the autograd graph;
            complete when the context ends.

        Raises
        ------
        UnsupportedModuleError
            If the pass did not run a layer.
        """
        found: dict[str, Tensor] = {}
        with self._following(found) if self.follows else self._meeting(found):
            yield found
        missing = [name for name in self._layers.names if name not in found]
        if missing:
            raise UnsupportedModuleError(
                f"A forward pass did not run {', '.join(missing)}, which ran before; "
                "expected every layer whose neurons are held to run in each pass. "
                "Choose others with layers=."
            )

    @contextmanager
    def _following(self, found: dict[str, Tensor]) -> Iterator[None]:
        counts: Counter[nn.Module] = Counter()
        carriers: dict[str, tuple[int, Call]] = {}

        def note(module: nn.Module, _args: Any, output: Any) -> None:
            counts[module] += 1
            name = recorder.owner_of(output)
            if name is None:
                return
            depth = recorder.depths[name]
            # Of the modules that return it, the first: a later one may hand it on.
            if name not in carriers or carriers[name][0] != depth:
                carriers[name] = (depth, Call(module, counts[module]))

        with ActivationRecorder(self._hooked) as recorder, ExitStack() as hooks:
            for module in self._layers.root.modules():
                hooks.callback(module.register_forward_hook(note).remove)
            yield
        found.update(recorder.activations)
        met = {
            call: name
            for name, (depth, call) in carriers.items()
            if depth == recorder.depths[name]
        }
        if len(met) == len(self._hooked):
            self._calls, self._overwritten = met, frozenset(recorder.overwritten)
            self._counts = Counter({call.module: counts[call.module] for call in met})

    @contextmanager
    def _meeting(self, found: dict[str, Tensor]) -> Iterator[None]:
        counts: Counter[nn.Module] = Counter()

        def read(module: nn.Module, _args: Any, output: Tensor) -> Tensor | None:
            counts[module] += 1
            name = self._calls.get(Call(module, counts[module]))
            if name is None:
                return None
            found[name] = output
            # What is overwritten later on, as by ``x += skip``, is a copy.
            return output.clone() if name in self._overwritten else None

        with ExitStack() as hooks:
            for module in self._counts:
                hooks.callback(module.register_forward_hook(read).remove)
            yield
        if counts != self._counts:
            self._calls = {}
