"""A progress bar over epochs."""

from typing import Any

import numpy as np
from skorch.callbacks import Callback
from tqdm.auto import tqdm

SHOWN = ("train_loss", "fairness_term", "valid_utility", "valid_gap")


class EpochProgress(Callback):
    """Show how far the training is, and its last scores.

    Parameters
    ----------
    max_epochs : int
        The length of the bar.
    """

    def __init__(self, max_epochs: int) -> None:
        self.max_epochs = max_epochs

    def on_train_begin(self, net: Any, **_kwargs: Any) -> None:
        """Open the bar."""
        self.before_ = len(net.history)
        self.bar_ = tqdm(total=self.max_epochs, unit="epoch", desc="training")

    def on_epoch_end(self, net: Any, **_kwargs: Any) -> None:
        """Move it on."""
        epoch = net.history[-1]
        scores = {
            name: f"{epoch[name]:.4f}"
            for name in SHOWN
            if np.isfinite(epoch.get(name, np.nan))
        }
        self.bar_.set_postfix(scores, refresh=False)
        # A training that goes on from a checkpoint starts in the middle of the bar.
        self.bar_.update(len(net.history) - self.before_ - self.bar_.n)

    def on_train_end(self, net: Any, **_kwargs: Any) -> None:
        """Close it."""
        self.bar_.close()
        del self.bar_
