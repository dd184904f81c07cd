"""A device that runs out of memory: smaller parts, the step again, the same weights."""

import numpy as np
import pytest
import torch
from torch import nn

from skrunner import NetClassifier, RunnerClassifier
from skrunner.baselines import AdversarialClassifier, GapRegularizationClassifier
from skrunner.estimators import _fairness_term
from skrunner.exceptions import MemoryFallbackWarning
from skrunner.training import GroupNet, predict_logits
from skrunner.training._out_of_memory import Undo
from tests.estimators.images import PIXELS, Conv, fit
from tests.estimators.rows import weights_of

pytestmark = pytest.mark.filterwarnings("ignore::skrunner.exceptions.CollapseWarning")


class Limited(Conv):
    """Runs at most so many rows, in training or at all."""

    limit, of_all = 20, True

    def forward(self, X):
        if len(X) > self.limit and (self.training or self.of_all):
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return super().forward(X)


class OfTen(Limited):
    limit = 10


class OfNone(Limited):
    limit, of_all = 0, False


class Nothing(Limited):
    limit = 0


class FullBackward(torch.autograd.Function):
    @staticmethod
    def forward(ctx, X):
        ctx.too_many = len(X) > 20
        return X.clone()

    @staticmethod
    def backward(ctx, gradient):
        if ctx.too_many:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return gradient


class LimitedBackward(Conv):
    """Runs out of memory when the whole forward pass and the loss are behind it."""

    def forward(self, X):
        return FullBackward.apply(super().forward(X))


class Normed(Conv):
    """Keeps running statistics, if it is told to."""

    def __init__(self, n_outputs=1, norm=False):
        super().__init__(n_outputs)
        self.conv = nn.Sequential(
            self.conv, nn.BatchNorm2d(4) if norm else nn.Identity()
        )


class LateLimit(Normed):
    """Runs out of memory at its sixth training pass, in the midst of a step."""

    passes = 0

    def forward(self, X):
        LateLimit.passes += self.training
        if LateLimit.passes == 6 and self.training:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return super().forward(X)


def always_ready(monkeypatch):
    """Keep what a step changes on a CPU too, which does not run out of memory."""
    monkeypatch.setattr(
        GroupNet, "_make_undo", lambda net: Undo(net.module_, net.objective_)
    )


TERM = {"fairness_weight": 1.0, "fairness_batch_size": 18, "batch_size": 20}
TERM |= {"gap_momentum": 0.9, "fairness_warm_up": 0.6}
DOUBLE = {"precision": "fp64"}
KINDS = {
    "plain": (NetClassifier, {"batch_size": 40}),
    "two streams": (RunnerClassifier, TERM),
    "balanced": (RunnerClassifier, {**TERM, "sampling": "balanced", "batch_size": 36}),
    "random neurons": (RunnerClassifier, {**TERM, "importance": "random"}),
    "gap": (GapRegularizationClassifier, TERM),
    "adversary": (
        AdversarialClassifier,
        {"fairness_batch_size": 18, "batch_size": 20, "alpha_schedule": "sqrt"},
    ),
}


@pytest.mark.parametrize("name", KINDS)
def test_in_a_forward_pass(name):
    kind, params = KINDS[name]
    with pytest.warns(MemoryFallbackWarning, match=r"in 2 parts.*=2, to") as caught:
        fallen = fit(kind, **{**params, **DOUBLE, "net": Limited})
    assert len([each for each in caught if "parts" in str(each.message)]) == 1
    planned = fit(kind, **params, **DOUBLE, gradient_accumulation=2)
    np.testing.assert_allclose(weights_of(fallen), weights_of(planned), rtol=1e-8)
    columns = ["train_loss", "predictive_loss", "fairness_term", "train_gap"]
    np.testing.assert_allclose(
        fallen.history_[columns], planned.history_[columns], rtol=1e-8
    )
    found, expected = fallen.predict_proba(PIXELS), planned.predict_proba(PIXELS)
    np.testing.assert_allclose(found, expected, rtol=1e-8)
    assert len(fallen.net_.history) == 2


@pytest.mark.parametrize("kind", [RunnerClassifier, GapRegularizationClassifier])
def test_few_rows_of_a_part_are_joined_with_those_before(kind, monkeypatch):
    monkeypatch.setattr(_fairness_term, "SMALL_BATCH", 15)  # 18 in a step, 9 in halves
    params = {**TERM, **DOUBLE, "gap_momentum": None}
    with pytest.warns(MemoryFallbackWarning, match=r"in \d+ parts.*=\d+, to"):
        fallen = fit(kind, **{**params, "net": Limited})
    n_parts = fallen.net_.n_parts_
    assert n_parts > 1
    planned = fit(kind, **params, gradient_accumulation=n_parts)
    alone = fit(kind, **{**params, "gap_momentum": 0.0}, gradient_accumulation=n_parts)
    np.testing.assert_allclose(weights_of(fallen), weights_of(planned), rtol=1e-8)
    assert np.abs(weights_of(fallen) - weights_of(alone)).max() > 1e-4


@pytest.mark.parametrize("name", ["plain", "two streams", "random neurons", "gap"])
def test_in_a_backward_pass_the_objective_goes_back_too(name, monkeypatch):
    always_ready(monkeypatch)
    kind, params = KINDS[name]
    with pytest.warns(MemoryFallbackWarning, match="in 2 parts"):
        fallen = fit(kind, **{**params, **DOUBLE, "net": LimitedBackward})
    planned = fit(kind, **params, **DOUBLE, gradient_accumulation=2)
    np.testing.assert_allclose(weights_of(fallen), weights_of(planned), rtol=1e-8)


@pytest.mark.parametrize("norm", [False, True])
@pytest.mark.parametrize("name", ["two streams", "adversary"])
def test_in_the_midst_of_a_step_of_parts(name, norm, monkeypatch):
    """Two parts a step: the second of the third step fails, and four follow."""
    always_ready(monkeypatch)
    monkeypatch.setattr(LateLimit, "passes", 0)
    kind, params = KINDS[name]
    params = {**params, **DOUBLE, "steps_per_epoch": 3, "max_epochs": 1}
    if name == "adversary":
        params["warm_up"] = 0
    net = {"net_params": {"norm": norm}, "gradient_accumulation": 2}
    with pytest.warns(MemoryFallbackWarning, match="in 4 parts"):
        fallen = fit(kind, **{**params, **net, "net": LateLimit})
    assert LateLimit.passes == 6 + 4

    class Switched(GroupNet):
        steps = 0

        def _backward(self, batch):
            self.n_parts_ = 4 if Switched.steps == 2 else 2
            Switched.steps += 1
            return super()._backward(batch)

    monkeypatch.setattr("skrunner.training._fit.GroupNet", Switched)
    planned = fit(kind, **{**params, **net, "net": Normed})
    found, expected = (each.net_.module_.state_dict() for each in (fallen, planned))
    for part, value in expected.items():
        torch.testing.assert_close(found[part], value, rtol=1e-8, atol=1e-12)


def test_as_often_as_it_takes():
    with pytest.warns(MemoryFallbackWarning) as caught:
        fallen = fit(NetClassifier, net=OfTen, **DOUBLE)
    messages = [str(each.message) for each in caught]
    assert [text.split(" parts")[0][-1] for text in messages] == ["2", "4"]
    assert all("The 40 rows of a step" in text for text in messages)
    planned = fit(NetClassifier, gradient_accumulation=4, **DOUBLE)
    np.testing.assert_allclose(weights_of(fallen), weights_of(planned), rtol=1e-8)


@pytest.mark.filterwarnings("ignore::skrunner.exceptions.MemoryFallbackWarning")
def test_a_net_too_large_for_one_row_is_an_error():
    with pytest.raises(torch.OutOfMemoryError):
        fit(NetClassifier, net=OfNone)
    with pytest.raises(torch.OutOfMemoryError):
        predict_logits(Nothing(), torch.zeros(3, 3, 6, 6))


@pytest.mark.parametrize("n_rows", [1, 19, 21, 120])
def test_predictions_take_smaller_chunks_without_a_word(n_rows):
    fitted = fit(NetClassifier)
    expected = fitted.predict_proba(PIXELS[:n_rows])
    limited = Limited().to(next(fitted.net_.module_.parameters()).device)
    limited.load_state_dict(fitted.net_.module_.state_dict())
    fitted.net_.module_ = limited
    found = fitted.predict_proba(PIXELS[:n_rows])
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_the_warm_up_lasts_as_long_in_parts():
    """Weights and history say when the term has its full weight: at step 6 of 12."""
    params = {**TERM, "fairness_warm_up": 0.5, "max_epochs": 4, "steps_per_epoch": 3}
    params |= {"net": Limited, "lr": 1e-12, "gap_momentum": 0.0, **DOUBLE}
    params |= {"fairness_gradient_limit": np.inf}
    with pytest.warns(MemoryFallbackWarning):
        history = fit(RunnerClassifier, **params).history_
    weighted = history["train_loss"] - history["predictive_loss"]
    # The net stands still, and so the term's mean differs by its rows alone.
    found = (weighted / history["fairness_term"]).to_numpy()
    np.testing.assert_allclose(found[2:], [1, 1], rtol=1e-6)
    # Steps 0, 1, 2 weigh 0, 1/6 and 2/6, steps 3, 4, 5 weigh 3/6, 4/6 and 5/6.
    assert 0.1 < found[0] < 0.25
    assert 0.6 < found[1] < 0.75
