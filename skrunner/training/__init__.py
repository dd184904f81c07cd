"""Train a module: the only room that knows skorch.

Owns the skorch net, its callbacks, seeds and precision; knows no estimator.
"""

from skrunner.training._anew import trained_anew
from skrunner.training._checkpoint import Checkpoint
from skrunner.training._distributed import require_same, start_processes
from skrunner.training._fit import TrainingSettings, make_net, train_net
from skrunner.training._foreign import train_foreign_net
from skrunner.training._modules import NetSpec, build_module, read_net
from skrunner.training._net import GroupNet
from skrunner.training._precision import (
    PRECISIONS,
    matmul_precision,
    model_dtype,
    predict_logits,
)
from skrunner.training._seeding import Seeds, draw_seeds, isolated_rng
from skrunner.training._selection import EPOCH_RULES, UNCHOOSING

__all__ = [
    "EPOCH_RULES",
    "PRECISIONS",
    "UNCHOOSING",
    "Checkpoint",
    "GroupNet",
    "NetSpec",
    "Seeds",
    "TrainingSettings",
    "build_module",
    "draw_seeds",
    "isolated_rng",
    "make_net",
    "matmul_precision",
    "model_dtype",
    "predict_logits",
    "read_net",
    "require_same",
    "start_processes",
    "train_foreign_net",
    "train_net",
    "trained_anew",
]
