"""The gaps themselves, from the means of bins or from sorted outputs."""

import torch
from torch import Tensor

from skrunner.gaps._means import GroupMeans
from skrunner.gaps._structure import GapStructure


def class_probabilities(logits: Tensor, temperature: float = 1.0) -> Tensor:
    """Turn logits into the probabilities that gaps compare.

    Parameters
    ----------
    logits : Tensor of shape (n_samples,), (n_samples, 1) or (n_samples, n_classes)
        What the module returned.
    temperature : float, default=1.0
        The logits are divided by it: small values come near the thresholded decision.

    Returns
    -------
    Tensor of shape (n_samples, 1) or (n_samples, n_classes)
        The probability of class 1 for two classes, else of every class.
    """
    scaled = logits if logits.ndim == 2 else logits.reshape(len(logits), -1)
    if temperature != 1:
        scaled = scaled / temperature
    if scaled.shape[1] == 1:
        return scaled.sigmoid()
    if scaled.shape[1] == 2:
        return (scaled[:, 1:] - scaled[:, :1]).sigmoid()
    return scaled.softmax(1)


def output_gap(structure: GapStructure, means: Tensor, present: Tensor) -> Tensor:
    """Compute the gap of the mean output between groups (RUNNER, eqs 3 and 4).

    Parameters
    ----------
    structure : GapStructure
        What is compared.
    means : Tensor of shape (n_bins, n_outputs)
        Mean probabilities of the bins.
    present : Tensor of shape (n_bins,)
        1 where a bin has rows.

    Returns
    -------
    Tensor of shape ()
        The gap; 0 means equal means.
    """
    weights = structure.term_output_weights(present)
    return (weights * (structure.differences @ means).abs()).sum()


def activation_gap(structure: GapStructure, means: Tensor, present: Tensor) -> Tensor:
    """Compute each neuron's discrimination (RUNNER, eqs 8 and 10).

    Parameters
    ----------
    structure : GapStructure
        What is compared.
    means : Tensor of shape (n_bins, n_neurons, ...)
        Mean activations of the bins; further axes are positions of a feature map, over
        which the absolute difference is averaged.
    present : Tensor of shape (n_bins,)
        1 where a bin has rows.

    Returns
    -------
    Tensor of shape (n_neurons,)
        The gaps, in the unit of the activations.
    """
    return structure.term_weights(present) @ _term_differences(structure, means)


def pairwise_gap(structure: GapStructure, means: Tensor, present: Tensor) -> Tensor:
    """Compute each neuron's discrimination between every two groups.

    Parameters
    ----------
    structure : GapStructure
        What is compared.
    means : Tensor of shape (n_bins, n_neurons, ...)
        Mean activations of the bins.
    present : Tensor of shape (n_bins,)
        1 where a bin has rows.

    Returns
    -------
    Tensor of shape (n_neurons, n_pairs)
        The gaps, in the order of ``structure.pairs``, conditions added up.
    """
    complete = (structure.differences.abs() @ present == 2).to(means.dtype)
    weights = complete * (structure.term_conditions.T @ structure.condition_weights)
    gaps = weights[:, None] * _term_differences(structure, means)
    return gaps.reshape(-1, len(structure.pairs), gaps.shape[1]).sum(0).T


def wasserstein_gap(
    structure: GapStructure, logits: Tensor, means: GroupMeans
) -> Tensor:
    """Compute the Wasserstein-1 distance of the standardized logits between groups.

    It is zero only if the distributions agree, so that parity holds at every threshold.
    The logits (for more than two classes, less their mean) are divided by their
    standard deviation over the rows that take part: shrinking them gains nothing.

    Parameters
    ----------
    structure : GapStructure
        What is compared.
    logits : Tensor of shape (n_samples,) or (n_samples, n_logits)
        What the module returned.
    means : GroupMeans
        The averaging matrix of the rows.

    Returns
    -------
    Tensor of shape ()
        The distance in standard deviations, averaged as `output_gap`.
    """
    if means.share is not None and means.whole is not None:
        logits, means = means.share.all_rows(logits), means.whole
    values = _decision_values(logits).to(means.matrix.dtype)
    values = values / spread(values, means).clamp_min(torch.finfo(values.dtype).eps)
    ordered, order = values.sort(0)
    terms = structure.differences @ means.matrix
    share = terms[:, order].cumsum(1)[:, :-1]
    distance = (share.abs() * ordered.diff(dim=0)).sum(1)
    return (structure.term_output_weights(means.present) * distance).sum()


def spread(values: Tensor, means: GroupMeans) -> Tensor:
    """Compute the standard deviation of columns, every bin weighing the same.

    Parameters
    ----------
    values : Tensor of shape (n_samples, n_columns, ...)
        Outputs or activations; further axes are pooled.
    means : GroupMeans
        The averaging matrix of the rows.

    Returns
    -------
    Tensor of shape (n_columns,)
        The standard deviations, differentiable.
    """
    weight = (means.matrix.sum(0) / means.present.sum().clamp_min(1)).to(values.dtype)
    flat = values.reshape(*values.shape[:2], -1)
    # Over all rows the variance is flat in the mean: no gradient need pass through it.
    mean = torch.einsum("n,ncp->c", weight, flat.detach()) / flat.shape[2]
    if means.share is not None:
        mean = means.share.total(mean)
    variance = torch.einsum("n,ncp->c", weight, (flat - mean[:, None]).square())
    if means.share is not None:
        variance = means.share.total(variance)
    tiny = torch.finfo(values.dtype).tiny
    return (variance / flat.shape[2] + tiny).sqrt()


def _decision_values(logits: Tensor) -> Tensor:
    flat = logits.reshape(len(logits), -1)
    if flat.shape[1] == 1:
        return flat
    if flat.shape[1] == 2:
        return flat[:, 1:] - flat[:, :1]
    return flat - flat.mean(1, keepdim=True)


def _term_differences(structure: GapStructure, means: Tensor) -> Tensor:
    flat = means.reshape(*means.shape[:2], -1)
    differences = torch.einsum("tb,bup->tup", structure.differences, flat)
    return differences.abs().mean(2)
