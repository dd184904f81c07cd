"""The settings among which the defaults were chosen, by class and constraint."""

from typing import Any

from skrunner import RunnerClassifier, baselines

Settings = dict[str, Any]

CLASSES = {
    "runner": RunnerClassifier,
    "adversarial": baselines.AdversarialClassifier,
    "mixup": baselines.FairMixupClassifier,
}
# What all candidates of a class share.
COMMON: dict[str, Settings] = {
    "runner": {"validation_fraction": 0.25},
    "adversarial": {},
    "mixup": {"validation_fraction": 0.25},
}
RUNNER: dict[str, list[Settings]] = {
    "demographic_parity": [
        {"gap": "threshold", "fairness_weight": 0.1},
        {"gap": "threshold", "fairness_weight": 0.2},
        {"gap": "threshold", "fairness_weight": 0.3},
        {"gap": "mean", "fairness_weight": 0.3},
        {"gap": "wasserstein", "fairness_weight": 0.2},
        {"gap": "threshold", "fairness_weight": 0.2, "sampling": "shared"},
    ],
    "equalized_odds": [
        {"gap": "threshold", "fairness_weight": 0.2},
        {"gap": "threshold", "fairness_weight": 0.3},
        {"gap": "mean", "fairness_weight": 0.2},
        {"gap": "mean", "fairness_weight": 0.3},
        {"gap": "mean", "fairness_weight": 0.2, "fairness_batch_size": 1000},
        {"gap": "threshold", "fairness_weight": 0.3, "sampling": "shared"},
    ],
}
ADVERSARIAL: list[Settings] = [
    {"alpha_schedule": "constant", "sampling": "shared"},
    {"alpha_schedule": "constant", "sampling": "two_stream"},
    {"alpha_schedule": "sqrt", "sampling": "shared"},
    {"alpha_schedule": "sqrt", "sampling": "two_stream"},
    {"alpha_schedule": "sqrt", "sampling": "two_stream", "adversary_weight": 0.2},
    {"alpha_schedule": "sqrt", "sampling": "two_stream", "adversary_weight": 1.0},
]
MIXUP: list[Settings] = [
    {"fairness_weight": weight} for weight in (0.2, 0.5, 1.0, 2.0, 5.0)
]
CANDIDATES = {
    "runner": RUNNER,
    "adversarial": dict.fromkeys(RUNNER, ADVERSARIAL),
    "mixup": dict.fromkeys(RUNNER, MIXUP),
}
