"""The chosen epoch against brute force over all epochs."""

import warnings
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from skorch.history import History

from skrunner.exceptions import CollapseWarning
from skrunner.training import EPOCH_RULES
from skrunner.training._selection import EpochSelection

NAN = float("nan")


class FakeNet:
    """As much of a net as the callback looks at; its one weight is the epoch."""

    def __init__(self, *, validated=True):
        self.history = History()
        self.module_ = torch.nn.Linear(1, 1, bias=False)
        self.validation_ = SimpleNamespace() if validated else None
        self.chosen_epoch_ = None

    def run(self, selection, scores, losses=None):
        """Run epochs until the callback stops them; return how many ran."""
        selection.on_train_begin(self)
        for index, (utility, gap, collapsed) in enumerate(scores):
            self.history.new_epoch()
            self.history.record("valid_utility", utility)
            self.history.record("valid_gap", gap)
            self.history.record("valid_collapsed", collapsed)
            loss = "valid_loss" if self.validation_ is not None else "train_loss"
            self.history.record(loss, losses[index] if losses else 1.0)
            with torch.no_grad():
                self.module_.weight.fill_(len(self.history))
            try:
                selection.on_epoch_end(self)
            except KeyboardInterrupt:
                break
        selection.on_train_end(self)
        return len(self.history)

    @property
    def weight(self):
        return round(self.module_.weight.item())


def brute_force(rule, scores, drop):
    """Return the number of the epoch to keep."""
    epochs = [
        (utility, np.inf if np.isnan(gap) else gap, collapsed, epoch)
        for epoch, (utility, gap, collapsed) in enumerate(scores, start=1)
    ]
    if rule == "min_gap":
        del epochs[0]  # the released code passes it over
    if rule == "last" or not epochs:
        return len(scores)
    sound = [epoch for epoch in epochs if not epoch[2]]
    if not sound:
        return min(epochs, key=lambda e: (-e[0], e[1], e[3]))[3]
    floor = -np.inf
    if rule == "within_utility":
        floor = max(epoch[0] for epoch in sound) - drop
    allowed = [epoch for epoch in sound if epoch[0] >= floor]
    return min(allowed, key=lambda e: (e[1], -e[0], e[3]))[3]


def random_scores(seed):
    """Draw from few values, so that ties are common."""
    rng = np.random.default_rng(seed)
    n_epochs = rng.integers(1, 12)
    return list(
        zip(
            rng.choice([0.5, 0.73, 0.735, 0.74, 0.75], n_epochs).tolist(),
            rng.choice([0.0, 0.1, 0.1, 0.2, 0.3, NAN], n_epochs).tolist(),
            (rng.random(n_epochs) < rng.choice([0.1, 0.5, 0.95])).tolist(),
            strict=True,
        )
    )


def run_quietly(net, *args):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CollapseWarning)
        return net.run(*args)


@pytest.mark.parametrize("rule", [*filter("average".__ne__, EPOCH_RULES)])
def test_the_choice_equals_brute_force(rule):
    chosen = set()
    for seed, drop in product(range(150), (0.0, 0.008, 0.02)):
        scores, net = random_scores(seed), FakeNet()
        ran = run_quietly(net, EpochSelection(rule, drop), scores)
        expected = brute_force(rule, scores, drop)
        assert ran == len(scores)
        assert net.chosen_epoch_ == expected, scores
        assert net.weight == expected
        chosen.add(expected == ran)
    assert chosen == ({True} if rule == "last" else {True, False})


@pytest.mark.parametrize("patience", [1, 2, 4])
@pytest.mark.parametrize("rule", ["min_gap", "within_utility"])
def test_patience_equals_brute_force(rule, patience):
    stopped = 0
    for seed in range(150):
        scores, net = random_scores(seed), FakeNet()
        choices = [brute_force(rule, scores[: n + 1], 0.01) for n in range(len(scores))]
        last_change, expected = 0, len(scores)
        first = 2 if rule == "min_gap" else 1
        for epoch, choice in enumerate(choices, start=1):
            if epoch <= first or choice != choices[epoch - 2]:
                last_change = epoch
            elif epoch - last_change >= patience:
                expected = epoch
                break
        ran = run_quietly(net, EpochSelection(rule, 0.01, patience), scores)
        assert ran == expected
        assert net.weight == choices[expected - 1]
        stopped += ran < len(scores)
    assert stopped > 10


@pytest.mark.parametrize("validated", [True, False])
def test_patience_of_the_last_epoch_looks_at_the_loss(validated):
    net = FakeNet(validated=validated)
    losses = [5.0, 6.0, 4.0, 4.0, 4.5, 3.0, 7.0, 3.5, 3.0, 1.0]
    selection = EpochSelection("last", patience=3)
    assert net.run(selection, [(0.5, 0.1, False)] * 10, losses) == 9
    assert net.weight == net.chosen_epoch_ == 9


def test_all_collapsed_keeps_the_best_utility_and_warns():
    net = FakeNet()
    scores = [(0.5, 0.0, True), (0.7, 0.2, True), (0.6, 0.0, True)]
    with pytest.warns(CollapseWarning, match=r"base rate.*Epoch 2, of the best"):
        net.run(EpochSelection("min_gap"), scores)
    assert net.weight == 2


def test_one_sound_epoch_is_chosen_over_smaller_gaps_of_collapsed_ones():
    net, scores = FakeNet(), [(0.9, 0.0, True), (0.9, 0.0, True), (0.5, 0.4, False)]
    net.run(EpochSelection("min_gap"), scores)
    assert net.weight == 3


def test_the_smallest_gap_is_looked_for_behind_the_first_epoch():
    scores = [(0.9, 0.0, False), (0.5, 0.2, False), (0.5, 0.3, False)]
    for rule, expected in [("min_gap", 2), ("within_utility", 1)]:
        net = FakeNet()
        net.run(EpochSelection(rule), scores)
        assert net.chosen_epoch_ == net.weight == expected
    alone = FakeNet()
    assert alone.run(EpochSelection("min_gap", patience=1), scores[:1]) == 1
    assert alone.chosen_epoch_ == 1


def test_only_epochs_that_may_be_chosen_are_kept():
    net, selection = FakeNet(), EpochSelection("min_gap")
    selection.on_train_begin(net)
    for gap in np.linspace(0.9, 0.1, 9):
        net.history.new_epoch()
        for name, value in zip(
            ("utility", "gap", "collapsed"), (0.5, gap, False), strict=True
        ):
            net.history.record(f"valid_{name}", value)
        selection.on_epoch_end(net)
    assert [candidate.epoch for candidate in selection.candidates_] == [9]
    selection.on_train_end(net)
    assert selection.candidates_ == []


def test_kept_weights_do_not_follow_the_training():
    """A state that is not copied would hold the last epoch's weights."""
    net = FakeNet()
    net.run(EpochSelection("within_utility"), [(0.5, 0.1, False), (0.5, 0.4, False)])
    assert net.weight == 1


def test_a_second_training_forgets_the_first():
    net, selection = FakeNet(), EpochSelection("within_utility", patience=2)
    net.run(selection, [(0.5, 0.0, False), (0.5, 0.3, False)])
    assert net.weight == 1
    net.run(selection, [(0.5, 0.2, False), (0.5, 0.1, False), (0.5, 0.3, False)])
    assert net.chosen_epoch_ == net.weight == 4


def test_patience_of_a_second_training_starts_anew():
    net, selection = FakeNet(), EpochSelection("last", patience=3)
    net.run(selection, [(0.5, 0.1, False)] * 2, [1.0, 2.0])
    # Higher than before all along: other rows, or dropout.
    losses = [9.0, 8.0, 8.5, 8.0, 8.2, 7.0, 6.0, 5.0, 4.0]
    assert net.run(selection, [(0.5, 0.1, False)] * 9, losses) == 2 + 5
