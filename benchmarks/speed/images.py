"""Time RUNNER's step on images against a plain step.

    python -m benchmarks.speed.images --device cuda --output images.json

Images of CelebA's size are made up. Ratios are medians over repeats of two timings
taken one after the other. ``fp32`` is without TF32, in convolutions too. On a GPU the
time of its kernels alone is measured as well: the limits come from steps that wait for
no launch, and a ratio of that work above its limit makes the command fail.
"""

import argparse
import json
import tempfile
from itertools import product
from math import inf, nan
from pathlib import Path
from statistics import median
from typing import Any

import torch
from tqdm.auto import tqdm

from benchmarks.machine import describe
from benchmarks.speed.image_epoch import (
    LAST_STAGE,
    NETS,
    SETTINGS,
    STEPS,
    Epoch,
    make_epoch,
    make_estimator,
    peak_above,
    work_ms,
)
from benchmarks.speed.pictures import SIZE, as_dataset, many_rows, write_jpegs
from benchmarks.speed.step import timed

# Parameters of RUNNER, then limits by the settings above.
FREE = {"fairness_gradient_limit": inf}
VARIANTS: dict[str, tuple[dict[str, Any], tuple[float, float]]] = {
    "all layers, every step": ({**FREE, "diagnose_every": 1}, (1.55, 1.75)),
    "all layers, every 5": ({**FREE, "diagnose_every": 5}, (1.20, 1.30)),
    "last stage, every step": (
        {**FREE, "diagnose_every": 1, "layers": "last"},
        (1.10, 1.10),
    ),
    # The default on images: two more backward passes at every fifth step.
    "all layers, every 5, gradient limited": ({"diagnose_every": 5}, (1.55, 1.65)),
}
PICTURES = 512


def ratios_of(
    rows: Any, net: str, name: str, options: argparse.Namespace
) -> dict[str, dict[str, Any]]:
    """Time every variant of one net in one setting.

    Parameters
    ----------
    rows : Tensor of uint8 of shape (n_images, 3, height, width)
        The pixels.
    net, name : str
        Keys of ``NETS`` and ``SETTINGS``.
    options : Namespace
        The options of the command.

    Returns
    -------
    dict
        By variant: the ratio and its spread, the limit, both steps' milliseconds, and
        the memory of both beside weights and pixels.
    """
    setting = SETTINGS[name].fewer(options.batch_size)
    data = as_dataset(rows, setting.precision, channels_last=setting.channels_last)
    plain = make_epoch(data, make_estimator(net, setting, options.device))
    plain_gb = peak_above(plain.run, options.device)
    results = {}
    for variant, (params, limits) in VARIANTS.items():
        layers = {"layers": LAST_STAGE[net]} if "layers" in params else {}
        estimator = make_estimator(net, setting, options.device, {**params, **layers})
        runner = make_epoch(data, estimator)
        runner_gb = peak_above(runner.run, options.device)
        results[f"{net}, {name}, {variant}"] = {
            **compare(plain, runner, options),
            "limit": limits[list(SETTINGS).index(name)],
            "plain_gb": plain_gb,
            "runner_gb": runner_gb,
        }
    if options.compile:
        results[f"{net}, {name}, plain step, compiled"] = compiled(
            data, plain, make_estimator(net, setting, options.device), options
        )
    return results


def compare(plain: Epoch, other: Epoch, options: argparse.Namespace) -> dict[str, Any]:
    """Time two epochs in turns.

    Parameters
    ----------
    plain, other : Epoch
        The epochs; both have run before.
    options : Namespace
        The options of the command.

    Returns
    -------
    dict
        The median ratio, the least and the most, and both steps' milliseconds.
    """
    pairs = [
        (timed(plain.run, options.device), timed(other.run, options.device))
        for _ in range(options.repeats)
    ]
    ratios = [ours / theirs for theirs, ours in pairs]
    return {
        "ratio": median(ratios),
        "least": min(ratios),
        "most": max(ratios),
        "plain_ms": 1000 * median(theirs for theirs, _ in pairs) / STEPS,
        "runner_ms": 1000 * median(ours for _, ours in pairs) / STEPS,
        **work_of(plain, other, options.device),
    }


def work_of(plain: Epoch, other: Epoch, device: str) -> dict[str, float]:
    """Compare the work of the GPU in two epochs.

    Parameters
    ----------
    plain, other : Epoch
        The epochs; both have run before.
    device : str
        The device.

    Returns
    -------
    dict
        The ratio, and both steps' milliseconds; nothing elsewhere.
    """
    times = [work_ms(epoch.run, device) for epoch in (plain, other)]
    if times[0] is None or times[1] is None:
        return {}
    names = ("work_ratio", "plain_work_ms", "runner_work_ms")
    return dict(zip(names, (times[1] / times[0], *times), strict=True))


def compiled(
    data: Any, plain: Epoch, estimator: Any, options: argparse.Namespace
) -> dict[str, Any]:
    """Time a compiled plain step, or say why it cannot be.

    Parameters
    ----------
    data : GroupDataset
        The rows.
    plain : Epoch
        The same step as it is.
    estimator : NetClassifier
        Unfitted.
    options : Namespace
        The options of the command.

    Returns
    -------
    dict
        As `compare`, or an ``error``. RUNNER's own step is never compiled.
    """
    torch.compiler.reset()  # else it compiles for any number of rows, which is slower
    try:
        other = make_epoch(data, estimator, compiled=True)
        other.run()
    # Whatever the compiler misses on a machine is not what is measured here.
    except Exception as error:  # noqa: BLE001
        return {"error": f"{type(error).__name__}: {str(error).splitlines()[0]}"}
    return compare(plain, other, options)


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Measure all that the options name.

    Parameters
    ----------
    options : Namespace
        The options of the command.

    Returns
    -------
    dict
        ``about`` and ``ratios``.
    """
    size = tuple(options.size)
    ratios: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        names = write_jpegs(folder, min(PICTURES, options.rows), size)
        few = torch.from_numpy(many_rows(folder, names, len(names)).decode())
    pixels = few.repeat(-(-options.rows // len(few)), 1, 1, 1)[: options.rows]
    for net, setting in tqdm(list(product(options.nets, SETTINGS)), unit="setting"):
        ratios |= ratios_of(pixels, net, setting, options)
    about = {**describe(options.device, jobs=1), "size": list(size)}
    return {"about": about, "ratios": ratios}


def main() -> None:
    """Measure, print, write, and fail above a limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--nets", nargs="+", default=list(NETS), choices=NETS)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--rows", type=int, default=4096)
    parser.add_argument("--size", nargs=2, type=int, default=SIZE)
    parser.add_argument("--batch-size", type=int)
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--output", type=Path, default=Path("images.json"))
    options = parser.parse_args()
    results = measure(options)
    options.output.write_text(json.dumps(results, indent=1))
    late = [
        name
        for name, row in results["ratios"].items()
        if row.get("work_ratio", row.get("ratio", 0)) > row.get("limit", inf)
    ]
    for name, row in results["ratios"].items():
        ratios = (row.get(kind, nan) for kind in ("ratio", "work_ratio"))
        print(f"{name:60}", *(f"{ratio:.2f}" for ratio in ratios))
    raise SystemExit(f"above the limit: {'; '.join(late)}" if late else 0)


if __name__ == "__main__":
    main()
