"""What every baseline that trains a net promises, and rows to try it on."""

import pickle

import joblib
import numpy as np
import pandas as pd
import sklearn
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrunner.metrics import get_scorer, neg_demographic_parity_difference
from tests.estimators.rows import SMALL, A, N, X, Y, fit, weights_of

SEX = np.random.default_rng(1).choice(["f", "m"], N)
TWO_COLUMNS = pd.DataFrame({"race": A, "sex": SEX})
DRAWING = {
    **SMALL,
    "net_params": {"hidden": (8,), "dropout": 0.3},
    "batch_size": 60,
    "lr": 0.03,
}


def global_states():
    numpy_state = np.random.get_state()  # noqa: NPY002
    return numpy_state[1].tolist(), numpy_state[2], torch.get_rng_state().tolist()


def check_seeds(classifier, **params):
    """Fit with two equal seeds and another; the global generators stay."""
    before = global_states()
    first, same, other = (
        weights_of(fit(classifier(**{**DRAWING, **params, "random_state": seed})))
        for seed in (0, 0, 1)
    )
    assert global_states() == before
    np.testing.assert_array_equal(first, same)
    assert np.abs(first - other).max() > 0.1


def check_copies(classifier, folder, **params):
    """Fit on two sensitive columns and string labels, then copy in three ways."""
    labels = np.where(Y == 1, "yes", "no")
    fitted = fit(
        classifier(**{**SMALL, **params}), y=labels, sensitive_features=TWO_COLUMNS
    )
    assert fitted.classes_.tolist() == ["no", "yes"]
    assert len(fitted.group_names_) == 6
    joblib.dump(fitted, folder / "model")
    again = fit(clone(fitted), y=labels, sensitive_features=TWO_COLUMNS)
    for copy in (pickle.loads(pickle.dumps(fitted)), joblib.load(folder / "model")):
        np.testing.assert_array_equal(copy.predict_proba(X), fitted.predict_proba(X))
    np.testing.assert_array_equal(weights_of(again), weights_of(fitted))
    assert set(fitted.predict(X)) <= {"no", "yes"}


def check_search(classifier, name, values, **params):
    """Search one parameter in a pipeline; groups are routed without a request."""
    step = classifier.__name__.lower()
    search = GridSearchCV(
        make_pipeline(StandardScaler(), classifier(**{**SMALL, **params})),
        {f"{step}__{name}": values},
        scoring={
            "ap": get_scorer("average_precision"),
            "dp": neg_demographic_parity_difference,
        },
        refit="ap",
        cv=2,
        error_score="raise",
    )
    with sklearn.config_context(enable_metadata_routing=True):
        search.fit(X, Y, sensitive_features=A)
    scores = np.stack([search.cv_results_[f"mean_test_{s}"] for s in ("ap", "dp")])
    assert np.isfinite(scores).all()
    alone = clone(search.best_estimator_.steps[-1][1])
    alone.fit(StandardScaler().fit_transform(X), Y, sensitive_features=A)
    np.testing.assert_allclose(
        search.predict_proba(X),
        alone.predict_proba(StandardScaler().fit_transform(X)),
        rtol=0,
        atol=1e-12,
    )
