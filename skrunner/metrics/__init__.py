"""Group metrics, scorers, refit rules and splits; numpy and pandas, no torch.

Owns what is measured of predictions: nothing here trains or differentiates.
"""

from skrunner.metrics._differences import delta_dp, delta_eo
from skrunner.metrics._group_metrics import group_metrics
from skrunner.metrics._parity import parity_gap
from skrunner.metrics._rate_differences import delta_fpr, delta_tpr
from skrunner.metrics._rates import GroupRates, group_rates
from skrunner.metrics._refit import best_within, constrained
from skrunner.metrics._registry import (
    get_scorer,
    get_scorer_names,
    neg_demographic_parity_difference,
    neg_equalized_odds_difference,
    neg_equalized_odds_difference_max,
    neg_false_positive_rate_difference,
    neg_strong_demographic_parity_difference,
    neg_strong_equalized_odds_difference,
    neg_true_positive_rate_difference,
    worst_group_accuracy,
)
from skrunner.metrics._scorers import FairnessScorer
from skrunner.metrics._splitting import SensitiveStratifiedKFold
from skrunner.metrics._strong import strong_delta_dp, strong_delta_eo

__all__ = [
    "FairnessScorer",
    "GroupRates",
    "SensitiveStratifiedKFold",
    "best_within",
    "constrained",
    "delta_dp",
    "delta_eo",
    "delta_fpr",
    "delta_tpr",
    "get_scorer",
    "get_scorer_names",
    "group_metrics",
    "group_rates",
    "neg_demographic_parity_difference",
    "neg_equalized_odds_difference",
    "neg_equalized_odds_difference_max",
    "neg_false_positive_rate_difference",
    "neg_strong_demographic_parity_difference",
    "neg_strong_equalized_odds_difference",
    "neg_true_positive_rate_difference",
    "parity_gap",
    "strong_delta_dp",
    "strong_delta_eo",
    "worst_group_accuracy",
]
