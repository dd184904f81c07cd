"""Differentiable gaps of outputs and of activations: pure functions of tensors.

Owns what is compared between groups and how; knows neither modules nor training.
"""

from skrunner.gaps._distances import (
    group_differences,
    row_slopes,
    weighted_distances,
)
from skrunner.gaps._means import GroupMeans, RunningMeans, group_means
from skrunner.gaps._measures import (
    activation_gap,
    class_probabilities,
    output_gap,
    pairwise_gap,
    spread,
    wasserstein_gap,
)
from skrunner.gaps._structure import GapStructure, gap_structure

__all__ = [
    "GapStructure",
    "GroupMeans",
    "RunningMeans",
    "activation_gap",
    "class_probabilities",
    "gap_structure",
    "group_differences",
    "group_means",
    "output_gap",
    "pairwise_gap",
    "row_slopes",
    "spread",
    "wasserstein_gap",
    "weighted_distances",
]
