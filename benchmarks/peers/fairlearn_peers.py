"""fairlearn's methods behind the interface that the benchmarks score.

Each fits with ``sensitive_features`` and returns scores of shape (n_samples, 2). They
train no epochs that are counted, so their ``history_`` is empty.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from fairlearn.adversarial import AdversarialFairnessClassifier
from fairlearn.postprocessing import ThresholdOptimizer
from fairlearn.reductions import DemographicParity, EqualizedOdds, ExponentiatedGradient

from skrunner.training import isolated_rng

MOMENTS = {"demographic_parity": DemographicParity, "equalized_odds": EqualizedOdds}


class Peer:
    """What fit_and_score asks of a fitted estimator.

    Parameters
    ----------
    model : estimator
        fairlearn's, unfitted.
    seed : int
        For everything random.
    """

    history_: tuple[()] = ()
    chosen_epoch_ = math.nan

    def __init__(self, model: Any, seed: int) -> None:
        self.model = model
        self.seed = seed

    def fit(self, X: Any, y: Any, *, sensitive_features: Any) -> "Peer":
        """Fit the model."""
        with isolated_rng(self.seed):
            self.model.fit(X, y, sensitive_features=sensitive_features)
        return self


class Reduction(Peer):
    """ExponentiatedGradient, a mixture of classifiers that were fitted to weights.

    Parameters
    ----------
    estimator : classifier
        Takes ``sample_weight``.
    constraints : str
        The constraint.
    seed : int
        The seed of the draw among the classifiers.
    bound : float
        The largest gap on the rows of the fit.
    max_iter : int
        Classifiers at most.
    """

    def __init__(
        self,
        estimator: Any,
        constraints: str,
        seed: int,
        *,
        bound: float,
        max_iter: int = 50,
    ) -> None:
        moment = MOMENTS[constraints](difference_bound=bound)
        super().__init__(
            ExponentiatedGradient(estimator, moment, max_iter=max_iter), seed
        )

    def predict_proba(self, X: Any) -> Any:
        """Return the share of the mixture that says 1."""
        return self.model._pmf_predict(X)  # noqa: SLF001 (there is no public score)

    def predict(self, X: Any) -> Any:
        """Draw labels."""
        return self.model.predict(X, random_state=self.seed)


class Thresholds(Peer):
    """ThresholdOptimizer: thresholds of each group, with a draw between two of them.

    It fails on scores of float32, which scikit-learn's classifiers return for inputs of
    float32: inputs become float64.

    Parameters
    ----------
    estimator : classifier
        Unfitted.
    constraints : str
        The constraint.
    seed : int
        The seed of the draw.
    options : dict
        Of ThresholdOptimizer: ``tol``, ``flip``.
    """

    def __init__(
        self, estimator: Any, constraints: str, seed: int, options: dict[str, Any]
    ) -> None:
        model = ThresholdOptimizer(
            estimator=estimator,
            constraints=constraints,
            predict_method="predict_proba",
            **options,
        )
        super().__init__(model, seed)

    def fit(self, X: Any, y: Any, *, sensitive_features: Any) -> "Peer":
        """Fit the estimator and the thresholds on the same rows."""
        return super().fit(_double(X), y, sensitive_features=sensitive_features)

    def predict_proba(self, X: Any, *, sensitive_features: Any) -> Any:
        """Return the probability of drawing the label 1."""
        return self.model._pmf_predict(  # noqa: SLF001 (there is no public score)
            _double(X), sensitive_features=sensitive_features
        )

    def predict(self, X: Any, *, sensitive_features: Any) -> Any:
        """Draw labels."""
        return self.model.predict(
            _double(X), sensitive_features=sensitive_features, random_state=self.seed
        )


def _double(X: Any) -> Any:
    return np.asarray(X, dtype=np.float64)


class Adversary(Peer):
    """AdversarialFairnessClassifier, on 300 steps: with more of them it diverges.

    The adversary has LeakyReLU: with ReLU it divides by a norm of zero as soon as all
    its units are dead. Whatever its seed, fairlearn starts torch's generator at 0.

    Parameters
    ----------
    constraints : str
        The constraint.
    seed : int
        The seed.
    n_rows : int
        Rows of the fit, from which the epochs follow.
    hidden : sequence of int
        Units of each hidden layer of the predictor. fairlearn's projection multiplies
        all rows of a weight matrix with all others, so that wide layers diverge.
    options : dict
        ``alpha`` and ``learning_rate``.
    """

    steps = 300
    batch_size = 1000

    def __init__(
        self,
        constraints: str,
        seed: int,
        n_rows: int,
        *,
        hidden: Sequence[int],
        options: dict[str, Any],
    ) -> None:
        model = AdversarialFairnessClassifier(
            backend="torch",
            predictor_model=[part for units in hidden for part in (units, "relu")],
            adversary_model=[32, "leaky_relu"],
            constraints=constraints,
            epochs=math.ceil(self.steps / math.ceil(n_rows / self.batch_size)),
            batch_size=self.batch_size,
            shuffle=True,
            random_state=seed,
            **options,
        )
        super().__init__(model, seed)

    def predict_proba(self, X: Any) -> Any:
        """Return the net's probabilities."""
        score = self.model._raw_predict(X)  # noqa: SLF001 (there is no public score)
        score = np.asarray(score, dtype=np.float64).ravel()
        return np.column_stack([1 - score, score])

    def predict(self, X: Any) -> Any:
        """Return labels."""
        return np.asarray(self.model.predict(X)).ravel()
