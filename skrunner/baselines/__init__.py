"""The methods that RUNNER is compared with, behind the same interface.

Owns one file a method: it says what is different in the rows, in the loss or behind the
net, and shares everything else with the other classifiers.
"""

from skrunner.baselines._adversarial import AdversarialClassifier
from skrunner.baselines._fair_mixup import FairMixupClassifier
from skrunner.baselines._fair_neuron import FairNeuronClassifier
from skrunner.baselines._fair_smote import FairSmoteClassifier
from skrunner.baselines._gap_regularization import GapRegularizationClassifier
from skrunner.baselines._oversampling import OversamplingClassifier
from skrunner.baselines._reject_option import RejectOptionClassifier
from skrunner.baselines._reweighting import ReweightingClassifier

__all__ = [
    "AdversarialClassifier",
    "FairMixupClassifier",
    "FairNeuronClassifier",
    "FairSmoteClassifier",
    "GapRegularizationClassifier",
    "OversamplingClassifier",
    "RejectOptionClassifier",
    "ReweightingClassifier",
]
