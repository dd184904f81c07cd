"""Small nets that apply a nonlinearity in every way that is found in the wild."""

import torch
import torch.nn.functional as F
from torch import nn


class Through(nn.Module):
    """A hidden layer, a function of it, an output layer."""

    def __init__(self, function, n_features=3, n_units=4, n_outputs=1):
        super().__init__()
        self.hidden = nn.Linear(n_features, n_units)
        self.function = function
        self.out = nn.Linear(n_units, n_outputs)

    def forward(self, X):
        return self.out(self.function(self.hidden(X)))


class Ending(Through):
    """A net whose logits pass through a last function."""

    def __init__(self, ending, n_outputs=1):
        super().__init__(torch.relu, n_outputs=n_outputs)
        self.ending = ending

    def forward(self, X):
        return self.ending(super().forward(X))


class ConvNet(nn.Module):
    """Two convolutions, each with BatchNorm and ReLU; pooled; one logit."""

    def __init__(self, *, inplace=False):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(2, 4, 3, padding=1),
            nn.BatchNorm2d(4),
            nn.ReLU(inplace=inplace),
            nn.Conv2d(4, 5, 3),
            nn.BatchNorm2d(5),
            nn.ReLU(inplace=inplace),
        )
        self.out = nn.Linear(5, 1)
        for norm in (self.features[1], self.features[4]):
            with torch.no_grad():
                norm.running_mean.normal_(0, 0.3)
                norm.running_var.uniform_(0.5, 2)
                norm.weight.uniform_(0.5, 1.5)
                norm.bias.normal_(0, 0.5)

    def forward(self, X):
        return self.out(self.features(X).mean((2, 3)))


class Residual(nn.Module):
    """A block whose norm is added to a skip, in place or not, then rectified."""

    def __init__(self, add):
        super().__init__()
        self.first = nn.Linear(3, 4)
        self.second = nn.Linear(4, 4)
        self.norm = nn.BatchNorm1d(4)
        self.out = nn.Linear(4, 1)
        self.add = add
        with torch.no_grad():
            self.norm.running_mean.normal_()

    def forward(self, X):
        skip = F.relu(self.first(X))
        return self.out(F.relu(self.add(self.norm(self.second(skip)), skip)))


def add_and_rebind(value, skip):
    value += skip
    return value


def add_as_statement(value, skip):
    value.add_(skip)
    return value


ADDITIONS = [torch.add, add_and_rebind, add_as_statement]
