"""What one training step minimizes: callables of a forward pass and a batch.

Owns losses and the fairness term; knows no estimator, and no optimizer but that of an
adversary.
"""

from skrunner.objectives._adversarial import (
    AdversarialObjective,
    opposed,
)
from skrunner.objectives._adversary import Adversary
from skrunner.objectives._gap import GapObjective
from skrunner.objectives._mixup import MixupObjective
from skrunner.objectives._predictive import (
    Objective,
    PredictiveObjective,
    StepLoss,
    predictive_loss,
    total_weight,
)
from skrunner.objectives._selective import SelectiveDropoutObjective
from skrunner.objectives._settings import (
    ALPHA_SCHEDULES,
    OUTPUT_GAPS,
    PROJECTIONS,
    REDUCTIONS,
    AdversarySettings,
    RepairSettings,
)
from skrunner.objectives._stabilizing import StabilizingObjective
from skrunner.objectives._term_weight import TermWeight

__all__ = [
    "ALPHA_SCHEDULES",
    "OUTPUT_GAPS",
    "PROJECTIONS",
    "REDUCTIONS",
    "AdversarialObjective",
    "Adversary",
    "AdversarySettings",
    "GapObjective",
    "MixupObjective",
    "Objective",
    "PredictiveObjective",
    "RepairSettings",
    "SelectiveDropoutObjective",
    "StabilizingObjective",
    "StepLoss",
    "TermWeight",
    "opposed",
    "predictive_loss",
    "total_weight",
]
