"""Seeds: independent of one another, repeatable, and global state as it was."""

from dataclasses import astuple

import numpy as np
import pytest
import torch
from numpy.random import RandomState

from skrunner.training import Seeds, draw_seeds, isolated_rng


def test_six_different_seeds_of_31_bits():
    for random_state in range(50):
        seeds = astuple(draw_seeds(random_state))
        assert len(set(seeds)) == 6
        assert all(0 <= seed < 2**31 for seed in seeds)


def test_the_same_random_state_gives_the_same_seeds():
    assert draw_seeds(7) == draw_seeds(7)
    assert draw_seeds(7) != draw_seeds(8)
    assert draw_seeds(RandomState(7)) == draw_seeds(7)


def test_a_random_state_object_moves_on():
    source = RandomState(7)
    assert draw_seeds(source) != draw_seeds(source)


def test_none_draws_from_entropy_and_leaves_the_global_state():
    numpy_before, torch_before = np.random.get_state(), torch.get_rng_state()  # noqa: NPY002 (the state that must stay)
    assert draw_seeds(None) != draw_seeds(None)
    numpy_after = np.random.get_state()  # noqa: NPY002 (the state that must stay)
    assert (numpy_before[1] == numpy_after[1]).all()
    assert numpy_before[2:] == numpy_after[2:]
    assert torch.equal(torch_before, torch.get_rng_state())


def test_none_does_not_come_from_the_global_seed():
    np.random.seed(0)  # noqa: NPY002 (the state that must not matter)
    first = draw_seeds(None)
    np.random.seed(0)  # noqa: NPY002 (the state that must not matter)
    assert draw_seeds(None) != first


def test_advanced_seeds_differ_in_every_part():
    seeds = Seeds(1, 20, 300, 4000, 50000, 600000)
    assert seeds.advanced(0) == seeds
    assert seeds.advanced(3) == Seeds(4, 23, 303, 4003, 50003, 600003)


def test_isolated_draws_come_from_the_seed():
    def draw(seed):
        with isolated_rng(seed):
            return torch.rand(4).tolist()

    assert draw(1) == draw(1)
    assert draw(1) != draw(2)


def test_the_generator_is_restored():
    before = torch.get_rng_state()
    with isolated_rng(5, "cpu"):
        torch.rand(3)
        assert not torch.equal(before, torch.get_rng_state())
    assert torch.equal(before, torch.get_rng_state())


def test_the_generator_is_restored_behind_an_error():
    def failing():
        with isolated_rng(5):
            torch.rand(3)
            raise KeyError("stop")

    before = torch.get_rng_state()
    with pytest.raises(KeyError, match="stop"):
        failing()
    assert torch.equal(before, torch.get_rng_state())
