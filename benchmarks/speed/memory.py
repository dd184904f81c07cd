"""Peak memory of a fit on images that stay in their files, by their number.

    python -m benchmarks.speed.memory --device cuda --output memory.json

A few JPEG files are made up and referred to again and again. Every number of images is
fitted in a process of its own, whose peaks are of nothing else. What grows with the
number are labels, groups and the list of files; growth above the limit for that makes
the command fail.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.machine import describe
from benchmarks.speed.pictures import SIZE, many_rows, write_jpegs
from skrunner import NetClassifier

COUNTS = (10_000, 50_000, 200_000)
FILES = 64
STEPS = 50
# Pixels would take 116,412 bytes an image.
LIMIT_BYTES = 2_000


def fit_once(folder: Path, n: int, options: argparse.Namespace) -> dict[str, float]:
    """Fit on so many images, and return the peaks of this process.

    Parameters
    ----------
    folder : Path
        Where the files are.
    n : int
        Images.
    options : Namespace
        The options of the command.

    Returns
    -------
    dict of str to float
        Images, peak of the host and of the GPU in bytes, and seconds.
    """
    size = tuple(options.size)
    images = many_rows(folder, sorted(path.name for path in folder.iterdir()), n)
    labels, groups = np.random.default_rng(0).integers(0, 2, (2, n))
    estimator = NetClassifier(
        net=options.net,
        max_epochs=1,
        steps_per_epoch=STEPS,
        batch_size=options.batch_size,
        image_storage="files",
        device=options.device,
        random_state=0,
    )
    start = time.perf_counter()
    estimator.fit(images, labels, sensitive_features=groups)
    cuda = options.device.startswith("cuda")
    return {
        "images": n,
        "host": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        "gpu": torch.cuda.max_memory_allocated() if cuda else 0,
        "pixels": 3 * size[0] * size[1] * n,
        "seconds": time.perf_counter() - start,
    }


def growth(rows: list[dict[str, float]]) -> dict[str, float]:
    """Return what one more image takes, from the least to the greatest number.

    Parameters
    ----------
    rows : list of dict
        From `fit_once`.

    Returns
    -------
    dict of str to float
        Bytes an image of the host and of the GPU.
    """
    first, last = (pick(rows, key=lambda row: row["images"]) for pick in (min, max))
    more = max(last["images"] - first["images"], 1)
    return {name: (last[name] - first[name]) / more for name in ("host", "gpu")}


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Fit each number of images in a process of its own.

    Parameters
    ----------
    options : Namespace
        The options of the command.

    Returns
    -------
    dict
        ``about``, ``fits``, and ``growth`` with its ``limit``, in bytes an image.
    """
    with tempfile.TemporaryDirectory() as folder:
        write_jpegs(Path(folder), FILES, tuple(options.size))
        fits = []
        for n in options.counts:
            words = ["--one", str(n), "--folder", folder, "--net", options.net]
            words += ["--batch-size", str(options.batch_size)]
            words += ["--size", *map(str, options.size), "--device", options.device]
            command = [sys.executable, "-m", "benchmarks.speed.memory", *words]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            fits.append(json.loads(done.stdout.splitlines()[-1]))
            print(fits[-1], file=sys.stderr)
    about = {**describe(options.device, jobs=1), "net": options.net}
    return {
        "about": about,
        "fits": fits,
        "growth": growth(fits),
        "limit": LIMIT_BYTES,
    }


def main() -> None:
    """Measure, write, and fail above the limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--net", default="alexnet", choices=("alexnet", "resnet18"))
    parser.add_argument("--counts", nargs="+", type=int, default=COUNTS)
    parser.add_argument("--size", nargs=2, type=int, default=SIZE)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--output", type=Path, default=Path("memory.json"))
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(fit_once(options.folder, options.one, options)))
        return
    results = measure(options)
    options.output.write_text(json.dumps(results, indent=1))
    late = [name for name, one in results["growth"].items() if one > LIMIT_BYTES]
    raise SystemExit(f"grows with the images: {', '.join(late)}" if late else 0)


if __name__ == "__main__":
    main()
