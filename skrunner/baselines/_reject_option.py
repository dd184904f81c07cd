"""Reject option classification: near the threshold, the group settles the label."""

from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    MetaEstimatorMixin,
    _fit_context,
)
from sklearn.utils import get_tags
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping

from skrunner.baselines._reject_inputs import (
    RejectInput,
    check_fit_rows,
)
from skrunner.baselines._reject_prediction import RejectPredictionMixin
from skrunner.baselines._reject_search import OBJECTIVES
from skrunner.baselines._reject_settling import Settled, settle
from skrunner.baselines._wrapped import (
    ask_inner,
    check_prefit,
    fit_inner,
    fitted_before,
)
from skrunner.data import split_validation
from skrunner.estimators import NetClassifier
from skrunner.groups import CONSTRAINTS
from skrunner.training import Seeds, draw_seeds

_COUNT = Interval(Integral, 0, None, closed="left")


@dataclass(kw_only=True, eq=False, repr=False)
class RejectOptionClassifier(
    RejectPredictionMixin, MetaEstimatorMixin, ClassifierMixin, BaseEstimator
):
    """Give uncertain rows of deprived groups the favorable label, others the other.

    A method behind the net, or behind any classifier of two labels: the scores stay as
    they are trained, but where they hardly decide, in the critical region, the group
    decides [1]_. Everywhere else the threshold does. `predict` therefore needs the
    sensitive features, which other classifiers here do not: two people with equal
    inputs and different groups may get different labels.

    Parameters
    ----------
    estimator : classifier, default=None
        Any classifier with ``predict_proba``; a clone of it is fitted. None takes
        ``NetClassifier()``. A ``FrozenEstimator`` is used as it is.
    constraints : str, default="demographic_parity"
        Whose gap the search bounds: that of ``"demographic_parity"``,
        ``"equalized_odds"`` (the sum of the differences in true and false positive
        rates), ``"true_positive_rate_parity"`` or ``"false_positive_rate_parity"``.
    method : {"fixed", "search"}, default="fixed"
        ``"fixed"`` takes the region ``max(p, 1 - p) <= theta``, p being the probability
        of the favorable label; ``"search"`` tries 100 thresholds t with 50 margins m
        each and takes the region ``t - m < p <= t + m`` with the best `objective`
        among those whose gap is within `bound`.
    theta : float, default=0.6
        The end of the fixed region, between 0.5 and 1.
    bound : float, default=0.05
        The largest gap of a searched region.
    objective : {"balanced_accuracy", "accuracy"}, default="balanced_accuracy"
        What the search makes as large as it can. Balanced accuracy moves the threshold
        towards the base rate, which costs accuracy.
    scores : {"mirrored", "hard_in_region"}, default="mirrored"
        What `predict_proba` returns inside the region: probabilities mirrored at the
        threshold where the label changes, or 0 and 1.
    favorable_label : label, default=None
        The label that is good to get; None takes ``classes_[1]``. It is 0 for COMPAS.
    deprived : group or list of groups, default=None
        Names or values of the deprived groups. None takes those that the estimator, on
        the rows of the fit, gives the favorable label less often than it does overall.
    prefit : bool, default=False
        Whether `estimator` is fitted already and used itself. Clones are not fitted:
        where one is made, pass a ``FrozenEstimator`` instead.
    validation_fraction : float, default=0.2
        Rows that a search sets aside, unless the estimator is fitted already.
    sensitive_columns : str, int, list or callable, default=None
        Columns of X that are the sensitive features, or a function of X that returns
        them, where they cannot be passed.
    keep_sensitive : bool, default=False
        Whether the estimator sees the `sensitive_columns`.
    missing : {"error", "group"}, default="error"
        Whether a missing sensitive feature is an error or a group of its own.
    min_group_size : int, default=20
        Rows of a group below which a warning names it.
    min_cell_size : int, default=5
        Rows of a group with one label below which a warning names it.
    random_state : int, RandomState or None, default=None
        Draws the rows set aside, and seeds the net if `estimator` is None.

    Attributes
    ----------
    estimator_ : classifier
        The fitted estimator.
    classes_ : ndarray of shape (2,)
        The labels.
    favorable_label_ : label
        The label that deprived groups get in the region.
    group_names_ : tuple of str
        The groups.
    deprived_groups_ : tuple of str
        The deprived ones; if there are none, the region is empty.
    threshold_ : float
        The middle of the region, 0.5 if it is fixed.
    margin_ : float
        Half its width.
    n_features_in_ : int
        Columns of X.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, if X has some.

    See Also
    --------
    skrunner.RunnerClassifier : Repairs the net; predicts without sensitive features.

    Notes
    -----
    A searched threshold other than 1/2 is moved to 1/2 in `predict_proba`, both sides
    being stretched in proportion, so that the more probable label is the predicted one
    and scores keep their order.

    In cross-validation, scikit-learn's own scorers cannot pass sensitive features to
    `predict`. Use those of `skrunner.metrics` (``constrained_average_precision`` with
    ``bound=1`` is the average precision), or set `sensitive_columns`. Nor can the
    `predict` of a search: ask its ``best_estimator_``.

    References
    ----------
    .. [1] F. Kamiran, A. Karim, X. Zhang. Decision theory for discrimination-aware
       classification. ICDM 2012, pages 924 to 929.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skrunner.baselines import RejectOptionClassifier
    >>> from skrunner.datasets import make_biased_classification
    >>> from skrunner.metrics import delta_dp
    >>> made = make_biased_classification(1000, random_state=0)
    >>> X, y, groups = made.data, made.target, made.sensitive_features["group"]
    >>> plain = LogisticRegression().fit(X, y)
    >>> option = RejectOptionClassifier(LogisticRegression())
    >>> option = option.fit(X, y, sensitive_features=groups)
    >>> labels = option.predict(X, sensitive_features=groups)
    >>> before = delta_dp(y, plain.predict(X), sensitive_features=groups)
    >>> delta_dp(y, labels, sensitive_features=groups) < before
    True
    """

    estimator: Any = field(default=None, kw_only=False)
    constraints: str = "demographic_parity"
    method: str = "fixed"
    theta: float = 0.6
    bound: float = 0.05
    objective: str = "balanced_accuracy"
    scores: str = "mirrored"
    favorable_label: Any = None
    deprived: Any = None
    prefit: bool = False
    validation_fraction: float = 0.2
    sensitive_columns: Any = None
    keep_sensitive: bool = False
    missing: str = "error"
    min_group_size: int = 20
    min_cell_size: int = 5
    random_state: Any = None

    # Groups are routed to fit without a request call.
    __metadata_request__fit: ClassVar = {"sensitive_features": True}

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "estimator": [HasMethods(["fit", "predict_proba"]), None],
        "constraints": [StrOptions(set(CONSTRAINTS))],
        "method": [StrOptions({"fixed", "search"})],
        "theta": [Interval(Real, 0.5, 1, closed="neither")],
        "bound": [Interval(Real, 0, None, closed="left")],
        "objective": [StrOptions(set(OBJECTIVES))],
        "scores": [StrOptions({"mirrored", "hard_in_region"})],
        "favorable_label": "no_validation",
        "deprived": "no_validation",
        "prefit": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "sensitive_columns": "no_validation",
        "keep_sensitive": ["boolean"],
        "missing": [StrOptions({"error", "group"})],
        "min_group_size": [_COUNT],
        "min_cell_size": [_COUNT],
        "random_state": ["random_state"],
    }

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(
        self,
        X: Any,
        y: Any,
        *,
        sensitive_features: Any = None,
        sample_weight: Any = None,
        **params: Any,
    ) -> "RejectOptionClassifier":
        """Fit the estimator, settle who is deprived, and choose the region.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Inputs.
        y : array-like of shape (n_samples,)
            Labels, of two kinds.
        sensitive_features : array-like of shape (n_samples,) or \
                (n_samples, n_sensitive), default=None
            The groups; several columns intersect. The estimator gets them if it takes
            them.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, for the estimator, the groups' rates and the search.
        **params : dict
            For the estimator's `fit`.

        Returns
        -------
        object
            The fitted estimator itself.
        """
        seeds = draw_seeds(self.random_state)
        inner = self._inner(seeds)
        before = fitted_before(inner, prefit=self.prefit)
        if before:
            check_prefit(self, inner)
        rows = check_fit_rows(
            self,
            X,
            y,
            sensitive_features,
            sample_weight=sample_weight,
            classes=inner.classes_ if before else None,
        )
        trained: Any = None
        looked_at: Any = slice(None)
        if self.method == "search" and not before:
            rng = np.random.RandomState(seeds.split)
            trained, looked_at = split_validation(
                rows.cells, self.validation_fraction, rng
            )
        if not before:
            given = {"sensitive_features": rows.sensitive, **params}
            given["sample_weight"] = sample_weight
            inner = fit_inner(self, inner, rows.X, rows.y, given, rows=trained)
        scores = ask_inner(self, inner, rows.X, rows.sensitive)
        settled = settle(self, rows, scores, rows.weights, looked_at)
        self._record(inner, rows, settled)
        return self

    def get_metadata_routing(self) -> MetadataRouter:
        """Tell scikit-learn which metadata goes to this estimator and to the inner one.

        Returns
        -------
        MetadataRouter
            ``sensitive_features`` in all methods, and what the inner estimator takes.
        """
        mapping = MethodMapping().add(caller="fit", callee="fit")
        for caller in ("predict", "predict_proba", "score"):
            mapping = mapping.add(caller=caller, callee="predict_proba")
        router = MetadataRouter(owner=self).add_self_request(self)
        return router.add(estimator=self._inner(), method_mapping=mapping)

    def _inner(self, seeds: Seeds | None = None) -> Any:
        if self.estimator is not None:
            return self.estimator
        return NetClassifier(
            # Warned of here already.
            min_group_size=0,
            min_cell_size=0,
            random_state=None if seeds is None else seeds.weights,
        )

    def _record(self, inner: Any, rows: RejectInput, settled: Settled) -> None:
        self.estimator_ = inner
        self.classes_ = rows.classes
        self.group_names_ = rows.groups.names
        self.favorable_label_ = rows.classes[settled.favorable]
        self.deprived_groups_ = tuple(
            np.array(rows.groups.names, object)[settled.deprived].tolist()
        )
        self.threshold_ = settled.region.threshold
        self.margin_ = settled.region.margin
        self._known_groups = rows.groups.without_rows()
        self._settled = settled

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags = get_tags(self._inner()).input_tags
        tags.classifier_tags.multi_class = False
        return tags
