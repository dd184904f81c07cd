"""Modules, and what is observed in them: layers of neurons and their activations.

Owns the preset nets and every hook; knows nothing of groups, gaps or training.
"""

from skrunner.nn._ablation import ablated
from skrunner.nn._chain import linear_chain, reading_inputs
from skrunner.nn._image_nets import alexnet, resnet18
from skrunner.nn._joined_norm import joined_batch_norm
from skrunner.nn._layers import (
    NeuronLayers,
    evaluating,
    find_neuron_layers,
    neuron_first,
)
from skrunner.nn._mlp import MLP
from skrunner.nn._presets import IMAGE_PRESETS, PRESETS, check_preset, make_preset
from skrunner.nn._reader import ActivationReader
from skrunner.nn._recorder import ActivationRecorder
from skrunner.nn._row_dropout import row_dropout

__all__ = [
    "IMAGE_PRESETS",
    "MLP",
    "PRESETS",
    "ActivationReader",
    "ActivationRecorder",
    "NeuronLayers",
    "ablated",
    "alexnet",
    "check_preset",
    "evaluating",
    "find_neuron_layers",
    "joined_batch_norm",
    "linear_chain",
    "make_preset",
    "neuron_first",
    "reading_inputs",
    "resnet18",
    "row_dropout",
]
