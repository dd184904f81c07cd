"""The reject option behind classifiers: groups, columns, metadata, errors."""

import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
import torch
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, average_precision_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC

from skrunner import NetClassifier, RunnerClassifier
from skrunner.baselines import RejectOptionClassifier
from skrunner.data import split_validation
from skrunner.datasets import (
    default_preprocessor,
    load_adult,
    load_compas,
    paper_preprocessor,
)
from skrunner.exceptions import CollapseWarning, SmallGroupWarning
from skrunner.metrics import delta_dp, get_scorer
from skrunner.training import draw_seeds
from tests.baselines.given_scores import GivenScores, answers, option_on, slow_search
from tests.estimators.rows import SMALL, A, N, X, Y, case, weights_of

SEX = np.array(["f", "m", "m"])[np.arange(N) % 3]
BOTH = pd.DataFrame({"group": A, "sex": SEX})


def option(inner=None, **params):
    return RejectOptionClassifier(inner or LogisticRegression(), **params)


def proba(fitted, rows=X, groups=A):
    return fitted.predict_proba(rows, sensitive_features=groups)


def test_deprived_groups_are_below_the_overall_rate():
    # Rates .6, .2, .4 and .5 of 10, 20, 10 and 10 rows; overall 19 of 50.
    scores, groups = [], []
    for group, high, rows in [("a", 6, 10), ("b", 4, 20), ("c", 4, 10), ("d", 5, 10)]:
        scores += [0.8] * high + [0.2] * (rows - high)
        groups += [group] * rows
    y = np.arange(50) % 2
    assert option_on(scores, y, groups).deprived_groups_ == ("b",)
    bad = option_on(scores, y, groups, favorable_label=0)
    assert bad.deprived_groups_ == ("a", "c", "d")
    weights = np.where(np.array(groups) == "a", 10, 1)  # overall .544
    weighted = bad.set_params(favorable_label=1).fit(
        np.array(scores)[:, None], y, sensitive_features=groups, sample_weight=weights
    )
    assert weighted.deprived_groups_ == ("b", "c", "d")


def test_who_is_deprived_is_settled_in_fit_and_not_by_new_rows():
    fitted = option_on([0.1, 0.9, 0.1, 0.1], [0, 1, 0, 1], list("aabb"))
    # Now group a has the lower rate.
    scores, groups = [0.45, 0.1, 0.9, 0.45], list("aabb")
    labels = answers(fitted, scores, groups)[0]
    assert labels.tolist() == [0, 0, 1, 1]
    one_by_one = [
        answers(fitted, [score], [group])[0][0]
        for score, group in zip(scores, groups, strict=True)
    ]
    assert labels.tolist() == one_by_one


@pytest.mark.parametrize(
    "deprived", ["b & m", ("b", "m"), ["b & m"], [("b", "m"), ("b", "m")]]
)
def test_deprived_groups_by_name_and_by_value(deprived):
    groups = [("a", "f"), ("a", "m"), ("b", "f"), ("b", "m")] * 2
    fitted = option_on([0.45] * 8, [0, 1] * 4, groups, deprived=deprived)
    assert fitted.deprived_groups_ == ("b & m",)
    assert answers(fitted, [0.45] * 8, groups)[0].tolist() == [0, 0, 0, 1] * 2


def test_one_label_for_all_is_named_and_left():
    scores, y, groups = [0.45, 0.55] * 4, [0, 1] * 4, list("aabbccab")
    for score, only in [(0.45, "no"), (0.55, "yes")]:
        with pytest.warns(CollapseWarning, match=f"predicts '{only}' for every row"):
            fitted = option_on([score] * 8, np.array(["no", "yes"])[y], groups)
        assert fitted.deprived_groups_ == ()
        labels = answers(fitted, scores, groups)[0]
        assert labels.tolist() == ["no", "yes"] * 4


def test_on_compas_the_deprived_get_the_label_of_not_returning():
    made = load_compas()
    rows, y, race = made.data, made.target, made.sensitive_features["race"]
    inner = make_pipeline(
        default_preprocessor("compas"), LogisticRegression(max_iter=1000)
    )
    fitted = option(inner, favorable_label=made.favorable_label)
    fitted.fit(rows, y, sensitive_features=race)
    assert made.favorable_label == fitted.favorable_label_ == 0
    assert fitted.deprived_groups_ == ("African-American",)
    labels = fitted.predict(rows, sensitive_features=race)
    p = fitted.estimator_.predict_proba(rows)[:, 1]
    inside = np.abs(p - 0.5) < 0.0999
    deprived = (race == "African-American").to_numpy()
    assert (inside & deprived).sum() > 300
    assert (labels[inside & deprived] == 0).all()
    assert (labels[inside & ~deprived] == 1).all()


def test_adult_with_the_papers_region():
    # Measured before this package, with other code: accuracy .851, gap .102, average
    # precision .634 with hard scores and .787 with mirrored ones.
    made = load_adult()
    rows, y = made.data, made.target.to_numpy()
    sex = made.sensitive_features["sex"].to_numpy()
    order = np.random.RandomState(0).permutation(len(y))
    train, test = order[: int(0.8 * len(y))], order[int(0.8 * len(y)) :]
    preprocessor = paper_preprocessor("adult").fit(rows.iloc[train])
    inputs = preprocessor.transform(rows)
    fitted = option(LogisticRegression(max_iter=300))
    fitted.fit(inputs[train], y[train], sensitive_features=sex[train])
    assert fitted.deprived_groups_ == ("Female",)
    labels = fitted.predict(inputs[test], sensitive_features=sex[test])
    gap = delta_dp(y[test], labels, sensitive_features=sex[test])
    assert accuracy_score(y[test], labels) == pytest.approx(0.851, abs=0.006)
    assert gap == pytest.approx(0.102, abs=0.02)
    precisions = [
        average_precision_score(
            y[test], proba(fitted.set_params(scores=how), inputs[test], sex[test])[:, 1]
        )
        for how in ("hard_in_region", "mirrored")
    ]
    assert precisions == pytest.approx([0.634, 0.787], abs=0.015)


# What the inner estimator is given
def test_none_is_a_net():
    fitted = RejectOptionClassifier(random_state=0).fit(X, Y, sensitive_features=A)
    assert type(fitted.estimator_) is NetClassifier
    again = RejectOptionClassifier(random_state=0).fit(X, Y, sensitive_features=A)
    other = RejectOptionClassifier(random_state=1).fit(X, Y, sensitive_features=A)
    np.testing.assert_array_equal(proba(again), proba(fitted))
    gap = np.abs(weights_of(other.estimator_) - weights_of(fitted.estimator_)).max()
    assert gap > 0.01


@pytest.mark.parametrize("piped", [0, 1, 2])
@pytest.mark.parametrize("routed", [False, True])
def test_groups_and_weights_reach_an_estimator_that_takes_them(routed, piped):
    if routed:
        with sklearn.config_context(enable_metadata_routing=True):
            check_what_the_inner_estimator_gets(piped, routed=True)
    else:
        check_what_the_inner_estimator_gets(piped, routed=False)


def check_what_the_inner_estimator_gets(piped, *, routed):
    weight = np.random.default_rng(0).uniform(0.5, 2, N)
    inner = RunnerClassifier(**SMALL)
    if routed:
        inner.set_fit_request(sample_weight=True)
    for _ in range(piped):
        inner = make_pipeline("passthrough", inner)
    given = {"sensitive_features": A, "sample_weight": weight}
    fitted = option(inner).fit(X, Y, **given).estimator_
    for _ in range(piped):
        fitted = fitted[-1]
    alone = RunnerClassifier(**SMALL).fit(X, Y, **given)
    np.testing.assert_array_equal(weights_of(fitted), weights_of(alone))
    unweighted = RunnerClassifier(**SMALL).fit(X, Y, sensitive_features=A)
    assert np.abs(weights_of(alone) - weights_of(unweighted)).max() > 1e-6


@pytest.mark.parametrize("seed", [0, 1])
def test_what_is_known_of_rows_is_split_with_them_in_a_search(seed):
    weight = np.random.default_rng(0).uniform(0.5, 2, N)
    quiet = {"min_group_size": 0, "min_cell_size": 0}
    inner = RunnerClassifier(**SMALL, **quiet)
    fitted = option(inner, method="search", bound=0.5, random_state=seed, **quiet)
    fitted.fit(X, Y, sensitive_features=BOTH, sample_weight=weight)
    cells = np.unique(np.char.add(A, SEX), return_inverse=True)[1] * 2 + Y
    rng = np.random.RandomState(draw_seeds(seed).split)
    train, _ = split_validation(cells, 0.2, rng)
    alone = clone(inner).fit(
        X.iloc[train], Y[train], sensitive_features=BOTH.iloc[train],
        sample_weight=weight[train],
    )  # fmt: skip
    np.testing.assert_array_equal(weights_of(fitted.estimator_), weights_of(alone))


def test_weights_that_the_estimator_does_not_take_are_refused():
    weighted = option(KNeighborsClassifier())
    with pytest.raises(TypeError, match=r"KNeighborsClassifier\.fit takes none"):
        weighted.fit(X, Y, sensitive_features=A, sample_weight=np.ones(N))


def test_other_metadata_goes_to_the_estimator():
    inner = make_pipeline(StandardScaler(), LogisticRegression())
    weight = np.random.default_rng(0).uniform(0.5, 2, N)
    fitted = option(inner).fit(
        X, Y, sensitive_features=A, standardscaler__sample_weight=weight
    )
    alone = StandardScaler().fit(X, sample_weight=weight)
    np.testing.assert_array_equal(fitted.estimator_[0].mean_, alone.mean_)


# Fitted estimators
@pytest.mark.parametrize("wrap", [FrozenEstimator, lambda model: model])
def test_a_fitted_estimator_is_used_as_it_is(wrap):
    inner = LogisticRegression().fit(X[:100], Y[:100])
    given = wrap(inner)
    frozen = isinstance(given, FrozenEstimator)
    fitted = option(given, prefit=not frozen, method="search", bound=0.3)
    fitted.fit(X, Y, sensitive_features=A)
    assert fitted.estimator_ is given
    # The search looks at all rows of the fit.
    scores = inner.predict_proba(X)[:, 1]
    deprived = list(fitted.deprived_groups_)
    settings = {"constraints": "demographic_parity", "bound": 0.3}
    region, _ = slow_search(
        scores, Y, A, deprived, objective="balanced_accuracy", **settings
    )
    found = fitted.threshold_, fitted.margin_
    assert found == pytest.approx(region, abs=1e-12)


def test_the_estimator_that_was_passed_is_not_fitted():
    inner = LogisticRegression()
    fitted = option(inner).fit(X, Y, sensitive_features=A)
    assert not hasattr(inner, "coef_")
    assert fitted.estimator is inner


# Columns of X
NAMED = X.assign(sex=SEX, group=A)
CODED = X.assign(sex=(SEX == "m") * 1, group=np.unique(A, return_inverse=True)[1])


@pytest.mark.parametrize(
    ("columns", "rows", "groups"),
    [
        ("group", NAMED.drop(columns="sex"), A),
        (["group", "sex"], NAMED, BOTH),
        ([7, 6], NAMED, BOTH),
        (7, CODED.to_numpy(), CODED["group"]),
    ],
)
def test_sensitive_columns_are_groups_and_unseen(columns, rows, groups):
    seen = rows[:, :7] if isinstance(rows, np.ndarray) else X
    passed = option(min_group_size=0).fit(seen, Y, sensitive_features=groups)
    fitted = option(sensitive_columns=columns, min_group_size=0).fit(rows, Y)
    np.testing.assert_array_equal(fitted.estimator_.coef_, passed.estimator_.coef_)
    assert fitted.n_features_in_ == rows.shape[1]
    expected = proba(passed, seen, groups)
    np.testing.assert_array_equal(fitted.predict_proba(rows), expected)
    np.testing.assert_array_equal(proba(fitted, seen, groups), expected)
    np.testing.assert_array_equal(
        fitted.predict(rows), passed.predict(seen, sensitive_features=groups)
    )
    assert fitted.score(rows, Y) == passed.score(seen, Y, sensitive_features=groups)


def test_sensitive_columns_that_are_kept_are_seen():
    kept = option(sensitive_columns="group", keep_sensitive=True).fit(CODED, Y)
    passed = option().fit(CODED, Y, sensitive_features=CODED["group"])
    np.testing.assert_array_equal(kept.estimator_.coef_, passed.estimator_.coef_)
    expected = proba(passed, CODED, CODED["group"])
    np.testing.assert_array_equal(kept.predict_proba(CODED), expected)


def test_a_callable_reads_the_groups_from_raw_rows():
    encode = make_pipeline(default_for(NAMED), LogisticRegression())
    fitted = option(encode, sensitive_columns=lambda rows: rows["group"]).fit(NAMED, Y)
    passed = option(encode).fit(NAMED, Y, sensitive_features=A)
    np.testing.assert_array_equal(
        fitted.predict_proba(NAMED), proba(passed, NAMED, NAMED["group"])
    )


def default_for(rows):
    names = [name for name in rows if rows[name].dtype.kind == "f"]
    return make_column_transformer(
        (StandardScaler(), names), (OneHotEncoder(), ["sex"])
    )


# Errors
BASE = option()
FAULTS = [
    case("no groups", r"needs sensitive_features, .* to fit, or set sensitive_col",
         data={"sensitive_features": None}),
    case("three labels", r"Only binary .* multiclass, with the labels \[0, 1, 2\]",
         data={"y": np.arange(N) % 3}),
    case("one label", r"y has one class \(\[1\]\)", data={"y": np.ones(N, int)}),
    case("one group", "one group", data={"sensitive_features": ["a"] * N}),
    case("groups of other rows", "239 row", data={"sensitive_features": A[1:]}),
    case("a missing group", "1 row.* with a missing value",
         data={"sensitive_features": [None, *A[1:]]}),
    case("another favorable label", r"favorable_label=2 is not a label\. .* 0, 1",
         params={"favorable_label": 2}),
    case("unknown deprived", r"names unknown groups \['z'\]\. Known groups: group_0, ",
         params={"deprived": ["group_0", "z"]}),
    case("all deprived", "must leave some groups deprived and some not",
         params={"deprived": np.unique(A).tolist()}),
    case("none deprived", "must leave some groups deprived and some not",
         params={"deprived": []}),
    case("theta", r"'theta' parameter .* in the range \(0\.5, 1",
         params={"theta": 0.5}),
    case("half-width", "'theta' parameter", params={"theta": 0.1}),
    case("bound", "'bound' parameter", params={"bound": -0.1}),
    case("no probabilities", "'fit' and 'predict_proba'",
         params={"estimator": LinearSVC()}),
    case("not fitted", "is not fitted. Fit it first; .*FrozenEstimator",
         params={"prefit": True}, error=NotFittedError),
    case("frozen, not fitted", "is not fitted. Fit it first",
         params={"estimator": FrozenEstimator(LogisticRegression())},
         error=NotFittedError),
    case("labels unknown to the fitted",
         r"does not know: \[7\]\. It knows \[0, 1\]",
         params={"estimator": FrozenEstimator(GivenScores().fit(X, Y))},
         data={"y": np.where(Y == 1, 7, 0)}),
    case("three labels of the fitted", r"with the labels \[0, 1, 2\]",
         params={"estimator": FrozenEstimator(GivenScores().fit(X, np.arange(N) % 3))}),
    case("negative weights", "Negative values in data",
         data={"sample_weight": -np.ones(N)}),
]  # fmt: skip


@pytest.mark.parametrize(("params", "data", "error", "match"), FAULTS)
def test_bad_input_is_refused_before_training(params, data, error, match):
    given = {"sensitive_features": A, "y": Y, **data}
    estimator = clone(BASE).set_params(**params)
    with pytest.raises(error, match=match):
        estimator.fit(X, given.pop("y"), **given)
    assert not hasattr(estimator, "estimator_")


@pytest.mark.parametrize("method", ["predict", "predict_proba", "score"])
def test_predictions_need_known_groups(method):
    fitted = option().fit(X, Y, sensitive_features=A)
    given = [X, Y] if method == "score" else [X]
    call = getattr(fitted, method)
    match = r"to predict, predict_proba or score, or set sensitive_.*enable_meta"
    with pytest.raises(ValueError, match=match):
        call(*given)
    unseen = np.where(np.arange(N) < 3, "martian", A)
    with pytest.raises(ValueError, match="unseen in training: martian"):
        call(*given, sensitive_features=unseen)
    with pytest.raises(ValueError, match=r"has 239 row.*, but X has 240"):
        call(*given, sensitive_features=A[1:])
    with pytest.raises(NotFittedError):
        getattr(option(), method)(*given, sensitive_features=A)
    without = option(sensitive_columns="group").fit(NAMED.drop(columns="sex"), Y)
    with pytest.raises(ValueError, match="needs sensitive_features"):
        getattr(without, method)(*given)


def test_small_groups_and_missing_ones():
    groups = np.where(np.arange(N) < 4, None, A)
    with pytest.warns(SmallGroupWarning, match=r"<missing> \(4 rows\)"):
        fitted = option(missing="group", min_cell_size=0).fit(
            X, Y, sensitive_features=groups
        )
    assert "<missing>" in fitted.group_names_
    sizes = {"min_group_size": 4, "min_cell_size": 0}
    option(missing="group", **sizes).fit(X, Y, sensitive_features=groups)


@pytest.mark.filterwarnings("ignore::skrunner.exceptions.SmallGroupWarning")
def test_a_search_of_it_is_cross_validated():
    dp = get_scorer("neg_demographic_parity_difference")
    grid = {"rejectoptionclassifier__theta": [0.55, 0.7]}
    cv = StratifiedKFold(2)
    with sklearn.config_context(enable_metadata_routing=True):
        search = GridSearchCV(
            make_pipeline(StandardScaler(), option()), grid, scoring=dp, cv=cv
        )
        given = {"sensitive_features": A}
        found = cross_val_score(search, X, Y, scoring=dp, params=given, cv=cv)
        for score, (train, test) in zip(found, cv.split(X, Y), strict=True):
            fitted = clone(search).fit(
                X.iloc[train], Y[train], sensitive_features=A[train]
            )
            answers = fitted.best_estimator_.predict(
                X.iloc[test], sensitive_features=A[test]
            )
            expected = -delta_dp(Y[test], answers, sensitive_features=A[test])
            assert score == pytest.approx(expected, abs=1e-12)
    assert np.ptp(found) > 0


# Housekeeping
def test_pickles_and_clones():
    fitted = option(method="search", bound=0.5, random_state=0).fit(
        X, Y, sensitive_features=A
    )
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(proba(again), proba(fitted))
    refitted = clone(fitted).fit(X, Y, sensitive_features=A)
    np.testing.assert_array_equal(proba(refitted), proba(fitted))


def test_the_seed_is_the_only_randomness():
    def splits(seed):
        fitted = option(method="search", bound=0.5, random_state=seed)
        return fitted.fit(X, Y, sensitive_features=A).estimator_.coef_

    before = np.random.get_state()[1].copy(), torch.get_rng_state()  # noqa: NPY002
    np.testing.assert_array_equal(splits(0), splits(0))
    assert np.abs(splits(0) - splits(1)).max() > 1e-3
    assert np.abs(splits(None) - splits(None)).max() > 1e-6
    after = np.random.get_state()[1], torch.get_rng_state()  # noqa: NPY002
    np.testing.assert_array_equal(before[0], after[0])
    assert torch.equal(before[1], after[1])


def test_one_group_with_weights_is_an_error():
    weight = (A[0] == A) * 1.0
    with pytest.raises(ValueError, match="0 for all rows but those of one group"):
        option(LogisticRegression()).fit(
            X, Y, sensitive_features=A, sample_weight=weight
        )
