"""Images go through the net in chunks, and the diagnosis is that of all at once."""

import numpy as np
import pytest
import torch

from skrunner import NetClassifier
from skrunner.data import PixelOptions, PixelRows, as_pixels
from skrunner.diagnosis import _rows, diagnose_neurons
from tests.device import DEVICE
from tests.estimators.images import PIXELS, A, Conv, N, Y, fit, write_files
from tests.estimators.nets import SmallConv

COLUMNS = ["importance", "discrimination"]
WHOLE = torch.from_numpy(PIXELS) / 255.0


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return write_files(tmp_path_factory.mktemp("images"))


@pytest.fixture(scope="module", params=["plain", "with a norm"])
def net(request):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        found = Conv() if request.param == "plain" else SmallConv(3)
        if request.param == "with a norm":
            found.norm.running_var.uniform_(0.5, 2.0)
    return found.double().to(DEVICE)


def diagnosed(net, X, **options):
    options = {"layers": "conv", "constraints": "equalized_odds", **options}
    return diagnose_neurons(net, X, Y, sensitive_features=A, **options)


@pytest.mark.parametrize("importance", ["taylor", "sum_sq", "signed", "exact"])
@pytest.mark.parametrize("batch_size", [1, 7, N - 1])
def test_chunks_of_images_give_the_whole(net, importance, batch_size, images):
    floats = PixelRows(torch.from_numpy(PIXELS), PixelOptions(dtype=torch.float64))[:]
    whole = diagnosed(net, floats, importance=importance).to_frame()
    found = diagnosed(net, images, importance=importance, batch_size=batch_size)
    frame = found.to_frame()
    assert frame["layer"].tolist() == ["conv"] * 4
    np.testing.assert_allclose(frame[COLUMNS], whole[COLUMNS], rtol=1e-6, atol=1e-12)
    assert frame["rank"].tolist() == whole["rank"].tolist()
    assert found.n_samples == N


def test_large_images_are_split_whatever_batch_size_says(net, monkeypatch):
    sizes = []
    monkeypatch.setattr(_rows, "rows_at_once", lambda X, most: min(most, 13))
    hook = net.conv.register_forward_hook(
        lambda _m, args, _o: sizes.append(len(args[0]))
    )
    try:
        small = diagnosed(net, PIXELS)
    finally:
        hook.remove()
    # Two rows and three to find the layers, then all for means and for gradients.
    assert sizes == [2, 3, *([13] * 9 + [3]) * 2]
    monkeypatch.undo()
    whole = diagnosed(net, PIXELS)
    np.testing.assert_allclose(
        small.to_frame()[COLUMNS], whole.to_frame()[COLUMNS], rtol=1e-6, atol=1e-12
    )
    assert small.gap == pytest.approx(whole.gap, rel=1e-9)


@pytest.mark.filterwarnings("ignore::skrunner.exceptions.CollapseWarning")
def test_a_classifier_diagnoses_its_images_as_it_sees_them(images):
    def transform(pixels):
        return pixels / 100 - 1

    fitted = fit(NetClassifier, image_transform=transform, precision="fp64")
    found = fitted.diagnose(images, Y, sensitive_features=A, neuron_ratio=0.5)
    rows = as_pixels(PIXELS, PixelOptions(dtype=torch.float64, transform=transform))
    expected = diagnose_neurons(
        fitted.net_.module_, rows[:], Y, sensitive_features=A, neuron_ratio=0.5
    )
    chosen = expected.to_frame()["selected"]
    assert found.to_frame()["selected"].tolist() == chosen.tolist()
    np.testing.assert_allclose(
        found.to_frame()[COLUMNS], expected.to_frame()[COLUMNS], rtol=1e-6
    )


def test_fewer_rows_run_at_a_time_where_memory_runs_out(net):
    expected = diagnosed(net, WHOLE)
    sizes = []

    def small(_module, args):
        sizes.append(len(args[0]))
        if len(args[0]) > 20:
            raise torch.OutOfMemoryError("CUDA out of memory.")

    hook = net.register_forward_pre_hook(small)
    try:
        found = diagnosed(net, WHOLE)
    finally:
        hook.remove()
    assert max(sizes[-6:]) <= 20
    np.testing.assert_allclose(
        found.to_frame()[COLUMNS], expected.to_frame()[COLUMNS], rtol=1e-6, atol=1e-12
    )


def test_one_row_that_does_not_fit_is_an_error(net):
    passes = iter([None, None])  # those that find the layers

    def small(_module, _args):
        if next(passes, "none left"):
            raise torch.OutOfMemoryError("CUDA out of memory.")

    hook = net.register_forward_pre_hook(small)
    try:
        with pytest.raises(torch.OutOfMemoryError):
            diagnosed(net, PIXELS)
    finally:
        hook.remove()
