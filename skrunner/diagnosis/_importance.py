"""How much each neuron matters for a gap: importance criteria, by name.

A criterion turns evidence into one score a neuron. Evidence is what one backward pass
of the gap leaves: its gradient at a layer's weight, or the sum over rows and positions
of activation times gradient. Both add up over chunks of rows and over machines.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized

from skrunner._processes import RowShare, joined_sums
from skrunner.exceptions import UnsupportedModuleError
from skrunner.nn import neuron_first

Score = Callable[[Tensor, Tensor], Tensor]


class Criterion(NamedTuple):
    """One way to score neurons.

    Attributes
    ----------
    at : {"weight", "activation", "nothing"}
        Where the gap's gradient is taken.
    score : callable
        ``(weight, evidence) -> scores`` of shape (n_neurons,).
    """

    at: str
    score: Score


def _sum_sq(weight: Tensor, gradient: Tensor) -> Tensor:
    # A norm reads the products once; squaring them first writes them once more.
    product = (weight.detach() * gradient).flatten(1)
    norms: Tensor = torch.linalg.vector_norm(product, dim=1)
    return norms.square()


def _signed(weight: Tensor, gradient: Tensor) -> Tensor:
    return (weight.detach() * gradient).flatten(1).sum(1)


def _taylor(_weight: Tensor, product: Tensor) -> Tensor:
    return product.square()


def _all(weight: Tensor, _evidence: Tensor) -> Tensor:
    return torch.ones(len(weight), device=weight.device, dtype=weight.dtype)


CRITERIA = {
    "sum_sq": Criterion("weight", _sum_sq),
    "signed": Criterion("weight", _signed),
    "taylor": Criterion("activation", _taylor),
    "all": Criterion("nothing", _all),
}
IMPORTANCES = ("auto", "sum_sq", "taylor", "signed", "random", "all")


def resolve_criteria(
    importance: str,
    layers: Sequence[nn.Module],
    generator: torch.Generator | None = None,
) -> tuple[Criterion, ...]:
    """Choose the criterion of each layer.

    A layer whose weight is computed at each use (weight norm, spectral norm) has no
    weight in the graph, so that ``"auto"`` looks at its activations.

    Parameters
    ----------
    importance : {"auto", "sum_sq", "taylor", "signed", "random", "all"}
        ``"sum_sq"`` is the sum of the squared products of weight and gradient (the
        released code of RUNNER), ``"taylor"`` the squared sum over activations, which
        is eq. 6 with the bias, ``"signed"`` the sum of Alg. 1, ``"random"`` and
        ``"all"`` are controls. ``"auto"`` takes ``"sum_sq"`` for linear layers and
        ``"taylor"`` for convolutions, whose weights have no first-order effect under
        batch normalization.
    layers : sequence of Module
        The layers.
    generator : Generator or None, default=None
        The source of ``"random"``, on the CPU.

    Returns
    -------
    tuple of Criterion
        One for each layer.

    Raises
    ------
    ValueError
        If the name is unknown, or reads the gradient at a weight that is computed.
    """
    if importance not in IMPORTANCES:
        raise ValueError(
            f"Unknown importance={importance!r}. Pass one of: {', '.join(IMPORTANCES)}."
        )
    if importance == "random":
        return (Criterion("nothing", _random(generator)),) * len(layers)
    if importance == "auto":
        return tuple(CRITERIA[_automatic(layer)] for layer in layers)
    criterion = CRITERIA[importance]
    if criterion.at == "weight" and any(map(_computes_weight, layers)):
        raise ValueError(
            f"importance={importance!r} reads the gap's gradient at a layer's weight, "
            "but a layer is parametrized (such as by weight_norm) and computes it anew "
            "at each use. Pass importance='taylor', or 'auto'."
        )
    return (criterion,) * len(layers)


def _automatic(layer: nn.Module) -> str:
    at_weight = isinstance(layer, nn.Linear) and not _computes_weight(layer)
    return "sum_sq" if at_weight else "taylor"


def _computes_weight(layer: nn.Module) -> bool:
    return is_parametrized(layer, "weight")


def _random(generator: torch.Generator | None) -> Score:
    def draw(weight: Tensor, _evidence: Tensor) -> Tensor:
        scores = torch.rand(len(weight), generator=generator, dtype=torch.float64)
        return scores.to(weight.device, weight.dtype)

    return draw


def neuron_importance(
    gap: Tensor,
    layers: Sequence[nn.Module],
    activations: Sequence[Tensor],
    criteria: Sequence[Criterion],
    slopes: Tensor | None = None,
    *,
    share: RowShare | None = None,
) -> list[Tensor]:
    """Score the neurons of every layer with one backward pass.

    Gradients go nowhere but into the scores: no ``.grad`` is written, and the graph
    stays for the loss.

    Parameters
    ----------
    gap : Tensor of shape () or of the shape of `slopes`
        The gap, or the outputs that it is made of; attached to the graph of the
        activations.
    layers : sequence of Module
        The layers, with a ``weight``.
    activations : sequence of Tensor of shape (n_samples, ...)
        Their activations, as recorded.
    criteria : sequence of Criterion
        One for each layer.
    slopes : Tensor or None, default=None
        The derivative of the gap by each output, if `gap` holds outputs.
    share : RowShare or None, default=None
        The rows of this process, if several share them: their evidence adds up, and
        all get the same scores.

    Returns
    -------
    list of Tensor of shape (n_neurons,)
        The scores of each layer.
    """
    evidence = gap_evidence(
        gap, layers, activations, criteria, slopes=slopes, retain_graph=True
    )
    if share is not None:
        evidence = joined_sums(evidence)
    return [
        criterion.score(_weight_of(layer), piece)
        for layer, criterion, piece in zip(layers, criteria, evidence, strict=True)
    ]


def gap_evidence(
    gap: Tensor,
    layers: Sequence[nn.Module],
    activations: Sequence[Tensor],
    criteria: Sequence[Criterion],
    *,
    slopes: Tensor | None = None,
    retain_graph: bool,
) -> list[Tensor]:
    """Take what the criteria need from one backward pass of the gap.

    Parameters
    ----------
    gap : Tensor of shape () or of the shape of `slopes`
        The gap, or a part of it that belongs to a chunk of rows.
    layers, activations, criteria : sequences
        As in `neuron_importance`.
    slopes : Tensor or None, default=None
        The derivative of the gap by each output, if `gap` holds outputs.
    retain_graph : bool
        Whether the graph is needed again.

    Returns
    -------
    list of Tensor
        For each layer the gradient at its weight, or of shape (n_neurons,) the sum of
        activation times gradient; an empty tensor where nothing is needed.
    """
    needed = [
        _weight_of(layer) if criterion.at == "weight" else activation
        for layer, activation, criterion in zip(
            layers, activations, criteria, strict=True
        )
    ]
    wanted = [i for i, criterion in enumerate(criteria) if criterion.at != "nothing"]
    if not all(activations[i].requires_grad for i in wanted):
        raise UnsupportedModuleError(
            "The module runs a layer without a graph (torch.no_grad, detach), so that "
            "the gap has no gradient there. Pass layers= without it, or "
            "importance='exact'."
        )
    evidence = [gap.new_empty(0)] * len(layers)
    if not wanted:
        return evidence
    gradients = torch.autograd.grad(
        gap,
        [needed[i] for i in wanted],
        slopes,
        retain_graph=retain_graph,
        materialize_grads=True,
    )
    for i, gradient in zip(wanted, gradients, strict=True):
        if criteria[i].at == "weight":
            evidence[i] = gradient
        else:
            product = neuron_first(layers[i], activations[i].detach() * gradient)
            evidence[i] = product.sum(
                [axis for axis in range(product.ndim) if axis != 1]
            )
    return evidence


def _weight_of(layer: nn.Module) -> Tensor:
    return cast("Tensor", layer.weight)  # get_parameter() takes six times as long
