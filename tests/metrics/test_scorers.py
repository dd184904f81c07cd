"""Scorers in searches: routing on, routing off, and groups that predict wants."""

import pickle
import warnings

import numpy as np
import pytest
import sklearn
from fairlearn.metrics import demographic_parity_difference, equalized_odds_difference
from fairlearn.postprocessing import ThresholdOptimizer
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, make_scorer
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    StratifiedKFold,
    cross_val_score,
    cross_validate,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skrunner.exceptions import UndefinedRateWarning
from skrunner.metrics import (
    FairnessScorer,
    SensitiveStratifiedKFold,
    best_within,
    delta_dp,
    get_scorer,
    get_scorer_names,
    neg_demographic_parity_difference,
    neg_equalized_odds_difference,
    neg_equalized_odds_difference_max,
)
from skrunner.metrics._evaluation import read_columns

NUMBERS = ["u", "v"]
FEATURES = ["u", "v", "race", "sex"]
CV = StratifiedKFold(3)


@pytest.fixture
def routing():
    """Switch metadata routing on."""
    with sklearn.config_context(enable_metadata_routing=True):
        yield


def make_pipe(model):
    return make_pipeline(
        make_column_transformer(
            (StandardScaler(), NUMBERS), (OneHotEncoder(), ["race"])
        ),
        model,
    )


def gaps_of(y, p, groups):
    """Return the fold's scores by fairlearn."""
    kwargs = {"sensitive_features": groups}
    mean = equalized_odds_difference(y, p, **kwargs, agg="mean")
    return {
        "dp": -demographic_parity_difference(y, p, **kwargs),
        "eo": -2 * mean,
        "eo_max": -equalized_odds_difference(y, p, **kwargs),
    }


FAIRNESS = {
    "dp": neg_demographic_parity_difference,
    "eo": neg_equalized_odds_difference,
    "eo_max": neg_equalized_odds_difference_max,
}


@pytest.mark.parametrize("columns", ["race", ["race", "sex"]], ids=["one", "two"])
@pytest.mark.parametrize("n_jobs", [None, 2])
def test_a_search_needs_no_request_call(
    people, make_group_aware, routing, columns, n_jobs
):
    X, y, groups = people[FEATURES], people["y"], people[columns]
    pipe = make_pipe(LogisticRegression() if columns != "race" else make_group_aware())
    name = pipe.steps[-1][0]
    grid = {f"{name}__C": [1e-3, 1e-2, 1.0]}
    search = GridSearchCV(
        pipe,
        grid,
        scoring={"ap": "average_precision", **FAIRNESS},
        refit=best_within("ap", "dp", max_drop=0.05),
        cv=CV,
        n_jobs=n_jobs,
    )
    search.fit(X, y, sensitive_features=groups)
    table = search.cv_results_
    for i, C in enumerate(grid[f"{name}__C"]):
        for fold, (train, test) in enumerate(CV.split(X, y)):
            model = clone(pipe).set_params(**{f"{name}__C": C})
            metadata = (
                {"sensitive_features": groups.iloc[train]} if columns == "race" else {}
            )
            model.fit(X.iloc[train], y.iloc[train], **metadata)
            expected = gaps_of(
                y.iloc[test], model.predict(X.iloc[test]), groups.iloc[test]
            )
            score = model.predict_proba(X.iloc[test])[:, 1]
            expected["ap"] = average_precision_score(y.iloc[test], score)
            for key, value in expected.items():
                found = table[f"split{fold}_test_{key}"][i]
                assert found == pytest.approx(value, abs=1e-12)
    assert np.ptp(table["mean_test_dp"]) > 0.05
    assert search.best_index_ == best_within("ap", "dp", max_drop=0.05)(table)


@pytest.mark.parametrize("columns", ["race", ["race", "sex"]], ids=["one", "two"])
@pytest.mark.parametrize("form", ["frame", "array", "callable"])
def test_routing_off_reads_a_column_of_x(people, columns, form):
    X, y, groups = people[FEATURES], people["y"], people[columns]
    plain = Pipeline(make_pipe(LogisticRegression()).steps)
    if form == "array":
        plain.steps[0] = (
            "columntransformer",
            make_column_transformer((StandardScaler(), [0, 1])),
        )
        X = X.to_numpy()
        columns = [2, 3] if isinstance(columns, list) else 2
    if form == "callable":
        X, columns = X[["u", "v", "race"]], (lambda X: groups.loc[X.index])
    scoring = {
        name: get_scorer(scorer.name, sensitive_column=columns)
        for name, scorer in FAIRNESS.items()
    }
    found = cross_validate(plain, X, y, scoring={**scoring, "a": "accuracy"}, cv=CV)
    for fold, (train, test) in enumerate(CV.split(X, y)):
        take = (lambda rows: X[rows]) if form == "array" else X.iloc.__getitem__
        p = clone(plain).fit(take(train), y.iloc[train]).predict(take(test))
        expected = gaps_of(y.iloc[test], p, groups.iloc[test])
        for key, value in expected.items():
            assert found[f"test_{key}"][fold] == pytest.approx(value, abs=1e-12)
        assert expected["dp"] < -0.1


def test_a_position_counts_the_columns_of_a_frame(people):
    X, y = people[FEATURES], people["y"]
    model = make_pipe(LogisticRegression()).fit(X, y)
    by_name = get_scorer("worst_group_accuracy", sensitive_column=["race", "sex"])
    by_place = get_scorer("worst_group_accuracy", sensitive_column=[2, 3])
    assert by_place(model, X, y) == by_name(model, X, y)
    assert by_place(model, X, y) < get_scorer(
        "worst_group_accuracy", sensitive_column=3
    )(model, X, y)


def test_integers_are_positions_whatever_the_names_are(people):
    # As in scikit-learn's ColumnTransformer, and in the classifiers of this package.
    X = people[["u", "v", "race"]].set_axis([2, 1, 0], axis=1)
    for place in (2, np.int64(2)):
        taken = read_columns(X, place)
        np.testing.assert_array_equal(taken, people["race"])
    assert read_columns(X, [2, 0]).shape == (len(X), 2)
    assert read_columns(X.to_numpy().tolist(), 2).tolist() == people["race"].tolist()


def test_a_column_asks_for_nothing_by_routing(people, routing):
    # Trained with one feature, scored by the other.
    X, y = people[FEATURES], people["y"]
    scorer = get_scorer("neg_demographic_parity_difference", sensitive_column="sex")
    pipe = make_pipe(LogisticRegression())
    found = cross_val_score(pipe, X, y, scoring=scorer, cv=CV)
    direct = cross_val_score(
        pipe,
        X,
        y,
        scoring=neg_demographic_parity_difference,
        cv=CV,
        params={"sensitive_features": people["sex"]},
    )
    np.testing.assert_array_equal(found, direct)
    for asks, wanted in (
        (scorer, set()),
        (neg_demographic_parity_difference, {"sensitive_features"}),
    ):
        request = asks.get_metadata_routing()
        assert request.consumes("score", ["sensitive_features"]) == wanted


@pytest.mark.parametrize("sensitive_column", ["age", ["race", "age"]])
def test_absent_columns(people, sensitive_column):
    X, y = people[FEATURES], people["y"]
    model = LogisticRegression().fit(X[NUMBERS], y)
    scorer = get_scorer("worst_group_accuracy", sensitive_column=sensitive_column)
    message = (
        r"sensitive_column holds 'age', which is not a column of X.*u, v, race, sex"
    )
    with pytest.raises(ValueError, match=message):
        scorer(model, X, y)
    with pytest.raises(ValueError, match=r"sensitive_column names .* without column"):
        scorer(model, X.to_numpy(), y)


def test_no_groups_at_all(people):
    X, y = people[NUMBERS], people["y"]
    model = LogisticRegression().fit(X, y)
    message = (
        r"'worst_group_accuracy' got no sensitive_features.*set_config.*"
        r"get_scorer\('worst_group_accuracy', sensitive_column=\.\.\.\)"
    )
    with pytest.raises(ValueError, match=message):
        get_scorer("worst_group_accuracy")(model, X, y)


def threshold_optimizer():
    """Return fairlearn's post-processor, which needs the groups to predict."""
    return (
        ThresholdOptimizer(
            estimator=LogisticRegression(), predict_method="predict_proba"
        )
        .set_fit_request(sensitive_features=True)
        .set_predict_request(sensitive_features=True)
    )


def seed_the_global_generator():
    # ThresholdOptimizer.predict draws from it.
    np.random.seed(0)  # noqa: NPY002


@pytest.mark.parametrize("in_pipeline", [False, True], ids=["bare", "pipeline"])
@pytest.mark.parametrize("as_array", [False, True], ids=["frame", "array"])
def test_groups_reach_predict(people, routing, in_pipeline, as_array):
    X, y, groups = people[NUMBERS], people["y"], people["race"]
    if as_array:
        X, y, groups = X.to_numpy(), y.to_numpy(), groups.to_numpy(str)
    model = threshold_optimizer()
    if in_pipeline:
        model = make_pipeline(StandardScaler(), model)
    seed_the_global_generator()
    found = cross_validate(
        model,
        X,
        y,
        scoring=FAIRNESS,
        cv=CV,
        params={"sensitive_features": groups},
        error_score="raise",
    )
    seed_the_global_generator()
    for fold, (train, test) in enumerate(CV.split(X, y)):
        take = (lambda v, i: v[i]) if as_array else (lambda v, i: v.iloc[i])
        fitted = clone(model).fit(
            take(X, train), take(y, train), sensitive_features=take(groups, train)
        )
        for key in FAIRNESS:
            # One draw of predictions for each scorer.
            p = fitted.predict(take(X, test), sensitive_features=take(groups, test))
            expected = gaps_of(take(y, test), p, take(groups, test))[key]
            assert found[f"test_{key}"][fold] == pytest.approx(expected, abs=1e-12)
    unfair = cross_val_score(
        LogisticRegression(),
        X,
        y,
        scoring=neg_demographic_parity_difference,
        cv=CV,
        params={"sensitive_features": groups},
    )
    assert found["test_dp"].mean() > unfair.mean() + 0.1


@pytest.mark.parametrize("in_pipeline", [False, True], ids=["bare", "pipeline"])
def test_plain_scorers_cannot_do_that(people, routing, in_pipeline):
    # scikit-learn issue 27977: when this test fails, our forwarding may go.
    model = threshold_optimizer()
    if in_pipeline:
        model = make_pipeline(StandardScaler(), model)
    scorer = make_scorer(delta_dp, greater_is_better=False)
    with pytest.raises((TypeError, UnsetMetadataPassedError), match="sensitive_feat"):
        cross_validate(
            model,
            people[NUMBERS],
            people["y"],
            scoring=scorer.set_score_request(sensitive_features=True),
            cv=CV,
            params={"sensitive_features": people["race"]},
            error_score="raise",
        )


@pytest.mark.parametrize("in_pipeline", [False, True], ids=["bare", "pipeline"])
def test_groups_reach_predict_with_routing_off(people, in_pipeline):
    X, y, groups = people[NUMBERS], people["y"], people["race"]
    model = ThresholdOptimizer(
        estimator=LogisticRegression(), predict_method="predict_proba"
    )
    prefix = ""
    if in_pipeline:
        model = make_pipeline(StandardScaler(), model)
        prefix = "thresholdoptimizer__"
    scorer = get_scorer(
        "neg_demographic_parity_difference",
        sensitive_column=lambda X: groups.loc[X.index],
    )
    seed_the_global_generator()
    found = cross_val_score(
        model,
        X,
        y,
        scoring=scorer,
        cv=CV,
        params={f"{prefix}sensitive_features": groups},
        error_score="raise",
    )
    seed_the_global_generator()
    for fold, (train, test) in enumerate(CV.split(X, y)):
        fitted = clone(model).fit(
            X.iloc[train],
            y.iloc[train],
            **{f"{prefix}sensitive_features": groups.iloc[train]},
        )
        p = fitted.predict(X.iloc[test], sensitive_features=groups.iloc[test])
        expected = gaps_of(y.iloc[test], p, groups.iloc[test])["dp"]
        assert found[fold] == pytest.approx(expected, abs=1e-12)


class WantsGroups(LogisticRegression):
    """Shift the scores of group "a" at predict; the request is a class default."""

    __metadata_request__predict = {"sensitive_features": True}  # noqa: RUF012
    __metadata_request__predict_proba = {"sensitive_features": True}  # noqa: RUF012

    def predict(self, X, sensitive_features=None):
        score = self.predict_proba(X, sensitive_features=sensitive_features)[:, 1]
        return (score > 0.5).astype(int)

    def predict_proba(self, X, sensitive_features=None):
        score = super().predict_proba(X)[:, 1] / 2
        score += np.asarray(sensitive_features) == "c"
        return np.column_stack([1 - score / 2, score / 2])


@pytest.mark.parametrize("enabled", [False, True])
def test_groups_reach_predict_proba_too(people, enabled):
    X, y, groups = people[NUMBERS], people["y"], people["race"]
    pipe = make_pipeline(StandardScaler(), WantsGroups()).fit(X, y)
    scorer = get_scorer("neg_strong_demographic_parity_difference", n_thresholds=1)
    with sklearn.config_context(enable_metadata_routing=enabled):
        value = scorer(pipe, X, y, sensitive_features=groups)
    score = pipe[-1].predict_proba(pipe[0].transform(X), groups)[:, 1]
    above = (score > np.median(score)).astype(int)
    assert value == -demographic_parity_difference(y, above, sensitive_features=groups)


def test_one_number_for_a_halving_search(people, make_group_aware, routing):
    X, y, groups = people[NUMBERS], people["y"], people["race"]
    scorer = get_scorer(
        "constrained_average_precision", bound=0.1, constraints="equalized_odds"
    )
    search = HalvingGridSearchCV(
        make_group_aware(),
        {"C": [1e-4, 1e-3, 1e-2, 1.0]},
        scoring=scorer,
        cv=SensitiveStratifiedKFold(2),
        min_resources=300,
        random_state=0,
    )
    with warnings.catch_warnings():
        # The first rung is a subsample in which a cell may be small.
        warnings.simplefilter("ignore")
        search.fit(X, y, sensitive_features=groups)
    expected = scorer(search.best_estimator_, X, y, sensitive_features=groups)
    assert search.score(X, y, sensitive_features=groups) == expected
    scores = search.cv_results_["mean_test_score"]
    assert np.isfinite(scores).all()
    assert np.ptp(scores) > 0


def test_requests(people, routing):
    X, y = people[NUMBERS], people["y"]
    weight, sex = people["weight"].to_numpy(), people["sex"]
    scorer = neg_demographic_parity_difference.set_score_request(
        sensitive_features="sex", sample_weight=True
    )
    assert neg_demographic_parity_difference.requests == {"sensitive_features": True}
    model = LogisticRegression().set_fit_request(sample_weight=False)
    params = {"sex": sex, "sample_weight": weight}
    found = cross_val_score(model, X, y, scoring=scorer, cv=CV, params=params)
    for fold, (train, test) in enumerate(CV.split(X, y)):
        p = model.fit(X.iloc[train], y.iloc[train]).predict(X.iloc[test])
        expected = -demographic_parity_difference(
            y.iloc[test],
            p,
            sensitive_features=sex.iloc[test],
            sample_weight=weight[test],
        )
        assert found[fold] == pytest.approx(expected, abs=1e-12)
    with pytest.raises(TypeError, match=r"Unknown metadata \['sex'\]"):
        scorer.set_score_request(sex=True)


def test_weights_with_routing_off(people):
    X, y = people[FEATURES], people["y"]
    scorer = get_scorer("neg_demographic_parity_difference", sensitive_column="race")
    search = GridSearchCV(
        make_pipe(LogisticRegression()), {}, scoring=scorer, cv=CV, refit=False
    )
    search.fit(X, y)
    unweighted = search.cv_results_["mean_test_score"]
    scoring = {"dp": scorer, "a": "accuracy"}
    several = clone(search).set_params(scoring=scoring).fit(X, y)
    np.testing.assert_array_equal(several.cv_results_["mean_test_dp"], unweighted)
    numbers = X[NUMBERS]
    model = GridSearchCV(
        LogisticRegression(),
        {},
        scoring={
            "dp": get_scorer(
                "neg_demographic_parity_difference",
                sensitive_column=lambda X: people["race"].loc[X.index],
            )
        },
        cv=CV,
        refit=False,
    ).fit(numbers, y, sample_weight=people["weight"])
    for fold, (train, test) in enumerate(CV.split(X, y)):
        weight = people["weight"]
        p = (
            LogisticRegression()
            .fit(numbers.iloc[train], y.iloc[train], sample_weight=weight.iloc[train])
            .predict(numbers.iloc[test])
        )
        expected = -demographic_parity_difference(
            y.iloc[test],
            p,
            sensitive_features=people["race"].iloc[test],
            sample_weight=weight.iloc[test],
        )
        found = model.cv_results_[f"split{fold}_test_dp"][0]
        assert found == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("name", get_scorer_names())
def test_scorers_are_plain_values(people, name):
    options = {"bound": 0.1} if name.startswith("constrained") else {}
    scorer = get_scorer(name, sensitive_column="race", **options)
    text = "".join(f", {key}={value}" for key, value in options.items())
    assert repr(scorer) == f"get_scorer('{name}'{text}, sensitive_column='race')"
    X, y = people[FEATURES], people["y"]
    model = make_pipe(LogisticRegression()).fit(X, y)
    search = clone(GridSearchCV(model, {}, scoring=scorer))
    for copy in (pickle.loads(pickle.dumps(scorer)), search.scoring):
        assert isinstance(copy, FairnessScorer)
        assert repr(copy) == repr(scorer)
        assert copy(model, X, y) == scorer(model, X, y)


def test_importing_does_not_switch_routing_on():
    assert sklearn.get_config()["enable_metadata_routing"] is False


class KnowsGroups(LogisticRegression):
    """Tells its groups, as the classifiers of this package do."""

    def fit(self, X, y, sensitive_features):
        self.group_names_ = tuple(np.unique(sensitive_features))
        return super().fit(X, y)


@pytest.mark.parametrize("nested", [False, True])
def test_a_known_group_without_rows_is_named(nested):
    X = np.random.default_rng(0).normal(size=(90, 2))
    y, groups = np.arange(90) % 2, np.repeat(list("abc"), 30)
    fitted = KnowsGroups().fit(X, y, groups)
    if nested:
        pipeline = Pipeline([("last", fitted)])
        fitted = GridSearchCV(pipeline, {})
        fitted.best_estimator_ = pipeline  # as its fit sets it
    scorer = neg_demographic_parity_difference
    gap = delta_dp(y[:60], fitted.predict(X[:60]), sensitive_features=groups[:60])
    with pytest.warns(UndefinedRateWarning, match="none of c, which the estimator"):
        assert scorer(fitted, X[:60], y[:60], sensitive_features=groups[:60]) == -gap
    scorer(fitted, X, y, sensitive_features=groups)  # warnings are errors here
    other = np.repeat(list("xy"), 45)
    scorer(fitted, X, y, sensitive_features=other)
