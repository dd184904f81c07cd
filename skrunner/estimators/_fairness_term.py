"""What classifiers with a fairness term share: its options, rows and memory."""

from math import inf
from numbers import Integral, Real
from typing import Any

from sklearn.utils._param_validation import Interval, StrOptions

from skrunner.data import EpochBatches, GroupDataset, PixelRows
from skrunner.estimators._budget import Budget
from skrunner.estimators._defaults import REPAIR_DEFAULTS
from skrunner.objectives import OUTPUT_GAPS
from skrunner.training import GroupNet, Seeds

# What the search on images chose where nets collapse (docs/results/images_search.md).
IMAGE_LIMIT = 0.2
SMALL_BATCH = 100
MOMENTUM = 0.9

TERM_CONSTRAINTS: dict[str, Any] = {
    "fairness_weight": [Interval(Real, 0, None, closed="left"), None],
    "sampling": [StrOptions({"two_stream", "shared", "balanced"})],
    "fairness_batch_size": [Interval(Integral, 1, None, closed="left"), None],
    "gap": [StrOptions(set(OUTPUT_GAPS)), None],
    "gap_momentum": [Interval(Real, 0, 1, closed="left"), None],
    "fairness_warm_up": [Interval(Real, 0, 1, closed="both")],
    "fairness_gradient_limit": [Interval(Real, 0, inf, closed="right"), None],
}


def resolve_repair(estimator: Any) -> None:
    """Set what None means for the constraint as fitted attributes.

    Parameters
    ----------
    estimator : BaseNetClassifier
        Has some of the parameters of ``RepairDefaults``.
    """
    defaults = REPAIR_DEFAULTS[estimator.constraints]
    for name, default in defaults._asdict().items():
        if hasattr(estimator, name):
            given = getattr(estimator, name)
            setattr(estimator, f"{name}_", default if given is None else given)


def term_batches(
    estimator: Any,
    data: GroupDataset,
    budget: Budget,
    seeds: Seeds,
    *,
    fairness_weight: float,
) -> EpochBatches:
    """Draw rows for the predictive loss and for the fairness term.

    Parameters
    ----------
    estimator : BaseNetClassifier
        Holds `sampling` and `fairness_batch_size`.
    data : GroupDataset
        The training rows.
    budget : Budget
        Rows of the predictive loss.
    seeds : Seeds
        The seeds.
    fairness_weight : float
        The weight of the term.

    Returns
    -------
    EpochBatches
        Plain rows alone if the term weighs nothing.
    """
    repairs = fairness_weight > 0 or estimator.sampling == "balanced"
    return EpochBatches(
        data,
        batch_size=budget.batch_size,
        sampling=estimator.sampling if repairs else "plain",
        constraints=estimator.constraints,
        steps_per_epoch=estimator.steps_per_epoch,
        fairness_batch_size=estimator.fairness_batch_size,
        seeds=(seeds.plain, seeds.fair),
    )


def term_momentum(
    estimator: Any, batches: EpochBatches, n_parts: int | None = None
) -> float:
    """Choose the share of the past in running means: the user's, else by the noise.

    Parameters
    ----------
    estimator : BaseNetClassifier
        Holds `gap_momentum` and `sampling`.
    batches : EpochBatches
        Its batches.
    n_parts : int or None, default=None
        Parts in which a step runs; None takes the estimator's `gradient_accumulation`,
        which a device of too little memory exceeds.

    Returns
    -------
    float
        0.9 for shared and for few balanced rows at a time, else 0.
    """
    if estimator.gap_momentum is not None:
        return float(estimator.gap_momentum)
    n_parts = n_parts or estimator.gradient_accumulation
    noisy = estimator.sampling == "shared" or batches.n_fair / n_parts < SMALL_BATCH
    whole = batches.full and n_parts == 1
    return MOMENTUM if noisy and not whole else 0.0


def gradient_limit(estimator: Any, data: GroupDataset) -> float | None:
    """Choose how long the term's gradient may be.

    Parameters
    ----------
    estimator : BaseNetClassifier
        Holds `fairness_gradient_limit`.
    data : GroupDataset
        The training rows.

    Returns
    -------
    float or None
        In lengths of the predictive loss's gradient; None for no limit.
    """
    limit = estimator.fairness_gradient_limit
    if limit is None:
        return IMAGE_LIMIT if isinstance(data.X, PixelRows) else None
    return None if limit == inf else float(limit)


def warm_up_steps(estimator: Any, net: GroupNet, batches: EpochBatches) -> int:
    """Turn the share of a training into steps.

    Parameters
    ----------
    estimator : BaseNetClassifier
        Holds `fairness_warm_up`.
    net : GroupNet
        Knows how many epochs are asked for.
    batches : EpochBatches
        Its batches.

    Returns
    -------
    int
        Steps over which the weight rises.
    """
    steps = net.max_epochs * len(batches)
    return int(estimator.fairness_warm_up * steps)
