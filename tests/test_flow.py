"""The whole flow as the design shows it, and the same with routing switched off."""

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline

from skrunner import RunnerClassifier
from skrunner.datasets import default_preprocessor, load_adult
from skrunner.metrics import (
    best_within,
    get_scorer,
    neg_demographic_parity_difference,
)
from tests.ecosystem.people import RACE, SMALL, X, pipe, small, two_scores, y

pytestmark = [
    pytest.mark.filterwarnings("ignore::skrunner.exceptions.CollapseWarning"),
    pytest.mark.filterwarnings("ignore::skrunner.exceptions.SmallGroupWarning"),
]


@pytest.fixture(scope="module")
def data():
    """Return the first rows of Adult; all of them take a minute."""
    data = load_adult()
    for name in ("data", "target", "sensitive_features"):
        data[name] = data[name].iloc[:2000]
    return data


def test_five_lines(data):
    X = default_preprocessor("adult").fit_transform(data.data)
    clf = RunnerClassifier(constraints="demographic_parity", random_state=0)
    clf.fit(X, data.target, sensitive_features=data.sensitive_features["sex"])
    X_new = X[:5]
    assert clf.predict_proba(X_new).shape == (5, 2)
    A = data.sensitive_features["sex"]
    frame = clf.diagnose(X, data.target, sensitive_features=A).to_frame()
    columns = ["layer", "neuron", "importance", "discrimination", "rank", "selected"]
    assert frame.columns.tolist() == columns
    assert len(frame) == 400
    assert frame["selected"].sum() == 2 * round(200 * clf.neuron_ratio_)
    assert clf.score(X, data.target) > 0.8
    assert clf.group_names_ == tuple(sorted(A.unique()))


def test_a_search_without_a_request_call(data):
    preprocessor = default_preprocessor("adult")
    A = data.sensitive_features["sex"]
    with sklearn.config_context(enable_metadata_routing=True):
        search = GridSearchCV(
            make_pipeline(preprocessor, RunnerClassifier(**SMALL)),
            {
                "runnerclassifier__neuron_ratio": [0.05, 0.1, 0.5],
                "runnerclassifier__fairness_weight": [1, 3, 10],
            },
            scoring={
                "ap": "average_precision",
                "dp": neg_demographic_parity_difference,
            },
            refit=best_within("ap", "dp", max_drop=0.01),
            cv=2,
        )
        search.fit(data.data, data.target, sensitive_features=A)
    table = search.cv_results_
    near = table["mean_test_ap"] >= table["mean_test_ap"].max() - 0.01 - 1e-9
    best = table["mean_test_dp"][near].max()
    assert near[search.best_index_]
    assert table["mean_test_dp"][search.best_index_] == best
    predicted = search.predict(data.data)  # the groups are not needed
    assert set(predicted) == {0, 1}
    assert "sex" not in search.best_estimator_[:-1].get_feature_names_out()


CV = StratifiedKFold(2)
GRID = {"runnerclassifier__fairness_weight": [0.0, 3.0]}


@pytest.mark.parametrize("way", ["of its own", "callable"])
def test_routing_off_groups_go_to_the_step(way):
    frame = X.assign(race=RACE)
    column = {"of its own": "race", "callable": lambda rows: RACE.loc[rows.index]}[way]
    scorer = get_scorer("neg_demographic_parity_difference", sensitive_column=column)
    search = GridSearchCV(
        pipe(),
        GRID,
        scoring={"ap": "average_precision", "dp": scorer},
        refit=best_within("ap", "dp", max_drop=0.2),
        cv=CV,
    )
    with sklearn.config_context(enable_metadata_routing=False):
        search.fit(frame, y, runnerclassifier__sensitive_features=RACE)
    for candidate, params in enumerate(search.cv_results_["params"]):
        for fold, (train, test) in enumerate(CV.split(X, y)):
            model = clone(pipe()).set_params(**params)
            model.fit(
                X.iloc[train],
                y.iloc[train],
                runnerclassifier__sensitive_features=RACE.iloc[train],
            )
            expected = two_scores(model, test)
            for name, value in expected.items():
                found = search.cv_results_[f"split{fold}_test_{name}"][candidate]
                assert found == pytest.approx(value, abs=1e-9)


def test_routing_off_the_classifier_reads_a_column_too():
    frame = X.drop(columns="city").assign(race=RACE)
    scorer = get_scorer("neg_demographic_parity_difference", sensitive_column="race")
    search = GridSearchCV(
        small(sensitive_columns="race"),
        {"fairness_weight": [0.0, 3.0]},
        scoring=scorer,
        cv=CV,
    )
    with sklearn.config_context(enable_metadata_routing=False):
        search.fit(frame, y)
    with sklearn.config_context(enable_metadata_routing=True):
        routed = GridSearchCV(
            small(),
            {"fairness_weight": [0.0, 3.0]},
            scoring=neg_demographic_parity_difference,
            cv=CV,
        ).fit(frame.drop(columns="race"), y, sensitive_features=RACE)
    np.testing.assert_array_equal(
        search.cv_results_["mean_test_score"], routed.cv_results_["mean_test_score"]
    )
    np.testing.assert_array_equal(
        search.predict_proba(frame.drop(columns="race")),
        routed.predict_proba(frame.drop(columns="race")),
    )
