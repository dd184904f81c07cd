"""The rows that each of several processes takes of a batch."""

import pytest
import torch

from skrunner.data import EpochBatches, GroupDataset
from tests.device import DEVICE

N = 24
CODES = torch.arange(N) % 3
ROWS = GroupDataset(
    torch.arange(N).float()[:, None],
    (torch.arange(N) // 3) % 2,
    CODES,
    n_groups=3,
    n_classes=2,
    weight=torch.arange(N) / 7,
    flagged=CODES == 1,
).to(DEVICE)


def batches_of(rank=0, n_processes=1, **params):
    batches = EpochBatches(ROWS, fairness_batch_size=6, **params)
    batches.divide(rank, n_processes)
    return list(batches)


@pytest.mark.parametrize("n_processes", [2, 3])
@pytest.mark.parametrize("batch_size", [7, 100])
@pytest.mark.parametrize("sampling", ["plain", "shared", "balanced", "two_stream"])
def test_a_process_takes_every_nth_row_of_either_kind(
    sampling, batch_size, n_processes
):
    params = {"batch_size": batch_size, "sampling": sampling}
    for rank in range(n_processes):
        shares = batches_of(rank, n_processes, **params)
        for whole, share in zip(batches_of(**params), shares, strict=True):
            two = whole.fair_from > 0
            places = list(range(whole.n_predictive))[rank::n_processes]
            n_predictive = len(places)
            if two:
                places += list(range(whole.fair_from, len(whole.y)))[rank::n_processes]
            for name in ("X", "y", "groups", "weight", "flagged"):
                assert torch.equal(getattr(share, name), getattr(whole, name)[places])
            assert share.n_predictive == n_predictive
            assert share.fair_from == (n_predictive if two else 0)
            assert share.same_cells == whole.same_cells
            assert share.whole.share.own.tolist() == places
            assert share.whole.share.n_rows == len(whole.y)
            for name in ("y", "groups", "weight"):
                assert torch.equal(getattr(share.whole, name), getattr(whole, name))
            assert share.whole.n_predictive == whole.n_predictive
            assert share.whole.fair_from == whole.fair_from


def test_batches_are_whole_again_when_one_process_is_left():
    batches = EpochBatches(ROWS, batch_size=8)
    batches.divide(1, 2)
    batches.divide(0, 1)
    assert [(len(batch.y), batch.whole) for batch in batches] == [(8, None)] * 3


@pytest.mark.parametrize(
    ("params", "fewest"),
    [
        ({"batch_size": 2}, 2),
        ({"batch_size": 8, "sampling": "two_stream", "fairness_batch_size": 3}, 3),
        ({"batch_size": 11}, 8),
        ({"batch_size": 100}, 24),
    ],
)
def test_each_process_needs_a_row(params, fewest):
    batches = EpochBatches(ROWS, **params)
    batches.divide(0, fewest)
    with pytest.raises(ValueError, match=rf"has {fewest} row\(s\) for {fewest + 1} pr"):
        batches.divide(0, fewest + 1)
