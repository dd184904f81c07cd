"""Diagnose the neurons of a net on rows of data, a chunk of rows at a time."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from sklearn.utils import check_random_state
from torch import Tensor, nn

from skrunner.diagnosis._importance import IMPORTANCES, resolve_criteria
from skrunner.diagnosis._inputs import as_inputs, encode_labels, home_of
from skrunner.diagnosis._report import NeuronDiagnosis
from skrunner.diagnosis._rows import Rows, halving, mean_activations
from skrunner.diagnosis._scores import exact_scores, gradient_scores
from skrunner.diagnosis._selection import by_importance, top_neurons
from skrunner.exceptions import UnsupportedModuleError
from skrunner.gaps import (
    activation_gap,
    gap_structure,
    group_means,
    output_gap,
    pairwise_gap,
)
from skrunner.groups import check_constraints, check_group_sizes, encode_groups
from skrunner.nn import NeuronLayers, evaluating, find_neuron_layers


def diagnose_neurons(
    module: nn.Module,
    X: Any,
    y: Any = None,
    *,
    sensitive_features: Any,
    constraints: str = "demographic_parity",
    importance: str = "taylor",
    neuron_ratio: float = 0.1,
    layers: Any = None,
    classes: Sequence[Any] | None = None,
    batch_size: int = 4096,
    missing: str = "error",
    random_state: Any = None,
) -> NeuronDiagnosis:
    """Find the neurons that are responsible for a gap between groups.

    The gap of the mean output between groups (RUNNER, eqs 3 and 4) is differentiated
    once; each neuron's score is a first-order estimate of the squared change of the gap
    if the neuron were silenced (eqs 5 and 6). The module runs in evaluation mode and is
    left as it was: no gradient, flag, hook or random state changes.

    Parameters
    ----------
    module : Module
        Any net with linear or convolutional layers that returns logits of shape (n,),
        (n, 1) or (n, n_classes). It stays on its device and in its dtype.
    X : array-like or Tensor of shape (n_samples, ...), or ImageRows
        Rows as the module takes them; images (`skrunner.datasets.ImageRows`, or uint8
        with four axes) are scaled to [0, 1] and standardized as torchvision does.
    y : array-like of shape (n_samples,) or None, default=None
        Labels; needed by all constraints but demographic parity.
    sensitive_features : array-like of shape (n_samples,) or (n_samples, n_features)
        The groups; several columns intersect.
    constraints : str, default="demographic_parity"
        One of ``skrunner.groups.CONSTRAINTS``: which gap.
    importance : str, default="taylor"
        ``"taylor"`` (eq. 6 with the bias, the closest to ``"exact"``), ``"sum_sq"``,
        ``"signed"``, ``"auto"``, ``"random"``, ``"all"``, or ``"exact"``, which
        silences the neurons one by one (eq. 5) and is slow.
    neuron_ratio : float, default=0.1
        The share k of each layer that is selected (eq. 7), at least one neuron; all of
        them for ``importance="all"``.
    layers : str, type or sequence of them, default=None
        Names, shell patterns or module classes such as ``nn.Conv2d``; None takes all
        but the output layer.
    classes : sequence or None, default=None
        The labels in the order of the module's outputs; None sorts those in `y`.
    batch_size : int, default=4096
        Rows that run at a time at most; the result does not depend on it. A device of
        too little memory halves them.
    missing : {"error", "group"}, default="error"
        Whether a missing sensitive feature is an error or a group of its own.
    random_state : int, RandomState or None, default=None
        The source of ``importance="random"``.

    Returns
    -------
    NeuronDiagnosis
        One entry a neuron.

    Raises
    ------
    ValueError
        On wrong lengths, unknown names, one group, or labels missing.
    UnsupportedModuleError
        If the module has no such layer or returns no logits.

    Examples
    --------
    >>> import torch
    >>> net = torch.nn.Sequential(
    ...     torch.nn.Linear(1, 2), torch.nn.ReLU(), torch.nn.Linear(2, 1)
    ... )
    >>> X = torch.linspace(-2, 2, 60)[:, None]
    >>> groups = ["low"] * 30 + ["high"] * 30
    >>> len(diagnose_neurons(net, X, sensitive_features=groups))
    2
    """
    _check_options(constraints, importance, neuron_ratio, batch_size)
    inputs = as_inputs(module, X)
    device, _ = home_of(module)
    found = find_neuron_layers(module, inputs[:2].to(device), layers)
    if not found.names:
        raise UnsupportedModuleError(
            f"{type(module).__name__} has no hidden layer: {found.output!r} alone "
            f"makes its output. Pass layers={found.output!r} to look at that one."
        )
    encoding = encode_groups(sensitive_features, n_samples=len(inputs), missing=missing)
    labels, classes = encode_labels(
        y, classes, found.n_outputs, constraints, len(inputs)
    )
    check_group_sizes(encoding, labels, classes, constraints=constraints)
    structure = gap_structure(constraints, encoding.n_groups, len(classes))
    structure = structure.to(device, torch.float64)
    codes, label_codes = (
        torch.from_numpy(array).to(device) for array in (encoding.codes, labels)
    )
    rows = Rows(
        module,
        inputs,
        structure,
        group_means(structure, codes, label_codes),
        batch_size,
    )
    with evaluating(module):
        output_means, means = halving(rows, lambda: mean_activations(rows, found))
        scores = halving(
            rows, lambda: _scores(rows, found, output_means, importance, random_state)
        )
    return _report(
        rows,
        found,
        scores=scores,
        means=means,
        neuron_ratio=1.0 if importance == "all" else neuron_ratio,
        group_names=encoding.names,
        constraints=constraints,
        gap=float(output_gap(structure, output_means, rows.means.present)),
    )


def _check_options(
    constraints: str, importance: str, neuron_ratio: float, batch_size: int
) -> None:
    check_constraints(constraints)
    if not 0 < neuron_ratio <= 1:
        raise ValueError(f"neuron_ratio must be in (0, 1], got {neuron_ratio!r}.")
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, got {batch_size!r}.")
    known = (*IMPORTANCES, "exact")
    if importance not in known:
        raise ValueError(
            f"Unknown importance={importance!r}. Pass one of: {', '.join(known)}."
        )


def _scores(
    rows: Rows,
    found: NeuronLayers,
    output_means: Tensor,
    importance: str,
    random_state: Any,
) -> list[Tensor]:
    if importance == "exact":
        return exact_scores(rows, found, output_means)
    criteria = resolve_criteria(importance, found.modules, _generator(random_state))
    return gradient_scores(rows, found, criteria, output_means)


def _generator(random_state: Any) -> torch.Generator:
    generator = torch.Generator()
    if random_state is None:
        # scikit-learn would draw from numpy's global state, and so change it.
        generator.seed()
        return generator
    return generator.manual_seed(
        int(check_random_state(random_state).randint(2**31 - 1))
    )


def _report(
    rows: Rows,
    found: NeuronLayers,
    *,
    scores: Sequence[Tensor],
    means: Sequence[Tensor],
    neuron_ratio: float,
    group_names: Sequence[str],
    constraints: str,
    gap: float,
) -> NeuronDiagnosis:
    sizes = [len(score) for score in scores]
    present = rows.means.present
    ranks = [by_importance(score).argsort() + 1 for score in scores]
    pairs = [(group_names[a], group_names[b]) for a, b in rows.structure.pairs]

    def joined(parts: Sequence[Tensor]) -> npt.NDArray[Any]:
        values: npt.NDArray[Any] = torch.cat(list(parts)).cpu().numpy()
        return values

    return NeuronDiagnosis(
        layer=np.repeat(np.array(found.names, dtype=object), sizes),
        neuron=np.concatenate([np.arange(size) for size in sizes]),
        importance=joined(scores),
        discrimination=joined(
            [activation_gap(rows.structure, mean, present) for mean in means]
        ),
        discrimination_by_pair=joined(
            [pairwise_gap(rows.structure, mean, present) for mean in means]
        ),
        rank=joined(ranks),
        selected=joined([top_neurons(score, neuron_ratio) for score in scores]),
        pairs=tuple(pairs),
        constraints=constraints,
        gap=gap,
        n_samples=len(rows.X),
    )
