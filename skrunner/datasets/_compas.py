"""COMPAS: new charges within two years in Broward County, Florida."""

from typing import Any, Literal

import pandas as pd

from skrunner.datasets._bunch import Facts, make_bunch
from skrunner.datasets._files import read_table

COMPAS = Facts(
    name="compas",
    title="COMPAS (recidivism in Broward County, Florida)",
    task="predict whether a defendant is charged with a new crime within two years",
    target_names=("no new charge", "new charge within two years"),
    favorable_label=0,
    harms=(
        "The label is a new charge, not a crime: it measures policing as well as\n"
        "behavior, and arrests are unequal between the groups compared here. Priors\n"
        "and juvenile counts carry the same inequality. Errors of such scores have\n"
        "kept people in jail. The file has known faults in its two-year window. Use\n"
        "it to compare methods, never to justify a risk score. Names, dates of birth,\n"
        "case numbers and the texts of charges are not shipped."
    ),
)
SCORES = ["decile_score", "score_text"]
NOT_FEATURES = [*SCORES, "days_b_screening_arrest", "two_year_recid"]


def load_compas(
    *,
    variant: Literal["propublica", "aif360", "raw"] = "propublica",
    return_X_y_a: bool = False,
) -> Any:
    """Load the COMPAS data set (two-year recidivism).

    The favorable label is 0. ``data`` holds race as the file has it (six values);
    ``sensitive_features["race"]`` is the paper's binary one.

    Parameters
    ----------
    variant : {"propublica", "aif360", "raw"}, default="propublica"
        The rows: "propublica" keeps those screened within 30 days of the arrest
        (6,172); "aif360" of these the African-American and Caucasian defendants
        (5,278); "raw" keeps all 7,214.
    return_X_y_a : bool, default=False
        Return ``(data, target, sensitive_features)`` instead of a Bunch.

    Returns
    -------
    Bunch or tuple
        With the entries:

        - data : DataFrame of shape (n_samples, 9), the raw columns;
        - target : Series of shape (n_samples,), 1 means a new charge within two years;
        - target_names : list of str, what each label means;
        - favorable_label : int, the label that is good for the person (0);
        - sensitive_features : DataFrame of shape (n_samples, 3), ``race`` (the paper's:
          African-American or Other; "aif360": or Caucasian), ``race_detailed`` (the
          value in the file) and ``sex``;
        - compas_scores : DataFrame of shape (n_samples, 2), ``decile_score`` (1 to 10)
          and ``score_text`` of the commercial tool, no features;
        - feature_names : list of str, the columns of ``data``;
        - frame : DataFrame, ``data`` and ``target`` side by side;
        - DESCR : str, the table of facts, with source, license and known harms.

    Raises
    ------
    ValueError
        If `variant` is unknown.

    See Also
    --------
    paper_preprocessor : Inputs with which the paper's figures are met.
    default_preprocessor : A plain choice of inputs.

    References
    ----------
    .. [1] Larson, Mattu, Kirchner and Angwin, How we analyzed the COMPAS recidivism
       algorithm, ProPublica, 2016, https://github.com/propublica/compas-analysis.

    Examples
    --------
    >>> from skrunner.datasets import load_compas
    >>> compas = load_compas()
    >>> compas.sensitive_features["race"].value_counts().to_dict()
    {'African-American': 3175, 'Other': 2997}
    """
    table = _select_rows(read_table("compas"), variant)
    race = table["race"].astype(str)
    other = "Caucasian" if variant == "aif360" else "Other"
    return make_bunch(
        COMPAS,
        table.drop(columns=NOT_FEATURES),
        table["two_year_recid"],
        pd.DataFrame(
            {
                "race": race.where(race == "African-American", other),
                "race_detailed": race,
                "sex": table["sex"],
            }
        ),
        return_X_y_a=return_X_y_a,
        compas_scores=table[SCORES],
    )


def _select_rows(table: pd.DataFrame, variant: str) -> pd.DataFrame:
    if variant not in ("propublica", "aif360", "raw"):
        raise ValueError(
            f'variant must be "propublica", "aif360" or "raw", got {variant!r}.'
        )
    if variant == "raw":
        return table
    # ProPublica's other conditions hold for every row of the file (benchmarks.data).
    table = table[table["days_b_screening_arrest"].between(-30, 30)]
    if variant == "propublica":
        return table
    return table[table["race"].isin(["African-American", "Caucasian"])]
