"""Which rows share their path through a net, and which paths are rare."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from skrunner.baselines._links import LinkTracer
from skrunner.nn import reading_inputs
from skrunner.training import predict_logits

BASELINES = ("mean", "zero")


class Paths(NamedTuple):
    """Which rows share their path.

    Attributes
    ----------
    codes : Tensor of int64 of shape (n_samples,)
        The path of each row, on the device of the rows.
    counts : Tensor of float64 of shape (n_paths,)
        The rows of each path, by their weights.
    """

    codes: Tensor
    counts: Tensor

    def rare(self, theta: float) -> Tensor:
        """Tell which paths few rows take.

        Parameters
        ----------
        theta : float
            The share of the most frequent path's rows up to which a path is rare; a
            path of at most one row always is.

        Returns
        -------
        Tensor of bool of shape (n_paths,)
            Whether a path is rare.
        """
        return self.counts <= max(theta * float(self.counts.max()), 1.0)

    def flag(self, theta: float) -> Tensor:
        """Flag the rows that take a rare path.

        Parameters
        ----------
        theta : float
            As in `rare`.

        Returns
        -------
        Tensor of bool of shape (n_samples,)
            Whether a row is flagged.
        """
        return self.rare(theta)[self.codes]


class ChainNet(NamedTuple):
    """A net that is a chain of linear layers.

    Attributes
    ----------
    module : Module
        Returns logits.
    chain : sequence of Linear
        Its layers, see `skrunner.nn.linear_chain`.
    precision : str, default="fp32"
        One of ``skrunner.training.PRECISIONS``.
    """

    module: nn.Module
    chain: Sequence[nn.Linear]
    precision: str = "fp32"

    def run(self, X: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Run in evaluation mode.

        Parameters
        ----------
        X : Tensor of shape (n_rows, ...)
            Inputs on the device.

        Returns
        -------
        logits : Tensor of shape (n_rows, n_outputs)
            The logits.
        hidden : list of Tensor of float64 of shape (n_rows, n_units)
            What each layer but the first one reads.
        """
        with reading_inputs(self.chain[1:]) as inputs:
            logits = predict_logits(self.module, X, self.precision)
        return logits, [torch.cat(calls).double() for calls in inputs]


@torch.no_grad()
def find_paths(
    net: ChainNet,
    X: Tensor,
    *,
    gamma: float = 0.9,
    baseline: str = "mean",
    weight: Tensor | None = None,
) -> Paths:
    """Follow every row from its answer back to the first hidden layer.

    A path starts at the logit, or at the greatest of several. In each layer back to the
    second, every unit on the path is explained: the contributions :math:`C_k = v_k
    W_{jk}` of the units k that it reads are put in order, and the shortest head of them
    whose sum reaches `gamma` times the target joins the path; all of them if none does,
    and at least one. The path is the set of these links.

    Equal rows are traced once, and path sets are compared by random sums of their
    packed bits, of some 100 bits; memory does not grow with the number of links.

    Parameters
    ----------
    net : ChainNet
        The net.
    X : Tensor of shape (n_samples, ...)
        The rows, on its device.
    gamma : float, default=0.9
        The share of the target to explain.
    baseline : {"mean", "zero"}, default="mean"
        ``"mean"`` explains the difference from the mean: :math:`v_k` is the activation
        minus its mean over the rows, the target is the sum of all contributions, and
        they are ordered by their size in the target's direction. ``"zero"`` explains
        the pre-activation :math:`z_j`, bias included, by the activations themselves
        from the greatest contribution down, whatever the sign of the target.
    weight : Tensor of shape (n_samples,) or None, default=None
        How often each row counts, in means and paths.

    Returns
    -------
    Paths
        The path of each row, and how many rows each path has.
    """
    distinct, place = torch.unique(X.flatten(1), dim=0, return_inverse=True)
    distinct = distinct.reshape(-1, *X.shape[1:])
    rows = torch.ones_like(place, dtype=torch.float64) if weight is None else weight
    share = torch.zeros(len(distinct), dtype=torch.float64, device=X.device)
    share.index_add_(0, place, rows.double())
    tracer = LinkTracer(net.chain, gamma, signed=baseline == "mean")
    origin = [torch.zeros((), device=X.device)] * len(net.chain[1:])
    if baseline == "mean":
        origin = _means(net, distinct, share)
    prints = [
        tracer.fingerprints(
            logits, [v - o for v, o in zip(hidden, origin, strict=True)]
        )
        for logits, hidden in map(net.run, distinct.split(tracer.chunk))
    ]
    _, codes = np.unique(np.concatenate(prints), axis=0, return_inverse=True)
    of_distinct = torch.from_numpy(codes.reshape(-1)).to(X.device)
    counts = torch.zeros(int(codes.max()) + 1, dtype=torch.float64, device=X.device)
    return Paths(of_distinct[place], counts.index_add_(0, of_distinct, share))


def _means(net: ChainNet, X: Tensor, share: Tensor) -> list[Tensor]:
    sums = [torch.zeros(layer.in_features).to(share) for layer in net.chain[1:]]
    for part, rows in zip(X.split(8192), share.split(8192), strict=True):
        for total, values in zip(sums, net.run(part)[1], strict=True):
            total.add_(rows @ values)
    return [total / share.sum() for total in sums]
