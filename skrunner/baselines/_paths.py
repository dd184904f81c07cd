"""Which rows share their path through a net, and which paths are rare."""

import warnings
from collections.abc import Iterator
from contextlib import closing
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from skrunner.baselines._chain_net import ChainNet
from skrunner.baselines._links import LinkTracer
from skrunner.data import PixelRows, chunks_of, rows_at_once
from skrunner.exceptions import FlaggedShareWarning

BASELINES = ("mean", "zero")
AT_ONCE = 8192
USUAL_SHARES = (0.01, 0.9)


class Paths(NamedTuple):
    """Which rows share their path.

    Attributes
    ----------
    codes : Tensor of int64 of shape (n_samples,)
        The path of each row, on the device of the rows.
    counts : Tensor of float64 of shape (n_paths,)
        The rows of each path, by their weights; the smallest is one row.
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


def warn_of_share(share: float, counts: npt.NDArray[np.float64]) -> None:
    """Warn if nearly no row is flagged, or nearly every row.

    Parameters
    ----------
    share : float
        The share of the rows that are flagged.
    counts : ndarray of shape (n_paths,)
        The rows of each path, from the most frequent on.

    Warns
    -----
    FlaggedShareWarning
        If the share is unusual.
    """
    least, most = USUAL_SHARES
    if least < share < most:
        return
    few = share <= least
    warnings.warn(
        f"FairNeuron flagged {share:.1%} of the training rows: there are {len(counts)} "
        f"paths, the most frequent of which {counts[0]:g} rows take. The last stage is "
        f"therefore {'plain training' if few else 'dropout'} for (nearly) all rows. "
        + (
            "Raise gamma or theta."
            if few
            else "Lower gamma or theta, or take narrower layers."
        ),
        FlaggedShareWarning,
        stacklevel=7,
    )


@torch.no_grad()
def find_paths(
    net: ChainNet,
    X: Tensor | PixelRows,
    *,
    gamma: float = 0.9,
    baseline: str = "mean",
    weight: Tensor | None = None,
) -> Paths:
    """Follow every row from its answer back to the first hidden layer of the chain.

    A path starts at the logit, or at the greatest of several. In each layer back to the
    second, every unit on the path is explained: the contributions :math:`C_k = v_k
    W_{jk}` of the units k that it reads are put in order, and the shortest head of them
    whose sum reaches `gamma` times the target joins the path; all of them if none does,
    and at least one. The path is the set of these links.

    Equal rows of a table are traced once, and path sets are compared by random sums of
    their packed bits, of some 100 bits; memory does not grow with the number of links.

    Parameters
    ----------
    net : ChainNet
        The net.
    X : Tensor of shape (n_samples, ...) or PixelRows
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
        How often each row counts, in means and paths; the smallest positive weight is
        one row.

    Returns
    -------
    Paths
        The path of each row, and how many rows each path has.
    """
    distinct, place = _distinct(X)
    rows = torch.ones_like(place, dtype=torch.float64)
    if weight is not None:
        rows = weight.double() / weight[weight > 0].min()
    share = torch.zeros(len(distinct), dtype=torch.float64, device=X.device)
    share.index_add_(0, place, rows)
    tracer = LinkTracer(net.chain, gamma, signed=baseline == "mean")
    origin = [torch.zeros((), device=X.device)] * len(net.chain[1:])
    if baseline == "mean":
        origin = _means(net, distinct, share)
    prints = []
    for logits, hidden in _run_in_chunks(net, distinct):
        moved = [v - o for v, o in zip(hidden, origin, strict=True)]
        parts = (values.split(tracer.chunk) for values in (logits, *moved))
        prints += [tracer.fingerprints(z, v) for z, *v in zip(*parts, strict=True)]
    _, codes = np.unique(np.concatenate(prints), axis=0, return_inverse=True)
    of_distinct = torch.from_numpy(codes.reshape(-1)).to(X.device)
    counts = torch.zeros(int(codes.max()) + 1, dtype=torch.float64, device=X.device)
    return Paths(of_distinct[place], counts.index_add_(0, of_distinct, share))


def _distinct(X: Tensor | PixelRows) -> tuple[Tensor | PixelRows, Tensor]:
    """Return rows of which no two are equal, and where each row is among them."""
    if isinstance(X, PixelRows):  # to compare images, all would have to be in memory
        return X, torch.arange(len(X), device=X.device)
    distinct, place = torch.unique(X.flatten(1), dim=0, return_inverse=True)
    return distinct.reshape(-1, *X.shape[1:]), place


def _run_in_chunks(
    net: ChainNet, X: Tensor | PixelRows
) -> Iterator[tuple[Tensor, list[Tensor]]]:
    with closing(chunks_of(X, rows_at_once(X, AT_ONCE))) as chunks:
        yield from map(net.run, chunks)


def _means(net: ChainNet, X: Tensor | PixelRows, share: Tensor) -> list[Tensor]:
    sums = [torch.zeros(layer.in_features).to(share) for layer in net.chain[1:]]
    start = 0
    for logits, hidden in _run_in_chunks(net, X):
        rows = share[start : start + len(logits)]
        start += len(logits)
        for total, values in zip(sums, hidden, strict=True):
            total.add_(rows @ values)
    return [total / share.sum() for total in sums]
