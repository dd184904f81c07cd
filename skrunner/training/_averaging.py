"""Keep the mean of the last epochs' weights in place of one epoch's."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from skrunner.training._selection import EpochSelection

# Of all epochs.
AVERAGED_SHARE = 0.25


class WeightAveraging(EpochSelection):
    """Load the mean of the weights of the last quarter of the epochs, one at least.

    Buffers, such as the statistics of batch normalization, are averaged as well; what
    is no floating number, such as a count of batches, is that of the last epoch. A
    training that patience ends before that quarter keeps its last weights. Source:
    stochastic weight averaging, Izmailov et al. (2018), every epoch a sample.

    Parameters
    ----------
    patience : int or None, default=None
        Stop after so many epochs without a lower loss, see `EpochSelection`.
    """

    def __init__(self, patience: int | None = None) -> None:
        super().__init__("average", patience=patience)

    def on_train_begin(self, net: Any, **kwargs: Any) -> None:
        """Forget earlier trainings."""
        super().on_train_begin(net, **kwargs)
        self.n_epochs_ = 0
        self.sums_: dict[str, Tensor] = {}

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        """Add the weights of the last epochs up, and stop if patience is at its end."""
        self.n_epochs_ += 1
        if self._n_averaged(net) > 0:
            for name, part in _averageable(net.module_).items():
                # A checkpoint is read into the memory of the host.
                before = self.sums_.get(name, torch.zeros_like(part))
                self.sums_[name] = before.to(part.device) + part
        super().on_epoch_end(net, **kwargs)

    def on_train_end(self, net: Any, **_kwargs: Any) -> None:
        """Load the mean."""
        net.chosen_epoch_ = len(net.history)
        n_averaged = self._n_averaged(net)
        mean = {name: total / n_averaged for name, total in self.sums_.items()}
        net.module_.load_state_dict({**net.module_.state_dict(), **mean})
        self.sums_ = {}

    def state_dict(self) -> dict[str, Any]:
        """Return what the mean depends on.

        Returns
        -------
        dict
            The sums of weights, how many epochs passed, and what patience counts.
        """
        return {
            **super().state_dict(),
            "sums": self.sums_,
            "n_epochs": self.n_epochs_,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where another training was.

        Parameters
        ----------
        state : mapping
            From `state_dict`.
        """
        super().load_state_dict(state)
        self.sums_ = dict(state["sums"])
        self.n_epochs_ = state["n_epochs"]

    def _n_averaged(self, net: Any) -> int:
        max_epochs: int = net.max_epochs
        n_last = max(1, round(AVERAGED_SHARE * max_epochs))
        return self.n_epochs_ - (max_epochs - n_last)


def _averageable(module: nn.Module) -> dict[str, Tensor]:
    return {
        name: part
        for name, part in module.state_dict().items()
        if isinstance(part, Tensor) and (part.is_floating_point() or part.is_complex())
    }
