"""The adversary: a small net that reads the groups off the logits of another."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from skrunner.data import Batch
from skrunner.groups import label_conditions
from skrunner.nn import MLP
from skrunner.objectives._predictive import predictive_loss


class Adversary(nn.Module):
    """Predict the group of a row from its logits, and from its label where allowed.

    For demographic parity the adversary sees the scores alone. For equalized odds it
    sees the scores, their products with the indicators of the labels, and these
    indicators; without products, a linear adversary could not read a score that means
    the opposite under another label. True (false) positive rate parity shows it the
    rows of one label, or, with more than two classes, each score in the rows whose
    label its rate is taken over.

    The scores are one logit for two classes (the difference, if the net has two) and
    the logits less their mean for more: nets that predict the same look the same.

    Parameters
    ----------
    constraints : str
        One of ``skrunner.groups.CONSTRAINTS``.
    n_groups, n_classes : int
        Number of groups and of classes, at least 2 each.
    hidden : sequence of int, default=(32,)
        Units of each hidden layer; none makes it linear.

    Examples
    --------
    >>> import torch
    >>> adversary = Adversary("equalized_odds", n_groups=3, n_classes=2)
    >>> adversary(torch.zeros(5, 1), torch.tensor([0, 1, 0, 1, 1])).shape
    torch.Size([5, 3])
    """

    indicators: Tensor
    conditions: Tensor

    def __init__(
        self,
        constraints: str,
        *,
        n_groups: int,
        n_classes: int,
        hidden: Sequence[int] = (32,),
    ) -> None:
        super().__init__()
        conditions = torch.from_numpy(label_conditions(constraints, n_classes))
        self.n_groups, self.n_classes = n_groups, n_classes
        self.constraints = constraints
        self.by_label = constraints != "demographic_parity" and len(conditions) > 1
        self.register_buffer("indicators", torch.eye(n_classes))
        self.register_buffer("conditions", conditions.T.to(torch.get_default_dtype()))
        n_inputs = n_scores = 1 if n_classes == 2 else n_classes
        if self.by_label:
            n_inputs += n_classes
        if self._all_products:
            n_inputs += n_classes * n_scores
        self.layers = MLP(n_inputs, 1 if n_groups == 2 else n_groups, hidden=hidden)
        loss = nn.BCEWithLogitsLoss if n_groups == 2 else nn.CrossEntropyLoss
        self.criterion = loss()

    @property
    def _all_products(self) -> bool:
        return self.constraints == "equalized_odds"

    def forward(self, logits: Tensor, y: Tensor) -> Tensor:
        """Return logits of the groups.

        Parameters
        ----------
        logits : Tensor of shape (n_rows,), (n_rows, 1) or (n_rows, n_classes)
            What the predictor says.
        y : Tensor of int64 of shape (n_rows,)
            Label codes; demographic parity does not look at them.

        Returns
        -------
        Tensor of shape (n_rows, 1) or (n_rows, n_groups)
            One logit for two groups, else one a group.
        """
        found: Tensor = self.layers(self.inputs(logits, y))
        return found

    def inputs(self, logits: Tensor, y: Tensor) -> Tensor:
        """Return what the first layer sees.

        Parameters
        ----------
        logits : Tensor of shape (n_rows,), (n_rows, 1) or (n_rows, n_classes)
            What the predictor says.
        y : Tensor of int64 of shape (n_rows,)
            Label codes.

        Returns
        -------
        Tensor of shape (n_rows, n_inputs)
            Scores; where labels count, also products and indicators.
        """
        scores = self._scores(logits.reshape(len(y), -1))
        if not self.by_label:
            return scores
        indicators = self.indicators[y]
        if not self._all_products:
            return torch.cat([scores * self.conditions[y], indicators], 1)
        products = (indicators[:, :, None] * scores[:, None, :]).flatten(1)
        return torch.cat([scores, products, indicators], 1)

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Average the cross entropy of the groups over the rows that are compared.

        Parameters
        ----------
        logits : Tensor of shape (n_fair,), (n_fair, 1) or (n_fair, n_classes)
            Of the rows of the fairness term.
        batch : Batch
            The rows; their weights count here too.

        Returns
        -------
        Tensor of shape ()
            The mean loss in nats; 0 where no row takes part.
        """
        y, groups = batch.y[batch.fair_from :], batch.groups[batch.fair_from :]
        weight = self._row_weights(y, batch.weight, batch.fair_from)
        told = batch._replace(y=groups, weight=weight)
        return predictive_loss(self.criterion, self(logits, y), told)

    def blind_loss(self, y: Tensor, groups: Tensor, weight: Tensor | None) -> float:
        """Return the least loss of an adversary that does not see the scores.

        Parameters
        ----------
        y, groups : Tensor of int64 of shape (n_rows,)
            Label and group codes.
        weight : Tensor of shape (n_rows,) or None
            Sample weights.

        Returns
        -------
        float
            The entropy of the groups in nats, given the label where the adversary is
            told it, over the rows that are compared.
        """
        counted = self._row_weights(y, weight)
        counted = torch.ones_like(y) if counted is None else counted
        told = y if self.by_label else torch.zeros_like(y)
        table = counted.new_zeros(
            (self.n_classes, self.n_groups), dtype=torch.float64
        ).index_put_((told, groups), counted.double(), accumulate=True)
        cells = table / table.sum()
        labels = cells.sum(1)
        information = (
            torch.xlogy(labels, labels).sum() - torch.xlogy(cells, cells).sum()
        )
        return float(information)

    def _row_weights(
        self, y: Tensor, weight: Tensor | None, start: int = 0
    ) -> Tensor | None:
        """Weigh the rows: 0 where no condition holds the label."""
        weight = None if weight is None else weight[start:]
        if self.by_label or self.constraints == "demographic_parity":
            return weight
        takes_part = self.conditions[y, 0]
        return takes_part if weight is None else weight * takes_part

    def _scores(self, logits: Tensor) -> Tensor:
        if self.n_classes > 2:
            return logits - logits.mean(1, keepdim=True)
        return logits if logits.shape[1] == 1 else logits[:, 1:] - logits[:, :1]
