"""Images as X: where they are kept changes nothing, and what is refused says why."""

import threading

import numpy as np
import pytest
import torch
from PIL import Image

from skrunner import NetClassifier, RunnerClassifier
from skrunner.data import _pixels
from skrunner.exceptions import ImageSizeWarning, UnsupportedModuleError
from tests.device import DEVICE
from tests.estimators.images import (
    PIXELS,
    SIDE,
    SMALL,
    A,
    Conv,
    N,
    Y,
    assert_same,
    fit,
    write_files,
)
from tests.estimators.nets import SmallConv, Tiny
from tests.estimators.rows import weights_of

pytestmark = pytest.mark.filterwarnings("ignore::skrunner.exceptions.CollapseWarning")


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return write_files(tmp_path_factory.mktemp("images"))


@pytest.fixture(scope="module")
def expected():
    return {
        kind: fit(kind, validation_fraction=0.25)
        for kind in (NetClassifier, RunnerClassifier)
    }


@pytest.mark.parametrize("storage", ["auto", "device", "host", "files"])
@pytest.mark.parametrize("kind", [NetClassifier, RunnerClassifier])
def test_where_images_are_kept_changes_nothing(kind, storage, images, expected):
    for X in (images, PIXELS):
        fitted = fit(kind, X, image_storage=storage, validation_fraction=0.25)
        same = expected[kind]
        assert_same(weights_of(fitted), weights_of(same))
        columns = ["train_loss", "valid_loss", "valid_gap", "valid_utility"]
        assert_same(fitted.history_[columns], same.history_[columns])
        for rows in (images[20:50], PIXELS[20:50], torch.from_numpy(PIXELS[20:50])):
            assert_same(fitted.predict_proba(rows), same.predict_proba(PIXELS[20:50]))


def test_no_images_are_read_twice_into_memory_or_all_at_once(images, monkeypatch):
    sizes = []
    decode = type(images).decode
    monkeypatch.setattr(
        type(images),
        "decode",
        lambda self, rows=None, out=None: (
            sizes.append(len(out)) or decode(self, rows, out)
        ),
    )
    fit(NetClassifier, images, image_storage="files")
    # The layers are looked up on two; then two epochs of three steps, then all rows.
    assert sizes == [2, *[40] * 6, N]
    sizes.clear()
    fit(NetClassifier, images, image_storage="host")
    assert sizes == [2, N]


def test_auto_keeps_images_in_files_where_memory_is_short(images, monkeypatch):
    asked = []

    def choose(storage, nbytes, device):
        asked.append((storage, nbytes, str(device)))
        return "files"

    monkeypatch.setattr(_pixels, "choose_storage", choose)
    fit(NetClassifier, images, validation_fraction=0.25)
    sizes = [3 * SIDE * SIDE * n for n in (N // 4, N - N // 4)]
    assert sorted(asked) == sorted([("auto", size, DEVICE) for size in sizes])


def test_by_hand(images):
    """Predictions are the net's on standardized pixels; so is what it trains on."""
    fitted = fit(NetClassifier, images, precision="fp64", batch_size=N, max_epochs=1)
    mean, deviation = np.array([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]])
    rows = (PIXELS / 255 - mean[:, None, None]) / deviation[:, None, None]
    rows = torch.from_numpy(rows)
    fitted.net_.module_.cpu()
    with torch.no_grad():
        scores = fitted.net_.module_(rows)[:, 0].sigmoid().numpy()
    fitted.net_.module_.to(DEVICE)
    np.testing.assert_allclose(fitted.predict_proba(images)[:, 1], scores, rtol=1e-10)
    floats = fit(NetClassifier, rows, precision="fp64", batch_size=N, max_epochs=1)
    np.testing.assert_allclose(weights_of(fitted), weights_of(floats), rtol=1e-8)


REFUSED = {
    "preset for tables": (PIXELS, "mlp", ValueError, r"net='mlp' takes tables\. Pass"),
    "too small": (PIXELS, "alexnet", UnsupportedModuleError, "at least 63 x 63"),
    "grey for a preset": (
        PIXELS[:, :1],
        "resnet18",
        UnsupportedModuleError,
        "Repeat the channel of grey images",
    ),
    "channels of the net": (
        PIXELS[:, :2],
        Conv,
        UnsupportedModuleError,
        r"cannot run on rows of shape \(2, 6, 6\)",
    ),
    "no channels": (
        PIXELS[:, 0],
        Conv,
        UnsupportedModuleError,
        r"cannot run on rows of shape \(6, 6\)",
    ),
    "floats for a table's preset": (PIXELS / 255, "mlp", ValueError, "dim 4"),
    "integers for a table's preset": (PIXELS.astype(int), "mlp", ValueError, "dim 4"),
    "integers": (
        PIXELS.astype(int),
        Conv,
        ValueError,
        r"holds images of int64\. Pixels are expected as uint8",
    ),
    "integers in a tensor": (
        torch.from_numpy(PIXELS).to(torch.int16),
        "alexnet",
        ValueError,
        "X holds images of int16",
    ),
    "integers of the other byte order": (
        PIXELS.astype(">u2"),
        Conv,
        ValueError,
        "X holds images of uint16",
    ),
    "lists of numbers": (PIXELS.tolist(), Conv, ValueError, "images of int64"),
    "a list of integers": (list(PIXELS.astype(int)), Conv, ValueError, "of int64"),
    "a list of tensors": (
        [torch.from_numpy(image).int() for image in PIXELS],
        Conv,
        ValueError,
        "images of int32",
    ),
    "objects": (PIXELS.astype(object), Conv, ValueError, "images of int64"),
    "floats with NaN": (
        np.where(PIXELS == 7, np.nan, PIXELS),
        Conv,
        ValueError,
        "contains NaN",
    ),
    "none": (PIXELS[:0], Conv, ValueError, r"0 sample\(s\).*minimum of 1 is required"),
    "a list of several shapes": (
        [PIXELS[0], PIXELS[1, :, 1:]],
        Conv,
        ValueError,
        r"several shapes, \[\(3, 5, 6\), \(3, 6, 6\)\]",
    ),
    "module for tables": (PIXELS, Tiny, UnsupportedModuleError, "cannot run on rows"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    X, net, error, match = REFUSED[name]
    with pytest.raises(error, match=match):
        fit(NetClassifier, X, net=net)


def test_refused_image_rows(images):
    with pytest.raises(ValueError, match="'mlp' takes tables"):
        fit(RunnerClassifier, images, net="mlp")
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        fit(NetClassifier, images[:50])
    for columns in ([0], "red"):
        with pytest.raises(ValueError, match="Images have no columns to take"):
            NetClassifier(Conv, sensitive_columns=columns).fit(images, Y)


def test_pillows_images_are_images():
    shown = [Image.fromarray(image.transpose(1, 2, 0)) for image in PIXELS]
    for images, expected in [
        (shown, PIXELS),
        (
            [image.convert("L") for image in shown],
            np.stack([np.asarray(image.convert("L")) for image in shown])[
                :, None
            ].repeat(3, axis=1),
        ),
    ]:
        found = fit(NetClassifier, images).predict_proba(images)
        np.testing.assert_array_equal(
            found, fit(NetClassifier, expected).predict_proba(expected)
        )


def test_channels_come_first():
    last = PIXELS.transpose(0, 2, 3, 1)
    for net in (Conv, "resnet18"):
        with pytest.raises(ValueError, match=r"channels last.*transpose\(0, 3, 1, 2\)"):
            NetClassifier(net).fit(last, Y)


def test_refused_at_prediction(images):
    fitted = fit(NetClassifier)
    with pytest.raises(ValueError, match=r"1 channel.*NetClassifier is expecting 3"):
        fitted.predict(PIXELS[:, :1])
    for X in (PIXELS / 255, PIXELS[:, 0] / 255, np.zeros((4, 17))):
        with pytest.raises(
            ValueError, match="X holds numbers, but fit was given image"
        ):
            fitted.predict(X)
    with pytest.raises(ValueError, match=r"X is one image, .*X\[i:i \+ 1\]"):
        fitted.predict(images[0])
    floats = fit(NetClassifier, PIXELS / 255)
    for X in (images, PIXELS, torch.from_numpy(PIXELS)):
        with pytest.raises(
            ValueError, match="X holds images, but fit was given number"
        ):
            floats.predict(X)
    with pytest.raises(ValueError, match="X holds images, but fit was given numbers"):
        floats.partial_fit(PIXELS, Y)
    fit(NetClassifier, PIXELS).fit(PIXELS / 255, Y).predict(PIXELS / 255)
    table = NetClassifier(max_epochs=1).fit(PIXELS.reshape(N, -1)[:, :3] / 255, Y)
    for X in (images, PIXELS):
        with pytest.raises(
            ValueError, match="X holds images, but fit was given number"
        ):
            table.predict(X)


def readers():
    return [each for each in threading.enumerate() if "ThreadPool" in each.name]


class Breaks(SmallConv):
    """Breaks in its third training step."""

    def __init__(self, n_outputs=1):
        super().__init__(3, n_outputs)
        self.steps = 0

    def forward(self, X):
        self.steps += self.training
        if self.steps == 3:
            raise RuntimeError("the net broke")
        return super().forward(X)


class Mute(Conv):
    """Breaks where it is not trained and gets more than three rows."""

    def forward(self, X):
        if not self.training and len(X) > 3:
            raise RuntimeError("it does not answer")
        return super().forward(X)


@pytest.mark.parametrize("net", [Breaks, Mute])
def test_no_thread_is_left_behind(net, images):
    assert readers() == []
    fit(NetClassifier, images, image_storage="files").predict(images)
    assert readers() == []
    with pytest.raises(RuntimeError, match=r"net broke|does not answer") as caught:
        fit(NetClassifier, images, net=net, image_storage="files")
    assert readers() == []  # though the error still holds all frames
    assert caught.traceback


def test_files_that_vanish_are_named(tmp_path):
    images = write_files(tmp_path)
    (tmp_path / "77.png").unlink()
    with pytest.raises(ValueError, match=r"1 of \d+ image files.*77\.png \(missing\)"):
        fit(NetClassifier, images, image_storage="files")
    assert readers() == []


@pytest.mark.parametrize(
    "given",
    [list(PIXELS), tuple(map(torch.from_numpy, PIXELS)), PIXELS[::-1][::-1]],
    ids=["arrays", "tensors", "view"],
)
def test_pixels_in_other_forms(given, expected):
    fitted = fit(NetClassifier, given, validation_fraction=0.25)
    assert_same(weights_of(fitted), weights_of(expected[NetClassifier]))
    assert_same(fitted.predict_proba(given[:9]), fitted.predict_proba(PIXELS[:9]))


def test_views_whose_strides_go_backwards():
    mirrored = PIXELS[..., ::-1]
    same = fit(NetClassifier, mirrored.copy())
    assert_same(weights_of(fit(NetClassifier, mirrored)), weights_of(same))
    assert_same(same.predict_proba(mirrored), same.predict_proba(mirrored.copy()))


def test_no_rows_at_prediction(images):
    fitted = fit(NetClassifier)
    for X in (images[[]], PIXELS[:0]):
        with pytest.raises(ValueError, match=r"0 sample\(s\).*NetClassifier"):
            fitted.predict(X)


def test_a_callable_gets_the_images_themselves(images):
    def by_file(X):
        assert X is images
        return A

    fitted = RunnerClassifier(**SMALL, sensitive_columns=by_file).fit(images, Y)
    assert_same(weights_of(fitted), weights_of(fit(RunnerClassifier, images)))
    told = fitted.diagnose(images, Y).to_frame()
    by_hand = fitted.diagnose(images, Y, sensitive_features=A).to_frame()
    assert told.equals(by_hand)


@pytest.mark.parametrize(
    ("changed", "came"),
    [
        (lambda pixels: pixels[:5], r"Tensor of shape \(5, 3, 6, 6\)"),
        (lambda pixels: torch.cat([pixels, pixels.flip(-1)]), r"Tensor of shape"),
        (lambda pixels: None, "None"),
        (lambda pixels: pixels.cpu().numpy(), "ndarray of shape"),
    ],
    ids=["fewer", "more", "nothing", "no tensor"],
)
@pytest.mark.parametrize("name", ["augment", "image_transform"])
def test_a_transform_keeps_the_number_of_images(name, changed, came):
    with pytest.raises(ValueError, match=rf"{name} was given \d+ images .*{came}"):
        fit(NetClassifier, **{name: changed})


def test_another_size_at_prediction_is_warned_of():
    fitted = fit(NetClassifier, PIXELS)
    larger = PIXELS.repeat(2, axis=2).repeat(2, axis=3)
    with pytest.warns(ImageSizeWarning, match=f"{2 * SIDE} x .*fit saw {SIDE} x"):
        fitted.predict(larger)

    def half(pixels):
        step = pixels.shape[2] // SIDE
        return pixels[:, :, ::step, ::step] / 100 - 1

    settled = fit(NetClassifier, PIXELS, image_transform=half)
    expected = settled.predict_proba(PIXELS)
    np.testing.assert_allclose(settled.predict_proba(larger), expected, rtol=1e-6)
