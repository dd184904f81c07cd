"""The scorer: sensitive features by routing, without a request call, or from X."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sklearn.utils.metadata_routing import MetadataRequest

from skrunner.metrics._evaluation import Evaluation, read_columns

Measure = Callable[..., float]


@dataclass(frozen=True, repr=False, eq=False)
class FairnessScorer:
    """Score a fitted estimator by a measure that needs sensitive features.

    Give it to any search or cross-validation as ``scoring``, alone or beside others.
    It asks for ``sensitive_features`` by itself: with metadata routing switched on,
    pass them to ``search.fit`` or as ``params`` of `cross_validate`. With routing off,
    let it read them from X, see `sensitive_column`. An estimator whose ``predict``
    takes ``sensitive_features`` is given them there too; plain scorers cannot do that.

    Attributes
    ----------
    name : str
        Its name in the registry.
    measure : callable
        ``measure(evaluation, **options)`` returns the score; greater is better.
    options : dict, default={}
        Keyword arguments of `measure`.
    sensitive_column : str, int, list of them, or callable, default=None
        Where X holds the sensitive features: name or position of a column, several, or
        ``f(X)``. X is what the search was given, before any transformation. Once set,
        nothing is asked for by routing.
    requests : dict, default={"sensitive_features": True}
        Metadata that is asked for by routing, see `set_score_request`.

    See Also
    --------
    get_scorer : Makes scorers by name.
    """

    name: str
    measure: Measure
    options: Mapping[str, Any] = field(default_factory=dict)
    sensitive_column: Any = None
    requests: Mapping[str, bool | str | None] = field(
        default_factory=lambda: {"sensitive_features": True}
    )

    def __call__(
        self,
        estimator: Any,
        X: Any,
        y: Any,
        sensitive_features: Any = None,
        sample_weight: Any = None,
    ) -> float:
        """Score an estimator.

        Parameters
        ----------
        estimator : estimator
            A fitted classifier, or a pipeline or search that ends in one.
        X : array-like of shape (n_samples, ...)
            Rows.
        y : array-like of shape (n_samples,)
            Their labels.
        sensitive_features : array-like of shape (n_samples,) or \
                (n_samples, n_features), default=None
            Their sensitive features; may be absent if `sensitive_column` is set.
        sample_weight : array-like of shape (n_samples,), default=None
            Their weights.

        Returns
        -------
        float
            The score, greater is better; NaN if a rate is undefined.

        Raises
        ------
        ValueError
            If there are no sensitive features.

        Warns
        -----
        UndefinedRateWarning
            If a rate is undefined, or a group that the estimator knows has no rows.
        """
        if self.sensitive_column is not None:
            sensitive_features = read_columns(X, self.sensitive_column)
        if sensitive_features is None:
            raise ValueError(
                f"The scorer {self.name!r} got no sensitive_features. Either switch "
                "routing on, sklearn.set_config(enable_metadata_routing=True), and "
                "pass sensitive_features to the search's fit or in the params of "
                "cross_validate; or let the scorer read a column of X: "
                f"get_scorer({self.name!r}, sensitive_column=...)."
            )
        evaluation = Evaluation(estimator, X, y, sensitive_features, sample_weight)
        evaluation.warn_of_absent_groups()
        return self.measure(evaluation, **self.options)

    def __repr__(self) -> str:
        options = dict(self.options)
        if self.sensitive_column is not None:
            options["sensitive_column"] = self.sensitive_column
        settings = "".join(f", {name}={value!r}" for name, value in options.items())
        return f"get_scorer({self.name!r}{settings})"

    def get_metadata_routing(self) -> MetadataRequest:
        """Tell scikit-learn which metadata to route here.

        Returns
        -------
        MetadataRequest
            ``sensitive_features``, unless they are read from X.
        """
        request = MetadataRequest(owner=self)
        for param, alias in self.requests.items():
            if param != "sensitive_features" or self.sensitive_column is None:
                request.score.add_request(param=param, alias=alias)
        return request

    def set_score_request(self, **requests: bool | str | None) -> "FairnessScorer":
        """Ask for other metadata, or for the same under another name.

        Parameters
        ----------
        **requests : bool, str or None
            For ``sensitive_features`` or ``sample_weight``: True to ask for it, False
            not to, or the name under which it is passed.

        Returns
        -------
        FairnessScorer
            A new scorer with those requests; others stay as they were.

        Raises
        ------
        TypeError
            If other metadata is named.
        """
        unknown = sorted(set(requests) - {"sensitive_features", "sample_weight"})
        if unknown:
            raise TypeError(
                f"Unknown metadata {unknown}. A scorer takes sensitive_features and "
                "sample_weight."
            )
        return replace(self, requests={**self.requests, **requests})

    def _accept_sample_weight(self) -> bool:
        # Asked by scikit-learn's searches when routing is off.
        return True
