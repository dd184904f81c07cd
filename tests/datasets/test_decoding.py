"""Every mode of an image becomes the RGB that it stands for."""

import threading

import numpy as np
import pytest
from PIL import Image

from skrunner.datasets import ImageRows
from skrunner.datasets._decoding import read_pixels
from skrunner.datasets._threads import in_threads
from skrunner.datasets._unreadable import why_unreadable
from skrunner.exceptions import ImageFileError
from tests.datasets.pictures import noise, write_damaged

RED_GREEN = [*(255, 0, 0), *(0, 255, 0), *(0, 0, 255)]


def saved(image, tmp_path, name="image.png", **options):
    image.save(tmp_path / name, **options)
    return str(tmp_path / name)


def test_rgb_is_taken_as_it_is(tmp_path):
    pixels = noise(5, 7)
    path = saved(Image.fromarray(pixels), tmp_path)
    np.testing.assert_array_equal(read_pixels(path, None), pixels)


@pytest.mark.parametrize("name", ["image.png", "image.bmp", "image.tif", "image.webp"])
def test_formats_without_loss(name, tmp_path):
    pixels = noise(5, 7)
    options = {"lossless": True} if name.endswith("webp") else {}
    path = saved(Image.fromarray(pixels), tmp_path, name, **options)
    np.testing.assert_array_equal(read_pixels(path, None), pixels)


def test_grey_is_repeated(tmp_path):
    grey = noise(5, 7, channels=1)
    for image in (Image.fromarray(grey), Image.fromarray(grey).convert("LA")):
        path = saved(image, tmp_path)
        expected = np.repeat(grey[:, :, None], 3, axis=2)
        np.testing.assert_array_equal(read_pixels(path, None), expected)


def test_black_and_white(tmp_path):
    bits = noise(5, 7, channels=1) > 127
    path = saved(Image.fromarray(bits), tmp_path)
    with Image.open(path) as image:
        assert image.mode == "1"
    expected = np.repeat(bits[:, :, None], 3, axis=2) * np.uint8(255)
    np.testing.assert_array_equal(read_pixels(path, None), expected)


@pytest.mark.parametrize("transparent", [None, 1, b"\x00\x80\xff"])
def test_palettes_are_looked_up(transparent, tmp_path):
    indices = noise(5, 7, channels=1) % 3
    image = Image.fromarray(indices).convert("L")
    image.putpalette(RED_GREEN)
    options = {} if transparent is None else {"transparency": transparent}
    path = saved(image, tmp_path, **options)
    with Image.open(path) as again:
        assert again.mode == "P"
    expected = np.array(RED_GREEN, np.uint8).reshape(3, 3)[indices]
    np.testing.assert_array_equal(read_pixels(path, None), expected)


def test_transparency_is_dropped(tmp_path):
    pixels = noise(5, 7, channels=4)
    path = saved(Image.fromarray(pixels), tmp_path)
    np.testing.assert_array_equal(read_pixels(path, None), pixels[:, :, :3])


def test_cmyk_is_converted(tmp_path):
    pixels = noise(5, 7, channels=4)
    path = saved(Image.fromarray(pixels, "CMYK"), tmp_path, "image.tif")
    inks = pixels.astype(float) / 255
    expected = 255 * (1 - inks[:, :, :3]) * (1 - inks[:, :, 3:])
    np.testing.assert_allclose(read_pixels(path, None), expected, atol=2)


def test_cmyk_in_a_jpeg(tmp_path):
    image = Image.new("CMYK", (16, 16), (0, 255, 255, 0))  # red ink on white
    pixels = read_pixels(saved(image, tmp_path, "image.jpg", quality=95), None)
    np.testing.assert_allclose(
        pixels, np.broadcast_to([255, 0, 0], pixels.shape), atol=3
    )


@pytest.mark.parametrize("name", ["image.png", "image.tif"])
def test_of_16_bits_the_upper_half_is_kept(name, tmp_path):
    values = np.random.default_rng(0).integers(0, 2**16, (5, 7), np.uint16)
    path = saved(Image.fromarray(values), tmp_path, name)
    expected = np.repeat((values >> 8).astype(np.uint8)[:, :, None], 3, axis=2)
    np.testing.assert_array_equal(read_pixels(path, None), expected)


def test_pixels_without_a_range_are_refused(tmp_path):
    wide = saved(Image.fromarray(np.full((2, 2), 70000, np.int32)), tmp_path, "a.tif")
    below = saved(Image.fromarray(np.full((2, 2), -1, np.int32)), tmp_path, "b.tif")
    floats = saved(Image.fromarray(np.ones((2, 2), np.float32)), tmp_path, "c.tif")
    small = saved(Image.fromarray(np.full((2, 2), 235, np.int32)), tmp_path, "d.tif")
    dark = saved(Image.fromarray(np.full((2, 2), 235, np.uint16)), tmp_path, "e.png")
    for path, match in [
        (wide, "16 bits"),
        (below, "16 bits"),
        (floats, "floats"),
        (small, "below 256"),
        (dark, "below 256"),
    ]:
        assert match in why_unreadable(path, "pixels")
        with pytest.raises(ValueError, match=match):
            read_pixels(path, None)


def test_the_first_frame_of_an_animation(tmp_path):
    frames = [Image.new("RGB", (3, 2), color) for color in ("red", "blue")]
    path = saved(frames[0], tmp_path, "a.gif", save_all=True, append_images=frames[1:])
    expected = np.broadcast_to(np.uint8([255, 0, 0]), (2, 3, 3))
    np.testing.assert_array_equal(read_pixels(path, None), expected)


def test_a_single_pixel_is_no_picture(tmp_path):
    # It would give all images its size, or be enlarged to a picture of one color.
    path = saved(Image.new("RGB", (1, 1), (1, 2, 3)), tmp_path)
    for size in (None, (4, 2)):
        with pytest.raises(ValueError, match="it has one pixel"):
            read_pixels(path, size)
    with pytest.raises(ImageFileError, match=r"1 of 1 .*it has one pixel"):
        ImageRows([path])
    line = saved(Image.new("RGB", (3, 1), (1, 2, 3)), tmp_path, "line.png")
    assert read_pixels(line, None).shape == (1, 3, 3)


def test_the_ending_of_the_name_does_not_matter(tmp_path):
    pixels = noise(3, 3)
    path = saved(Image.fromarray(pixels), tmp_path, "image.txt", format="PNG")
    np.testing.assert_array_equal(read_pixels(path, None), pixels)


def test_resizing_averages_over_the_pixels(tmp_path):
    # Halving with a triangle of support 2: weights 1 3 3 1, cut off at the border.
    row = np.array([0, 80, 160, 240], np.uint8)
    path = saved(Image.fromarray(np.tile(row, (4, 1))), tmp_path)
    weights = np.array([[3, 3, 1, 0], [0, 1, 3, 3]]) / 7
    expected = np.broadcast_to((weights @ row)[None, :, None], (2, 2, 3))
    np.testing.assert_allclose(read_pixels(path, (2, 2)), expected, atol=1)


def test_what_is_wrong_with_a_file(tmp_path):
    reasons = write_damaged(tmp_path)
    by_depth = {
        "exists": {"empty.jpg", "folder.jpg", "absent.jpg"},
        "header": {"empty.jpg", "folder.jpg", "absent.jpg", "text.jpg", "pixel.png"},
        "pixels": set(reasons),
    }
    for check, expected in by_depth.items():
        found = {name: why_unreadable(tmp_path / name, check) for name in reasons}
        assert {name for name, why in found.items() if why} == expected
        for name in expected:
            assert reasons[name] in found[name]


@pytest.mark.parametrize("max_workers", [1, 3, None])
@pytest.mark.parametrize("n", [0, 1, 16, 50])
def test_threads_do_every_item_once_and_keep_the_order(n, max_workers):
    done = []
    found = in_threads(
        lambda i: done.append(i) or (f"bad {i}" if i % 3 == 0 else None), n, max_workers
    )
    assert sorted(done) == list(range(n))
    assert list(found.items()) == [(i, f"bad {i}") for i in range(0, n, 3)]


def test_threads_work_at_the_same_time_and_end():
    before = threading.active_count()
    meeting = threading.Barrier(3)
    assert in_threads(lambda i: str(meeting.wait(10)), 48, 3).keys() == set(range(48))
    assert threading.active_count() == before


def test_an_error_of_ours_is_not_swallowed():
    def fail(i):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        in_threads(fail, 50, 2)


def test_runtime_errors_of_readers_are_damage(tmp_path, monkeypatch):
    # As Pillow's reader of AVIF raises for a damaged frame.
    def fail(*_):
        raise RuntimeError("Failed to decode frame 0")

    monkeypatch.setattr("skrunner.datasets._unreadable.read_pixels", fail)
    path = saved(Image.new("RGB", (2, 2)), tmp_path, "a.png")
    assert "Failed to decode frame 0" in why_unreadable(path, "pixels")
