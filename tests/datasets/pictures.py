"""Small image files of known pixels, sound and damaged."""

import numpy as np
from PIL import Image

SIZE = (4, 6)


def color_of(row):
    """Return the color that the image of a row is filled with."""
    return (row * 7 % 256, row * 31 % 256, 255 - row % 256)


def write_images(folder, n, *, size=SIZE):
    """Write n PNG files, each of one color; return their names."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"{row:04d}.png" for row in range(n)]
    for row, name in enumerate(names):
        Image.new("RGB", size[::-1], color_of(row)).save(folder / name)
    return names


def filled(rows, *, size=SIZE):
    """Return the pixels that the images of some rows should have."""
    colors = np.array([color_of(row) for row in rows], np.uint8).reshape(-1, 3, 1, 1)
    return np.broadcast_to(colors, (len(colors), 3, *size))


def noise(height, width, channels=3, seed=0):
    """Return random pixels."""
    shape = (height, width, channels) if channels > 1 else (height, width)
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def write_damaged(folder):
    """Write files that cannot be read; return the reason of each by name."""
    folder.mkdir(parents=True, exist_ok=True)
    sound = folder / "sound.jpg"
    Image.fromarray(noise(64, 64)).save(sound)
    content = sound.read_bytes()
    sound.unlink()
    (folder / "truncated.jpg").write_bytes(content[: len(content) // 2])
    (folder / "empty.jpg").touch()
    (folder / "text.jpg").write_text("this is no image")
    (folder / "folder.jpg").mkdir()
    Image.new("RGB", (1, 1)).save(folder / "pixel.png")
    return {
        "truncated.jpg": "truncated",
        "empty.jpg": "empty",
        "text.jpg": "not an image",
        "pixel.png": "one pixel",
        "folder.jpg": "not a file",
        "absent.jpg": "missing",
    }
