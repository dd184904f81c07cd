"""What is trained for each method: estimators and settings, all in one place.

"Paper" settings are those of section 4.1: 5 epochs of 100 steps (FairNeuron 10,
Adversarial 15 epochs), 1,000 rows a step for demographic parity and 2,000 for equalized
odds, Adam at 0.001, the last epoch. "Best" settings come from ``best.json``.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, NamedTuple

from skrunner import NetClassifier, RunnerClassifier, baselines

BEST = Path(__file__).with_name("best.json")
BATCH = {"demographic_parity": 1000, "equalized_odds": 2000}
# An epoch is chosen on as many rows as the paper validates on.
VALIDATION = {"validation_fraction": 0.25}
# A new charge is no favor; elsewhere the label 1 is.
FAVORABLE = {"compas": 0}

Settings = dict[str, Any]
Make = Callable[[str, str, Settings], Any]


class Method(NamedTuple):
    """A row of the tables.

    Parameters
    ----------
    title : str
        Its name on the pages.
    make : callable
        Returns the unfitted estimator, of a data set's name, a constraint's and the
        parameters that all share (device and seed).
    column : str or None, default=None
        The paper's column that it stands beside.
    reproduces : bool, default=True
        Whether it is meant to give the paper's figures.
    rows : {"train", "fit"}, default="train"
        Whether it trains on the train rows alone, or takes its validation rows itself.
    """

    title: str
    make: Make
    column: str | None = None
    reproduces: bool = True
    rows: Literal["train", "fit"] = "train"


def budget(constraints: str, max_epochs: int = 5) -> Settings:
    """Return the paper's budget of a training.

    Parameters
    ----------
    constraints : str
        The constraint, on which the rows of a step depend.
    max_epochs : int, default=5
        Epochs of 100 steps.

    Returns
    -------
    dict
        Parameters of any net-training estimator.
    """
    return {
        "constraints": constraints,
        "max_epochs": max_epochs,
        "steps_per_epoch": 100,
        "batch_size": BATCH[constraints],
        "lr": 1e-3,
        "select_epoch": "last",
    }


def best_settings(method: str, name: str, constraints: str) -> Settings:
    """Return what was chosen on validation rows (``benchmarks.paper.best``).

    Parameters
    ----------
    method, name, constraints : str
        The method, the data set and the constraint.

    Returns
    -------
    dict
        Parameters; none where nothing was searched, which leaves the defaults.
    """
    chosen = json.loads(BEST.read_text())["settings"]
    return dict(chosen.get(method, {}).get(f"{name}/{constraints}", {}))


def vanilla(_name: str, constraints: str, common: Settings) -> Any:
    """Make the plain net."""
    return NetClassifier(**budget(constraints), **common)


def oversample(_name: str, constraints: str, common: Settings) -> Any:
    """Make the net of batches that hold all cells equally often."""
    return baselines.OversamplingClassifier(**budget(constraints), **common)


def reweighting(_name: str, constraints: str, common: Settings) -> Any:
    """Make the net of weighted rows."""
    return baselines.ReweightingClassifier(**budget(constraints), **common)


def adversarial(_name: str, constraints: str, common: Settings) -> Any:
    """Make the net with an adversary, at the weight of the released code's page."""
    return baselines.AdversarialClassifier(
        adversary_weight=0.5, **budget(constraints, 15), **common
    )


def fairneuron(_name: str, constraints: str, common: Settings) -> Any:
    """Make the net that is retrained on conflicting rows."""
    return baselines.FairNeuronClassifier(**budget(constraints, 10), **common)


def fairsmote(_name: str, constraints: str, common: Settings) -> Any:
    """Make the net of cells filled with made rows."""
    return baselines.FairSmoteClassifier(**budget(constraints), **common)


def roc(name: str, constraints: str, common: Settings) -> Any:
    """Make the plain net behind which the group settles uncertain rows."""
    return baselines.RejectOptionClassifier(
        vanilla(name, constraints, common),
        constraints=constraints,
        theta=0.6,
        scores="hard_in_region",
        favorable_label=FAVORABLE.get(name, 1),
    )


def runner_paper(name: str, constraints: str, common: Settings) -> Any:
    """Make RUNNER as the paper trains it."""
    return RunnerClassifier(
        **RunnerClassifier.paper_settings(name, constraints), **common
    )


def runner_ratio(neuron_ratio: float) -> Make:
    """Return what makes RUNNER as the paper trains it, with another share of neurons.

    Parameters
    ----------
    neuron_ratio : float
        The share k.

    Returns
    -------
    callable
        See `Method`.
    """

    def make(name: str, constraints: str, common: Settings) -> Any:
        paper = RunnerClassifier.paper_settings(name, constraints)
        return RunnerClassifier(**{**paper, "neuron_ratio": neuron_ratio}, **common)

    return make


def runner_default(_name: str, constraints: str, common: Settings) -> Any:
    """Make RUNNER with the defaults of this package."""
    return RunnerClassifier(constraints=constraints, **VALIDATION, **common)


def vanilla_default(_name: str, constraints: str, common: Settings) -> Any:
    """Make the plain net with the defaults of this package."""
    return NetClassifier(constraints=constraints, **common)


def tuned(method: str, constraints: str, params: Settings, common: Settings) -> Any:
    """Make a method whose settings are searched.

    Parameters
    ----------
    method : {"runner_best", "gap_best"}
        The method.
    constraints : str
        The constraint.
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
    return kinds[method](constraints=constraints, **params, **common)


def runner_best(name: str, constraints: str, common: Settings) -> Any:
    """Make RUNNER with the settings chosen on validation rows."""
    chosen = best_settings("runner_best", name, constraints)
    return tuned("runner_best", constraints, {**VALIDATION, **chosen}, common)


def runner_random(name: str, constraints: str, common: Settings) -> Any:
    """Make the control: as `runner_best`, on neurons drawn at random."""
    estimator = runner_best(name, constraints, common)
    return estimator.set_params(importance="random")


def gap_best(name: str, constraints: str, common: Settings) -> Any:
    """Make the control that no neuron takes part in, chosen by the same search."""
    chosen = best_settings("gap_best", name, constraints)
    return tuned("gap_best", constraints, {**VALIDATION, **chosen}, common)


METHODS = {
    "vanilla": Method("Vanilla", vanilla, "vanilla"),
    "oversample": Method("Oversample", oversample, "oversample"),
    "reweighting": Method("Reweighting", reweighting, "reweighting"),
    "adversarial": Method("Adversarial", adversarial, "adversarial"),
    "fairneuron": Method("FairNeuron", fairneuron, "fairneuron"),
    "fairsmote": Method("FairSmote", fairsmote, "fairsmote"),
    "roc": Method("ROC", roc, "roc"),
    "runner_paper": Method(
        "RUNNER, paper's settings", runner_paper, "runner", rows="fit"
    ),
    "runner_best": Method(
        "RUNNER, best settings", runner_best, "runner", reproduces=False, rows="fit"
    ),
    "runner_random": Method(
        "control: random neurons", runner_random, reproduces=False, rows="fit"
    ),
    "gap_best": Method(
        "control: output gap alone", gap_best, reproduces=False, rows="fit"
    ),
    "vanilla_default": Method(
        "Vanilla, our defaults", vanilla_default, "vanilla", reproduces=False
    ),
    "runner_default": Method(
        "RUNNER, our defaults", runner_default, "runner", reproduces=False, rows="fit"
    ),
    **{
        f"runner_k{round(100 * ratio):02}": Method(
            f"RUNNER, k = {ratio:.0%}", runner_ratio(ratio), "runner", rows="fit"
        )
        for ratio in (0.05, 0.1, 0.2, 0.5)
    },
}
# What --methods takes for several at once.
ALIASES = {"runner": ("runner_paper", "runner_best")}
