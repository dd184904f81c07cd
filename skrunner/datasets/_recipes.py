"""Which inputs each published protocol makes of the raw columns, as data.

The vocabularies are fixed here, so that the width never depends on the rows at hand.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from skrunner.datasets._credit import FEMALE, LABELS


@dataclass(frozen=True)
class Indicator:
    """One 0/1 input: whether a column's value is in a set or a closed interval.

    Attributes
    ----------
    name : str
        Name of the input.
    column : str
        The raw column.
    among : frozenset of str or tuple of (float, float)
        The texts, or the ends of the interval.
    """

    name: str
    column: str
    among: frozenset[str] | tuple[float, float]

    def of(self, X: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Return the input's values; a missing or unknown text gives 0.

        Parameters
        ----------
        X : DataFrame of shape (n_samples, n_features)
            Raw columns.

        Returns
        -------
        ndarray of shape (n_samples,)
            Zeros and ones, as float64.
        """
        values = X[self.column]
        if isinstance(self.among, frozenset):
            is_true = values.isin(self.among)
        else:
            is_true = values.between(*self.among)
        return is_true.to_numpy().astype(np.float64)


@dataclass(frozen=True)
class Recipe:
    """The inputs of one protocol: scaled (or binned) numbers, then indicators.

    Attributes
    ----------
    scaled : tuple of str
        Columns that are standardized.
    bins : {None, "shared", "own"}
        Whether the standardized columns are cut into one-hot deciles, by the edges of
        the first of them ("shared") or by their own.
    indicators : tuple of Indicator
        The 0/1 inputs.
    paired : bool
        Whether each indicator b becomes the two inputs 1 - b and b.
    """

    scaled: tuple[str, ...] = ()
    bins: Literal["shared", "own"] | None = None
    indicators: tuple[Indicator, ...] = ()
    paired: bool = False

    def columns(self) -> list[str]:
        """List the raw columns that are read, each once.

        Returns
        -------
        list of str
            Their names.
        """
        read = [*self.scaled, *(indicator.column for indicator in self.indicators)]
        return list(dict.fromkeys(read))


def _one_hot(column: str, *levels: str) -> tuple[Indicator, ...]:
    """Return one indicator for each level of a column."""
    return _grouped(column, {level: frozenset([level]) for level in levels})


def _grouped(
    column: str, groups: Mapping[str, frozenset[str] | tuple[float, float]]
) -> tuple[Indicator, ...]:
    """Return one indicator for each named group of levels of a column."""
    return tuple(
        Indicator(f"{column}_{name}", column, among) for name, among in groups.items()
    )


# The levels that remain after the paper's row filter, in the order of get_dummies.
ADULT_INDICATORS = (
    *_one_hot(
        "workclass",
        *("Federal-gov", "Local-gov", "Private", "Self-emp-inc"),
        *("Self-emp-not-inc", "State-gov", "Without-pay"),
    ),
    *_one_hot(
        "marital-status",
        *("Divorced", "Married-AF-spouse", "Married-civ-spouse"),
        *("Married-spouse-absent", "Never-married", "Separated", "Widowed"),
    ),
    *_one_hot(
        "occupation",
        *("Adm-clerical", "Armed-Forces", "Craft-repair", "Exec-managerial"),
        *("Farming-fishing", "Handlers-cleaners", "Machine-op-inspct"),
        *("Other-service", "Priv-house-serv", "Prof-specialty", "Protective-serv"),
        *("Sales", "Tech-support", "Transport-moving"),
    ),
    *_one_hot(
        "relationship",
        *("Husband", "Not-in-family", "Other-relative", "Own-child"),
        *("Unmarried", "Wife"),
    ),
    *_one_hot("race", "White"),
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
    *_one_hot("c_charge_degree", "F", "M"),
    *_one_hot("age_cat", "25 - 45", "Greater than 45", "Less than 25"),
    *_one_hot("sex", "Female", "Male"),
)
RACES_OF_COMPAS = _one_hot(
    "race",
    *("African-American", "Asian", "Caucasian", "Hispanic", "Native American", "Other"),
)
COMPAS_COARSE = (
    *_one_hot("sex", "Female"),
    *_one_hot("age_cat", "25 - 45", "Greater than 45", "Less than 25"),
    *_grouped(
        "priors_count",
        {"0": (-np.inf, 0), "1 to 3": (1, 3), "More than 3": (4, np.inf)},
    ),
    *_one_hot("c_charge_degree", "F", "M"),
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
        for indicator in _one_hot(column, *labels.values())
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
    *_grouped(
        "credit_history",
        {
            "Delay": _spelled("credit_history", "A33"),
            "None/Paid": _spelled("credit_history", "A30", "A31", "A32"),
            "Other": _spelled("credit_history", "A34"),
        },
    ),
    *_grouped(
        "savings_status",
        {
            "500+": _spelled("savings_status", "A63", "A64"),
            "<500": _spelled("savings_status", "A61", "A62"),
            "Unknown/None": _spelled("savings_status", "A65"),
        },
    ),
    *_grouped(
        "employment",
        {
            "1-4 years": _spelled("employment", "A72", "A73"),
            "4+ years": _spelled("employment", "A74", "A75"),
            "Unemployed": _spelled("employment", "A71"),
        },
    ),
)

RACES_OF_LSAC = _one_hot(
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
