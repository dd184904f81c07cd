"""Small modules and skorch nets as users write them, at the top level for pickle."""

import torch
from skorch import NeuralNet
from torch import nn


class Tiny(nn.Module):
    """One hidden layer; told the width of X, and by default one logit."""

    def __init__(self, n_features, n_outputs=1, hidden=8):
        super().__init__()
        self.hidden = nn.Linear(n_features, hidden)
        self.out = nn.Linear(hidden, n_outputs)

    def forward(self, X):
        return self.out(torch.relu(self.hidden(X)))


class Flat(Tiny):
    """Logits of shape (n,)."""

    def forward(self, X):
        return super().forward(X).squeeze(-1)


class EndsInSigmoid(Tiny):
    def forward(self, X):
        return torch.sigmoid(super().forward(X))


class EndsInSoftmax(Tiny):
    def forward(self, X):
        return super().forward(X).softmax(dim=1)


class SmallConv(nn.Module):
    """Images of any size: convolution, BatchNorm, pooling, logits."""

    def __init__(self, channels=1, n_outputs=1):
        super().__init__()
        self.conv = nn.Conv2d(channels, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.out = nn.Linear(4, n_outputs)

    def forward(self, X):
        return self.out(torch.relu(self.norm(self.conv(X))).mean(dim=(2, 3)))


class FailsLater(Tiny):
    """Raises at a later forward pass."""

    def __init__(self, n_features, at=4):
        super().__init__(n_features)
        self.left = at

    def forward(self, X):
        self.left -= 1
        if self.left < 0:
            raise RuntimeError("the module broke")
        return super().forward(X)


class OwnSteps(NeuralNet):
    """A user's net with an L1 penalty, which no estimator of ours knows."""

    def get_loss(self, y_pred, y_true, *args, **kwargs):
        loss = super().get_loss(y_pred, y_true, *args, **kwargs)
        return loss + 1e-3 * sum(w.abs().sum() for w in self.module_.parameters())
