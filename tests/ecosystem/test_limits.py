"""What scikit-learn does not hand on today: each says so, and none trains silently."""

import numpy as np
import pytest
from sklearn.ensemble import AdaBoostClassifier, StackingClassifier
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.semi_supervised import SelfTrainingClassifier

from skrunner.metrics import get_scorer
from tests.ecosystem.people import NUMBERS, RACE, SCORING, X, pipe, small, y

pytestmark = pytest.mark.filterwarnings("ignore::skrunner.exceptions.CollapseWarning")
ROWS = X[NUMBERS]


@pytest.mark.usefixtures("routing")
def test_self_training_does_not_slice_the_groups():
    labels = y.mask(np.arange(len(y)) < 60, -1)
    with pytest.raises(ValueError, match=r"has 360 row\(s\), but X has 300"):
        SelfTrainingClassifier(small()).fit(ROWS, labels, sensitive_features=RACE)
    by_column = small(sensitive_columns=lambda X: X[:, 0] > 0)
    SelfTrainingClassifier(by_column, threshold=0.6).fit(ROWS, labels)


@pytest.mark.usefixtures("routing")
def test_stacking_hands_the_groups_to_the_final_estimator_too():
    parts = [("runner", small())]
    stack = StackingClassifier(parts, LogisticRegression(), cv=2)
    with pytest.raises(TypeError, match="unexpected keyword argument 'sensitive_feat"):
        stack.fit(ROWS, y, sensitive_features=RACE)
    stack = StackingClassifier(parts, small(), cv=2)
    stack.fit(ROWS, y, sensitive_features=RACE)
    assert stack.final_estimator_.n_features_in_ == 1


@pytest.mark.parametrize("mode", ["routing", "no_routing"])
def test_boosting_takes_no_groups(mode, request):
    request.getfixturevalue(mode)
    with pytest.raises(TypeError, match="unexpected keyword argument 'sensitive_feat"):
        AdaBoostClassifier(small()).fit(ROWS, y, sensitive_features=RACE)
    with pytest.raises(ValueError, match="RunnerClassifier needs sensitive_features"):
        AdaBoostClassifier(small()).fit(ROWS, y)


@pytest.mark.usefixtures("routing")
def test_permutation_importance_routes_nothing():
    model = small().fit(ROWS, y, sensitive_features=RACE)
    with pytest.raises(
        ValueError, match=r"got no sensitive_features.*sensitive_column"
    ):
        permutation_importance(model, ROWS, y, scoring=SCORING["dp"], n_repeats=1)
    scorer = get_scorer(
        "neg_demographic_parity_difference",
        sensitive_column=lambda rows: RACE.loc[rows.index],
    )
    found = permutation_importance(
        model, ROWS, y, scoring=scorer, n_repeats=5, random_state=0
    )
    assert found.importances.shape == (6, 5)
    assert np.isfinite(found.importances).all()


@pytest.mark.usefixtures("no_routing")
def test_without_routing_a_search_says_what_is_missing():
    with pytest.raises(ValueError, match=r"(?s)needs sensitive_features.*set_config"):
        cross_val_score(pipe(), X, y, cv=2, error_score="raise")
    with pytest.raises(ValueError, match="enable_metadata_routing=True"):
        StackingClassifier([("runner", small())]).fit(ROWS, y, sensitive_features=RACE)
