"""What is compared: every method, and the strengths that trace its frontier."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from benchmarks.peers.fairret_peer import FairretClassifier
from benchmarks.peers.makers import (
    Make,
    Strength,
    make_logistic,
    make_paper,
    make_reject,
    make_small_net,
    make_vanilla,
    of_adversary,
    of_class,
    of_reduction,
    of_search,
    of_thresholds,
)
from skrunner import RunnerClassifier, baselines

OURS = "runner_best"
REFERENCE = "vanilla"


class Method(NamedTuple):
    """A method.

    Parameters
    ----------
    title : str
        Its name on the pages.
    family : {"plain", "RUNNER", "control", "baseline", "fairlearn", "fairret"}
        Where it comes from.
    make : callable
        Returns the unfitted estimator, of a task and a strength.
    strengths : sequence of dict, or dict of them by constraint
        What traces the frontier; those that have no such knob have one strength.
    needs_groups : bool, default=False
        Whether it takes the sensitive feature at prediction.
    score : str, default="yes"
        Whether its score ranks rows.
    """

    title: str
    family: str
    make: Make
    strengths: Sequence[Strength] | Mapping[str, Sequence[Strength]]
    needs_groups: bool = False
    score: str = "yes"

    def strengths_of(self, constraints: str) -> Sequence[Strength]:
        """Return the strengths for a constraint."""
        if isinstance(self.strengths, Mapping):
            return self.strengths[constraints]
        return self.strengths


def each(name: str, *values: Any) -> list[Strength]:
    """Return a strength for each value of a parameter."""
    return [{name: value} for value in values]


WEIGHTS = each("fairness_weight", 0.05, 0.1, 0.2, 0.5, 1.0)
# fairlearn bounds the distance of a group from all rows: gaps are up to twice it.
BOUNDS = each("bound", 0.001, 0.01, 0.02, 0.04, 0.08)
# fairlearn relaxes demographic parity only.
TOLERANCES = {
    "demographic_parity": each("tol", None, 0.03, 0.06, 0.1, 0.15),
    "equalized_odds": each("flip", False, True),
}
ALPHAS = each("alpha", 0.1, 0.3, 0.6, 1.0, 1.5)
MIXTURE = "no: a share of hard decisions"
DRAWN = "no: the odds of a draw"
PRIVATE = "yes, by a private method"

METHODS = {
    REFERENCE: Method("Vanilla", "plain", make_vanilla, [{}]),
    OURS: Method("RUNNER, best settings", "RUNNER", of_search("runner_best"), WEIGHTS),
    "runner_default": Method(
        "RUNNER, defaults", "RUNNER", of_class(RunnerClassifier), WEIGHTS
    ),
    "runner_paper": Method(
        "RUNNER, paper's settings",
        "RUNNER",
        make_paper,
        each("fairness_weight", 0.1, 0.3, 1.0, 3.0, 7.0),
    ),
    "gap_best": Method(
        "GapRegularization, best settings",
        "control",
        of_search("gap_best"),
        WEIGHTS,
    ),
    "mixup": Method(
        "FairMixup",
        "control",
        of_class(baselines.FairMixupClassifier),
        each("fairness_weight", 0.2, 0.5, 1.0, 3.0, 10.0),
    ),
    "adversarial": Method(
        "Adversarial",
        "baseline",
        of_class(baselines.AdversarialClassifier),
        # Its schedule makes of them about three times as much.
        each("adversary_weight", 0.03, 0.1, 0.3, 1.0, 3.0),
    ),
    "reweighting": Method(
        "Reweighting", "baseline", of_class(baselines.ReweightingClassifier), [{}]
    ),
    "oversampling": Method(
        "Oversampling",
        "baseline",
        of_class(baselines.OversamplingClassifier),
        each("strategy", "group", "cell", "label"),
    ),
    "reject": Method(
        "RejectOption",
        "baseline",
        make_reject,
        each("theta", 0.55, 0.6, 0.65, 0.7, 0.8),
        needs_groups=True,
        score="yes, folded at the threshold",
    ),
    "eg_logistic": Method(
        "ExponentiatedGradient, logistic",
        "fairlearn",
        of_reduction(make_logistic, 50),
        BOUNDS,
        score=MIXTURE,
    ),
    "eg_net": Method(
        "ExponentiatedGradient, net of 50",
        "fairlearn",
        of_reduction(make_small_net, 10),
        BOUNDS,
        score=MIXTURE,
    ),
    "to_logistic": Method(
        "ThresholdOptimizer, logistic",
        "fairlearn",
        of_thresholds(make_logistic),
        TOLERANCES,
        needs_groups=True,
        score=DRAWN,
    ),
    "to_net": Method(
        "ThresholdOptimizer, net",
        "fairlearn",
        of_thresholds(lambda task: make_vanilla(task, {})),
        TOLERANCES,
        needs_groups=True,
        score=DRAWN,
    ),
    "afc": Method(
        "AdversarialFairnessClassifier, net",
        "fairlearn",
        of_adversary(linear=False),
        ALPHAS,
        score=PRIVATE,
    ),
    "afc_linear": Method(
        "AdversarialFairnessClassifier, linear",
        "fairlearn",
        of_adversary(linear=True),
        ALPHAS,
        score=PRIVATE,
    ),
    "fairret_norm": Method(
        "fairret, norm",
        "fairret",
        of_class(FairretClassifier, penalty="norm"),
        each("fairness_weight", 0.01, 0.03, 0.1, 0.3, 1.0),
    ),
    "fairret_projection": Method(
        "fairret, KL projection",
        "fairret",
        of_class(FairretClassifier, penalty="projection"),
        each("fairness_weight", 1.0, 3.0, 10.0, 30.0, 100.0),
    ),
}
