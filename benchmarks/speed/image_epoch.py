"""An epoch of an estimator's steps on images, ready to be timed."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile

from skrunner import NetClassifier, RunnerClassifier
from skrunner.data import EpochBatches, GroupDataset
from skrunner.estimators._budget import Budget, resolve_settings
from skrunner.estimators._start import start_net
from skrunner.training import draw_seeds, matmul_precision, read_net

NETS: dict[str, dict[str, Any]] = {
    "resnet18": {"net": "resnet18"},
    "alexnet": {"net": "alexnet"},
}
# What is left of the work if the last stage alone is diagnosed.
LAST_STAGE = {"resnet18": "layer4*", "alexnet": "classifier.4"}
STEPS = 10


class Setting(NamedTuple):
    """How a net is run.

    Parameters
    ----------
    precision : str
        Number format.
    batch_size : int
        Rows of a step.
    channels_last : bool
        The memory format.
    """

    precision: str
    batch_size: int
    channels_last: bool

    def fewer(self, batch_size: int | None) -> "Setting":
        """Take another number of rows, if there is one.

        Parameters
        ----------
        batch_size : int or None
            Rows of a step; None leaves them.

        Returns
        -------
        Setting
            The setting.
        """
        return self._replace(batch_size=batch_size or self.batch_size)


SETTINGS = {
    "fp32, n = 128": Setting("fp32", 128, channels_last=False),
    "bf16, channels last, n = 256": Setting("bf16", 256, channels_last=True),
}


class Epoch(NamedTuple):
    """What can be timed.

    Parameters
    ----------
    run : callable
        Trains for one epoch.
    batches : EpochBatches
        Its batches.
    net : GroupNet
        What is trained.
    """

    run: Callable[[], None]
    batches: EpochBatches
    net: Any


def make_estimator(
    net: str,
    setting: Setting,
    device: str,
    runner: dict[str, Any] | None = None,
    *,
    steps: int | None = STEPS,
) -> Any:
    """Make a plain net, or RUNNER on the same rows.

    Parameters
    ----------
    net : str
        A key of ``NETS``.
    setting : Setting
        How it is run.
    device : str
        Where.
    runner : dict or None, default=None
        Parameters of RUNNER, which shares the rows of the predictive loss; None makes
        a plain net.
    steps : int or None, default=10
        Steps of an epoch; None makes it one pass.

    Returns
    -------
    estimator
        Unfitted.
    """
    common = {
        **NETS[net],
        "steps_per_epoch": steps,
        "batch_size": setting.batch_size,
        "precision": setting.precision,
        "channels_last": setting.channels_last,
        "device": device,
        "random_state": 0,
    }
    if runner is None:
        return NetClassifier(**common)
    return RunnerClassifier(sampling="shared", **runner, **common)


def make_epoch(rows: GroupDataset, estimator: Any, *, compiled: bool = False) -> Epoch:
    """Return a function that trains one epoch of the estimator's steps.

    Parameters
    ----------
    rows : GroupDataset
        The rows, on the CPU; images that are there as pixels go to the device.
    estimator : estimator
        From `make_estimator`.
    compiled : bool, default=False
        Whether the forward pass is compiled.

    Returns
    -------
    Epoch
        The epoch.
    """
    estimator._resolve_defaults()  # noqa: SLF001 (what fit does)
    estimator.net_n_features_ = rows.X.shape[1]
    spec = read_net(estimator.net, estimator.net_params)
    seeds = draw_seeds(0)
    budget = Budget(max_epochs=1, batch_size=estimator.batch_size)
    settings = resolve_settings(estimator, spec, budget, "last")
    net, layers = start_net(estimator, spec, rows, settings, seeds, continued=None)
    rows = rows.to(settings.device)
    batches = estimator._make_batches(rows, budget, seeds)  # noqa: SLF001
    net.objective_ = estimator._make_objective(net, layers, batches, seeds)  # noqa: SLF001
    if compiled:
        net._compile(net.objective_)  # noqa: SLF001

    def run() -> None:
        net.history.new_epoch()
        with matmul_precision(estimator.precision):
            net.run_single_epoch(batches, True, "train", net.train_step)

    return Epoch(run, batches, net)


def peak_above(run: Callable[[], None], device: str) -> float | None:
    """Return the memory that a call takes beside what is there before.

    Parameters
    ----------
    run : callable
        What is called.
    device : str
        A CUDA device; others do not tell.

    Returns
    -------
    float or None
        GB; None elsewhere.
    """
    if not device.startswith("cuda"):
        run()
        return None
    torch.cuda.synchronize()
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    run()
    torch.cuda.synchronize()
    return (torch.cuda.max_memory_allocated() - before) / 1e9


def work_ms(run: Callable[[], None], device: str) -> float | None:
    """Return how long the GPU works in a call: its kernels and copies, without gaps.

    Parameters
    ----------
    run : callable
        What is called.
    device : str
        A CUDA device; others do not tell.

    Returns
    -------
    float or None
        Milliseconds a step; None elsewhere.
    """
    if not device.startswith("cuda"):
        return None
    torch.cuda.synchronize()
    with profile(activities=[ProfilerActivity.CUDA]) as profiled:
        run()
        torch.cuda.synchronize()
    on_device = [
        event for event in profiled.events() if event.device_type == DeviceType.CUDA
    ]
    return sum(event.self_device_time_total for event in on_device) / 1000 / STEPS
