"""How trainings in one process and in two are compared."""

import pytest
import torch

from benchmarks.speed.two_gpus import differences, is_same

ONE = {
    "loss": torch.tensor([2.0, -4.0]),
    "gradient": torch.tensor([[0.5, 0.25]]),
    "weight": torch.tensor([1.0, 8.0]),
    "neurons": torch.tensor([True, False]),
}


def test_differences_are_relative_to_the_largest_value():
    two = {**ONE, "loss": torch.tensor([2.5, -4.0]), "weight": torch.tensor([1.0, 6.0])}
    (row,) = differences({"net": ONE}, {"net": two}).values()
    assert row == pytest.approx(
        {"loss": 0.125, "gradient": 0, "weight": 0.25, "same_neurons": True}
    )


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({}, True),
        ({"gradient": torch.tensor([[0.5, 0.25 + 4e-7]])}, True),
        ({"gradient": torch.tensor([[0.5, 0.25 + 6e-7]])}, False),
        ({"neurons": torch.tensor([False, True])}, False),
    ],
)
def test_the_same_steps_are_within_the_limit(change, same):
    (row,) = differences({"net": ONE}, {"net": {**ONE, **change}}).values()
    assert is_same(row) == same
