"""The four parity constraints and the labels that each of them conditions on."""

import numpy as np
import numpy.typing as npt

CONSTRAINTS = (
    "demographic_parity",
    "equalized_odds",
    "true_positive_rate_parity",
    "false_positive_rate_parity",
)


def check_constraints(constraints: object) -> str:
    """Return the name of a constraint, or raise and list the known ones.

    Parameters
    ----------
    constraints : object
        What the user passed.

    Returns
    -------
    str
        The same name.

    Raises
    ------
    ValueError
        If it is none of ``CONSTRAINTS``.
    """
    if isinstance(constraints, str) and constraints in CONSTRAINTS:
        return constraints
    raise ValueError(
        f"Unknown constraints={constraints!r}. Pass one of: {', '.join(CONSTRAINTS)}."
    )


def label_conditions(constraints: str, n_classes: int) -> npt.NDArray[np.bool_]:
    """Tell which labels each conditional rate of a constraint is taken over.

    A constraint compares, between groups, the mean output over the rows whose label is
    in a set; each set is one row of the result. With two classes the true (false)
    positive rate conditions on label 1 (0); with more, the rates are one against rest:
    row c compares the output of class c.

    Parameters
    ----------
    constraints : str
        One of ``CONSTRAINTS``.
    n_classes : int
        Number of classes, at least 2.

    Returns
    -------
    ndarray of bool of shape (n_conditions, n_classes)
        True where the label belongs to the condition.

    Examples
    --------
    >>> label_conditions("equalized_odds", 2)
    array([[ True, False],
           [False,  True]])
    """
    identity = np.eye(n_classes, dtype=bool)
    check_constraints(constraints)
    if constraints == "demographic_parity":
        return np.ones((1, n_classes), dtype=bool)
    if constraints == "equalized_odds":
        return identity
    if constraints == "true_positive_rate_parity":
        return identity[1:] if n_classes == 2 else identity
    return identity[:1] if n_classes == 2 else ~identity
