"""A skorch net with steps of its own is trained by skorch alone."""

import numpy as np
import pytest
import torch
from skorch import NeuralNet, NeuralNetClassifier
from torch import nn

from skrunner.training import isolated_rng, read_net, train_foreign_net
from tests.training.nets import Dropping, make_rows, make_settings, state_of


class Halved(NeuralNet):
    """Counts its losses and halves them."""

    n_losses = 0

    def get_loss(self, y_pred, y_true, X=None, training=False):
        type(self).n_losses += 1
        if isinstance(self.criterion_, nn.BCEWithLogitsLoss):
            y_pred = y_pred[:, 0]
        return super().get_loss(y_pred, y_true, X, training=training) / 2


def make_net(criterion, **params):
    return Halved(
        Dropping,
        criterion,
        module__n_features=3,
        module__n_outputs=1 if criterion is nn.BCEWithLogitsLoss else 2,
        callbacks__print_log=None,
        **params,
    )


def train(net, settings, *, batch_size=30, seed=3):
    rows = make_rows()
    return train_foreign_net(
        read_net(net, None),
        rows.X.numpy(),
        rows.y.numpy(),
        settings,
        batch_size=batch_size,
        seed=seed,
    )


@pytest.mark.parametrize("criterion", [nn.BCEWithLogitsLoss, nn.CrossEntropyLoss])
def test_it_equals_a_fit_of_skorch(criterion):
    users = make_net(criterion, optimizer=torch.optim.Adam, lr=0.02, batch_size=30)
    before = torch.get_rng_state()
    fitted = train(users, make_settings(lr=None), batch_size=None)
    assert torch.equal(before, torch.get_rng_state())
    assert type(fitted) is Halved
    assert fitted is not users
    assert not users.initialized_
    rows = make_rows()
    floats = criterion is nn.BCEWithLogitsLoss
    y = rows.y.numpy()
    with isolated_rng(3):
        users.set_params(train_split=None, max_epochs=3)
        users.fit(rows.X.numpy(), y.astype(np.float32) if floats else y)
    assert torch.equal(state_of(fitted), state_of(users))


def test_settings_override_the_nets_own():
    Halved.n_losses = 0
    users = make_net(nn.CrossEntropyLoss, lr=0.5, batch_size=9, max_epochs=7)
    settings = make_settings(lr=0.02, optimizer=torch.optim.Adam, max_epochs=2)
    fitted = train(users, settings)
    # Two epochs of 90 rows in batches of 30, no validation share.
    assert Halved.n_losses == 6
    assert type(fitted.optimizer_) is torch.optim.Adam
    assert fitted.optimizer_.param_groups[0]["lr"] == 0.02


def test_the_seed_matters():
    users = make_net(nn.CrossEntropyLoss)

    def weights(seed):
        return state_of(train(users, make_settings(), seed=seed))

    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))


class Stepping(NeuralNetClassifier):
    def train_step(self, batch, **params):
        return super().train_step(batch, **params)


def test_a_classifier_of_skorch_learns_the_classes():
    users = Stepping(
        Dropping,
        criterion=nn.CrossEntropyLoss(),
        module__n_features=3,
        module__n_outputs=2,
        callbacks__print_log=None,
    )
    fitted = train(users, make_settings())
    assert fitted.classes_.tolist() == [0, 1]
