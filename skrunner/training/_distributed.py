"""Train one net in several processes, with the result of a single one.

Each process runs its rows of every batch. Group means, evidence of importance and
gradients are added up over all of them, so that every process takes the same steps.
"""

import atexit
import multiprocessing
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
import torch.distributed as dist
from torch import nn

from skrunner._processes import (
    from_all,
    from_first,
    joined_sum,
    joined_sums,
    n_processes,
    of_first,
    process_rank,
)
from skrunner.data import EpochBatches
from skrunner.exceptions import DistributedError
from skrunner.nn import joined_batch_norm
from skrunner.objectives import Objective, StepLoss

LAUNCHED = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


def start_processes(device: str) -> int:
    """Join the other processes, if this one was launched together with some.

    A process group that is up already is used as it is.

    Parameters
    ----------
    device : str
        Where the training is.

    Returns
    -------
    int
        How many processes train together.

    Raises
    ------
    ImportError
        If a group is to be started, and accelerate is missing.
    DistributedError
        If the group cannot add up tensors of the device.
    """
    if not dist.is_available():
        return 1
    if not dist.is_initialized() and _is_launched():
        _start(cpu=torch.device(device).type == "cpu")
    if n_processes() > 1:
        _choose_gpu()
        _try_out(device)
    return n_processes()


def _is_launched() -> bool:
    """Tell whether `torchrun` or `accelerate launch` started this very process."""
    if not os.environ.keys() >= set(LAUNCHED) or int(os.environ["WORLD_SIZE"]) < 2:
        return False
    # The workers of a search inherit the environment, but are no part of the group.
    return multiprocessing.parent_process() is None


def _start(*, cpu: bool) -> None:
    try:
        from accelerate import PartialState  # noqa: PLC0415 (optional)
    except ImportError as error:
        raise ImportError(
            f"This is one of {os.environ['WORLD_SIZE']} processes that were launched "
            "together, and accelerate, which joins them, is missing. Run `pip install "
            '"skrunner[distributed]"`, or call torch.distributed.init_process_group '
            "before fit."
        ) from error
    PartialState(cpu=cpu)
    atexit.register(_stop)


def _stop() -> None:
    if dist.is_initialized():
        dist.destroy_process_group()


def _choose_gpu() -> None:
    """Take the GPU of this process's number, unless another one is chosen."""
    if torch.cuda.is_available() and "LOCAL_RANK" in os.environ:
        own = int(os.environ["LOCAL_RANK"]) % torch.cuda.device_count()
        if torch.cuda.current_device() == 0 != own:
            torch.cuda.set_device(own)


def _try_out(device: str) -> None:
    try:
        joined_sum(torch.ones((), device=device))
    except RuntimeError as error:
        raise DistributedError(
            f"The process group, of backend {dist.get_backend()}, cannot add up "
            f"tensors on device={device!r}: {error}. gloo is for device='cpu', nccl "
            "for device='cuda', with a GPU for each process."
        ) from error


def require_same(what: Mapping[str, str]) -> None:
    """Compare what the processes fit.

    Parameters
    ----------
    what : mapping of str to str
        Descriptions of parameters and rows.

    Raises
    ------
    DistributedError
        If they differ, in all processes.
    """
    all_of_it = from_all(dict(what))
    names = sorted({name for mine in all_of_it for name in mine})
    differ = [name for name in names if len({mine.get(name) for mine in all_of_it}) > 1]
    if differ:
        raise DistributedError(
            f"The {len(all_of_it)} processes do not fit the same. These differ: "
            f"{', '.join(differ)}. Every process calls fit with the same parameters "
            "and all rows in the same order; skrunner divides them."
        )


@contextmanager
def together(net: Any, batches: EpochBatches, objective: Objective) -> Iterator[None]:
    """Train in all processes inside the context, if there are several.

    Parameters
    ----------
    net : GroupNet
        The net; all start with the weights of the first process.
    batches : EpochBatches
        The batches of an epoch, drawn from the same seeds.
    objective : callable
        What a step minimizes.

    Yields
    ------
    None
        Nothing.

    Raises
    ------
    DistributedError
        If that cannot be shared.
    """
    several = n_processes()
    if several == 1:
        yield
        return
    _refuse(net, objective)
    net.module_.load_state_dict(
        {
            name: of_first(part) if isinstance(part, torch.Tensor) else from_first(part)
            for name, part in net.module_.state_dict().items()
        }
    )
    with joined_batch_norm(net.module_) as has_norms:
        if has_norms and net.compiled_:
            raise DistributedError(
                "compile=True cannot be combined with batch normalization in several "
                "processes. Pass compile=False."
            )
        batches.divide(process_rank(), several)
        try:
            yield
        finally:
            batches.divide(0, 1)


def _refuse(net: Any, objective: Objective) -> None:
    if not getattr(objective, "joins_processes", False):
        raise DistributedError(
            f"{type(objective).__name__} cannot be shared by several processes. "
            "Train in one."
        )
    if net.n_parts_ > 1:
        raise DistributedError(
            f"gradient_accumulation={net.n_parts_} compares groups part by part, "
            "which several processes cannot join. Start more processes instead: each "
            "runs a share of the rows."
        )


def joined_step(step: StepLoss, module: nn.Module) -> StepLoss:
    """Add up gradients and losses of a step over all processes.

    Parameters
    ----------
    step : StepLoss
        Of the own rows; the fairness term is that of all.
    module : Module
        Its gradients are replaced by those of the whole step.

    Returns
    -------
    StepLoss
        The losses of the whole step.
    """
    gradients = [
        parameter.grad
        for parameter in module.parameters()
        if parameter.grad is not None
    ]
    *sums, predictive, loss = joined_sums([*gradients, step.predictive, step.loss])
    for gradient, total in zip(gradients, sums, strict=True):
        gradient.copy_(total)
    # The term, which every process has, was counted once for each.
    term = (loss - predictive) / n_processes()
    return step._replace(loss=predictive + term, predictive=predictive)
