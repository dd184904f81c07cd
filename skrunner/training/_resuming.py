"""Put a net in the state that a checkpoint holds, and take that state."""

from typing import Any

import torch

from skrunner._processes import from_all, process_rank
from skrunner.training._schedules import Schedules


def resume(net: Any, batches: Any, max_epochs: int) -> int:
    """Go on from the checkpoint of a net, if it has one.

    Parameters
    ----------
    net : GroupNet
        At the start of a training.
    batches : EpochBatches
        Its batches.
    max_epochs : int
        The epochs of the training.

    Returns
    -------
    int
        How many of them are left.
    """
    if net.checkpoint_ is None:
        return max_epochs
    state = net.checkpoint_.next_stage()
    if state is None:
        return max_epochs
    before = len(net.history)
    for name, part in _parts_of(net, batches).items():
        part.load_state_dict(state[name])
    net.history[:] = state["history"]
    net.run_in_parts(state["n_parts"])
    rng, device_rng = state["rng"][process_rank()]
    torch.set_rng_state(rng)
    if device_rng is not None:
        torch.cuda.set_rng_state(device_rng, net.device)
    return 0 if state["done"] else max_epochs - (len(net.history) - before)


def save(net: Any, batches: Any, *, done: bool) -> None:
    """Write the checkpoint of a net, if it has one.

    Parameters
    ----------
    net : GroupNet
        Between two epochs.
    batches : EpochBatches
        Its batches.
    done : bool
        Whether no epoch is left.
    """
    if net.checkpoint_ is None:
        return
    parts = _parts_of(net, batches)
    on_cuda = torch.device(net.device).type == "cuda"
    device_rng = torch.cuda.get_rng_state(net.device) if on_cuda else None
    net.checkpoint_.keep(
        {
            **{name: part.state_dict() for name, part in parts.items()},
            "history": list(net.history),
            "n_parts": net.n_parts_,
            "rng": from_all((torch.get_rng_state(), device_rng)),
            "done": done,
        }
    )


def _parts_of(net: Any, batches: Any) -> dict[str, Any]:
    return {
        "module": net.module_,
        "optimizer": net.optimizer_,
        "schedules": Schedules(net),
        "selection": dict(net.callbacks_)["epoch_selection"],
        "batches": batches,
        "objective": net.objective_,
    }
