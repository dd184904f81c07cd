"""Dropout in some rows, against masks drawn beside it and against frequencies."""

import pytest
import torch
from torch import nn

from skrunner.nn import MLP, linear_chain, row_dropout
from tests.nn.test_chain import hooks_of

ROWS = torch.tensor([True, False, True, True, False])
X = torch.randn(5, 3, generator=torch.Generator().manual_seed(1)).double()


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def mask(shape, rows, p, generator):
    """Return what every unit of every row is multiplied by."""
    drawn = torch.rand(shape, generator=generator)
    factors = torch.ones(shape, dtype=torch.float64)
    for i in range(shape[0]):
        for j in range(shape[1]):
            if rows[i]:
                factors[i, j] = 0.0 if drawn[i, j] < p else 1 / (1 - p)
    return factors


def test_logits_equal_those_of_masks_drawn_beside():
    torch.manual_seed(0)
    module = MLP(3, hidden=(6, 4)).double()
    first, second, last = linear_chain(module, X)
    with row_dropout([second, last], ROWS, 0.4, seeded()):
        thinned = module(X)
    generator = seeded()
    hidden = first(X).relu() * mask((5, 6), ROWS, 0.4, generator)
    hidden = second(hidden).relu() * mask((5, 4), ROWS, 0.4, generator)
    torch.testing.assert_close(thinned, last(hidden), rtol=1e-12, atol=0)
    changed = (thinned != module(X))[:, 0]
    assert torch.equal(changed, ROWS)  # other rows: bit for bit as before
    assert not hooks_of(module)


def test_frequencies_and_means():
    layer, rows = nn.Identity(), torch.arange(4000) % 4 == 0
    with row_dropout([layer], rows, 0.3, seeded()):
        values = layer(torch.ones(4000, 50))
    assert (values[~rows] == 1).all()
    thinned = values[rows]
    assert thinned.unique().tolist() == pytest.approx([0, 1 / 0.7])
    # 50,000 draws: five standard deviations are 0.0102.
    assert (thinned == 0).double().mean().item() == pytest.approx(0.3, abs=0.0102)
    by_row = (thinned == 0).double().mean(1)  # a mask for each row
    assert by_row.std().item() == pytest.approx((0.21 / 50) ** 0.5, rel=0.15)


def test_masks_come_from_the_generator_alone():
    layer, values = nn.Identity(), torch.ones(5, 40)
    before = torch.get_rng_state()
    drawn = []
    for seed in (0, 0, 1):
        with row_dropout([layer], ROWS, 0.5, seeded(seed)):
            drawn += [layer(values), layer(values)]
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(drawn[0], drawn[2])
    assert torch.equal(drawn[1], drawn[3])
    assert not torch.equal(drawn[0], drawn[1])  # every pass has masks of its own
    assert not torch.equal(drawn[0], drawn[4])


def test_no_dropout_changes_no_bit():
    layer = nn.Identity()
    for rows, p in [(ROWS, 0.0), (torch.zeros(5, dtype=bool), 0.9)]:
        with row_dropout([layer], rows, p, seeded()):
            assert torch.equal(layer(X), X)


def test_types_and_further_axes_stay():
    layer = nn.Identity()
    values = torch.ones(5, 3, 4, dtype=torch.bfloat16)
    with row_dropout([layer], ROWS, 0.5, seeded()):
        thinned = layer(values)
    assert thinned.dtype == torch.bfloat16
    assert (thinned[~ROWS] == 1).all()
    assert ((thinned[ROWS] == 0) | (thinned[ROWS] == 2)).all()
    assert 0 < (thinned[ROWS] == 0).sum() < 36


def test_gradients_pass_through_in_place_nonlinearities():
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(3, 6), nn.ReLU(inplace=True), nn.Linear(6, 1))
    module = module.double()
    with row_dropout([module[2]], ROWS, 0.5, seeded()):
        module(X).sum().backward()
    found = module[0].weight.grad.clone()
    module.zero_grad()
    factors = mask((5, 6), ROWS, 0.5, seeded())
    module[2](module[0](X).relu() * factors).sum().backward()
    torch.testing.assert_close(found, module[0].weight.grad, rtol=1e-12, atol=0)


def test_hooks_are_gone_on_error_too():
    module = MLP(3, hidden=(4,)).double()
    with (
        pytest.raises(RuntimeError, match="shapes"),
        row_dropout(linear_chain(module, X)[1:], ROWS, 0.5, seeded()),
    ):
        module(X[:, :2])
    assert not hooks_of(module)
