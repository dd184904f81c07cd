"""Choose the epoch whose weights are kept, and stop when nothing better comes."""

import copy
import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from skorch.callbacks import Callback

from skrunner.exceptions import CollapseWarning

# These look at no validation score.
UNCHOOSING = ("average", "last")
EPOCH_RULES = (*UNCHOOSING, "min_gap", "within_utility")


class Candidate(NamedTuple):
    """An epoch that may be chosen.

    Attributes
    ----------
    epoch : int
        Its number, from 1.
    utility, gap : float
        Scores of the validation rows.
    collapsed : bool
        Whether the predictions gave up on a class.
    state : dict
        The module's state.
    """

    epoch: int
    utility: float
    gap: float
    collapsed: bool
    state: dict[str, Any]


class EpochSelection(Callback):
    """Keep the weights of the chosen epoch.

    Parameters
    ----------
    rule : {"average", "last", "min_gap", "within_utility"}
        ``"average"`` is that of `WeightAveraging`, ``"last"`` keeps the last epoch,
        ``"min_gap"`` the one with the smallest gap of the validation rows behind the
        first epoch (the released code's rule), ``"within_utility"`` the one with the
        smallest gap among those whose utility is at most `utility_drop` under the best.
        Epochs that collapsed are refused: the constant predictor has no gap.
    utility_drop : float, default=0.01
        How much utility may be given up.
    patience : int or None, default=None
        Stop after so many epochs without another choice (for the first two, without
        a lower loss of the validation rows, or of the training rows if there are none).
    """

    def __init__(
        self, rule: str, utility_drop: float = 0.01, patience: int | None = None
    ) -> None:
        self.rule = rule
        self.utility_drop = utility_drop
        self.patience = patience

    def on_train_begin(self, net: Any, **_kwargs: Any) -> None:
        """Forget earlier trainings."""
        self.candidates_: list[Candidate] = []
        self.least_loss_ = np.inf
        self.last_change_ = len(net.history)
        net.chosen_epoch_ = None

    def on_epoch_end(self, net: Any, **_kwargs: Any) -> None:
        """Take the epoch in, and stop if patience is at its end."""
        epoch = len(net.history)
        if self.rule in UNCHOOSING:
            name = "valid_loss" if net.validation_ is not None else "train_loss"
            loss = net.history[-1, name]
            changed = loss < self.least_loss_
            self.least_loss_ = min(loss, self.least_loss_)
        else:
            before = self._choose()
            self._take_in(net, epoch)
            changed = self._choose() is not before or not self.candidates_
        if changed:
            self.last_change_ = epoch
        elif self.patience and epoch - self.last_change_ >= self.patience:
            raise KeyboardInterrupt  # how skorch callbacks end a training

    def on_train_end(self, net: Any, **_kwargs: Any) -> None:
        """Load the chosen weights."""
        chosen = self._choose()
        net.chosen_epoch_ = len(net.history)
        if chosen is not None:
            net.chosen_epoch_ = chosen.epoch
            if chosen.collapsed:
                self._warn(net)
            net.module_.load_state_dict(chosen.state)
        self.candidates_ = []

    def state_dict(self) -> dict[str, Any]:
        """Return what later choices depend on.

        Returns
        -------
        dict
            The epochs that may be chosen with their weights, and what patience counts.
        """
        return {
            "candidates": [candidate._asdict() for candidate in self.candidates_],
            "least_loss": self.least_loss_,
            "last_change": self.last_change_,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where the choice of another training was.

        Parameters
        ----------
        state : mapping
            From `state_dict`.
        """
        self.candidates_ = [Candidate(**fields) for fields in state["candidates"]]
        self.least_loss_ = state["least_loss"]
        self.last_change_ = state["last_change"]

    def _take_in(self, net: Any, epoch: int) -> None:
        if self.rule == "min_gap" and epoch == 1:
            return
        names = ("valid_utility", "valid_gap", "valid_collapsed")
        utility, gap, collapsed = (net.history[-1, name] for name in names)
        gap = np.inf if np.isnan(gap) else gap
        candidate = Candidate(epoch, utility, gap, collapsed, {})
        if any(_dominates(other, candidate) for other in self.candidates_):
            return
        self.candidates_ = [
            other for other in self.candidates_ if not _dominates(candidate, other)
        ]
        state = copy.deepcopy(net.module_.state_dict())
        self.candidates_.append(candidate._replace(state=state))

    def _choose(self) -> Candidate | None:
        sound = [c for c in self.candidates_ if not c.collapsed]
        if not sound:
            return max(self.candidates_, key=lambda c: c.utility, default=None)
        best = max(candidate.utility for candidate in sound)
        drop = self.utility_drop if self.rule == "within_utility" else np.inf
        allowed = [c for c in sound if c.utility >= best - drop]
        return min(allowed, key=lambda c: c.gap)

    def _warn(self, net: Any) -> None:
        warnings.warn(
            "In every epoch the predictions on the validation rows left [0.5, 1.5] "
            "times the base rate of positives (or named one class only): the smallest "
            f"gap is a collapse, no repair. Epoch {net.chosen_epoch_}, of the best "
            "utility, is kept. Lower fairness_gradient_limit (deep nets need one; "
            "0.2 on images unless it is given), fairness_weight or neuron_ratio, or "
            "train longer.",
            CollapseWarning,
            stacklevel=2,
        )


def _dominates(one: Candidate, other: Candidate) -> bool:
    if one.collapsed != other.collapsed:
        return False
    return one.utility >= other.utility and one.gap <= other.gap
