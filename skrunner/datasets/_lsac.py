"""LSAC: law students who pass the bar at the first attempt."""

from typing import Any

from skrunner.datasets._bunch import Facts, make_bunch
from skrunner.datasets._files import read_table

LSAC = Facts(
    name="lsac",
    title="LSAC (law school admissions)",
    task="predict whether a law student passes the bar at the first attempt",
    target_names=("failed", "passed at the first attempt"),
    favorable_label=1,
    harms=(
        "Only students who were admitted and sat the bar are in the table (the cohort\n"
        "of 1991), so it does not show whom admission turned away. ZFYA is the grade\n"
        "of the first year in law school: it is unknown at admission. Pass rates by\n"
        "sex hardly differ, those by race do. The paper's LSAC accuracies lie below\n"
        "the share of passes here: its table was another one, and its LSAC figures\n"
        "cannot be reproduced with this one."
    ),
)


def load_lsac(*, return_X_y_a: bool = False) -> Any:
    """Load the LSAC data set (passing the bar).

    It is the table of Kusner et al. [2]_. The paper's figures on LSAC do not come from
    these rows: its accuracy is below the share of passes (.888).

    Parameters
    ----------
    return_X_y_a : bool, default=False
        Return ``(data, target, sensitive_features)`` instead of a Bunch.

    Returns
    -------
    Bunch or tuple
        With the entries:

        - data : DataFrame of shape (21791, 5): ``LSAT``, ``UGPA`` (undergraduate
          grades), ``ZFYA`` (first-year grades, after admission), ``race``, ``sex``;
        - target : Series of shape (21791,), 1 means passed at the first attempt;
        - target_names : list of str, what each label means;
        - favorable_label : int, the label that is good for the person;
        - sensitive_features : DataFrame of shape (21791, 2), ``sex`` (the paper's) and
          ``race``;
        - feature_names : list of str, the columns of ``data``;
        - frame : DataFrame, ``data`` and ``target`` side by side;
        - DESCR : str, the table of facts, with source, license and known harms.

    See Also
    --------
    paper_preprocessor : The two scores of the paper, with options.
    default_preprocessor : A plain choice of inputs.

    References
    ----------
    .. [1] Wightman, LSAC National Longitudinal Bar Passage Study, 1998.
    .. [2] Kusner, Loftus, Russell and Silva, Counterfactual fairness, NeurIPS 2017.

    Examples
    --------
    >>> from skrunner.datasets import load_lsac
    >>> lsac = load_lsac()
    >>> lsac.target.groupby(lsac.sensitive_features["sex"]).mean().round(3).to_dict()
    {'Female': 0.876, 'Male': 0.898}
    """
    table = read_table("lsac")
    return make_bunch(
        LSAC,
        table.drop(columns="pass_bar"),
        table["pass_bar"],
        table[["sex", "race"]],
        return_X_y_a=return_X_y_a,
    )
