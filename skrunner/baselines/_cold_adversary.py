"""Whether an adversary is worse than one that sees no score, and so harms fairness."""

import warnings

import torch

from skrunner.data import GroupDataset, strata_of
from skrunner.exceptions import ColdAdversaryWarning
from skrunner.objectives import Adversary

# At rest the loss sways around the blind one, on Adult by 1 %.
COLD_MARGIN = 1.02


def blind_loss(adversary: Adversary, data: GroupDataset, *, balanced: bool) -> float:
    """Return the least loss of an adversary that does not see the scores.

    Parameters
    ----------
    adversary : Adversary
        It says which rows are compared, and whether labels are told.
    data : GroupDataset
        The training rows.
    balanced : bool
        Whether the adversary is shown each stratum of its constraint equally often.

    Returns
    -------
    float
        The entropy of the groups in nats among the rows that it is shown.
    """
    weight = data.weight
    if balanced:
        shares = torch.zeros(len(data), dtype=torch.float64)
        for rows in strata_of(data, adversary.constraints, all_labels=False):
            shares[rows] = 1 / len(rows)
        shares = shares.to(data.y.device)
        weight = shares if weight is None else weight * shares
    return adversary.blind_loss(data.y, data.groups, weight)


def warn_if_cold(loss: float, blind: float) -> None:
    """Warn of an adversary that is worse than a blind one.

    Parameters
    ----------
    loss : float
        Its loss in the last epoch.
    blind : float
        See `blind_loss`.

    Warns
    -----
    ColdAdversaryWarning
        If the loss is above the blind one, by more than the noise of batches.
    """
    if loss <= blind * COLD_MARGIN:
        return
    warnings.warn(
        f"The adversary's loss in the last epoch, {loss:.3f}, is above {blind:.3f}, "
        "that of one that sees no score: it is cold, and pushes the net to tell the "
        "groups apart. Raise adversary_steps, adversary_lr, warm_up or max_epochs.",
        ColdAdversaryWarning,
        stacklevel=7,
    )
