import pytest
import torch

from tests.processes import run_in_two


@pytest.fixture(autouse=True)
def fixed_seed():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


@pytest.fixture(scope="session")
def two_processes(tmp_path_factory):
    """What the cases of ``tests.processes`` come to in each of two processes."""
    return run_in_two(tmp_path_factory.mktemp("processes"))
