"""The settings that the search on images chooses from."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from benchmarks.images.methods import RIVALS

SEARCHED = ("runner_best", "gap_best")
OTHERS = ("vanilla", *RIVALS)


@dataclass(frozen=True)
class Grid:
    """The settings to choose from.

    Parameters
    ----------
    weights : sequence of float
        The weights λ.
    ratios : sequence of float
        The shares k of neurons; the control has none.
    gaps : sequence of str
        The gaps of the output.
    normalize : sequence of bool
        Whether gaps of neurons are divided by their deviation; the control has none.
    warm_ups : sequence of float
        Shares of the training over which λ rises.
    rows : sequence of int or None
        Balanced rows of a step; None is the default.
    drops : sequence of float
        The validation utility that the epoch's choice may give up.
    limits : sequence of float or None
        How long the term's gradient may be, in lengths of the predictive loss's; None
        sets no limit.
    layers : sequence of str or None
        Names or patterns of the layers whose neurons are held; None takes all. The
        control has none.
    """

    weights: Sequence[float] = (0.1, 0.3, 1.0, 3.0, 10.0)
    ratios: Sequence[float] = (0.05, 0.5)
    gaps: Sequence[str] = ("mean", "threshold")
    normalize: Sequence[bool] = (False, True)
    warm_ups: Sequence[float] = (0.0,)
    rows: Sequence[int | None] = (None,)
    drops: Sequence[float] = (0.03,)
    limits: Sequence[float | None] = (None,)
    layers: Sequence[str | None] = (None,)

    def candidates(self) -> list[tuple[str, dict[str, Any]]]:
        """List methods and parameters.

        Returns
        -------
        list of (str, dict)
            Vanilla, the rivals, and all settings of the methods that are searched.
        """
        shared = {
            "fairness_weight": self.weights,
            "gap": self.gaps,
            "fairness_warm_up": self.warm_ups,
            "fairness_batch_size": self.rows,
            "utility_drop": self.drops,
            "fairness_gradient_limit": self.limits,
        }
        common = [
            dict(zip(shared, values, strict=True))
            for values in product(*shared.values())
        ]
        where = [{} if name is None else {"layers": name} for name in self.layers]
        runner = [
            {**params, "neuron_ratio": ratio, "normalize": normalize, **layers}
            for params, ratio, normalize, layers in product(
                common, self.ratios, self.normalize, where
            )
        ]
        return [
            *((name, {}) for name in OTHERS),
            *(("gap_best", params) for params in common),
            *(("runner_best", params) for params in runner),
        ]
