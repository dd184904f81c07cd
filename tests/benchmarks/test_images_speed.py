"""The timings on images: what is timed, and that their page shows what they wrote."""

import json
from argparse import Namespace
from functools import partial

import numpy as np
import pytest
import torch
from PIL import Image

from benchmarks.speed import image_epoch, image_rates, images
from benchmarks.speed.image_epoch import Setting, make_epoch, make_estimator
from benchmarks.speed.images_page import render
from benchmarks.speed.memory import fit_once, growth
from benchmarks.speed.pictures import as_dataset, many_rows, write_jpegs
from skrunner.datasets import _jpeg
from tests.benchmarks.test_pages import cells

TINY = Setting("fp32", 4, channels_last=False)
STEP = {
    "ratio": 1.482,
    "least": 1.4,
    "most": 1.5,
    "limit": 1.55,
    "plain_ms": 40.04,
    "runner_ms": 59.3,
    "plain_gb": 2.0,
    "runner_gb": 2.5,
}
ABOUT = {
    "torch": "0",
    "device": "cuda (Some GPU)",
    "processor": "hand-made",
    "cores": 16,
    "size": [218, 178],
    "net": "alexnet",
}
FITS = [
    {"images": 10_000, "host": 3.0e9, "gpu": 1.0e9, "pixels": 1.16e9, "seconds": 9.6},
    {"images": 200_000, "host": 3.19e9, "gpu": 1.0e9, "pixels": 23.3e9, "seconds": 71},
]


def test_pictures_are_as_large_as_photographs(tmp_path):
    names = write_jpegs(tmp_path, 3)
    sizes = [(tmp_path / name).stat().st_size for name in names]
    assert 6_000 < min(sizes) <= max(sizes) < 12_000
    rows = many_rows(tmp_path, names, 8)
    assert rows.shape == (8, 3, 218, 178)
    one = np.asarray(Image.open(tmp_path / names[1])).transpose(2, 0, 1)
    for row in (1, 4, 7):
        np.testing.assert_array_equal(rows[row], one)


def small_rows(n=24):
    pixels = torch.randint(0, 256, (n, 3, 16, 16), dtype=torch.uint8)
    return as_dataset(pixels, "fp32", channels_last=False)


@pytest.mark.parametrize("runner", [None, {"diagnose_every": 1, "layers": "layer4*"}])
def test_an_epoch_takes_its_steps(runner):
    estimator = make_estimator("resnet18", TINY, "cpu", runner, steps=2)
    epoch = make_epoch(small_rows(), estimator)
    sizes = [len(batch.y) for batch in epoch.batches]
    assert sizes == [4, 4]
    assert [batch.fair_from for batch in epoch.batches] == [0, 0]  # the same rows
    net = epoch.net
    before = [weight.detach().clone() for weight in net.module_.parameters()]
    epoch.run()
    steps = {int(state["step"]) for state in net.optimizer_.state.values()}
    assert steps == {2}
    assert any(
        (weight != old).any()
        for weight, old in zip(net.module_.parameters(), before, strict=True)
    )
    diagnosed = np.isfinite(net.history[-1, "fairness_term"])
    assert diagnosed == (runner is not None)
    assert bool(getattr(net.objective_, "reads_neurons", False)) == bool(runner)


def test_the_ratios_are_medians_of_pairs(monkeypatch):
    times = iter([1.0, 1.0, 2.0, 6.0, 4.0, 6.0])  # plain and RUNNER in turns
    monkeypatch.setattr(images, "timed", lambda run, device: next(times))
    epoch = image_epoch.Epoch(lambda: None, None, None)
    found = images.compare(epoch, epoch, Namespace(device="cpu", repeats=3))
    assert (found["ratio"], found["least"], found["most"]) == (1.5, 1.0, 3.0)
    assert found["plain_ms"] == 1000 * 2.0 / image_epoch.STEPS
    assert found["runner_ms"] == 1000 * 6.0 / image_epoch.STEPS
    assert "work_ratio" not in found  # a CPU has no launches to wait for


def test_the_work_of_the_gpu_is_compared(monkeypatch):
    epochs = [image_epoch.Epoch(lambda: None, None, None) for _ in range(2)]
    times = {epochs[0].run: 4.0, epochs[1].run: 6.0}
    monkeypatch.setattr(images, "work_ms", lambda run, device: times[run])
    assert images.work_of(*epochs, "cuda") == {
        "work_ratio": 1.5,
        "plain_work_ms": 4.0,
        "runner_work_ms": 6.0,
    }


def test_single_precision_is_without_tf32_while_it_is_timed(monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    epoch = make_epoch(small_rows(), make_estimator("resnet18", TINY, "cpu", steps=1))
    seen = []
    epoch.net.module_.register_forward_hook(
        lambda *_: seen.append(torch.backends.cudnn.allow_tf32)
    )
    epoch.run()
    assert seen == [False]
    assert torch.backends.cudnn.allow_tf32


@pytest.mark.filterwarnings("ignore:Warning. Profiler clears events")
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_the_work_of_the_gpu_is_that_of_its_kernels():
    values = torch.ones(10**8, device="cuda")
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))

    def run():
        start.record()
        for _ in range(image_epoch.STEPS):
            values.add_(1)
        end.record()

    run()
    work = image_epoch.work_ms(run, "cuda")
    assert work == pytest.approx(start.elapsed_time(end) / image_epoch.STEPS, rel=0.2)


def test_every_net_setting_and_variant_is_measured(monkeypatch):
    monkeypatch.setattr(images, "SETTINGS", {"tiny": TINY})
    monkeypatch.setattr(images, "make_estimator", partial(make_estimator, steps=1))
    options = Namespace(
        device="cpu",
        nets=["resnet18"],
        repeats=1,
        rows=12,
        size=(16, 16),
        batch_size=2,
        compile=False,
    )
    found = images.measure(options)
    assert list(found["ratios"]) == [
        f"resnet18, tiny, {variant}" for variant in images.VARIANTS
    ]
    assert [row["limit"] for row in found["ratios"].values()] == [
        1.55,
        1.20,
        1.10,
        1.55,
    ]
    assert {row["plain_gb"] for row in found["ratios"].values()} == {None}
    assert found["about"]["size"] == [16, 16]


def test_images_a_second(monkeypatch):
    monkeypatch.setattr(image_rates, "SETTINGS", {"tiny": TINY})
    monkeypatch.setattr(image_rates, "THREADS", (1, 3))
    monkeypatch.setattr(image_rates, "REPEATS", 2)
    readers = []

    def clocked(function):
        readers.append(_jpeg.simplejpeg is not None)
        function()
        return 0.5

    monkeypatch.setattr(image_rates, "clocked", clocked)
    options = Namespace(device="cpu", nets=["resnet18"], rows=6, size=(16, 16))
    found = image_rates.measure(options)
    assert found["reading"] == {n: {"pillow": 12, "simplejpeg": 12} for n in (1, 3)}
    assert readers == [False, True] * 4 + [True] * 4
    assert found["training"] == {"resnet18, tiny": {"JPEG files": 12, "the device": 12}}


@pytest.mark.filterwarnings("ignore:The fitted net predicts")
def test_a_fit_tells_its_peaks(monkeypatch, tmp_path):
    monkeypatch.setattr("benchmarks.speed.memory.STEPS", 1)
    write_jpegs(tmp_path, 2, (16, 16))
    options = Namespace(size=(16, 16), net="resnet18", batch_size=4, device="cpu")
    found = fit_once(tmp_path, 50, options)
    assert (found["images"], found["pixels"], found["gpu"]) == (50, 38_400, 0)
    # What this process holds by now, in bytes: more than torch alone takes.
    assert 1e8 < found["host"] < 1e11


def test_growth_is_by_image_between_the_extremes():
    assert growth([FITS[1], FITS[0]]) == pytest.approx({"host": 1000.0, "gpu": 0.0})


def test_the_page_shows_what_was_measured(tmp_path):
    ratios = {
        "resnet18, every step": STEP,
        "resnet18, every 5": {**STEP, "ratio": 1.6, "plain_gb": None},
        "alexnet, waits": {**STEP, "ratio": 1.6, "work_ratio": 1.25},
        "alexnet, works": {**STEP, "ratio": 1.6, "work_ratio": 1.56},
        "resnet18, compiled": {"error": "RuntimeError: no `compiler`"},
    }
    results = {"about": ABOUT, "ratios": ratios}
    (tmp_path / "images.json").write_text(json.dumps(results))
    page = render(tmp_path)
    assert cells(page, "resnet18, every step") == [
        ["1.48 (1.40 to 1.50)"],
        ["-"],
        ["1.55", "*met*"],
        ["40.0 ms"],
        ["59.3 ms"],
        ["2.00 to 2.50 GB (1.25)"],
    ]
    assert [c[-1] for c in cells(page, "resnet18, every 5")[2::3]] == ["*missed*", "-"]
    waits, works = (cells(page, f"alexnet, {what}")[1:3] for what in ("waits", "works"))
    assert waits == [["1.25"], ["1.55", "*met by the work*"]]
    assert works == [["1.56"], ["1.55", "*missed*"]]
    assert cells(page, "resnet18, compiled")[0] == [
        "not measured: ``RuntimeError: no 'compiler'``"
    ]
    assert "Memory\n" not in page


def test_the_page_shows_the_images_a_second(tmp_path):
    reading = {"8": {"pillow": 2000.4, "simplejpeg": 21000.4}}
    training = {"resnet18, fp32": {"JPEG files": 1500.0, "the device": 3000.0}}
    results = {"about": ABOUT, "reading": reading, "training": training}
    (tmp_path / "rates.json").write_text(json.dumps(results))
    page = render(tmp_path)
    assert cells(page, "8") == [["2,000"], ["21,000"], ["10.5"]]
    assert cells(page, "resnet18, fp32") == [["1,500"], ["3,000"]]


def test_the_page_shows_the_memory(tmp_path):
    results = {"about": ABOUT, "fits": FITS, "growth": growth(FITS), "limit": 2000}
    (tmp_path / "memory.json").write_text(json.dumps(results))
    page = render(tmp_path)
    assert cells(page, "200,000") == [["23.30 GB"], ["3.19 GB"], ["1.00 GB"], ["71 s"]]
    assert "takes 1,000 bytes of the host and 0 of the GPU" in page
    assert "(at most 2,000) is met." in page


def test_the_page_shows_trainings_in_several_processes(tmp_path):
    apart = {"loss": 0.0, "gradient": 6e-16, "weight": 2e-16, "same_neurons": True}
    steps = {"one_ms": 20.0, "shared_ms": 12.5, "as_many_each_ms": 25.0}
    results = {
        "about": {**ABOUT, "processes": 2},
        "differences": {"small": apart, "odd": {**apart, "same_neurons": False}},
        "steps": {"large": {**steps, "speedup": 1.6, "scaling": 1.6}},
    }
    (tmp_path / "two_gpus.json").write_text(json.dumps(results))
    page = render(tmp_path)
    assert cells(page, "small") == [["0e+00"], ["6e-16"], ["2e-16"], ["the same"]]
    assert cells(page, "odd")[-1] == ["*others*"]
    assert [cell[0] for cell in cells(page, "large")] == [
        *("20.0 ms", "12.5 ms", "25.0 ms"),
        *("1.60", "1.60"),
    ]
