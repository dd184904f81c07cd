"""A small folder in CelebA's format, and hand-made results on images."""

import numpy as np

from benchmarks.images.tasks import Budget
from tests.benchmarks.rows import MEASURES
from tests.datasets.pictures import write_images
from tests.datasets.test_celeba import NAMES, write_lists

# Image, label of Attractive, of Wavy_Hair and Male; the parts are not in order.
PARTS = [0, 2, 0, 1, 0, 0, 2, 1, 0, 0, 2, 0]
ATTRACTIVE = [1, 0, 1, 1, 0, 0, 1, 0, 1, 0, 1, 1]
WAVY = [0, 1, 0, 1, 1, 0, 0, 0, 1, 1, 1, 0]
MALE = [0, 1, 1, 0, 1, 0, 1, 1, 0, 0, 0, 1]


def write_celeba(root, size=(8, 6)):
    names = write_images(root / "img_align_celeba", len(PARTS), size=size)
    values = np.full((len(PARTS), len(NAMES)), -1)
    columns = {"Attractive": ATTRACTIVE, "Wavy_Hair": WAVY, "Male": MALE}
    for name, column in columns.items():
        values[:, NAMES.index(name)] = 2 * np.array(column) - 1
    write_lists(root, names, values, PARTS)
    return root


def fit_row(method, seed=0, task="attractive", net=None, **changes):
    nets = {"attractive": "alexnet", "wavy_hair": "resnet18"}
    point = {
        "seed": seed,
        "task": task,
        "net": net or nets[task],
        "constraints": "demographic_parity",
        "method": method,
        "budget": Budget().as_json(),
    }
    scores = {**MEASURES, "base_rate": 0.5, "collapsed": False, "warnings": []}
    row = {**point, **scores, **changes}
    return {**row, "dataset": f"{row['task']}/{row['net']}"}
