"""Rows of images in searches, pipelines and files, with groups by metadata routing."""

import joblib
import numpy as np
import pandas as pd
import pytest
from fairlearn.metrics import demographic_parity_difference
from sklearn.base import clone
from sklearn.metrics import accuracy_score
from sklearn.model_selection import (
    GridSearchCV,
    StratifiedKFold,
    cross_val_predict,
    cross_validate,
    train_test_split,
)
from sklearn.pipeline import Pipeline

from skrunner import NetClassifier, RunnerClassifier
from skrunner.baselines import AdversarialClassifier
from skrunner.datasets import ImageRows, load_images
from skrunner.metrics import best_within, neg_demographic_parity_difference
from tests.estimators.images import (
    PIXELS,
    SMALL,
    A,
    N,
    Y,
    assert_same,
    fit,
    write_files,
)
from tests.estimators.rows import weights_of

pytestmark = [
    pytest.mark.usefixtures("routing"),
    pytest.mark.filterwarnings("ignore::skrunner.exceptions.CollapseWarning"),
    pytest.mark.filterwarnings("ignore::skrunner.exceptions.SmallGroupWarning"),
    pytest.mark.filterwarnings("ignore::skrunner.exceptions.UndefinedRateWarning"),
]
CV = StratifiedKFold(2)
SCORING = {"accuracy": "accuracy", "dp": neg_demographic_parity_difference}


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return write_files(tmp_path_factory.mktemp("images"))


def scores_of(model, rows):
    predicted = model.predict(PIXELS[rows])
    gap = demographic_parity_difference(Y[rows], predicted, sensitive_features=A[rows])
    return {"accuracy": accuracy_score(Y[rows], predicted), "dp": -gap}


def fitted_on(rows, **params):
    return RunnerClassifier(**{**SMALL, **params}).fit(
        PIXELS[rows], Y[rows], sensitive_features=A[rows]
    )


@pytest.mark.parametrize("storage", ["auto", "files"])
def test_a_search_over_files(images, storage):
    estimator = RunnerClassifier(**SMALL, image_storage=storage)
    grid = {"fairness_weight": [0.0, 5.0], "gradient_accumulation": [1, 2]}
    rule = best_within("accuracy", "dp", max_drop=0.1)
    search = GridSearchCV(estimator, grid, scoring=SCORING, refit=rule, cv=CV)
    search.fit(images, Y, sensitive_features=A)
    table = search.cv_results_
    for candidate, params in enumerate(table["params"]):
        for fold, (train, test) in enumerate(CV.split(PIXELS, Y)):
            for name, value in scores_of(fitted_on(train, **params), test).items():
                found = table[f"split{fold}_test_{name}"][candidate]
                assert found == pytest.approx(value, abs=1e-12)
    best = fitted_on(np.arange(N), **search.best_params_)
    assert_same(search.predict_proba(images), best.predict_proba(PIXELS))


@pytest.mark.parametrize("kind", [RunnerClassifier, AdversarialClassifier])
def test_cross_validation(kind, images):
    result = cross_validate(
        kind(**SMALL),
        images,
        Y,
        params={"sensitive_features": A},
        scoring=SCORING,
        cv=CV,
        return_estimator=True,
        error_score="raise",
    )
    for fold, (train, test) in enumerate(CV.split(PIXELS, Y)):
        model = result["estimator"][fold]
        same = clone(model).fit(PIXELS[train], Y[train], sensitive_features=A[train])
        assert_same(weights_of(model), weights_of(same))
        for name, value in scores_of(model, test).items():
            assert result[f"test_{name}"][fold] == pytest.approx(value, abs=1e-12)


def test_predictions_of_folds(images):
    found = cross_val_predict(
        RunnerClassifier(**SMALL),
        images,
        Y,
        params={"sensitive_features": A},
        cv=CV,
        method="predict_proba",
    )
    for train, test in CV.split(PIXELS, Y):
        expected = fitted_on(train).predict_proba(PIXELS[test])
        assert_same(found[test], expected)


class Reversed:
    """Turns the order of the channels around, image by image, when it is decoded."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return np.ascontiguousarray(np.asarray(X)[:, ::-1])

    def get_params(self, deep=True):
        return {}


def test_a_pipeline(images):
    steps = [("reverse", Reversed()), ("net", NetClassifier(**SMALL))]
    pipeline = Pipeline(steps).fit(images, Y, sensitive_features=A)
    alone = fit(NetClassifier, np.ascontiguousarray(PIXELS[:, ::-1]))
    assert_same(weights_of(pipeline["net"]), weights_of(alone))
    assert_same(pipeline.predict(images), pipeline.predict(PIXELS))
    passed = Pipeline([("nothing", "passthrough"), ("net", NetClassifier(**SMALL))])
    passed.fit(images, Y, sensitive_features=A)
    assert_same(weights_of(passed["net"]), weights_of(fit(NetClassifier)))


def test_split_cloned_and_kept(images, tmp_path):
    train, test, y_train, _, a_train, _ = train_test_split(
        images, Y, A, test_size=0.25, random_state=0
    )
    assert isinstance(train, ImageRows)
    model = RunnerClassifier(**SMALL, augment=flipped)
    model.fit(train, y_train, sensitive_features=a_train)
    again = clone(model).fit(train, y_train, sensitive_features=a_train)
    assert_same(weights_of(again), weights_of(model))
    joblib.dump((model, test), tmp_path / "model.joblib")
    # Pixels stay in their files: neither net nor rows hold any.
    assert (tmp_path / "model.joblib").stat().st_size < 60_000
    kept, rows = joblib.load(tmp_path / "model.joblib")
    assert_same(kept.predict_proba(rows), model.predict_proba(test))
    assert kept.augment is flipped


def flipped(pixels):
    return pixels.flip(-1)


def test_from_a_table_of_paths(images, tmp_path):
    """What `load_images` returns goes into `fit` as it is."""
    table = pd.DataFrame({"path": images.paths, "label": Y, "group": A})
    table.to_csv(tmp_path / "table.csv", index=False)
    X, y, sensitive = load_images(
        tmp_path / "table.csv",
        "path",
        target="label",
        sensitive="group",
        return_X_y_a=True,
    )
    assert isinstance(X, ImageRows)
    model = RunnerClassifier(**SMALL).fit(X, y, sensitive_features=sensitive)
    assert_same(weights_of(model), weights_of(fit(RunnerClassifier)))
