"""What one training step minimizes: callables of a forward pass and a batch.

Owns losses and the fairness term; knows neither optimizers nor estimators.
"""

from skrunner.objectives._predictive import (
    PredictiveObjective,
    StepLoss,
    predictive_loss,
)
from skrunner.objectives._stabilizing import RepairSettings, StabilizingObjective

__all__ = [
    "PredictiveObjective",
    "RepairSettings",
    "StabilizingObjective",
    "StepLoss",
    "predictive_loss",
]
