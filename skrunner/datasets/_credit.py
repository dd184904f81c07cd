"""Credit: the 1,000 loans of German credit, good or bad."""

from typing import Any

import pandas as pd

from skrunner.datasets._bunch import Facts, make_bunch
from skrunner.datasets._files import read_table

CREDIT = Facts(
    name="credit",
    title="Credit (German credit)",
    task="predict whether a loan is a good or a bad risk (Germany, 1973 to 1975)",
    target_names=("bad", "good"),
    favorable_label=1,
    harms=(
        "Bad loans were oversampled, so the base rate is no default rate. Groemping\n"
        "(South German Credit, 2019) found the code tables of this file wrong in\n"
        "several columns: sex cannot be recovered from personal_status (the code read\n"
        "as female also covers single men, one read as male single women), and the\n"
        "labels of foreign_worker appear to be swapped (963 of 1,000 are yes). It\n"
        "serves to compare with published figures; nothing about women or foreigners\n"
        "can be concluded from it. A test share of 200 rows has about 60 read as\n"
        "women: gaps there are mostly noise."
    ),
)

# The code tables of UCI's german.doc.
LABELS: dict[str, dict[str, str]] = {
    "checking_status": {
        "A11": "<0",
        "A12": "0 to 199",
        "A13": ">=200",
        "A14": "no account",
    },
    "credit_history": {
        "A30": "no credits",
        "A31": "all paid here",
        "A32": "existing paid",
        "A33": "delayed",
        "A34": "critical",
    },
    "purpose": {
        "A40": "new car",
        "A41": "used car",
        "A42": "furniture",
        "A43": "radio or television",
        "A44": "domestic appliances",
        "A45": "repairs",
        "A46": "education",
        "A48": "retraining",
        "A49": "business",
        "A410": "other",
    },
    "savings_status": {
        "A61": "<100",
        "A62": "100 to 499",
        "A63": "500 to 999",
        "A64": ">=1000",
        "A65": "unknown or none",
    },
    "employment": {
        "A71": "unemployed",
        "A72": "<1 year",
        "A73": "1 to 3 years",
        "A74": "4 to 6 years",
        "A75": ">=7 years",
    },
    "personal_status": {
        "A91": "male divorced or separated",
        "A92": "female divorced, separated or married",
        "A93": "male single",
        "A94": "male married or widowed",
    },
    "other_parties": {"A101": "none", "A102": "co-applicant", "A103": "guarantor"},
    "property_magnitude": {
        "A121": "real estate",
        "A122": "savings or life insurance",
        "A123": "car or other",
        "A124": "unknown or none",
    },
    "other_payment_plans": {"A141": "bank", "A142": "stores", "A143": "none"},
    "housing": {"A151": "rent", "A152": "own", "A153": "free"},
    "job": {
        "A171": "unemployed or unskilled non-resident",
        "A172": "unskilled resident",
        "A173": "skilled",
        "A174": "management or highly qualified",
    },
    "own_telephone": {"A191": "no", "A192": "yes"},
    "foreign_worker": {"A201": "yes", "A202": "no"},
}
FEMALE = LABELS["personal_status"]["A92"]
LAST_YOUNG_AGE = 25


def load_credit(*, return_X_y_a: bool = False) -> Any:
    """Load the German credit data set.

    Parameters
    ----------
    return_X_y_a : bool, default=False
        Return ``(data, target, sensitive_features)`` instead of a Bunch.

    Returns
    -------
    Bunch or tuple
        With the entries:

        - data : DataFrame of shape (1000, 20), the raw columns, codes spelled out;
        - target : Series of shape (1000,), 1 means a good loan;
        - target_names : list of str, what each label means;
        - favorable_label : int, the label that is good for the person;
        - sensitive_features : DataFrame of shape (1000, 3), ``sex`` (the paper's, read
          from personal_status), ``age`` ("<=25" or ">25") and ``foreign_worker``;
        - feature_names : list of str, the columns of ``data``;
        - frame : DataFrame, ``data`` and ``target`` side by side;
        - DESCR : str, the table of facts, with source, license and known harms.

    See Also
    --------
    paper_preprocessor : Inputs with which the paper's gaps are met.
    default_preprocessor : A plain choice of inputs.

    References
    ----------
    .. [1] Hofmann, Statlog (German Credit Data), UCI Machine Learning Repository,
       1994, https://doi.org/10.24432/C5NC77.
    .. [2] Groemping, South German credit data: correcting a widely used data set,
       report 4/2019, Beuth University of Applied Sciences Berlin.

    Examples
    --------
    >>> from skrunner.datasets import load_credit
    >>> credit = load_credit()
    >>> credit.sensitive_features["sex"].value_counts().to_dict()
    {'Male': 690, 'Female': 310}
    """
    table = read_table("credit")
    table = table.assign(
        **{
            column: table[column].cat.rename_categories(labels)
            for column, labels in LABELS.items()
        }
    )
    young = table["age"] <= LAST_YOUNG_AGE
    return make_bunch(
        CREDIT,
        table.drop(columns="class"),
        (table["class"] == 1).astype("int64"),
        pd.DataFrame(
            {
                "sex": (table["personal_status"] == FEMALE).map(
                    {True: "Female", False: "Male"}
                ),
                "age": young.map({True: "<=25", False: ">25"}),
                "foreign_worker": table["foreign_worker"],
            }
        ),
        return_X_y_a=return_X_y_a,
    )
