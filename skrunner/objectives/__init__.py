"""What one training step minimizes: callables of a forward pass and a batch.

Owns losses and the fairness term; knows neither optimizers nor estimators.
"""

from skrunner.objectives._predictive import (
    Objective,
    PredictiveObjective,
    StepLoss,
    predictive_loss,
)
from skrunner.objectives._settings import (
    OUTPUT_GAPS,
    REDUCTIONS,
    RepairSettings,
)
from skrunner.objectives._stabilizing import StabilizingObjective

__all__ = [
    "OUTPUT_GAPS",
    "REDUCTIONS",
    "Objective",
    "PredictiveObjective",
    "RepairSettings",
    "StabilizingObjective",
    "StepLoss",
    "predictive_loss",
]
