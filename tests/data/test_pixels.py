"""Rows of images: what is one, what becomes of its pixels, and where they are."""

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from skrunner.data import PixelOptions, PixelRows, _pixels, as_pixels
from tests.device import DEVICE

PIXELS = torch.randint(
    0, 256, (11, 3, 4, 5), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
)
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Decoded:
    """A source that is decoded on demand and remembers what was asked for."""

    shape = tuple(PIXELS.shape)

    def __init__(self):
        self.asked = []

    def __len__(self):
        return len(PIXELS)

    def decode(self, rows=None, out=None):
        self.asked.append(rows.tolist())
        out[...] = PIXELS.numpy()[rows]
        return out


def rows_of(source=PIXELS, device=DEVICE, **options):
    return PixelRows(source, PixelOptions(**options), device=device)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_standardized_by_the_statistics_of_photographs(dtype):
    rows = PIXELS.numpy().astype(float) / 255
    expected = np.empty_like(rows)
    for channel in range(3):
        expected[:, channel] = (rows[:, channel] - MEAN[channel]) / DEVIATION[channel]
    found = rows_of(dtype=dtype)[:]
    assert found.dtype == dtype
    near = 1e-12 if dtype == torch.float64 else 1e-6
    np.testing.assert_allclose(found.cpu(), expected, rtol=near, atol=near)
    assert float(expected.min()) >= -2.2
    black, white = torch.zeros(1, 3, 1, 1), torch.full((1, 3, 1, 1), 255)
    ends = [rows_of(each.to(torch.uint8))[:].flatten() for each in (black, white)]
    assert_close(
        ends[0].cpu(), torch.tensor([-2.1179, -2.0357, -1.8044]), atol=1e-4, rtol=0
    )
    assert_close(
        ends[1].cpu(), torch.tensor([2.2489, 2.4286, 2.6400]), atol=1e-4, rtol=0
    )


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_other_channels_are_centered(channels):
    pixels = torch.tensor([0, 51, 255], dtype=torch.uint8).reshape(3, 1, 1, 1)
    found = rows_of(pixels.expand(3, channels, 2, 2))[:]
    expected = torch.tensor([-1.0, -0.6, 1.0]).reshape(3, 1, 1, 1)
    assert_close(found.cpu(), expected.expand(3, channels, 2, 2))


KEYS = [slice(None), slice(2, 9, 3), torch.tensor([4, 0, 4, 10])]


@pytest.mark.parametrize("key", KEYS, ids=["all", "slice", "tensor"])
@pytest.mark.parametrize("source", [PIXELS, Decoded()], ids=["tensor", "decoded"])
def test_rows_are_those_of_the_source(source, key):
    rows = rows_of(source, transform=lambda batch: batch)
    assert torch.equal(rows[key].cpu(), PIXELS[key].float())
    assert torch.equal(rows.read(key).cpu(), PIXELS[key])
    order = torch.tensor([9, 1, 3, 3, 0])
    part = rows.take(order).take(torch.tensor([4, 1]))
    assert (len(part), part.shape, part.nbytes) == (2, (2, 3, 4, 5), 120)
    assert torch.equal(part[:].cpu(), PIXELS[[0, 1]].float())


def test_only_rows_that_are_asked_for_are_decoded():
    source = Decoded()
    rows = rows_of(source).take(torch.tensor([8, 6, 4, 2]))
    assert source.asked == []
    rows.read(slice(1, 3))
    rows[torch.tensor([3])]
    assert source.asked == [[6, 4], [2]]
    assert not rows.ready


class TestOptions:
    def test_augment_returns_pixels_unless_a_transform_follows(self):
        floats = rows_of(augment=lambda pixels: pixels / 255)
        with pytest.raises(ValueError, match=r"torch\.float32.*image_transform"):
            floats.finish(floats.read(slice(0, 4)), augmented=True)
        both = rows_of(augment=lambda pixels: pixels / 255, transform=lambda x: x - 1)
        found = both.finish(both.read(slice(0, 4)), augmented=True)
        expected = both.read(slice(0, 4)).to(DEVICE) / 255 - 1
        torch.testing.assert_close(found, expected)

    def test_augment_comes_first_and_in_training_only(self):
        seen = []

        def augment(pixels):
            seen.append(("augment", pixels.dtype, pixels.device.type, len(pixels)))
            return 255 - pixels

        def transform(pixels):
            seen.append(("transform", pixels.dtype, pixels.device.type, len(pixels)))
            return pixels / 5

        rows = rows_of(augment=augment, transform=transform, dtype=torch.float64)
        raw = rows.read(slice(0, 4))
        trained = rows.finish(raw, augmented=True)
        plain = rows.finish(raw, augmented=False)
        where = torch.device(DEVICE).type
        expected = [(name, torch.uint8, where, 4) for name in ("augment", "transform")]
        assert seen == [*expected, expected[1]]
        assert trained.dtype == torch.float64
        division = {"rtol": 1e-6, "atol": 0}  # a GPU's differs in the last digit
        assert_close(trained.cpu(), ((255 - PIXELS[:4]) / 5).double(), **division)
        assert_close(plain.cpu(), (PIXELS[:4] / 5).double(), **division)
        assert torch.equal(rows[:4], plain)

    @pytest.mark.parametrize("channels_last", [True, False])
    def test_the_memory_format(self, channels_last):
        batch = rows_of(channels_last=channels_last)[:]
        last = batch.is_contiguous(memory_format=torch.channels_last)
        assert (last, batch.is_contiguous()) == (channels_last, not channels_last)
        assert torch.equal(batch, rows_of()[:])

    def test_replaced(self):
        rows = rows_of(transform=lambda batch: 2 * batch.float())
        other = rows.replace_options(transform=None)
        assert torch.equal(other[:], rows_of()[:])
        assert other.options.storage == "auto"
        assert rows.options.transform is not None


class TestTo:
    @pytest.mark.parametrize("storage", ["auto", "device", "host"])
    def test_pixels_are_decoded_once(self, storage, monkeypatch):
        monkeypatch.setattr(_pixels, "LOADED_AT_ONCE", 4)
        source = Decoded()
        rows = rows_of(source, storage=storage).take(torch.arange(9, -1, -1)).to(DEVICE)
        assert source.asked == [[9, 8, 7, 6], [5, 4, 3, 2], [1, 0]]
        expected = rows_of()[torch.arange(9, -1, -1)]
        for _ in range(2):
            assert torch.equal(rows[:], expected)
        assert len(source.asked) == 3
        assert rows.ready == (storage != "host" or DEVICE == "cpu")

    def test_pixels_are_there_however_the_device_is_named(self):
        numbered = rows_of().to(torch.device(torch.device(DEVICE).type, 0))
        assert numbered.ready
        again = numbered.to(torch.device(DEVICE).type)
        assert again.ready
        assert again.identity()[0] is numbered.identity()[0]

    def test_files_stay_files(self):
        source = Decoded()
        rows = rows_of(source, storage="files").to(DEVICE)
        assert source.asked == []
        assert torch.equal(rows[1:3], rows_of()[1:3])
        assert source.asked == [[1, 2]]

    @pytest.mark.parametrize("room", [10, 0])
    def test_auto_looks_at_the_rows_taken(self, room, monkeypatch):
        """Two rows of 60 bytes are to fit, of which the source has eleven."""
        asked = []

        def choose(storage, nbytes, device):
            asked.append((storage, nbytes, device.type))
            return "host" if room else "files"

        monkeypatch.setattr(_pixels, "choose_storage", choose)
        source = Decoded()
        rows_of(source).take(torch.tensor([3, 5])).to(DEVICE)
        assert asked == [("auto", 120, torch.device(DEVICE).type)]
        assert source.asked == ([[3, 5]] if room else [])

    def test_a_tensor_on_the_host_is_not_copied_for_it(self):
        rows = rows_of(storage="host", device="cpu").take(torch.tensor([2, 1]))
        kept = rows.to("cpu")
        assert torch.equal(kept[:], rows_of(device="cpu")[torch.tensor([2, 1])])
        assert kept.identity()[0].data_ptr() == PIXELS.data_ptr()


class TestWhatIsAnImage:
    def test_sources_arrays_and_tensors_of_uint8(self):
        options = PixelOptions()
        for X in (Decoded(), PIXELS, PIXELS.numpy()):
            rows = as_pixels(X, options)
            assert torch.equal(rows[:], rows_of(device="cpu")[:])
        assert as_pixels(rows, options) is rows

    @pytest.mark.parametrize(
        "X",
        [
            PIXELS.float(),
            PIXELS.to(torch.int64),
            PIXELS.numpy().astype(np.float32),
            PIXELS[0],
            PIXELS.numpy()[:, 0],
            PIXELS.numpy()[None],
            PIXELS.reshape(11, -1),
            [[1.0, 2.0]],
            None,
        ],
        ids=["floats", "int64", "float array", "one", "no channels", "five axes",
             "table", "list", "nothing"],
    )  # fmt: skip
    def test_nothing_else(self, X):
        assert as_pixels(X, PixelOptions()) is None

    def test_arrays_that_cannot_be_written_to(self):
        pixels = PIXELS.numpy().copy()
        pixels.flags.writeable = False
        rows = as_pixels(pixels, PixelOptions())
        assert torch.equal(rows[:], rows_of(device="cpu")[:])
