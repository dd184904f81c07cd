"""Which neurons matter for a gap, and how much they discriminate.

Owns the importance criteria, the choice of the top k and the report of both.
"""

from skrunner.diagnosis._diagnose import diagnose_neurons
from skrunner.diagnosis._importance import (
    IMPORTANCES,
    Criterion,
    neuron_importance,
    resolve_criteria,
)
from skrunner.diagnosis._report import NeuronDiagnosis
from skrunner.diagnosis._selection import n_selected, top_neurons

__all__ = [
    "IMPORTANCES",
    "Criterion",
    "NeuronDiagnosis",
    "diagnose_neurons",
    "n_selected",
    "neuron_importance",
    "resolve_criteria",
    "top_neurons",
]
