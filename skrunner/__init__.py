"""Find and repair the neurons that make a neural network unfair."""

from skrunner.diagnosis import NeuronDiagnosis, diagnose_neurons
from skrunner.estimators import NetClassifier, RunnerClassifier

__all__ = [
    "NetClassifier",
    "NeuronDiagnosis",
    "RunnerClassifier",
    "__version__",
    "diagnose_neurons",
]

__version__ = "0.1.0"
