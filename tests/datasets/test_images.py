"""Rows of images are sliced as arrays are, and hold paths instead of pixels."""

import os
import pickle
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    StratifiedKFold,
    cross_val_score,
    train_test_split,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import _safe_indexing, resample, shuffle

from skrunner.datasets import ImageRows
from skrunner.exceptions import ImageFileError
from tests.datasets.pictures import SIZE, color_of, filled, write_damaged, write_images

N = 50


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    write_images(folder, N)
    return folder


@pytest.fixture
def images(folder):
    return ImageRows([f"{row:04d}.png" for row in range(N)], root=folder)


def test_it_looks_like_an_array(images, folder):
    assert (len(images), images.shape, images.ndim) == (N, (N, 3, *SIZE), 4)
    assert images.dtype == np.uint8
    assert images.nbytes == np.asarray(images).nbytes == N * 3 * 4 * 6
    assert images.paths[7] == str(folder / "0007.png")
    assert repr(images) == f"ImageRows({N} images of 3 x 4 x 6)"


@pytest.mark.parametrize("max_workers", [None, 1, 2, 7])
def test_decoding_in_threads_keeps_the_order(images, max_workers):
    images.max_workers = max_workers
    pixels = images.decode()
    assert (pixels.dtype, pixels.flags.c_contiguous) == (np.uint8, True)
    np.testing.assert_array_equal(pixels, filled(range(N)))


ARRAY = np.arange(N)
KEYS = {
    "slice": slice(3, 20, 2),
    "backwards": slice(None, None, -1),
    "array": np.array([4, 1, 4, 40]),
    "int32": np.array([4, 1], np.int32),
    "negative": np.array([-1, -N]),
    "list": [9, 2],
    "empty list": [],
    "empty": np.array([], int),
    "mask": ARRAY % 7 == 0,
    "list of bool": (ARRAY % 9 == 0).tolist(),
    "Series": pd.Series([5, 6]),
    "range": range(4, 8),
}


@pytest.mark.parametrize("name", KEYS)
def test_selections_are_those_of_an_array(images, name):
    key = KEYS[name]
    expected = ARRAY[key]
    for part in (images[key], images[key, ...], images[key, :, :, :]):
        assert isinstance(part, ImageRows)
        assert part.shape == (len(expected), 3, *SIZE)
        np.testing.assert_array_equal(part.decode(), filled(expected))
    np.testing.assert_array_equal(images.decode(key), filled(expected))
    if not isinstance(key, range | pd.Series) and np.size(key):
        part = _safe_indexing(images, key)
        np.testing.assert_array_equal(part.decode(), filled(expected))


def test_a_single_row_is_its_pixels(images):
    for key in (3, np.int64(3), -47, np.array(3)):
        np.testing.assert_array_equal(images[key], filled([3])[0])
        np.testing.assert_array_equal(images.decode(key), filled([3]))
    np.testing.assert_array_equal(_safe_indexing(images, 3), filled([3])[0])
    np.testing.assert_array_equal(list(images[:3]), filled(range(3)))
    assert images[...].shape == images.shape


def test_selections_of_selections(images):
    part = images[::2][ARRAY[:25] > 20][[1, 0]]
    np.testing.assert_array_equal(part.decode(), filled([44, 42]))
    assert part.paths == [images.paths[44], images.paths[42]]


@pytest.mark.parametrize(
    "key",
    [
        "3",
        "name",
        2.0,
        [1.5],
        True,
        None,
        [[1, 2]],
        (slice(None), 0),
        (1, 2),
        (1, [2, 3]),
        (),
    ],
    ids=repr,
)
def test_other_indices_are_refused(images, key):
    match = "rows must be a number, a slice|indexed by rows only"
    with pytest.raises(IndexError, match=match):
        images[key]


@pytest.mark.parametrize("key", [N, [0, N], -N - 1, np.ones(3, bool)])
def test_rows_out_of_range(images, key):
    with pytest.raises(IndexError, match=r"out of bounds|boolean"):
        images[key]


def test_conversion_to_an_array(images):
    np.testing.assert_array_equal(np.asarray(images), filled(range(N)))
    floats = np.asarray(images[:2], dtype=np.float32)
    assert floats.dtype == np.float32
    np.testing.assert_array_equal(floats, filled(range(2)))
    with pytest.raises(ValueError, match="have to be decoded"):
        np.array(images, copy=False)


def test_decoding_into_memory_that_is_there(images):
    out = np.full((2, 3, *SIZE), 9, np.uint8)
    assert images.decode([5, 1], out=out) is out
    np.testing.assert_array_equal(out, filled([5, 1]))
    match = r"uint8 of shape \(2, 3, 4, 6\), got "
    for wrong in (np.empty((3, 3, *SIZE), np.uint8), np.empty((2, 3, *SIZE), np.int8)):
        with pytest.raises(ValueError, match=match):
            images.decode([5, 1], out=wrong)
    out.setflags(write=False)
    with pytest.raises(ValueError, match="out must be writeable"):
        images.decode([5, 1], out=out)


def test_paths_of_bytes(images):
    again = ImageRows([os.fsencode(path) for path in images.paths[:3]], root="")
    assert again.paths == images.paths[:3]
    np.testing.assert_array_equal(again.decode(), filled(range(3)))


class TestSize:
    def test_none_takes_that_of_the_first_that_can_be_read(self, tmp_path):
        for name, size in [("b.png", (6, 4)), ("c.png", (12, 2))]:
            Image.new("RGB", size, (9, 8, 7)).save(tmp_path / name)
        images = ImageRows(["a.png", "b.png", "c.png"], root=tmp_path)
        assert images.size == (4, 6)
        assert images[[2]].size == (4, 6), "a selection has the size of the whole"
        expected = np.broadcast_to(np.uint8([9, 8, 7]).reshape(3, 1, 1), (3, 4, 6))
        np.testing.assert_array_equal(images[2], expected)

    @pytest.mark.parametrize(
        ("size", "expected"), [(5, (5, 5)), ((2, 9), (2, 9)), ([3, 4], (3, 4))]
    )
    def test_given(self, folder, size, expected):
        images = ImageRows([folder / "0003.png"], size=size)
        assert images.shape == (1, 3, *expected)
        np.testing.assert_array_equal(images.decode(), filled([3], size=expected))

    @pytest.mark.parametrize("size", [0, -1, 2.5, (3,), (1, 2, 3), (0, 4)])
    def test_wrong(self, folder, size):
        with pytest.raises(ValueError, match=r"size must be \(height, width\)"):
            ImageRows([folder / "0003.png"], size=size)


def test_no_paths_and_no_threads():
    with pytest.raises(ValueError, match="paths is empty"):
        ImageRows([])
    with pytest.raises(ValueError, match="max_workers must be at least 1"):
        ImageRows(["a.png"], size=3, max_workers=0)


class TestUnreadable:
    def test_all_are_named_in_one_error(self, folder, tmp_path):
        reasons = write_damaged(tmp_path)
        paths = [*sorted(folder.iterdir()), *(tmp_path / name for name in reasons)]
        images = ImageRows(paths)
        with pytest.raises(ImageFileError, match=f"6 of {N + 6} image files") as caught:
            images.decode()
        message = str(caught.value)
        for name in reasons:
            assert str(tmp_path / name) in message
        assert 'on_bad="skip"' in message
        found = images.find_unreadable()
        assert list(found) == list(range(N, N + 6))
        assert set(images.find_unreadable("exists").values()) == {
            *("empty", "missing", "not a file")
        }
        np.testing.assert_array_equal(images[:N].decode(), filled(range(N)))

    def test_the_first_ten_are_listed_and_the_rest_is_counted(self):
        images = ImageRows([f"absent{row}.png" for row in range(13)], size=4)
        with pytest.raises(ImageFileError, match=r"13 of 13 .* and 3 more") as caught:
            images.decode()
        named = [row for row in range(13) if f"absent{row}.png" in str(caught.value)]
        assert named == list(range(10))

    def test_none_can_be_read(self):
        with pytest.raises(ImageFileError, match=r"1 of 1 .*a\.png \(missing\)"):
            ImageRows(["a.png"])


class TestPickle:
    def test_the_same_rows_come_back(self, images):
        part = pickle.loads(pickle.dumps(images[[7, 3]]))
        assert part.paths == [images.paths[7], images.paths[3]]
        np.testing.assert_array_equal(part.decode(), filled([7, 3]))
        np.testing.assert_array_equal(part[::-1].decode(), filled([3, 7]))

    def test_it_holds_paths_only_and_only_those_of_the_selection(self):
        many = ImageRows([f"{row:06d}.jpg" for row in range(20_000)], size=200)
        whole = len(pickle.dumps(many))
        assert whole < 20_000 * 16
        assert len(pickle.dumps(many[:20])) < whole / 100

    def test_selections_share_the_paths(self, images):
        assert images[::2]._names is images._names

    def test_in_other_processes(self, images):
        parts = joblib.Parallel(n_jobs=2)(
            joblib.delayed(ImageRows.decode)(images[rows])
            for rows in np.array_split(np.arange(N), 3)
        )
        np.testing.assert_array_equal(np.concatenate(parts), filled(range(N)))


def brightness(images):
    return np.asarray(images).mean((2, 3)) / 255


class TestScikitLearn:
    Y = np.array([sum(color_of(row)[:2]) > 255 for row in range(N)]).astype(int)

    def test_splits(self, images):
        rows = np.arange(N)
        train, test, train_rows, test_rows = train_test_split(
            images, rows, random_state=0
        )
        np.testing.assert_array_equal(train.decode(), filled(train_rows))
        np.testing.assert_array_equal(test.decode(), filled(test_rows))
        mixed, mixed_rows = shuffle(images, rows, random_state=0)
        np.testing.assert_array_equal(mixed.decode(), filled(mixed_rows))
        drawn, drawn_rows = resample(images, rows, random_state=0)
        np.testing.assert_array_equal(drawn.decode(), filled(drawn_rows))
        for splitter in (KFold(4), StratifiedKFold(3)):
            for inside, outside in splitter.split(images, self.Y):
                np.testing.assert_array_equal(
                    _safe_indexing(images, inside).decode(), filled(inside)
                )
                np.testing.assert_array_equal(images[outside].decode(), filled(outside))

    def test_searches_answer_as_on_the_decoded_array(self, images):
        model = make_pipeline(FunctionTransformer(brightness), LogisticRegression())
        grid = {"logisticregression__C": [0.1, 100.0]}
        lazy = GridSearchCV(model, grid, cv=3).fit(images, self.Y)
        array = GridSearchCV(model, grid, cv=3).fit(np.asarray(images), self.Y)
        scores = "mean_test_score"
        np.testing.assert_array_equal(
            lazy.cv_results_[scores], array.cv_results_[scores]
        )
        np.testing.assert_array_equal(lazy.predict(images), array.predict(images[...]))
        assert cross_val_score(model, images, self.Y, cv=KFold(3)).mean() > 0.6


def test_paths_of_every_kind(folder):
    names = ["0001.png", Path("0002.png"), folder / "0003.png"]
    images = ImageRows(names, root=str(folder))
    np.testing.assert_array_equal(images.decode(), filled([1, 2, 3]))


def test_repeated_files_count_as_rows(tmp_path):
    with pytest.raises(ImageFileError, match="3 of 3"):
        ImageRows(["x.png", "x.png", "y.png"], root=tmp_path, size=4).decode()


def test_a_single_path_is_no_list():
    with pytest.raises(TypeError, match=r"list of paths, got 'a\.png' alone"):
        ImageRows("a.png")


def test_unknown_checks_are_refused(images):
    with pytest.raises(
        ValueError, match=r"check must be one of .*'exists'.*got 'pixel'"
    ):
        images.find_unreadable("pixel")
