"""Which inputs each published protocol makes of the raw columns, as data.

The vocabularies are fixed here, so that the width never depends on the rows at hand.
"""

import numpy as np

from skrunner.datasets._credit import FEMALE, LABELS
from skrunner.datasets._recipe import Indicator, Recipe, grouped, one_hot

# The levels that remain after the paper's row filter, in the order of get_dummies.
ADULT_INDICATORS = (
    *one_hot(
        "workclass",
        *("Federal-gov", "Local-gov", "Private", "Self-emp-inc"),
        *("Self-emp-not-inc", "State-gov", "Without-pay"),
    ),
    *one_hot(
        "marital-status",
        *("Divorced", "Married-AF-spouse", "Married-civ-spouse"),
        *("Married-spouse-absent", "Never-married", "Separated", "Widowed"),
    ),
    *one_hot(
        "occupation",
        *("Adm-clerical", "Armed-Forces", "Craft-repair", "Exec-managerial"),
        *("Farming-fishing", "Handlers-cleaners", "Machine-op-inspct"),
        *("Other-service", "Priv-house-serv", "Prof-specialty", "Protective-serv"),
        *("Sales", "Tech-support", "Transport-moving"),
    ),
    *one_hot(
        "relationship",
        *("Husband", "Not-in-family", "Other-relative", "Own-child"),
        *("Unmarried", "Wife"),
    ),
    *one_hot("race", "White"),
)
ADULT_SCALED = (
    "age",
    "education-num",
    "capital-gain",
    "capital-loss",
    "hours-per-week",
)

COMPAS_SCALED = (
    "age",
    "priors_count",
    "juv_fel_count",
    "juv_misd_count",
    "juv_other_count",
)
COMPAS_INDICATORS = (
    *one_hot("c_charge_degree", "F", "M"),
    *one_hot("age_cat", "25 - 45", "Greater than 45", "Less than 25"),
    *one_hot("sex", "Female", "Male"),
)
RACES_OF_COMPAS = one_hot(
    "race",
    *("African-American", "Asian", "Caucasian", "Hispanic", "Native American", "Other"),
)
COMPAS_COARSE = (
    *one_hot("sex", "Female"),
    *one_hot("age_cat", "25 - 45", "Greater than 45", "Less than 25"),
    *grouped(
        "priors_count",
        {"0": (-np.inf, 0), "1 to 3": (1, 3), "More than 3": (4, np.inf)},
    ),
    *one_hot("c_charge_degree", "F", "M"),
)

CREDIT_SCALED = (
    "duration",
    "credit_amount",
    "installment_commitment",
    "residence_since",
    "age",
    "existing_credits",
    "num_dependents",
)
CREDIT_INDICATORS = (
    *(
        indicator
        for column, labels in LABELS.items()
        if column != "personal_status"
        for indicator in one_hot(column, *labels.values())
    ),
    Indicator(
        "sex_Male",
        "personal_status",
        frozenset(LABELS["personal_status"].values()) - {FEMALE},
    ),
)


def _spelled(column: str, *codes: str) -> frozenset[str]:
    return frozenset(LABELS[column][code] for code in codes)


CREDIT_COARSE = (
    Indicator("age_>25", "age", (26, np.inf)),
    *grouped(
        "credit_history",
        {
            "Delay": _spelled("credit_history", "A33"),
            "None/Paid": _spelled("credit_history", "A30", "A31", "A32"),
            "Other": _spelled("credit_history", "A34"),
        },
    ),
    *grouped(
        "savings_status",
        {
            "500+": _spelled("savings_status", "A63", "A64"),
            "<500": _spelled("savings_status", "A61", "A62"),
            "Unknown/None": _spelled("savings_status", "A65"),
        },
    ),
    *grouped(
        "employment",
        {
            "1-4 years": _spelled("employment", "A72", "A73"),
            "4+ years": _spelled("employment", "A74", "A75"),
            "Unemployed": _spelled("employment", "A71"),
        },
    ),
)

RACES_OF_LSAC = one_hot(
    "race",
    *("Amerindian", "Asian", "Black", "Hispanic", "Mexican", "Other", "Puertorican"),
    "White",
)

# The first variant of a data set is its default.
RECIPES: dict[str, dict[str, Recipe]] = {
    "adult": {
        "shared_edges": Recipe(ADULT_SCALED, "shared", ADULT_INDICATORS, paired=True),
        "per_column": Recipe(ADULT_SCALED, "own", ADULT_INDICATORS, paired=True),
    },
    "compas": {
        "propublica": Recipe(
            COMPAS_SCALED, None, (*COMPAS_INDICATORS, *RACES_OF_COMPAS)
        ),
        "propublica_without_race": Recipe(COMPAS_SCALED, None, COMPAS_INDICATORS),
        "aif360": Recipe(indicators=COMPAS_COARSE),
    },
    "credit": {
        "deciles": Recipe(CREDIT_SCALED, "own", CREDIT_INDICATORS),
        "aif360": Recipe(indicators=CREDIT_COARSE),
    },
    "lsac": {
        "scores": Recipe(("LSAT", "UGPA")),
        "scores_race": Recipe(("LSAT", "UGPA"), None, RACES_OF_LSAC),
        "scores_zfya": Recipe(("LSAT", "UGPA", "ZFYA")),
        "scores_zfya_race": Recipe(("LSAT", "UGPA", "ZFYA"), None, RACES_OF_LSAC),
    },
}


def find_recipe(name: str, variant: str | None) -> tuple[str, Recipe]:
    """Look up a recipe.

    Parameters
    ----------
    name : str
        The data set.
    variant : str or None
        The protocol; None means the data set's first.

    Returns
    -------
    tuple of (str, Recipe)
        The variant's name and its recipe.

    Raises
    ------
    ValueError
        If the name or the variant is unknown.
    """
    if name not in RECIPES:
        raise ValueError(
            f"There is no paper preprocessing for {name!r}; known are "
            f"{', '.join(map(repr, RECIPES))}."
        )
    variants = RECIPES[name]
    if variant is None:
        variant = next(iter(variants))
    if variant not in variants:
        raise ValueError(
            f"The data set {name!r} has no variant {variant!r}; known are "
            f"{', '.join(map(repr, variants))}."
        )
    return variant, variants[variant]
