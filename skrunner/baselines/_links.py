"""The links of a net that make up most of each row's answer: one path set a row."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

CHUNK_LINKS = 2**21
LANES = 4


class LinkTracer:
    """Trace rows back through the links between the neurons of a chain.

    Parameters
    ----------
    chain : sequence of Linear
        The layers, see `skrunner.nn.linear_chain`.
    gamma : float
        The share of each target that is explained.
    signed : bool
        Whether contributions are ordered by their size in the target's direction and
        sum up to it; else they are ordered by value and the target has a bias besides.

    Attributes
    ----------
    chunk : int
        How many rows to trace at a time.
    """

    def __init__(
        self, chain: Sequence[nn.Linear], gamma: float, *, signed: bool
    ) -> None:
        self._layers = chain[:0:-1]
        self._gamma = gamma
        self._signed = signed
        sizes = [layer.weight.numel() for layer in self._layers]
        self.chunk = max(1, CHUNK_LINKS // max(sizes))
        n_bytes = [math.ceil(size / 8) for size in sizes]
        # Sums of n bytes times a factor are whole numbers below 2 ** 53, hence exact.
        n_factors = 2 ** (45 - sum(n_bytes).bit_length())
        rng = np.random.default_rng(0)
        self._factors = [
            rng.integers(n_factors, size=(size, LANES)).astype(np.float64)
            for size in n_bytes
        ]

    def fingerprints(
        self, logits: Tensor, hidden: Sequence[Tensor]
    ) -> npt.NDArray[np.float64]:
        """Compute numbers that are equal for equal path sets.

        Parameters
        ----------
        logits : Tensor of shape (n_rows, n_outputs)
            The logits.
        hidden : sequence of Tensor of float64 of shape (n_rows, n_units)
            What each layer but the first one reads, minus the baseline.

        Returns
        -------
        ndarray of shape (n_rows, LANES)
            Sums that differ between different path sets, but for a chance of 1e-20.
        """
        prints = np.zeros((len(logits), LANES))
        links = zip(self._links(logits, hidden), self._factors, strict=True)
        for on_path, factors in links:
            packed = np.packbits(on_path.flatten(1).cpu().numpy(), axis=1)
            prints += packed.astype(np.float64) @ factors
        return prints

    def _links(self, logits: Tensor, hidden: Sequence[Tensor]) -> Iterator[Tensor]:
        """Yield which links are on each row's path, from the last layer on."""
        active = torch.zeros_like(logits, dtype=torch.bool)
        active.scatter_(1, logits.argmax(1, keepdim=True), True)
        for layer, values in zip(self._layers, reversed(hidden), strict=True):
            row, unit = active.nonzero(as_tuple=True)
            weight = layer.weight.double()
            contributions = values[row] * weight[unit]
            if self._signed:
                below = (values @ weight.T)[row, unit] < 0
                contributions *= torch.where(below, -1.0, 1.0)[:, None]
            offset = contributions.new_zeros(len(row))
            if not self._signed and layer.bias is not None:
                offset = layer.bias.double()[unit]
            heads = shortest_heads(contributions, offset, self._gamma)
            links = heads.new_zeros(*active.shape, layer.in_features)
            links[row, unit] = heads
            yield links
            taken = torch.zeros_like(values).index_add_(0, row, heads.to(values.dtype))
            active = taken > 0


def shortest_heads(contributions: Tensor, offset: Tensor, gamma: float) -> Tensor:
    """Take the greatest contributions until they make up enough of their target.

    Parameters
    ----------
    contributions : Tensor of float64 of shape (n_targets, n_units)
        The contributions to each target.
    offset : Tensor of float64 of shape (n_targets,)
        What the target has besides their sum.
    gamma : float
        The share of the target to reach.

    Returns
    -------
    Tensor of bool of shape (n_targets, n_units)
        The shortest head of the contributions, sorted from the greatest down, the first
        of equals first, whose sum is at least `gamma` times the target; all if there is
        none, and at least one.

    Examples
    --------
    >>> contributions = torch.tensor([[1.0, 6.0, 3.0], [1.0, 1.0, -1.0]]).double()
    >>> shortest_heads(contributions, torch.zeros(2).double(), 0.8)
    tensor([[False,  True,  True],
            [ True, False, False]])
    """
    ordered = _descending(contributions)
    sums = ordered.cumsum(1)
    reached = sums >= (gamma * (sums[:, -1] + offset))[:, None]
    first = reached.to(torch.uint8).argmax(1, keepdim=True)
    last = torch.where(reached.gather(1, first), first, contributions.shape[1] - 1)
    least = ordered.gather(1, last)
    heads = contributions >= least
    tied = (heads.sum(1) > last[:, 0] + 1).nonzero()[:, 0]
    if len(tied):
        heads[tied] = _first_of_equals(contributions[tied], least[tied], last[tied] + 1)
    return heads


def _first_of_equals(values: Tensor, least: Tensor, sizes: Tensor) -> Tensor:
    above, equal = values > least, values == least
    return above | (equal & (equal.cumsum(1) <= sizes - above.sum(1, keepdim=True)))


def _descending(values: Tensor) -> Tensor:
    if values.device.type != "cpu":
        return values.sort(dim=1, descending=True).values
    # Seven times as fast as torch on a CPU.
    ordered = -values.numpy()
    ordered.sort(axis=1)
    return torch.from_numpy(np.negative(ordered, out=ordered))
