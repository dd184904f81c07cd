"""Faces are decoded once, part by part, and cut into the official split."""

import numpy as np
import pytest

from benchmarks.images.faces import open_faces, write_faces
from benchmarks.images.tasks import Budget
from tests.benchmarks.faces import ATTRACTIVE, MALE, PARTS, WAVY, write_celeba
from tests.datasets.pictures import filled

ORDER = {part: [i for i, at in enumerate(PARTS) if at == part] for part in (0, 1, 2)}


@pytest.fixture
def faces(tmp_path):
    root = tmp_path / "celeba"
    root.mkdir()
    write_celeba(root)
    folder = tmp_path / "once"
    folder.mkdir()

    def opened(**options):
        write_faces(root, folder, Budget(**options))
        open_faces.cache_clear()
        return open_faces(folder)

    return opened


@pytest.mark.parametrize(
    ("task", "labels"), [("attractive", ATTRACTIVE), ("wavy_hair", WAVY)]
)
def test_the_parts_are_the_official_ones(faces, task, labels):
    split = faces().split(task)
    wanted = {
        "train": ORDER[0],
        "valid": ORDER[1],
        "test": ORDER[2],
        "fit": ORDER[0] + ORDER[1],
    }
    for name, rows in wanted.items():
        part = getattr(split, name)
        np.testing.assert_array_equal(part.X, filled(rows, size=(8, 6)))
        assert part.X.dtype == np.uint8
        assert part.y.tolist() == [labels[row] for row in rows]
        sexes = ["Male" if MALE[row] else "Female" for row in rows]
        assert part.groups.tolist() == sexes


def test_pixels_are_mapped_and_not_copied(faces):
    opened = faces()
    part = opened.split("attractive").fit.X
    assert np.shares_memory(part, opened.pixels)
    assert not part.flags.writeable


def test_size_and_limit(faces):
    opened = faces(size=(4, 3), limit=2)
    assert opened.pixels.shape == (6, 3, 4, 3)
    split = opened.split("wavy_hair")
    assert split.test.y.tolist() == [WAVY[row] for row in ORDER[2][:2]]


def test_the_description_counts_the_cells_of_the_test_part(faces):
    about = faces().describe()
    # Test: 1 (male, not attractive, wavy), 6 (male, attractive, not wavy) and 10
    # (female, attractive, wavy). Groups: female, male; labels: 0, 1.
    assert about == {
        "size": [8, 6],
        "train": 7,
        "valid": 2,
        "test": 3,
        "cells": {"attractive": [[0, 1], [1, 1]], "wavy_hair": [[0, 1], [1, 1]]},
    }
