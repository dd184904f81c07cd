"""Group metrics, scorers, refit rules and splits; numpy and pandas, no torch.

Owns what is measured of predictions: nothing here trains or differentiates.
"""

from skrunner.metrics._differences import delta_dp, delta_eo, delta_fpr, delta_tpr
from skrunner.metrics._rates import GroupRates, group_rates, parity_gap

__all__ = [
    "GroupRates",
    "delta_dp",
    "delta_eo",
    "delta_fpr",
    "delta_tpr",
    "group_rates",
    "parity_gap",
]
