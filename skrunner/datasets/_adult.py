"""Adult: incomes above 50,000 dollars in the census of 1994."""

from typing import Any, Literal

from skrunner.datasets._bunch import Facts, make_bunch
from skrunner.datasets._files import read_table

ADULT = Facts(
    name="adult",
    title="Adult (census income)",
    task="predict whether a person's yearly income is above 50,000 dollars (1994)",
    target_names=("<=50K", ">50K"),
    favorable_label=1,
    harms=(
        "The label is an income threshold of 1994, not merit, creditworthiness or\n"
        "need; a model of it repeats the pay gap of its time. relationship (Husband,\n"
        "Wife) and marital-status give sex away when the column itself is dropped.\n"
        "fnlwgt is a sampling weight, not a feature. Sex has two values and race five\n"
        "coarse ones. Results here say little about any population of today."
    ),
)


def load_adult(
    *, rows: Literal["paper", "raw"] = "paper", return_X_y_a: bool = False
) -> Any:
    """Load the Adult data set (census income).

    The rows are those of adult.data followed by those of adult.test, in file order,
    which is the order in which the paper's experiments split them.

    Parameters
    ----------
    rows : {"paper", "raw"}, default="paper"
        "paper" drops the rows whose occupation or native country is unknown (45,222
        remain, without any missing value); "raw" keeps all 48,842.
    return_X_y_a : bool, default=False
        Return ``(data, target, sensitive_features)`` instead of a Bunch.

    Returns
    -------
    Bunch or tuple
        With the entries:

        - data : DataFrame of shape (n_samples, 14), the raw columns;
        - target : Series of shape (n_samples,), 1 means an income above 50,000;
        - target_names : list of str, what each label means;
        - favorable_label : int, the label that is good for the person;
        - sensitive_features : DataFrame of shape (n_samples, 2), ``sex`` (the paper's)
          and ``race``;
        - feature_names : list of str, the columns of ``data``;
        - frame : DataFrame, ``data`` and ``target`` side by side;
        - DESCR : str, the table of facts, with source, license and known harms.

    Raises
    ------
    ValueError
        If `rows` is neither "paper" nor "raw".

    See Also
    --------
    paper_preprocessor : The exact inputs of the paper.
    default_preprocessor : A plain choice of inputs.

    References
    ----------
    .. [1] Becker and Kohavi, Adult, UCI Machine Learning Repository, 1996,
       https://doi.org/10.24432/C5XW20.

    Examples
    --------
    >>> from skrunner.datasets import load_adult
    >>> adult = load_adult()
    >>> adult.data.shape
    (45222, 14)
    >>> adult.target.groupby(adult.sensitive_features["sex"]).mean().round(3).to_dict()
    {'Female': 0.114, 'Male': 0.312}
    """
    if rows not in ("paper", "raw"):
        raise ValueError(f'rows must be "paper" or "raw", got {rows!r}.')
    table = read_table("adult")
    if rows == "paper":
        table = table.dropna(subset=["occupation", "native-country"])
    return make_bunch(
        ADULT,
        table.drop(columns="income"),
        (table["income"] == ">50K").astype("int64"),
        table[["sex", "race"]],
        return_X_y_a=return_X_y_a,
    )
