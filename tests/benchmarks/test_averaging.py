"""The mean of weights against one by hand, and that the page shows what was fitted."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from benchmarks.paper.averaging import SHARES, WEIGHTS, Averaging, points, render
from tests.benchmarks.test_pages import cells


@pytest.mark.parametrize(("share", "expected"), [(0.5, 3.5), (1.0, 2.5), (0.01, 4.0)])
def test_the_weights_of_the_last_epochs_are_averaged(share, expected):
    net = SimpleNamespace(module_=nn.Linear(2, 1))
    callback = Averaging(share)
    callback.on_train_begin(net)
    for epoch in (1.0, 2.0, 3.0, 4.0):
        nn.init.constant_(net.module_.weight, epoch)
        callback.on_epoch_end(net)
    nn.init.constant_(net.module_.weight, 9.0)  # of the epoch that was chosen
    callback.on_train_end(net)
    assert_close(net.module_.weight.data, torch.full((1, 2), expected))


def test_every_weight_is_fitted_with_every_share():
    todo = points(2)
    assert {point["seed"] for point in todo} == {100, 101}
    assert len(todo) == 2 * len(SHARES) * sum(map(len, WEIGHTS.values()))


def test_the_page_shows_means_over_splits():
    rows = [
        {
            **point,
            "ap": 0.7 + 0.02 * (point["seed"] - 100),
            "acc": 0.8,
            "delta_dp": point["share"],
            "delta_eo_sum": 0.1,
        }
        for point in points(2)
    ]
    page = render(rows)
    assert "rows of 2 splits" in page
    assert cells(page, "0.16, mean of the last 30 %") == [
        ["2"],
        ["0.710 ± 0.014"],
        ["0.800 ± 0.000"],
        ["0.300 ± 0.000"],
    ]
    assert cells(page, "0.7, of the chosen epoch")[-1] == ["0.100 ± 0.000"]
