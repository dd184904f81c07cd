"""How each method is made for a task and a strength.

All nets are the paper's, two hidden layers of 200, but that of the reductions, which
fit many. Nets that choose an epoch do so by the same rule, on a quarter of the rows of
the fit.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from sklearn.linear_model import LogisticRegression

from benchmarks.paper.methods import (
    FAVORABLE,
    VALIDATION,
    best_settings,
    tuned,
    vanilla,
)
from benchmarks.peers.fairlearn_peers import Adversary, Reduction, Thresholds
from skrunner import NetClassifier, RunnerClassifier, baselines

CHOSEN = {"select_epoch": "within_utility", **VALIDATION}
# Where fairlearn's adversary learns at all: hidden units and learning rate. On Adult
# two layers of 200 collapse with every weight and rate that was tried.
ADVERSARY_NETS = {"adult": ((50,), 3e-4), "compas": ((200, 200), 1e-4)}
# 216 and 100 steps; with three times as many on Adult AP and ACC are the same.
SMALL_NET_EPOCHS = {"adult": 3, "compas": 10}
ADVERSARY_LINEAR = ((), 3e-3)

Strength = dict[str, Any]


class Task(NamedTuple):
    """What a method is asked to do.

    Parameters
    ----------
    dataset, constraints : str
        The data set and the constraint.
    seed : int
        The split, and the seed of the training.
    n_rows : int
        Rows of the fit.
    device : str
        Where to train.
    """

    dataset: str
    constraints: str
    seed: int
    n_rows: int
    device: str

    @property
    def common(self) -> Strength:
        """The parameters that all our estimators share."""
        return {"device": self.device, "random_state": self.seed}


Make = Callable[[Task, Strength], Any]


def make_vanilla(task: Task, _strength: Strength) -> Any:
    """Make the paper's plain net."""
    return vanilla(task.dataset, task.constraints, task.common)


def make_logistic(task: Task) -> Any:
    """Make the linear model that fairlearn's own examples take."""
    return LogisticRegression(max_iter=1000, random_state=task.seed)


def make_small_net(task: Task) -> Any:
    """Make a net that trains fast enough to be fitted many times."""
    return NetClassifier(
        net_params={"hidden": (50,)},
        max_epochs=SMALL_NET_EPOCHS[task.dataset],
        lr=5e-3,
        batch_size=500,
        **task.common,
    )


def of_class(kind: Any, **fixed: Any) -> Make:
    """Return what makes a net-training classifier with a strength as parameters."""

    def make(task: Task, strength: Strength) -> Any:
        params = {**CHOSEN, **fixed, **strength}
        return kind(constraints=task.constraints, **params, **task.common)

    return make


def of_search(name: str) -> Make:
    """Return what makes a method of the tables with its searched settings."""

    def make(task: Task, strength: Strength) -> Any:
        chosen = best_settings(name, task.dataset, task.constraints)
        params = {**VALIDATION, **chosen, **strength}
        return tuned(name, task.constraints, params, task.common)

    return make


def make_paper(task: Task, strength: Strength) -> Any:
    """Make RUNNER as the paper trains it."""
    paper = RunnerClassifier.paper_settings(task.dataset, task.constraints)
    return RunnerClassifier(**{**paper, **strength}, **task.common)


def make_reject(task: Task, strength: Strength) -> Any:
    """Make the plain net behind which the group settles uncertain rows."""
    return baselines.RejectOptionClassifier(
        make_vanilla(task, {}),
        constraints=task.constraints,
        favorable_label=FAVORABLE.get(task.dataset, 1),
        **strength,
    )


def of_reduction(make_base: Callable[[Task], Any], max_iter: int) -> Make:
    """Return what makes ExponentiatedGradient of a base classifier."""

    def make(task: Task, strength: Strength) -> Any:
        base = make_base(task)
        return Reduction(
            base, task.constraints, task.seed, max_iter=max_iter, **strength
        )

    return make


def of_thresholds(make_base: Callable[[Task], Any]) -> Make:
    """Return what makes ThresholdOptimizer of a base classifier."""

    def make(task: Task, strength: Strength) -> Any:
        return Thresholds(make_base(task), task.constraints, task.seed, strength)

    return make


def of_adversary(*, linear: bool) -> Make:
    """Return what makes fairlearn's adversarial training of a net or a linear model."""

    def make(task: Task, strength: Strength) -> Any:
        hidden, lr = ADVERSARY_LINEAR if linear else ADVERSARY_NETS[task.dataset]
        return Adversary(
            task.constraints,
            task.seed,
            task.n_rows,
            hidden=hidden,
            options={"learning_rate": lr, **strength},
        )

    return make
