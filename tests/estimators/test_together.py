"""Classifiers that two processes fit together, against the fit of a single one."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from skrunner.estimators._budget import resolve_device
from skrunner.exceptions import DistributedError
from skrunner.training import NetSpec
from tests.estimators.rows import Y
from tests.estimators.shared_fits import FITS, alone
from tests.processes import run_cases, sound

CASES = "tests.estimators.shared_fits"
CLOSE = {"rtol": 1e-6, "atol": 1e-9}
ALIKE = [*FITS, "images", "other weights"]


@pytest.fixture(scope="module")
def one():
    return run_cases(alone())


@pytest.fixture
def both(two_processes):
    """Results of a case in both processes."""
    return lambda name: [sound(process[CASES][name]) for process in two_processes]


@pytest.mark.parametrize("name", ALIKE)
def test_two_processes_fit_what_one_does(name, one, both):
    expected = sound(one[name])
    for result in both(name):
        for part in ("weights", "history", "answers"):
            np.testing.assert_allclose(result[part], expected[part], **CLOSE)
        assert result["chosen"] == expected["chosen"]


@pytest.mark.parametrize("name", [*ALIKE, "drawn", "dropout"])
def test_both_processes_end_alike(name, both):
    first, second = both(name)
    for part in ("weights", "history", "answers"):
        np.testing.assert_array_equal(first[part], second[part])


def test_only_the_first_process_shows_a_bar(both):
    first, second = both("printed")
    assert "training: 100%" in first
    assert second == ""


def test_a_process_answers_without_the_others(one, both):
    first, (answers, neurons) = both("answers alone")
    assert first is None
    expected = np.unique(Y)[sound(one["DP"])["answers"].argmax(1)]
    np.testing.assert_array_equal(answers, expected)
    assert neurons == [0, 1, 2, 3, 4]


def test_an_interrupted_fit_goes_on_from_the_file_of_the_first_process(both):
    for rank, (again, uninterrupted, is_written) in enumerate(both("resumed")):
        for part in ("weights", "history", "answers"):
            np.testing.assert_array_equal(again[part], uninterrupted[part])
        assert is_written == (rank == 0)


REFUSED = [
    ("adversary", DistributedError, "AdversarialClassifier cannot be trained in sev"),
    ("mixup", DistributedError, "FairMixupClassifier cannot be trained in several"),
    ("paths", DistributedError, "FairNeuronClassifier cannot be trained in several"),
    ("own steps", DistributedError, "OwnSteps has training steps of its own"),
    ("parts", DistributedError, "gradient_accumulation=2 compares groups part by"),
    ("own norm", DistributedError, "OwnNorm normalizes batches in a way of its own"),
    ("compiled norm", DistributedError, "compile=True cannot be combined with batch"),
    ("one row", ValueError, r"A step has 1 row\(s\) for 2 processes"),
    ("other rows", DistributedError, "do not fit the same. .* differ: X, y. Every"),
    ("other settings", DistributedError, "do not fit the same. .* differ: lr. Every"),
    ("checkpoint of one", DistributedError, "These differ: checkpoint. Every"),
    ("no folder", FileNotFoundError, "to a folder that does not exist"),
]


@pytest.mark.parametrize(("name", "error", "match"), REFUSED)
def test_what_cannot_be_shared_is_an_error_in_both(name, error, match, two_processes):
    for process in two_processes:
        with pytest.raises(error, match=match):
            sound(process[CASES][name])


SCRIPT = """
import sys
import numpy as np
from tests.estimators.rows import A, X, Y
from tests.estimators.shared_fits import SMALL, weights_of
from skrunner import NetClassifier

clf = NetClassifier(**SMALL).fit(X, Y, sensitive_features=A)
import torch.distributed as dist
np.save(f"{sys.argv[1]}/{dist.get_rank()} of {dist.get_world_size()}", weights_of(clf))
"""


@pytest.mark.slow
def test_torchrun_starts_processes_that_fit_together(tmp_path, one):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    root = str(Path(__file__).parents[2])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    subprocess.run(
        [*launcher, "--nproc-per-node", "2", str(script), str(tmp_path)],
        check=True,
        timeout=120,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(paths),
            "OMP_NUM_THREADS": "1",
        },
    )
    for rank in range(2):
        weights = np.load(tmp_path / f"{rank} of 2.npy")
        np.testing.assert_allclose(weights, sound(one["plain"])["weights"], **CLOSE)


@pytest.mark.parametrize("device", ["auto", "cuda", None])
def test_each_process_trains_on_its_own_gpu(device, monkeypatch):
    monkeypatch.setattr("skrunner.estimators._budget.n_processes", lambda: 2)
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.current_device", lambda: 1)
    spec = NetSpec("mlp", settings={"device": "cuda"})
    assert resolve_device(device, spec) == "cuda:1"
    assert resolve_device("cuda:0", spec) == "cuda:0"
