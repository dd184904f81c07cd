"""Rows that carry their groups."""

from dataclasses import FrozenInstanceError, replace

import pytest
import torch

from tests.data.rows import make_dataset


@pytest.mark.parametrize("weighted", [True, False])
def test_take_selects_rows_of_every_tensor(weighted):
    data = make_dataset(weighted=weighted)
    rows = torch.tensor([5, 2, 2, 40])
    taken = data.take(rows)
    assert len(taken) == 4
    assert taken.X[:, 0].tolist() == [5, 2, 2, 40]
    assert taken.y.tolist() == [data.y[i].item() for i in (5, 2, 2, 40)]
    assert taken.groups.tolist() == [data.groups[i].item() for i in (5, 2, 2, 40)]
    assert (taken.n_groups, taken.n_classes) == (3, 2)
    if weighted:
        assert taken.weight.tolist() == [data.weight[i].item() for i in (5, 2, 2, 40)]
    else:
        assert taken.weight is None


def test_taken_rows_are_a_copy():
    data = make_dataset()
    data.take(torch.arange(3)).X.fill_(-1)
    assert data.X[:3, 0].tolist() == [0, 1, 2]


def test_cells_number_groups_and_labels():
    data = make_dataset({(0, 0): 1, (1, 2): 2, (2, 1): 1}, n_classes=3)
    pairs = zip(data.groups.tolist(), data.y.tolist(), strict=True)
    assert data.cells.tolist() == [3 * group + label for group, label in pairs]
    assert sorted(data.cells.tolist()) == [0, 5, 5, 7]


def test_to_moves_every_tensor_and_keeps_the_counts():
    moved = make_dataset(weighted=True).to("meta")
    tensors = (moved.X, moved.y, moved.groups, moved.weight)
    assert {tensor.device.type for tensor in tensors} == {"meta"}
    assert (moved.n_groups, moved.n_classes) == (3, 2)


def test_a_data_set_is_frozen():
    with pytest.raises(FrozenInstanceError, match="n_groups"):
        make_dataset().n_groups = 4


def test_cells_are_named_as_the_user_knows_them():
    data = make_dataset({(0, 0): 1, (1, 1): 2})
    assert data.cell_names() == [(0, 0), (0, 1), (1, 0), (1, 1)]
    named = replace(data, group_names=("f", "m"), class_names=["no", "yes"])
    expected = [("f", "no"), ("f", "yes"), ("m", "no"), ("m", "yes")]
    assert named.take(torch.tensor([2])).cell_names() == expected
    assert named.to("meta").cell_names() == expected
