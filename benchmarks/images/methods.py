"""What is trained for each method on images; all share the budget of the run.

The epoch is chosen on validation rows for every method. Vanilla and FairNeuron, which
do not look at groups, keep the one of the best average precision; the others may give
up 0.01 of it for a smaller gap, searched settings what their ``utility_drop`` says.
"""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.paper.methods import Method
from skrunner import NetClassifier, RunnerClassifier, baselines

BEST = Path(__file__).with_name("best.json")
Settings = dict[str, Any]
# The shares of the paper's RUNNER rows: of "attractive" by Tables 4 and 7, of "wavy
# hair" by the released code's page.
PAPER_RATIOS = {
    ("attractive", "demographic_parity"): 0.5,
    ("attractive", "equalized_odds"): 0.2,
    ("wavy_hair", "demographic_parity"): 0.2,
    ("wavy_hair", "equalized_odds"): 0.5,
}
# The weight on images is not published.
PAPER_WEIGHT = 1.0
NEURON_RATIOS = (0.05, 0.1, 0.2, 0.5)
# How long the fairness term's gradient may be, in lengths of the predictive loss's:
# from little to much fairness. From some length on the weight of the best settings
# gives less than may be: the last rungs have a greater one.
LIMITS = (0.1, 0.2, 0.4, 0.6, 1.0, 2.0, 4.0)
LADDER: dict[str, dict[str, float]] = {
    **{
        f"runner_limit{round(100 * limit):02}": {"fairness_gradient_limit": limit}
        for limit in LIMITS
    },
    "runner_weight03": {"fairness_gradient_limit": 1.0, "fairness_weight": 3.0},
    "runner_weight10": {"fairness_gradient_limit": 2.0, "fairness_weight": 10.0},
}
OF_NEURONS = ("neuron_ratio", "normalize", "layers")
BLIND = {"utility_drop": 0.0}


def vanilla(_task: str, _constraints: str, common: Settings) -> Any:
    """Make the plain net."""
    return NetClassifier(**BLIND, **common)


def oversample(_task: str, constraints: str, common: Settings) -> Any:
    """Make the net of batches that balance what the paper's loaders do."""
    strategy = "group" if constraints == "demographic_parity" else "cell"
    return baselines.OversamplingClassifier(strategy=strategy, **common)


def adversarial(_task: str, _constraints: str, common: Settings) -> Any:
    """Make the net with an adversary, at the weight of RUNNER's experiments."""
    return baselines.AdversarialClassifier(adversary_weight=0.5, **common)


def fairneuron(_task: str, _constraints: str, common: Settings) -> Any:
    """Make the net that is retrained with its last two layers thinned for rare rows."""
    return baselines.FairNeuronClassifier(path_layers=2, **BLIND, **common)


def runner_ratio(
    neuron_ratio: float | None, limit: float | None = math.inf
) -> Callable[[str, str, Settings], Any]:
    """Return what makes RUNNER as the paper trains it.

    Parameters
    ----------
    neuron_ratio : float or None
        The share k of neurons; None takes the paper's for the task and constraint.
    limit : float or None, default=inf
        How long the term's gradient may be; the paper sets no limit. None is the
        default of the package.

    Returns
    -------
    callable
        See ``Method``.
    """

    def make(task: str, constraints: str, common: Settings) -> Any:
        return RunnerClassifier(
            fairness_weight=PAPER_WEIGHT,
            neuron_ratio=neuron_ratio or PAPER_RATIOS[task, constraints],
            sampling="balanced",
            gap="mean",
            gap_momentum=0.0,
            diagnose_every=1,
            fairness_gradient_limit=limit,
            **common,
        )

    return make


def tuned(method: str, params: Settings, common: Settings) -> Any:
    """Make a method whose settings are searched.

    Parameters
    ----------
    method : {"runner_best", "gap_best"}
        The method.
    params, common : dict
        The settings, and what all methods share.

    Returns
    -------
    estimator
        RUNNER, or the control that no neuron takes part in.
    """
    kinds = {
        "runner_best": RunnerClassifier,
        "gap_best": baselines.GapRegularizationClassifier,
    }
    if params.get("fairness_gradient_limit", "not searched") is None:
        params = {**params, "fairness_gradient_limit": math.inf}  # no number in JSON
    return kinds[method](**params, **common)


def best_settings(method: str, task: str, net: str, constraints: str) -> Settings:
    """Return what was chosen on validation rows (``images_search``).

    Parameters
    ----------
    method, task, net, constraints : str
        The method and what it is for.

    Returns
    -------
    dict
        Parameters; none where nothing was searched, which leaves the defaults.
    """
    chosen = json.loads(BEST.read_text())["settings"]
    return dict(chosen.get(method, {}).get(f"{task}/{net}/{constraints}", {}))


def runner_best(task: str, constraints: str, common: Settings) -> Any:
    """Make RUNNER with the settings chosen on validation rows."""
    chosen = best_settings("runner_best", task, common["net"], constraints)
    return tuned("runner_best", chosen, common)


def runner_rung(rung: dict[str, float]) -> Callable[[str, str, Settings], Any]:
    """Return what makes RUNNER with its best settings but for those of a rung.

    Parameters
    ----------
    rung : dict
        How long the term's gradient may be, and perhaps the weight.

    Returns
    -------
    callable
        See ``Method``.
    """

    def make(task: str, constraints: str, common: Settings) -> Any:
        chosen = best_settings("runner_best", task, common["net"], constraints)
        return tuned("runner_best", {**chosen, **rung}, common)

    return make


def rung_title(rung: dict[str, float]) -> str:
    """Name a rung of the ladder.

    Parameters
    ----------
    rung : dict
        See `runner_rung`.

    Returns
    -------
    str
        The title of its rows.
    """
    title = f"RUNNER, limit {rung['fairness_gradient_limit']:g}"
    return f"{title}, λ = {rung['fairness_weight']:g}" if len(rung) > 1 else title


def gap_best(task: str, constraints: str, common: Settings) -> Any:
    """Make the control that no neuron takes part in, by its search or as RUNNER."""
    of = (task, common["net"], constraints)
    chosen = best_settings("gap_best", *of) or best_settings("runner_best", *of)
    kept = {name: value for name, value in chosen.items() if name not in OF_NEURONS}
    return tuned("gap_best", kept, common)


METHODS = {
    "vanilla": Method("Vanilla", vanilla, "vanilla", rows="fit"),
    "oversample": Method("Oversample", oversample, "oversample", rows="fit"),
    "adversarial": Method("Adversarial", adversarial, "adversarial", rows="fit"),
    "fairneuron": Method("FairNeuron", fairneuron, "fairneuron", rows="fit"),
    "runner_paper": Method(
        "RUNNER, paper's settings", runner_ratio(None), "runner", rows="fit"
    ),
    "runner_best": Method(
        "RUNNER, best settings", runner_best, "runner", reproduces=False, rows="fit"
    ),
    "gap_best": Method(
        "control: output gap alone", gap_best, reproduces=False, rows="fit"
    ),
    **{
        f"runner_k{round(100 * ratio):02}": Method(
            f"RUNNER, k = {ratio:.0%}",
            runner_ratio(ratio, limit=None),
            "runner",
            rows="fit",
        )
        for ratio in NEURON_RATIOS
    },
    **{
        name: Method(rung_title(rung), runner_rung(rung), reproduces=False, rows="fit")
        for name, rung in LADDER.items()
    },
}
# Constraints change nothing about them: one fit serves both.
UNAWARE = ("vanilla", "fairneuron")
RIVALS = ("oversample", "adversarial", "fairneuron")
