"""Data sets with their sensitive features, and what turns them into inputs.

Owns the shipped files (Adult, COMPAS, Credit, LSAC), the rows and inputs of the
published protocols and synthetic data with known unfairness. No torch.
"""

from skrunner.datasets._adult import load_adult
from skrunner.datasets._compas import load_compas
from skrunner.datasets._credit import load_credit
from skrunner.datasets._default import default_preprocessor
from skrunner.datasets._lsac import load_lsac
from skrunner.datasets._make import make_biased_classification
from skrunner.datasets._paper import paper_preprocessor

__all__ = [
    "default_preprocessor",
    "load_adult",
    "load_compas",
    "load_credit",
    "load_lsac",
    "make_biased_classification",
    "paper_preprocessor",
]
