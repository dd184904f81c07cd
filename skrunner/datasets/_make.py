"""Synthetic data whose unfairness is planted, hence known."""

from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.utils import Bunch, check_random_state

Array = npt.NDArray[np.float64]

DESCR = """Synthetic data with known unfairness
====================================

Groups a are drawn with the stated proportions, labels y with the stated base rates of
their group. Informative features depend on y only, proxies on a only, noise on neither.
"""


def make_biased_classification(
    n_samples: int = 1000,
    *,
    n_features: int = 10,
    informative_features: int = 4,
    proxy_features: int = 2,
    n_groups: int = 2,
    n_classes: int = 2,
    group_proportions: Any = None,
    base_rate_gap: float = 0.3,
    class_sep: float = 1.0,
    proxy_strength: float = 1.0,
    return_X_y_a: bool = False,
    random_state: Any = None,
) -> Any:
    r"""Draw a classification problem in which the groups' unfairness is known.

    Each row is drawn as follows:

    1. the group :math:`a`, with probability ``group_proportions[a]``;
    2. the label :math:`y`, with :math:`P(y = c \mid a)` = ``base_rates[a, c]``. For the
       last class this is :math:`1/C + \gamma\,(a / (G - 1) - 1/2)` with :math:`\gamma`
       = `base_rate_gap`, so that it grows with the group's number and spans
       :math:`\gamma`; the other classes share the rest evenly;
    3. independently, informative features :math:`N(s\,m_{jy}, 1)`, proxies
       :math:`N(t\,p_{ja}, 1)` and noise :math:`N(0, 1)`; :math:`s` is `class_sep`,
       :math:`t` is `proxy_strength` and, for each feature :math:`j`, :math:`m_j` and
       :math:`p_j` are random orders of evenly spaced means from -1 to 1.

    Hence informative features are independent of the group given the label, and proxies
    of the label given the group. A perfect classifier still has a demographic parity
    difference of `base_rate_gap` and none in its error rates; one that uses the proxies
    gains accuracy and errs unequally.

    Parameters
    ----------
    n_samples : int, default=1000
        Number of rows.
    n_features : int, default=10
        Number of features; those neither informative nor proxies are noise.
    informative_features : int, default=4
        Number of features that depend on the label.
    proxy_features : int, default=2
        Number of features that depend on the group.
    n_groups : int, default=2
        Number of groups, G.
    n_classes : int, default=2
        Number of classes, C.
    group_proportions : array-like of shape (n_groups,), default=None
        Probability of each group; None means equal.
    base_rate_gap : float, default=0.3
        Base rate of the last class in the last group less that in the first, in
        (-2 / C, 2 / C).
    class_sep : float, default=1.0
        Half the distance of the extreme class means of an informative feature.
    proxy_strength : float, default=1.0
        Half the distance of the extreme group means of a proxy.
    return_X_y_a : bool, default=False
        Return ``(data, target, sensitive_features)`` instead of a Bunch.
    random_state : int, RandomState instance or None, default=None
        Seed of the draws.

    Returns
    -------
    Bunch or tuple
        With the entries:

        - data : DataFrame of shape (n_samples, n_features), columns named by role
          (``informative_0``, ``proxy_4``, ``noise_6``), in this order;
        - target : Series of shape (n_samples,), 0 to C - 1;
        - target_names : list of str;
        - favorable_label : int, the last class;
        - sensitive_features : DataFrame of shape (n_samples, 1), ``group`` with values
          ``group_0`` and so on;
        - feature_names : list of str;
        - frame : DataFrame, ``data`` and ``target`` side by side;
        - informative_features, proxy_features, noise_features : ndarray of int, the
          columns of each role;
        - base_rates : ndarray of shape (n_groups, n_classes), the population's
          :math:`P(y = c \mid a)`;
        - group_proportions : ndarray of shape (n_groups,), the population's
          :math:`P(a)`;
        - class_means : ndarray of shape (n_classes, n_features), what the class adds to
          the mean of each feature;
        - group_means : ndarray of shape (n_groups, n_features), what the group adds;
        - DESCR : str.

    Raises
    ------
    ValueError
        If a size is too small, the proportions are no distribution over the groups or
        the gap does not leave every base rate in (0, 1).

    See Also
    --------
    sklearn.datasets.make_classification : The same without groups.

    Examples
    --------
    >>> from skrunner.datasets import make_biased_classification
    >>> made = make_biased_classification(200, n_groups=3, random_state=0)
    >>> made.base_rates.round(2)
    array([[0.65, 0.35],
           [0.5 , 0.5 ],
           [0.35, 0.65]])
    >>> made.proxy_features
    array([4, 5])
    """
    _check_sizes(
        n_samples=(n_samples, 1),
        n_groups=(n_groups, 2),
        n_classes=(n_classes, 2),
        informative_features=(informative_features, 0),
        proxy_features=(proxy_features, 0),
        n_features=(n_features, max(1, informative_features + proxy_features)),
    )
    proportions = _check_proportions(group_proportions, n_groups)
    rates = _base_rates(n_groups, n_classes, base_rate_gap)
    rng = check_random_state(random_state)

    informative, proxies, noise = np.split(
        np.arange(n_features),
        [informative_features, informative_features + proxy_features],
    )
    class_means = np.zeros((n_classes, n_features))
    class_means[:, informative] = class_sep * _means(n_classes, len(informative), rng)
    group_means = np.zeros((n_groups, n_features))
    group_means[:, proxies] = proxy_strength * _means(n_groups, len(proxies), rng)

    a = rng.choice(n_groups, size=n_samples, p=proportions)
    # Inverse of the distribution function: the label is how many steps u has passed.
    steps = rates.cumsum(axis=1)[a, :-1]
    y = (rng.uniform(size=(n_samples, 1)) >= steps).sum(axis=1)
    X = class_means[y] + group_means[a] + rng.standard_normal((n_samples, n_features))

    roles = {"informative": informative, "proxy": proxies, "noise": noise}
    names = [f"{role}_{j}" for role, columns in roles.items() for j in columns]
    data = pd.DataFrame(X, columns=names)
    target = pd.Series(y, name="target", dtype="int64")
    sensitive_features = pd.DataFrame({"group": [f"group_{code}" for code in a]})
    if return_X_y_a:
        return data, target, sensitive_features
    return Bunch(
        data=data,
        target=target,
        target_names=[f"class_{c}" for c in range(n_classes)],
        favorable_label=n_classes - 1,
        sensitive_features=sensitive_features,
        feature_names=names,
        frame=pd.concat([data, target], axis=1),
        informative_features=informative,
        proxy_features=proxies,
        noise_features=noise,
        base_rates=rates,
        group_proportions=proportions,
        class_means=class_means,
        group_means=group_means,
        DESCR=DESCR,
    )


def _check_sizes(**sizes: tuple[int, int]) -> None:
    faults = [
        f"{name} must be at least {least}, got {size!r}"
        for name, (size, least) in sizes.items()
        if size < least
    ]
    if faults:
        raise ValueError("; ".join(faults) + ".")


def _check_proportions(group_proportions: Any, n_groups: int) -> Array:
    if group_proportions is None:
        return np.full(n_groups, 1 / n_groups)
    proportions = np.asarray(group_proportions, dtype=np.float64)
    if (
        proportions.shape != (n_groups,)
        or (proportions <= 0).any()
        or not np.isclose(proportions.sum(), 1)
    ):
        raise ValueError(
            f"group_proportions must be {n_groups} positive numbers that sum to 1, got "
            f"{group_proportions!r}."
        )
    return proportions


def _base_rates(n_groups: int, n_classes: int, gap: float) -> Array:
    """Return P(y = c | a) of shape (n_groups, n_classes)."""
    if not isinstance(gap, Real) or not abs(gap) < 2 / n_classes:
        raise ValueError(
            f"base_rate_gap must lie between -2 / n_classes and 2 / n_classes "
            f"({2 / n_classes:.3g} for {n_classes} classes), got {gap!r}."
        )
    last = 1 / n_classes + gap * np.linspace(-0.5, 0.5, n_groups)
    others = np.repeat((1 - last[:, None]) / (n_classes - 1), n_classes - 1, axis=1)
    return np.column_stack([others, last])


def _means(n_levels: int, n_columns: int, rng: np.random.RandomState) -> Array:
    """Order the same evenly spaced means anew in each column."""
    spaced = np.linspace(-1, 1, n_levels)
    means = np.empty((n_levels, n_columns))
    for j in range(n_columns):
        means[:, j] = rng.permutation(spaced)
    return means
