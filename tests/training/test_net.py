"""Our skorch net against training loops written out, and under skorch's callbacks."""

import pickle

import numpy as np
import pytest
import torch
from skorch import NeuralNet
from skorch.callbacks import (
    Callback,
    Checkpoint,
    EarlyStopping,
    GradientNormClipping,
    LRScheduler,
)
from torch import nn
from torch.nn.utils import clip_grad_norm_
from torch.testing import assert_close

from skrunner.data import EpochBatches
from skrunner.training import GroupNet, isolated_rng, train_net
from tests.training.nets import (
    Dropping,
    make_objective,
    make_rows,
    start,
    state_of,
    train,
)


class CountsBatches(Callback):
    """Wants the events of single batches, so that skorch's own loop runs."""

    n_batches = 0

    def on_batch_end(self, net, **params):
        self.n_batches += int(params["training"])


class Keeps(Callback):
    """Keeps the weights of every epoch."""

    def __init__(self):
        self.states = []

    def on_epoch_end(self, net, **params):
        self.states.append(state_of(net).clone())


def written_out(rows, *, repair=True, max_epochs=3, seed=0, optimizer=None, **settings):
    """Train as `tests.training.nets.train`, by a plain loop."""
    net = start(rows, **settings)
    module, objective = net.module_, make_objective(net, rows, repair=repair)
    if optimizer is None:
        optimizer = torch.optim.Adam(module.parameters(), lr=0.02, fused=True)
    else:
        optimizer = optimizer(module.parameters())
    losses = []
    with isolated_rng(seed):
        module.train()
        batches = EpochBatches(rows, batch_size=32)
        for _ in range(max_epochs):
            steps = []
            for batch in batches:
                optimizer.zero_grad()
                step = objective(module, batch)
                step.loss.backward()
                if "clip" in settings:
                    clip_grad_norm_(module.parameters(), settings["clip"])
                optimizer.step()
                steps.append(step.loss.item())
            losses.append(np.mean(steps))
    return state_of(net), losses


@pytest.mark.parametrize("repair", [True, False])
@pytest.mark.parametrize("net", ["mlp", Dropping], ids=["mlp", "dropout"])
def test_training_equals_a_plain_loop(net, repair):
    params = {"hidden": (6, 5)} if net == "mlp" else {}
    rows = make_rows()
    fitted = train(rows, net=net, net_params=params, repair=repair)
    state, losses = written_out(rows, net=net, net_params=params, repair=repair)
    assert torch.equal(state_of(fitted), state)
    assert_close(fitted.history[:, "train_loss"], losses, rtol=1e-6, atol=0)


@pytest.mark.parametrize("repair", [True, False])
@pytest.mark.parametrize("net", ["mlp", Dropping], ids=["mlp", "dropout"])
def test_skorchs_own_loop_takes_the_same_steps(net, repair):
    params = {"hidden": (6, 5)} if net == "mlp" else {}
    rows, counter = make_rows(weighted=True), CountsBatches()
    settings = {"net": net, "net_params": params, "repair": repair}
    lean = train(rows, **settings)
    own = train(rows, callbacks=[counter], **settings)
    assert counter.n_batches == 9
    assert torch.equal(state_of(lean), state_of(own))
    for name in ("train_loss", "predictive_loss", "fairness_term", "train_gap"):
        assert_close(
            lean.history[:, name], own.history[:, name], rtol=0, atol=0, equal_nan=True
        )
    assert [len(epoch["batches"]) for epoch in own.history] == [3] * 3
    assert [epoch["batches"] for epoch in lean.history] == [[{}]] * 3


def test_the_seed_of_the_steps_drives_dropout():
    rows = make_rows()

    def weights(seed):
        return state_of(train(rows, net=Dropping, net_params={}, seed=seed))

    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))


def test_the_global_state_is_as_it_was():
    before = torch.get_rng_state()
    train(make_rows(), net=Dropping, net_params={})
    assert torch.equal(before, torch.get_rng_state())


def test_lbfgs_equals_a_plain_loop():
    rows = make_rows()
    fitted = train(rows, batch_size=90, optimizer=torch.optim.LBFGS, lr=0.5)
    net = start(rows)
    module, objective = net.module_, make_objective(net, rows)
    optimizer = torch.optim.LBFGS(module.parameters(), lr=0.5)
    (batch,) = EpochBatches(rows, batch_size=90)

    def closure():
        optimizer.zero_grad()
        loss = objective(module, batch).loss
        loss.backward()
        return loss

    for _ in range(3):
        optimizer.step(closure)
    assert torch.equal(state_of(fitted), state_of(net))


@pytest.mark.parametrize("validated", [True, False])
def test_history_has_these_columns(validated):
    validation = make_rows(seed=1) if validated else None
    fitted = train(make_rows(), validation=validation)
    names = {
        *("batches", "epoch", "dur", "train_loss", "train_loss_best"),
        *("predictive_loss", "fairness_term", "train_gap"),
    }
    if validated:
        scores = ("loss", "loss_best", "utility", "gap", "collapsed")
        names |= {f"valid_{score}" for score in scores}
    assert [set(epoch) for epoch in fitted.history] == [names] * 3
    assert fitted.history[:, "epoch"] == [1, 2, 3]


def test_history_adds_up():
    history = train(make_rows()).history
    columns = ("train_loss", "predictive_loss", "fairness_term", "train_gap")
    for loss, predictive, fairness, gap in history[:, columns]:
        assert loss == pytest.approx(predictive + 0.1 * fairness, rel=1e-6)
        assert 0 < gap < fairness
    losses = history[:, "train_loss"]
    best = [loss < min(losses[:i], default=np.inf) for i, loss in enumerate(losses)]
    assert history[:, "train_loss_best"] == best


def test_a_plain_net_has_no_fairness_term():
    history = train(make_rows(), repair=False).history
    assert history[:, "train_loss"] == history[:, "predictive_loss"]
    assert np.isnan(history[:, "fairness_term"]).all()
    assert np.isnan(history[:, "train_gap"]).all()


class Diverging(nn.Module):
    """Returns NaN from its fifth training step on."""

    def __init__(self, n_features, n_outputs):
        super().__init__()
        self.hidden = nn.Linear(n_features, 4)
        self.out = nn.Linear(4, n_outputs)
        self.steps = 0

    def forward(self, X):
        self.steps += self.training
        logits = self.out(self.hidden(X).relu())
        return logits * torch.nan if self.steps > 4 else logits


@pytest.mark.parametrize("callbacks", [[], [CountsBatches()]], ids=["lean", "skorch"])
def test_a_loss_of_nan_names_the_epoch_and_releases_the_rows(callbacks):
    rows = make_rows()
    net = start(rows, net=Diverging, net_params={}, callbacks=callbacks)
    batches, objective = EpochBatches(rows, batch_size=32), make_objective(net, rows)
    with pytest.raises(FloatingPointError, match=r"loss is nan in epoch 2.*Lower lr"):
        train_net(net, batches, objective, validation=rows, max_epochs=3, seed=0)
    assert net.objective_ is None
    assert net.validation_ is None


def test_gradient_norm_clipping_works():
    rows = make_rows()
    clipping = GradientNormClipping(0.05)
    fitted = train(rows, optimizer=torch.optim.SGD, lr=0.5, callbacks=[clipping])
    net = start(rows)
    module, objective = net.module_, make_objective(net, rows)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.5)
    batches, clipped = EpochBatches(rows, batch_size=32), 0
    for _ in range(3):
        for batch in batches:
            optimizer.zero_grad()
            objective(module, batch).loss.backward()
            clipped += clip_grad_norm_(module.parameters(), 0.05) > 0.05
            optimizer.step()
    assert clipped > 0
    assert_close(state_of(fitted), state_of(net), rtol=0, atol=0)


def test_learning_rate_schedules_work():
    rows = make_rows()
    schedule = LRScheduler(torch.optim.lr_scheduler.StepLR, step_size=1, gamma=0.1)
    fitted = train(rows, optimizer=torch.optim.SGD, lr=0.5, callbacks=[schedule])
    net = start(rows)
    module, objective = net.module_, make_objective(net, rows)
    batches = EpochBatches(rows, batch_size=32)
    for epoch in range(3):
        optimizer = torch.optim.SGD(module.parameters(), lr=0.5 * 0.1**epoch)
        for batch in batches:
            optimizer.zero_grad()
            objective(module, batch).loss.backward()
            optimizer.step()
    assert_close(state_of(fitted), state_of(net), rtol=1e-6, atol=1e-7)
    assert fitted.history[:, "event_lr"] == pytest.approx([0.5, 0.05, 0.005])


def test_early_stopping_works():
    stopping = EarlyStopping("train_loss", patience=2, threshold=10.0, sink=len)
    fitted = train(make_rows(), max_epochs=9, callbacks=[stopping])
    assert len(fitted.history) == 3
    assert fitted.chosen_epoch_ == 3
    assert fitted.objective_ is None


def test_checkpoints_hold_the_best_epoch(tmp_path):
    kept = Keeps()
    checkpoint = Checkpoint("valid_loss_best", dirname=tmp_path)
    fitted = train(
        make_rows(),
        validation=make_rows(150, seed=1),
        repair=False,
        lr=0.3,
        max_epochs=12,
        callbacks=[checkpoint, kept],
    )
    best = int(np.argmin(fitted.history[:, "valid_loss"]))
    assert 0 < best < 11
    loaded = torch.load(tmp_path / "params.pt", weights_only=True)
    found = torch.cat([value.flatten() for value in loaded.values()])
    assert torch.equal(found, kept.states[best])
    assert torch.equal(state_of(fitted), kept.states[-1])


@pytest.mark.parametrize(("rule", "drop"), [("min_gap", 1.0), ("within_utility", 0.02)])
def test_the_weights_of_the_chosen_epoch_are_loaded(rule, drop):
    kept = Keeps()
    fitted = train(
        make_rows(),
        validation=make_rows(150, seed=1),
        repair=False,
        lr=0.3,
        max_epochs=8,
        select_epoch=rule,
        utility_drop=0.02,
        callbacks=[kept],
    )
    columns = ("valid_utility", "valid_gap", "valid_collapsed")
    scores = [
        (utility, gap, epoch)
        for epoch, (utility, gap, collapsed) in enumerate(fitted.history[:, columns])
        if not collapsed
    ]
    floor = max(scores)[0] - drop
    _, _, expected = min(
        (gap, -utility, epoch) for utility, gap, epoch in scores if utility >= floor
    )
    assert 0 < expected < 7
    assert fitted.chosen_epoch_ == expected + 1
    assert torch.equal(state_of(fitted), kept.states[expected])


@pytest.mark.parametrize("n_classes", [2, 3])
def test_skorchs_predictions_work_on_arrays(n_classes):
    rows = make_rows(n_classes=n_classes)
    fitted = train(rows)
    p = fitted.predict_proba(rows.X.numpy())
    with torch.no_grad():
        logits = fitted.module_.eval()(rows.X)
    if n_classes == 2:
        positive = logits.sigmoid()
        expected = torch.cat([1 - positive, positive], 1)
    else:
        expected = logits.softmax(1)
    assert_close(torch.from_numpy(p), expected)


def test_rows_and_objective_are_released():
    rows, validation = make_rows(3000), make_rows(3000, seed=1)
    fitted = train(rows, validation=validation, batch_size=1500, max_epochs=1)
    assert fitted.objective_ is None
    assert fitted.validation_ is None
    pickled = pickle.dumps(fitted)
    assert len(pickled) < 25_000 < rows.X.numel() * 4
    again = pickle.loads(pickled)
    assert isinstance(again, GroupNet)
    assert torch.equal(state_of(again), state_of(fitted))
    X = rows.X.numpy()
    assert np.array_equal(again.predict_proba(X), fitted.predict_proba(X))


def test_training_goes_on_where_it_ended():
    rows = make_rows()
    batches = EpochBatches(rows, batch_size=32)
    net = start(rows)
    objective = make_objective(net, rows)
    for _ in range(3):
        train_net(net, batches, objective, validation=None, max_epochs=1, seed=0)
    once = train(rows)
    assert torch.equal(state_of(net), state_of(once))
    assert net.history[:, "epoch"] == [1, 2, 3]


def test_skorch_nets_train_through_ours():
    rows = make_rows()
    users = NeuralNet(
        Dropping,
        nn.BCEWithLogitsLoss,
        module__n_features=3,
        module__n_outputs=1,
        optimizer=torch.optim.Adam,
        lr=0.02,
    )
    ours = train(rows, net=users, net_params=None, lr=None)
    same = train(rows, net=Dropping, net_params={})
    assert torch.equal(state_of(ours), state_of(same))
    assert not users.initialized_
