"""Pickle and joblib give back what was fitted, and predict alike."""

import os
import pickle
import subprocess
import sys

import joblib
import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV

from skrunner import NetClassifier
from skrunner.metrics import best_within
from tests.device import DEVICE
from tests.ecosystem.people import NUMBERS, RACE, SCORING, SMALL, X, pipe, small, y
from tests.estimators.nets import Tiny
from tests.estimators.rows import skorch_net

pytestmark = [
    pytest.mark.filterwarnings("ignore::skrunner.exceptions.CollapseWarning"),
    pytest.mark.filterwarnings("ignore::skrunner.exceptions.SmallGroupWarning"),
]


def by_pickle(model, folder):
    return pickle.loads(pickle.dumps(model))


def by_joblib(model, folder):
    joblib.dump(model, folder / "model.joblib", compress=3)
    return joblib.load(folder / "model.joblib")


def search():
    return GridSearchCV(
        pipe(),
        {"runnerclassifier__fairness_weight": [0.0, 1.0]},
        scoring=SCORING,
        refit=best_within("ap", "dp"),
        cv=2,
    )


def no_params(**changes):
    return small(net_params=None, **changes)


MODELS = {
    "preset": (small, X[NUMBERS]),
    "class": (lambda: no_params(net=Tiny), X[NUMBERS]),
    "instance": (lambda: no_params(net=Tiny(len(NUMBERS))), X[NUMBERS]),
    "skorch net": (lambda: no_params(net=skorch_net()), X[NUMBERS]),
    "plain": (lambda: NetClassifier(**SMALL), X[NUMBERS]),
    "pipeline": (pipe, X),
    "search": (search, X),
}


@pytest.mark.usefixtures("routing")
@pytest.mark.parametrize("copy", [by_pickle, by_joblib])
@pytest.mark.parametrize("name", MODELS)
def test_copies_predict_alike(name, copy, tmp_path):
    make, rows = MODELS[name]
    model = make().fit(rows, y, sensitive_features=RACE)
    copied = copy(model, tmp_path)
    np.testing.assert_array_equal(copied.predict_proba(rows), model.predict_proba(rows))
    np.testing.assert_array_equal(copied.predict(rows), model.predict(rows))
    if name == "search":
        copied, model = copied.best_estimator_, model.best_estimator_
    if hasattr(copied, "steps"):
        transformed, copied, model = copied[0].transform(rows), copied[-1], model[-1]
    else:
        transformed = rows
    assert copied.history_.equals(model.history_)
    found = copied.diagnose(transformed, y, sensitive_features=RACE)
    expected = model.diagnose(transformed, y, sensitive_features=RACE)
    assert found.to_frame().equals(expected.to_frame())


LOAD = """
import sys
import joblib
model, rows = joblib.load(sys.argv[1])
assert {str(weight.device) for weight in model.net_.module_.parameters()} == {"cpu"}
joblib.dump(model.predict_proba(rows), sys.argv[2])
"""


@pytest.mark.parametrize("net", ["mlp", "instance"])
def test_another_process_without_a_gpu_predicts_alike(net, tmp_path):
    # With SKRUNNER_TEST_DEVICE=cuda this is a net of a GPU read where there is none.
    rows = X[NUMBERS]
    given = {"net": Tiny(len(NUMBERS)).to(DEVICE), "net_params": None}
    model = small(**(given if net == "instance" else {}))
    model.fit(rows, y, sensitive_features=RACE)
    joblib.dump((model, rows), tmp_path / "model.joblib")
    answers = tmp_path / "answers.joblib"
    subprocess.run(
        [sys.executable, "-c", LOAD, str(tmp_path / "model.joblib"), str(answers)],
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
        check=True,
    )
    np.testing.assert_allclose(
        joblib.load(answers), model.predict_proba(rows), rtol=0, atol=1e-6
    )


def test_training_goes_on_behind_a_pickle(tmp_path):
    rows = X[NUMBERS]
    model = small(warm_start=True).fit(rows, y, sensitive_features=RACE)
    copied = by_pickle(model, tmp_path)
    for one in (model, copied):
        one.partial_fit(rows, y, sensitive_features=RACE)
        one.fit(rows, y, sensitive_features=RACE)
    np.testing.assert_array_equal(copied.predict_proba(rows), model.predict_proba(rows))
    assert len(copied.history_) == 9


def test_a_pickle_holds_neither_rows_nor_graphs():
    small_data = len(pickle.dumps(fitted(1)))
    assert len(pickle.dumps(fitted(20))) < small_data + 2000
    for weight in fitted(1).net_.module_.parameters():
        assert weight.device.type == DEVICE


def fitted(times):
    rows = np.tile(X[NUMBERS].to_numpy(), (times, 1))
    return small().fit(rows, np.tile(y, times), sensitive_features=np.tile(RACE, times))
