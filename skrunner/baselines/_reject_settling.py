"""What a fit settles: the favorable label, who is deprived, and the region."""

import warnings
from typing import Any, NamedTuple

import numpy as np

from skrunner.baselines._reject_inputs import RejectInput
from skrunner.baselines._reject_region import CriticalRegion, Floats, Mask
from skrunner.baselines._reject_search import ScoredRows, search_region
from skrunner.exceptions import CollapseWarning
from skrunner.groups import GroupEncoding


class Settled(NamedTuple):
    """What predictions need besides scores and groups.

    Attributes
    ----------
    favorable : int
        The code of the favorable label.
    deprived : ndarray of bool of shape (n_groups,)
        The deprived groups.
    region : CriticalRegion
        Where the group decides.
    """

    favorable: int
    deprived: Mask
    region: CriticalRegion


def settle(
    estimator: Any, rows: RejectInput, scores: Floats, weights: Floats, looked_at: Any
) -> Settled:
    """Settle everything from the scores of the rows of the fit.

    Parameters
    ----------
    estimator : RejectOptionClassifier
        Holds the parameters.
    rows : RejectInput
        The rows.
    scores : ndarray of shape (n_samples, 2)
        What the fitted inner estimator answers.
    weights : ndarray of shape (n_samples,)
        Weights of the rows.
    looked_at : slice or ndarray of int
        The rows that a search looks at.

    Returns
    -------
    Settled
        The favorable label, the deprived groups and the region.

    Warns
    -----
    CollapseWarning
        If the inner estimator predicts one label alone, so that nobody is deprived.
    """
    favorable = favorable_code(estimator.favorable_label, rows.classes)
    ours = scores[:, favorable]
    if estimator.deprived is not None:
        deprived = named_groups(estimator.deprived, rows.groups)
    else:
        good = ours > 0.5
        deprived = groups_below_average(good, rows.groups.codes, weights)
        if good.all() or not good.any():
            only = favorable if good.all() else 1 - favorable
            _warn_of_collapse(rows.classes.tolist()[only])
    if estimator.method == "search":
        region = search_region(
            ScoredRows(
                ours[looked_at],
                rows.labels[looked_at],
                rows.groups.codes[looked_at],
                weights[looked_at],
                favorable,
            ),
            deprived,
            constraints=estimator.constraints,
            objective=estimator.objective,
            bound=estimator.bound,
        )
    elif deprived.any():
        region = CriticalRegion(0.5, estimator.theta - 0.5, closed=True)
    else:
        region = CriticalRegion(0.5, 0.0)
    return Settled(favorable, deprived, region)


def _warn_of_collapse(label: Any) -> None:
    warnings.warn(
        f"The estimator predicts {label!r} for every row of the fit, so that no group "
        "is deprived and the critical region is empty. Train it longer, balance the "
        "labels, or name the groups with deprived=.",
        CollapseWarning,
        stacklevel=5,
    )


def favorable_code(label: Any, classes: Any) -> int:
    """Find the favorable label among the classes.

    Parameters
    ----------
    label : label or None
        What the user named; None takes the second class.
    classes : ndarray of shape (2,)
        The labels.

    Returns
    -------
    int
        0 or 1.

    Raises
    ------
    ValueError
        If it is not a label.
    """
    if label is None:
        return 1
    found = [code for code, known in enumerate(classes.tolist()) if known == label]
    if not found:
        raise ValueError(
            f"favorable_label={label!r} is not a label. Pass one of: "
            f"{', '.join(map(repr, classes.tolist()))}."
        )
    return found[0]


def named_groups(deprived: Any, groups: GroupEncoding) -> Mask:
    """Find the groups that the user calls deprived.

    Parameters
    ----------
    deprived : group or list of groups
        Names, or values of the sensitive features (tuples of several features).
    groups : GroupEncoding
        The groups.

    Returns
    -------
    ndarray of bool of shape (n_groups,)
        True where named.

    Raises
    ------
    ValueError
        If a name is unknown, if none is given, or all are.
    """
    wanted = deprived if isinstance(deprived, list) else [deprived]
    known = list(zip(groups.names, groups.values, strict=True))
    unknown = [one for one in wanted if not any(one in pair for pair in known)]
    mask = np.array([any(one in pair for one in wanted) for pair in known])
    if unknown or not mask.any() or mask.all():
        fault = (
            f"names unknown groups {unknown}"
            if unknown
            else "must leave some groups deprived and some not"
        )
        raise ValueError(
            f"deprived={deprived!r} {fault}. Known groups: {', '.join(groups.names)}."
        )
    return mask


def groups_below_average(favorable: Mask, codes: Any, weights: Floats) -> Mask:
    """Find the groups that get the favorable label less often than all rows together.

    Parameters
    ----------
    favorable : ndarray of bool of shape (n_samples,)
        Which rows are predicted to have the favorable label.
    codes : ndarray of int of shape (n_samples,)
        Group codes.
    weights : ndarray of shape (n_samples,)
        Weights of the rows.

    Returns
    -------
    ndarray of bool of shape (n_groups,)
        Of two groups the one with the lower rate; none if all rates are equal.
    """
    rows = np.bincount(codes, weights)
    hits = np.bincount(codes, weights * favorable, minlength=len(rows))
    # Multiplied out: a group without weight has no rate, and is not below any.
    margin = hits.sum() * rows - hits * rows.sum()
    below: Mask = margin > 1e-12 * rows.sum() ** 2
    return below
