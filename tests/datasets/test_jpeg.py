"""simplejpeg gives what Pillow gives, and leaves to Pillow what it should."""

import io

import numpy as np
import pytest
from PIL import Image

from skrunner.datasets import ImageRows, _jpeg
from skrunner.datasets._decoding import read_pixels
from skrunner.datasets._jpeg import read_jpeg
from skrunner.datasets._unreadable import why_unreadable
from tests.datasets.pictures import noise, write_damaged


def encoded(pixels, **options):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", **options)
    return file.getvalue()


def by_pillow(content):
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image.convert("RGB"))


def outcome(reader, argument):
    try:
        return reader(argument)
    except OSError:
        return None


@pytest.mark.parametrize("size", [(1, 7), (2, 2), (33, 20), (64, 63)])
@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
@pytest.mark.parametrize(
    "options",
    [
        {"quality": 30},
        {"quality": 95, "progressive": True},
        {"quality": 75, "restart_marker_blocks": 2},
    ],
)
def test_the_pixels_are_pillows(size, subsampling, options, tmp_path):
    content = encoded(noise(*size), subsampling=subsampling, **options)
    (tmp_path / "a.jpg").write_bytes(content)
    found = read_jpeg(str(tmp_path / "a.jpg"))
    np.testing.assert_array_equal(found, by_pillow(content))
    assert found.dtype == np.uint8


@pytest.mark.parametrize(
    ("channels", "options"), [(1, {}), (3, {"keep_rgb": True, "subsampling": 0})]
)
def test_grey_and_colors_kept_as_they_are(channels, options, tmp_path):
    content = encoded(noise(9, 17, channels=channels), **options)
    (tmp_path / "a.jpg").write_bytes(content)
    np.testing.assert_array_equal(
        read_jpeg(str(tmp_path / "a.jpg")), by_pillow(content)
    )


def test_large_files_are_read_whole(tmp_path):
    content = encoded(noise(300, 200), quality=95)
    assert len(content) > _jpeg.READ_FIRST
    (tmp_path / "a.jpg").write_bytes(content)
    np.testing.assert_array_equal(
        read_jpeg(str(tmp_path / "a.jpg")), by_pillow(content)
    )


def test_damage_is_found_as_pillow_finds_it(tmp_path):
    sound = encoded(noise(24, 16))
    path = tmp_path / "a.jpg"
    rng = np.random.default_rng(0)
    readable = []
    for trial in range(300):
        content = bytearray(sound)
        if trial % 2:
            del content[rng.integers(3, len(content)) :]
        else:
            content[rng.integers(len(content))] = rng.integers(256)
        path.write_bytes(content)
        expected = outcome(by_pillow, bytes(content))
        found = outcome(lambda path: read_pixels(path, None), str(path))
        readable.append(expected is not None)
        assert (found is None) == (expected is None)
        if expected is not None:
            np.testing.assert_array_equal(found, expected)
    assert 0.1 < np.mean(readable) < 0.9


def test_other_files_are_left_to_pillow(tmp_path, monkeypatch):
    Image.fromarray(noise(4, 4)).save(tmp_path / "a.png")
    Image.new("CMYK", (16, 16)).save(tmp_path / "ink.jpg")
    for name in ("a.png", "ink.jpg"):
        assert read_jpeg(str(tmp_path / name)) is None
        assert read_pixels(str(tmp_path / name), None).shape[2] == 3
    (tmp_path / "large.jpg").write_bytes(encoded(noise(4, 5)))
    assert read_jpeg(str(tmp_path / "large.jpg")) is not None
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 19)  # of which Pillow warns
    assert read_jpeg(str(tmp_path / "large.jpg")) is None
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    assert read_jpeg(str(tmp_path / "large.jpg")) is not None


def test_without_simplejpeg_pixels_and_reasons_are_the_same(tmp_path, monkeypatch):
    reasons = write_damaged(tmp_path)
    names = [f"{row}.jpg" for row in range(3)]
    for row, name in enumerate(names):
        (tmp_path / name).write_bytes(encoded(noise(12, 8, seed=row)))

    def read():
        pixels = [
            ImageRows(names, root=tmp_path, size=size).decode() for size in (None, 5)
        ]
        why = {name: why_unreadable(tmp_path / name, "pixels") for name in reasons}
        return pixels, why

    fast, said = read()
    monkeypatch.setattr(_jpeg, "simplejpeg", None)
    assert read_jpeg(str(tmp_path / names[0])) is None
    slow, said_without = read()
    assert said == said_without
    for one, other in zip(fast, slow, strict=True):
        np.testing.assert_array_equal(one, other)
