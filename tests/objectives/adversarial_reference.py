"""A step against an adversary written out: loops over rows, and numpy."""

import numpy as np
import torch


def inputs_of_row(logits, label, constraints, n_classes):
    """Return what the adversary sees of one row, None if it does not see the row."""
    scores = list(logits)
    if n_classes == 2:
        scores = [logits[-1] - logits[0]] if len(logits) == 2 else scores
    else:
        scores = [z - sum(logits) / n_classes for z in logits]
    zero = 0 * scores[0]
    told = [zero + float(label == c) for c in range(n_classes)]
    if constraints == "demographic_parity":
        return scores
    if constraints == "equalized_odds":
        products = [s if label == c else zero for c in range(n_classes) for s in scores]
        return [*scores, *products, *told]
    true_positive = constraints == "true_positive_rate_parity"
    if n_classes == 2:
        return scores if label == int(true_positive) else None
    for c in range(n_classes):
        if (c == label) != true_positive:
            scores[c] = zero
    return [*scores, *told]


def adversary_loss(logits, batch, adversary, constraints, n_classes):
    """Average the cross entropy of the groups, one row after the other."""
    weights = list(adversary.parameters())
    losses = []
    for i in range(batch.fair_from, len(batch.y)):
        seen = inputs_of_row(logits[i], int(batch.y[i]), constraints, n_classes)
        if seen is None:
            continue
        hidden = torch.stack(seen)
        for weight, bias in zip(weights[:-2:2], weights[1:-2:2], strict=True):
            hidden = (weight @ hidden + bias).clamp_min(0)
        told = weights[-2] @ hidden + weights[-1]
        told = torch.stack([0 * told[0], told[0]]) if len(told) == 1 else told
        share = 1.0 if batch.weight is None else float(batch.weight[i])
        losses.append((share, told.logsumexp(0) - told[batch.groups[i]]))
    return sum(w * loss for w, loss in losses) / sum(w for w, _ in losses)


def label_loss(logits, batch):
    """Average the cross entropy of the labels, one row after the other."""
    losses = []
    for i in range(batch.n_predictive):
        z = logits[i] if logits.shape[1] > 1 else torch.cat([0 * logits[i], logits[i]])
        share = 1.0 if batch.weight is None else float(batch.weight[i])
        losses.append((share, z.logsumexp(0) - z[batch.y[i]]))
    return sum(w * loss for w, loss in losses) / sum(w for w, _ in losses)


def direction(helping, against, weight, projection):
    """Compute equation 1 with numpy, from lists of arrays of any shapes."""
    if projection == "global":
        flat = [
            np.concatenate([g.ravel() for g in each]) for each in (helping, against)
        ]
        helping, against = [flat[0]], [flat[1]]
    found = []
    for g_p, g_a in zip(helping, against, strict=True):
        inner, square = np.sum(g_p * g_a), np.sum(g_a**2)
        along = inner / square * g_a if projection != "none" and square > 0 else 0 * g_a
        found.append((g_p - along - weight * g_a).ravel())
    return np.concatenate(found)
