"""The mean of the last epochs' weights, against one taken by hand."""

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback
from torch import nn
from torch.testing import assert_close

from skrunner import NetClassifier, RunnerClassifier
from skrunner.baselines import FairNeuronClassifier
from tests.estimators.rows import SMALL, A, X, Y, weights_of

AVERAGED = {**SMALL, "max_epochs": 8, "batch_size": 50, "select_epoch": "average"}


class Recorded(Callback):
    """Keep what a module is at the end of every epoch."""

    def __init__(self):
        self.states = []

    def on_epoch_end(self, net, **_kwargs):
        state = net.module_.state_dict()
        self.states.append(
            {
                name: part.clone()
                for name, part in state.items()
                if hasattr(part, "clone")
            }
        )


def fit(classifier=NetClassifier, **params):
    recorded = Recorded()
    params = {**AVERAGED, "callbacks": [recorded], **params}
    estimator = classifier(**params).fit(X, Y, sensitive_features=A)
    return estimator, recorded.states


@pytest.mark.parametrize("classifier", [NetClassifier, RunnerClassifier])
@pytest.mark.parametrize(("max_epochs", "n_last"), [(8, 2), (3, 1), (1, 1)])
def test_the_last_quarter_is_averaged(classifier, max_epochs, n_last):
    estimator, states = fit(classifier, max_epochs=max_epochs)
    kept = estimator.net_.module_.state_dict()
    for name, part in kept.items():
        by_hand = torch.stack([state[name] for state in states[-n_last:]]).mean(dim=0)
        assert_close(part, by_hand)
    if n_last > 1:
        assert not torch.equal(kept[name], states[-1][name])
    assert estimator.chosen_epoch_ == max_epochs
    assert len(estimator.history_) == max_epochs
    assert "valid_gap" not in estimator.history_  # all rows train


def test_statistics_of_batch_normalization_are_averaged():
    net = nn.Sequential(nn.Linear(X.shape[1], 4), nn.BatchNorm1d(4), nn.Linear(4, 1))
    estimator, states = fit(net=net, net_params=None)
    norm = estimator.net_.module_.state_dict()
    assert_close(
        norm["1.running_var"],
        (states[6]["1.running_var"] + states[7]["1.running_var"]) / 2,
    )
    assert norm["1.num_batches_tracked"].dtype == torch.int64


def test_validation_rows_may_be_set_aside():
    estimator, states = fit(validation_fraction=0.3)
    assert "valid_utility" in estimator.history_
    last = [states[-1][name].cpu().numpy().ravel() for name in states[-1]]
    assert not np.allclose(weights_of(estimator), np.concatenate(last))


def test_patience_may_end_a_training_before_the_last_quarter():
    estimator, _ = fit(lr=1.0, max_epochs=400, patience=1)
    epochs = len(estimator.history_)
    assert epochs < 300
    last, _ = fit(lr=1.0, max_epochs=epochs, select_epoch="last")
    np.testing.assert_array_equal(weights_of(estimator), weights_of(last))


@pytest.mark.filterwarnings("ignore::skrunner.exceptions.FlaggedShareWarning")
def test_both_trainings_of_fair_neuron_are_averaged():
    estimator, states = fit(FairNeuronClassifier)
    assert len(states) == 16
    for name, part in estimator.net_.module_.state_dict().items():
        assert_close(part, (states[14][name] + states[15][name]) / 2)
    assert estimator.chosen_epoch_ == 16


def test_a_second_fit_forgets_the_first():
    estimator, _ = fit()
    first = weights_of(estimator)
    again = estimator.fit(X, Y, sensitive_features=A)
    np.testing.assert_array_equal(first, weights_of(again))


class WithBuffers(nn.Module):
    """A linear net that stores whole numbers, and a note of its own."""

    def __init__(self):
        super().__init__()
        self.line = nn.Linear(X.shape[1], 1)
        for dtype in (torch.uint8, torch.int16, torch.int64):
            whole = torch.full((1,), min(torch.iinfo(dtype).max, 2**30 + 1) - 1)
            self.register_buffer(str(dtype).split(".")[1], whole.to(dtype))

    def forward(self, rows):
        return self.line(rows)

    def get_extra_state(self):
        return {"note": "kept"}

    def set_extra_state(self, state):
        assert state == {"note": "kept"}


def test_whole_numbers_stay_as_they_are():
    estimator, states = fit(net=WithBuffers(), net_params=None, max_epochs=20)
    kept = estimator.net_.module_.state_dict()
    for name in ("uint8", "int16", "int64"):
        assert kept[name].item() == getattr(WithBuffers(), name).item()
    by_hand = torch.stack([state["line.weight"] for state in states[-5:]])
    assert_close(kept["line.weight"], by_hand.mean(dim=0))
