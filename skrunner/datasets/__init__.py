"""Data sets with their sensitive features, and what turns them into inputs.

Owns the shipped files (Adult, COMPAS, Credit, LSAC), the rows and inputs of the
published protocols, rows of images that stay in their files (CelebA, tables of one's
own) and synthetic data with known unfairness. No torch.
"""

from skrunner.datasets._adult import load_adult
from skrunner.datasets._celeba import load_celeba
from skrunner.datasets._compas import load_compas
from skrunner.datasets._credit import load_credit
from skrunner.datasets._default import default_preprocessor
from skrunner.datasets._image_table import load_images
from skrunner.datasets._images import ImageRows
from skrunner.datasets._lsac import load_lsac
from skrunner.datasets._make import make_biased_classification
from skrunner.datasets._paper import paper_preprocessor

__all__ = [
    "ImageRows",
    "default_preprocessor",
    "load_adult",
    "load_celeba",
    "load_compas",
    "load_credit",
    "load_images",
    "load_lsac",
    "make_biased_classification",
    "paper_preprocessor",
]
