"""A process alone: nothing is exchanged, and what it has is what all have."""

import pytest
import torch

from skrunner._processes import (
    RowShare,
    by_first,
    from_all,
    from_first,
    joined_sum,
    joined_sums,
    n_processes,
    of_first,
    process_rank,
)


def test_a_process_alone_is_the_first_of_one():
    assert (n_processes(), process_rank()) == (1, 0)
    assert from_first("mine") == "mine"
    assert from_all("mine") == ["mine"]
    assert by_first(lambda: "done") == "done"
    with pytest.raises(KeyError, match="gone"):
        by_first(lambda: {}["gone"])


def test_sums_of_one_process_are_its_own_without_a_graph():
    values = torch.arange(6.0).reshape(2, 3).requires_grad_()
    for result in (joined_sum(values), of_first(values), *joined_sums([values])):
        assert torch.equal(result, values)
        assert not result.requires_grad
    copy = joined_sum(values)
    copy.add_(1)
    assert values.flatten().tolist() == [0, 1, 2, 3, 4, 5]


def test_rows_are_put_where_they_stand_and_take_their_own_gradient():
    share = RowShare(torch.tensor([2, 0]), 4)
    values = torch.tensor([[1.0], [2.0]], requires_grad=True)
    rows = share.all_rows(values)
    assert rows.flatten().tolist() == [2, 0, 1, 0]
    (rows.flatten() * torch.tensor([3.0, 5.0, 7.0, 9.0])).sum().backward()
    assert values.grad.flatten().tolist() == [7, 3]
