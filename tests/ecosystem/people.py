"""A frame as users have it, the pipeline around a small classifier, and oracles."""

import numpy as np
import pandas as pd
from fairlearn.metrics import demographic_parity_difference
from sklearn.compose import make_column_transformer
from sklearn.metrics import average_precision_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skrunner import RunnerClassifier
from skrunner.datasets import make_biased_classification
from skrunner.metrics import (
    get_scorer,
    neg_demographic_parity_difference,
    neg_equalized_odds_difference,
)
from tests.device import DEVICE

N = 360
_MADE = make_biased_classification(
    N,
    n_features=6,
    n_groups=3,
    group_proportions=[0.5, 0.3, 0.2],
    base_rate_gap=0.4,
    class_sep=0.5,
    random_state=1,
)
_RNG = np.random.default_rng(0)
RACE = _MADE.sensitive_features["group"].rename("race")
SEX = pd.Series(_RNG.choice(["f", "m"], N, p=[0.4, 0.6]), name="sex")
X = _MADE.data.assign(city=_RNG.choice(["Lima", "Oslo", "Pune"], N))
X["proxy_4"] += SEX == "m"
y = _MADE.target
NUMBERS = list(_MADE.data)
SCORING = {
    "ap": get_scorer("average_precision"),
    "dp": neg_demographic_parity_difference,
    "eo": neg_equalized_odds_difference,
}
SMALL = {
    "net_params": {"hidden": (8,)},
    "max_epochs": 4,
    "lr": 0.05,
    "batch_size": 10_000,
    "select_epoch": "last",
    "device": DEVICE,
    "random_state": 0,
}


def small(**changes):
    """Return a classifier that trains in a few full batches."""
    return RunnerClassifier(**{**SMALL, **changes})


def preprocessor():
    return make_column_transformer(
        (StandardScaler(), NUMBERS), (OneHotEncoder(), ["city"])
    )


def pipe(**changes):
    return make_pipeline(preprocessor(), small(**changes))


def two_scores(model, rows):
    """Return average precision and parity of some rows, the latter by fairlearn."""
    truth, predicted = y.iloc[rows], model.predict(X.iloc[rows])
    gap = demographic_parity_difference(
        truth, predicted, sensitive_features=RACE.iloc[rows]
    )
    ap = average_precision_score(truth, model.predict_proba(X.iloc[rows])[:, 1])
    return {"ap": ap, "dp": -gap}
