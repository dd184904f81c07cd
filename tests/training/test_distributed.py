"""Two processes against one: rows, losses, gradients, neurons and weights."""

import os
import sys

import pytest
import torch
from torch.testing import assert_close

from skrunner.exceptions import DistributedError
from skrunner.training import start_processes
from tests.processes import run_cases, sound
from tests.training.shared_steps import SETTINGS, cases

CASES = "tests.training.shared_steps"
CLOSE = {"rtol": 1e-6, "atol": 1e-8}


@pytest.fixture(scope="module")
def one():
    return run_cases(cases(None))


@pytest.fixture(params=SETTINGS)
def results(request, one, two_processes):
    """The results of one process, and of each of two."""
    runs = (one, *(process[CASES] for process in two_processes))
    return [sound(run[request.param]) for run in runs]


def test_two_processes_take_the_steps_of_one(results):
    alone, *both = results
    for result in both:
        assert_close(result["losses"], alone["losses"], equal_nan=True, **CLOSE)
        assert_close(result["gradients"], alone["gradients"], **CLOSE)
        assert_close(result["weights"], alone["weights"], **CLOSE)
        assert_close(result["selected"], alone["selected"])
    assert torch.equal(both[0]["gradients"], both[1]["gradients"])
    assert torch.equal(both[0]["weights"], both[1]["weights"])


@pytest.mark.parametrize("kind", ["predictive", "fair"])
def test_processes_share_the_rows_of_a_step(results, kind):
    for alone, first, second in zip(*(result[kind] for result in results), strict=True):
        assert torch.equal(first, alone[::2])
        assert torch.equal(second, alone[1::2])


def test_a_group_is_in_one_process_only(two_processes):
    for process, known in zip(two_processes, [{0, 1, 2}, {0, 1}], strict=True):
        case = process[CASES]["group in one process"]
        for rows in case["fair"]:
            assert set(case["groups"][rows].tolist()) == known


def test_a_backend_that_does_not_know_the_device_is_an_error(monkeypatch):
    def refuse(_values):
        raise RuntimeError("No backend for cpu")

    monkeypatch.setattr("skrunner.training._distributed.n_processes", lambda: 2)
    monkeypatch.setattr("skrunner.training._distributed.joined_sum", refuse)
    monkeypatch.setattr("torch.distributed.get_backend", lambda: "nccl")
    with pytest.raises(
        DistributedError, match=r"backend nccl, cannot add .* device='cpu': No backend"
    ):
        start_processes("cpu")


def test_each_process_takes_its_gpu(monkeypatch):
    chosen = []
    launched(monkeypatch)
    monkeypatch.setattr("skrunner.training._distributed.n_processes", lambda: 2)
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 4)
    monkeypatch.setattr("torch.cuda.current_device", lambda: 0)
    monkeypatch.setattr("torch.cuda.set_device", chosen.append)
    start_processes("cpu")
    assert chosen == [1]
    monkeypatch.setattr("torch.cuda.current_device", lambda: 3)
    start_processes("cpu")
    assert chosen == [1]


def launched(monkeypatch, **others):
    """Set what torchrun sets for the second of two processes."""
    names = {"RANK": "1", "LOCAL_RANK": "1", "WORLD_SIZE": "2"}
    for name, value in {**names, "MASTER_ADDR": "localhost", **others}.items():
        monkeypatch.setenv(name, value)


def test_without_accelerate_the_error_says_how_to_install_it(monkeypatch):
    launched(monkeypatch, MASTER_PORT="1")
    monkeypatch.setitem(sys.modules, "accelerate", None)
    with pytest.raises(ImportError, match=r'one of 2 .*"skrunner\[distributed\]"'):
        start_processes("cpu")


@pytest.mark.parametrize(
    "others", [{}, {"MASTER_PORT": "1", "WORLD_SIZE": "1"}], ids=["no port", "one"]
)
def test_a_process_that_was_not_launched_with_others_is_alone(monkeypatch, others):
    monkeypatch.delenv("MASTER_PORT", raising=False)
    launched(monkeypatch, **others)
    assert start_processes("cpu") == 1


def test_the_workers_of_a_launched_process_are_alone(monkeypatch):
    launched(monkeypatch, MASTER_PORT="1")
    monkeypatch.setattr("multiprocessing.parent_process", os.getppid)
    assert start_processes("cpu") == 1
