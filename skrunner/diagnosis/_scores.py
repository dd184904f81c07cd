"""Score all neurons over chunks of rows: by gradients, or by silencing each."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

import torch
from torch import Tensor

from skrunner.diagnosis._importance import Criterion, gap_evidence
from skrunner.diagnosis._rows import Rows
from skrunner.gaps import GroupMeans, class_probabilities, output_gap
from skrunner.nn import ActivationRecorder, NeuronLayers, ablated


def gradient_scores(
    rows: Rows,
    found: NeuronLayers,
    criteria: Sequence[Criterion],
    output_means: Tensor,
) -> list[Tensor]:
    # The sign of each difference is that of all rows; given it, the gap is a sum over
    # rows, and so are its gradients: chunks give what one pass would.
    weights = rows.structure.term_output_weights(rows.means.present)
    slopes = weights * (rows.structure.differences @ output_means).sign()
    evidence: list[Tensor] = []
    with (
        _differentiable(found.weights()),
        torch.enable_grad(),
        closing(rows.chunks()) as chunks,
    ):
        for X, matrix in chunks:
            with ActivationRecorder(found.as_mapping()) as recorder:
                probabilities = class_probabilities(rows.module(X).double())
            share = rows.structure.differences @ matrix @ probabilities
            activations = [recorder.activations[name] for name in found.names]
            part = gap_evidence(
                (slopes * share).sum(),
                found.modules,
                activations,
                criteria,
                retain_graph=False,
            )
            evidence = (
                part
                if not evidence
                else [a + b for a, b in zip(evidence, part, strict=True)]
            )
    return [
        criterion.score(weight, piece).double()
        for criterion, weight, piece in zip(
            criteria, found.weights(), evidence, strict=True
        )
    ]


@torch.no_grad()
def exact_scores(rows: Rows, found: NeuronLayers, output_means: Tensor) -> list[Tensor]:
    present = rows.means.present
    before = output_gap(rows.structure, output_means, present)
    scores = []
    for name, layer, depth in zip(
        found.names, found.modules, found.depths, strict=True
    ):
        gaps = []
        for neuron in range(len(layer.get_parameter("weight"))):
            total = torch.zeros_like(output_means)
            with closing(rows.chunks()) as chunks:
                for X, matrix in chunks:
                    with ablated({name: layer}, depth, neuron):
                        logits = rows.module(X).double()
                    total += GroupMeans(matrix, present).of(class_probabilities(logits))
            gaps.append(output_gap(rows.structure, total, present))
        scores.append((before - torch.stack(gaps)).square())
    return scores


@contextmanager
def _differentiable(weights: Sequence[Tensor]) -> Iterator[None]:
    frozen = [weight for weight in weights if not weight.requires_grad]
    for weight in frozen:
        weight.requires_grad_(True)
    try:
        yield
    finally:
        for weight in frozen:
            weight.requires_grad_(False)
