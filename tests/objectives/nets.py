"""Small nets whose forward also hands out hidden activations, with no hook."""

import torch
from torch import nn


class Dense(nn.Module):
    """Two hidden layers, with or without batch normalization."""

    def __init__(self, n_outputs, *, norm=False, units=(7, 5)):
        super().__init__()
        self.first = nn.Linear(3, units[0])
        self.second = nn.Linear(*units)
        self.out = nn.Linear(units[1], n_outputs)
        self.norms = nn.ModuleList(
            nn.BatchNorm1d(n) if norm else nn.Identity() for n in units
        )
        self.activation = nn.ReLU()

    @property
    def hidden(self):
        return [self.first, self.second]

    def outputs(self, X):
        first = self.activation(self.norms[0](self.first(X)))
        second = self.activation(self.norms[1](self.second(first)))
        return self.out(second), [first, second]

    def forward(self, X):
        return self.outputs(X)[0]


class Convolutional(nn.Module):
    """Two convolutions with batch normalization, pooled; the input is a row of 3."""

    def __init__(self, n_outputs):
        super().__init__()
        self.first = nn.Conv2d(3, 4, 2)
        self.second = nn.Conv2d(4, 3, 2)
        self.norms = nn.ModuleList([nn.BatchNorm2d(4), nn.BatchNorm2d(3)])
        self.out = nn.Linear(3, n_outputs)
        self.register_buffer("pattern", torch.linspace(-1, 1, 16).reshape(1, 1, 4, 4))

    @property
    def hidden(self):
        return [self.first, self.second]

    def outputs(self, X):
        images = X[:, :, None, None] * self.pattern + (X * X)[:, :, None, None]
        first = self.norms[0](self.first(images)).relu()
        second = self.norms[1](self.second(first)).relu()
        return self.out(second.mean((2, 3))), [first, second]

    def forward(self, X):
        return self.outputs(X)[0]


NETS = {
    "mlp": Dense,
    "batchnorm": lambda n_outputs: Dense(n_outputs, norm=True),
    "conv": Convolutional,
}


def make_net(name, n_outputs):
    """Return a float64 net in training mode whose norms are not the identity."""
    net = NETS[name](n_outputs).double()
    with torch.no_grad():
        for part in net.modules():
            if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
                part.weight.uniform_(0.5, 1.5)
                part.bias.normal_(0, 0.5)
    return net.train()
