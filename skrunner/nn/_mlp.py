"""The paper's net for tables: a multilayer perceptron that returns logits."""

from collections.abc import Sequence

from torch import Tensor, nn


class MLP(nn.Module):
    """Multilayer perceptron with ReLU units; the paper's has two layers of 200.

    Parameters
    ----------
    n_features : int
        Number of inputs.
    n_outputs : int, default=1
        Number of logits: one for two classes, else one a class.
    hidden : sequence of int, default=(200, 200)
        Units of each hidden layer.
    dropout : float, default=0.0
        Probability of dropping a hidden unit in training.

    Examples
    --------
    >>> import torch
    >>> MLP(3, hidden=(4,))(torch.zeros(2, 3)).shape
    torch.Size([2, 1])
    """

    def __init__(
        self,
        n_features: int,
        n_outputs: int = 1,
        *,
        hidden: Sequence[int] = (200, 200),
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        width = n_features
        for units in hidden:
            layers += [nn.Linear(width, units), nn.ReLU()]
            if dropout:
                layers.append(nn.Dropout(dropout))
            width = units
        layers.append(nn.Linear(width, n_outputs))
        self.layers = nn.Sequential(*layers)

    def forward(self, X: Tensor) -> Tensor:
        """Return the logits.

        Parameters
        ----------
        X : Tensor of shape (n_samples, n_features)
            The inputs.

        Returns
        -------
        Tensor of shape (n_samples, n_outputs)
            The logits.
        """
        logits: Tensor = self.layers(X)
        return logits
