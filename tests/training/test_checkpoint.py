"""The file: whole or not there, read without running its code, refused if damaged."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from skrunner.exceptions import CheckpointError
from skrunner.training import Checkpoint, Seeds
from skrunner.training._checkpoint import _sealed, read_checkpoint

KNOWN = {"X": "float32 (2, 2) abc", "lr": "0.1"}
SEEDS = Seeds(1, 2, 3, 4, 5, 6)
STATE = {"weights": torch.arange(3.0), "loss": np.float64(0.5), "rows": [1, None, "a"]}


def test_states_come_back_stage_by_stage(tmp_path):
    path = tmp_path / "fit.pt"
    first = Checkpoint(path, KNOWN, SEEDS)
    assert first.next_stage() is None
    first.keep({"done": False})
    first.keep({"done": True})
    assert first.next_stage() is None
    first.keep(STATE)
    again = Checkpoint(str(path), KNOWN, Seeds(9, 9, 9, 9, 9, 9))
    assert again.seeds == SEEDS
    assert not read_checkpoint(path)["finished"]
    assert again.next_stage() == {"done": True}
    state = again.next_stage()
    assert state["weights"].tolist() == [0.0, 1.0, 2.0]
    assert state["loss"] == 0.5
    assert type(state["loss"]) is float
    assert state["rows"] == [1, None, "a"]
    assert again.next_stage() is None
    again.finish()
    assert read_checkpoint(path)["finished"]


def test_what_is_kept_does_not_change_with_the_net(tmp_path):
    path = tmp_path / "fit.pt"
    checkpoint, weights = Checkpoint(path, KNOWN, SEEDS), torch.zeros(2)
    checkpoint.next_stage()
    checkpoint.keep({"weights": weights})
    checkpoint.next_stage()
    weights += 1
    checkpoint.keep({"weights": weights})
    again = Checkpoint(path, KNOWN, SEEDS)
    kept = [again.next_stage()["weights"].tolist() for _ in range(2)]
    assert kept == [[0.0, 0.0], [1.0, 1.0]]


def written(path):
    checkpoint = Checkpoint(path, KNOWN, SEEDS)
    checkpoint.next_stage()
    checkpoint.keep(STATE)
    return path.read_bytes()


def test_a_write_that_fails_leaves_the_last_file(tmp_path, monkeypatch):
    path = tmp_path / "fit.pt"
    whole = written(path)
    checkpoint = Checkpoint(path, KNOWN, SEEDS)
    checkpoint.next_stage()

    def half(content, file):
        file.write(whole[: len(whole) // 2])
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(torch, "save", half)
        with pytest.raises(OSError, match="No space left"):
            checkpoint.keep({"weights": torch.ones(3)})
    assert path.read_bytes() == whole
    assert Checkpoint(path, KNOWN, SEEDS).next_stage()["weights"].tolist() == [0, 1, 2]
    checkpoint.keep({"weights": torch.ones(3)})
    assert [file.name for file in tmp_path.iterdir()] == ["fit.pt"]


@pytest.mark.parametrize("share", [0.0, 0.001, 0.1, 0.5, 0.9, 0.999])
def test_a_file_that_was_cut_off_is_refused(share, tmp_path):
    path = tmp_path / "fit.pt"
    whole = written(path)
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(CheckpointError, match=r"fit\.pt is no.*damaged\. Delete it"):
        Checkpoint(path, KNOWN, SEEDS)


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "fit.pt"
    path.write_text("weights")
    with pytest.raises(CheckpointError, match=r"no checkpoint of this version"):
        Checkpoint(path, KNOWN, SEEDS)
    torch.save([torch.ones(2)], path)
    with pytest.raises(CheckpointError, match=r"no checkpoint of this version"):
        Checkpoint(path, KNOWN, SEEDS)
    torch.save({"format": 99}, path)
    with pytest.raises(CheckpointError, match=r"no checkpoint of this version"):
        Checkpoint(path, KNOWN, SEEDS)


class Touches:
    """Unpickling it creates a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_no_code_of_a_file_is_run(tmp_path):
    path, trace = tmp_path / "fit.pt", tmp_path / "trace"
    path.write_bytes(_sealed({"fingerprint": Touches(trace)}))
    with pytest.raises(CheckpointError, match=r"is no checkpoint of this version"):
        Checkpoint(path, KNOWN, SEEDS)
    assert not trace.exists()
    pickle.loads(pickle.dumps(Touches(trace)))  # it would
    assert trace.exists()


def test_what_differs_is_named(tmp_path):
    path = tmp_path / "fit.pt"
    written(path)
    other = {"X": KNOWN["X"], "lr": "0.2", "gap": "'mean'" * 40}
    with pytest.raises(
        CheckpointError,
        match=r"fit\.pt is of another fit\. These differ: gap \(there nothing, here "
        r"('mean'){13}'m\.\.\.\); lr \(there 0\.1, here 0\.2\)\. Fit with",
    ):
        Checkpoint(path, other, SEEDS)


def test_a_folder_has_to_exist(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"folder that does not exist"):
        Checkpoint(tmp_path / "a" / "fit.pt", KNOWN, SEEDS)


def test_one_wrong_byte_is_noticed(tmp_path):
    path = tmp_path / "fit.pt"
    whole = written(path)
    for place in np.random.default_rng(0).integers(0, len(whole), 60):
        damaged = bytearray(whole)
        damaged[place] ^= 1
        path.write_bytes(damaged)
        with pytest.raises(CheckpointError, match="damaged"):
            Checkpoint(path, KNOWN, SEEDS)


def test_two_fits_that_write_to_one_file(tmp_path):
    first, second = (Checkpoint(tmp_path / "fit.pt", KNOWN, SEEDS) for _ in range(2))
    for checkpoint in (first, second):
        checkpoint.next_stage()
    first.keep({"epoch": 1})
    with pytest.raises(CheckpointError, match=r"fit\.pt was written by another fit"):
        second.keep({"epoch": 1})
    first.keep({"epoch": 2})
    assert [path.name for path in tmp_path.iterdir()] == ["fit.pt"]


def test_places_that_cannot_be_written(tmp_path, monkeypatch):
    with pytest.raises(CheckpointError, match=r"is a folder\. Pass a file"):
        Checkpoint(tmp_path, KNOWN, SEEDS)

    def refuse(*_args, **_kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "touch", refuse)
    with pytest.raises(CheckpointError, match=r"cannot be written.*Permission denied"):
        Checkpoint(tmp_path / "fit.pt", KNOWN, SEEDS)


def test_arrays_come_back_as_arrays(tmp_path):
    checkpoint = Checkpoint(tmp_path / "fit.pt", KNOWN, SEEDS)
    checkpoint.next_stage()
    rates, name = [np.array([0.1, 0.2])], np.str_("group")
    checkpoint.keep({"rates": rates, "last": np.float64(0.3), "name": name})
    state = Checkpoint(tmp_path / "fit.pt", KNOWN, SEEDS).next_stage()
    assert isinstance(state["rates"][0], np.ndarray)
    assert state["rates"][0].tolist() == [0.1, 0.2]
    assert (state["last"], state["name"]) == (0.3, "group")
    assert type(state["name"]) is str
