"""Normalizing shares of rows in two processes, against torch on all of them."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.testing import assert_close

from skrunner.exceptions import DistributedError
from tests.nn.shared_norms import NORMS
from tests.processes import sound

CASES = "tests.nn.shared_norms"


def of_torch(name):
    """Run torch's own batch normalization on all rows."""
    make, shape = NORMS[name]
    generator = torch.Generator().manual_seed(0)
    made = make()
    kind = {2: nn.BatchNorm1d, 3: nn.BatchNorm1d, 4: nn.BatchNorm2d}[len(shape)]
    norm = kind(
        4, made.eps, made.momentum, made.affine, made.track_running_stats
    ).double()
    if norm.affine:
        with torch.no_grad():
            norm.weight.copy_(torch.rand(4, generator=generator) + 0.5)
            norm.bias.copy_(torch.randn(4, generator=generator))
    found = []
    for _ in range(2):
        X = 3 + torch.randn(shape, generator=generator, dtype=torch.double)
        slopes = torch.randn(shape, generator=generator, dtype=torch.double)
        X.requires_grad_()
        output = norm(X).relu()
        output.backward(slopes)
        found += [output.detach(), X.grad]
    gradients = [p.grad for p in norm.parameters()]
    in_evaluation = norm.eval()(X) if norm.track_running_stats else X
    return found, gradients, list(norm.buffers()), in_evaluation.detach()


@pytest.mark.parametrize("name", NORMS)
def test_shares_are_normalized_as_all_rows(two_processes, name):
    expected = of_torch(name)
    both = [sound(process[CASES][name]) for process in two_processes]
    for whole, *shares in zip(
        expected[0], *(result[0] for result in both), strict=True
    ):
        for rank, share in enumerate(shares):
            assert_close(share, whole[rank::2])
    for whole, *parts in zip(expected[1], *(result[1] for result in both), strict=True):
        assert_close(sum(parts), whole)
    for result in both:
        assert_close(result[2:], expected[2:])


def test_a_recorder_reads_behind_the_norm(two_processes):
    for process in two_processes:
        depths, activation, output = sound(process[CASES]["recorded"])
        assert depths == {"0": 2}
        assert_close(activation, output)


def test_half_precision_is_averaged_in_single_precision(two_processes):
    X = torch.linspace(-2, 2, 32).reshape(8, 4).bfloat16()
    expected = F.batch_norm(X.float(), None, None, training=True)
    for rank, process in enumerate(two_processes):
        output_type, gradient_type, output, mean = sound(process[CASES]["half"])
        assert output_type == gradient_type == torch.bfloat16
        assert_close(output, expected[rank::2].bfloat16().float())
        assert_close(mean, 0.1 * X.float().mean(0))


def test_a_norm_of_its_own_kind_is_refused(two_processes):
    for process in two_processes:
        with pytest.raises(DistributedError, match="OwnNorm normalizes batches in a"):
            sound(process[CASES]["unknown"])
