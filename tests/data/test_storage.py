"""Where pixels stay, by free memory that is made up here."""

import os

import pytest
import torch

from skrunner.data import _storage
from skrunner.data._storage import choose_storage, free_on, free_on_host

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


@pytest.fixture
def free(monkeypatch):
    """Let a device have 1,000 bytes and the host 600."""
    monkeypatch.setattr(_storage, "free_on", lambda device: 1000)
    monkeypatch.setattr(_storage, "free_on_host", lambda: 600)


@pytest.mark.parametrize(
    ("device", "nbytes", "expected"),
    [
        (CUDA, 0, "device"),
        (CUDA, 400, "device"),  # two fifths of 1,000
        (CUDA, 401, "files"),  # more than the half of 600 as well
        (CPU, 300, "host"),
        (CPU, 301, "files"),
    ],
)
@pytest.mark.usefixtures("free")
def test_auto_takes_the_first_with_room(device, nbytes, expected):
    assert choose_storage("auto", nbytes, device) == expected


@pytest.mark.usefixtures("free")
def test_the_host_is_second(monkeypatch):
    monkeypatch.setattr(_storage, "free_on", lambda device: 500)
    places = [choose_storage("auto", nbytes, CUDA) for nbytes in (200, 201, 300, 301)]
    assert places == ["device", "host", "host", "files"]


@pytest.mark.usefixtures("free")
@pytest.mark.parametrize("storage", ["device", "host", "files"])
def test_what_the_user_says_is_not_measured(storage):
    assert choose_storage(storage, 10**9, CUDA) == storage


def test_unknown():
    with pytest.raises(ValueError, match=r"image_storage='disk'.*auto, device, host"):
        choose_storage("disk", 1, CPU)


def container(folder, limit, used, files):
    folder.mkdir()
    (folder / "memory.max").write_text(f"{limit}\n")
    (folder / "memory.current").write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"anon 5\ninactive_file {files}\n")
    return folder


def test_free_memory_counts_files_that_linux_keeps(tmp_path):
    system = tmp_path / "meminfo"
    system.write_text("MemTotal: 900 kB\nMemFree: 10 kB\nMemAvailable: 70 kB\n")
    assert free_on_host(system, tmp_path / "none") == 71680
    # A container may have less: what is left, and the files that it keeps.
    small = container(tmp_path / "small", 30_000, 25_000, 2_000)
    assert free_on_host(system, small) == 7_000
    for name, limit in (("wide", 10**9), ("open", "max")):
        wide = container(tmp_path / name, limit, 25_000, 2_000)
        assert free_on_host(system, wide) == 71680


def test_free_memory_of_other_hosts(monkeypatch, tmp_path):
    nothing = tmp_path / "none"
    told = {"SC_AVPHYS_PAGES": 7, "SC_PAGE_SIZE": 4096}
    monkeypatch.setattr(os, "sysconf", told.__getitem__)
    assert free_on_host(nothing, nothing) == 28672

    def silent(_name):
        raise ValueError("unrecognized configuration name")

    monkeypatch.setattr(os, "sysconf", silent)
    assert free_on_host(nothing, nothing) == 0
    monkeypatch.setattr(_storage, "free_on_host", lambda: 0)
    assert choose_storage("auto", 1, CPU) == "files"


def test_free_memory_of_a_gpu_counts_what_torch_keeps_for_later(monkeypatch):
    numbers = {
        "mem_get_info": (100, 900),
        "memory_reserved": 70,
        "memory_allocated": 30,
    }
    for name, value in numbers.items():
        monkeypatch.setattr(torch.cuda, name, lambda _device, value=value: value)
    assert free_on(CUDA) == 140
