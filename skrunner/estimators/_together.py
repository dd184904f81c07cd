"""What several processes have to agree on before they fit together."""

from dataclasses import asdict
from typing import Any

from skrunner._processes import from_first
from skrunner.estimators._budget import resolve_device
from skrunner.estimators._checkpointing import fingerprint
from skrunner.estimators._fit_input import FitInput
from skrunner.exceptions import DistributedError
from skrunner.training import NetSpec, Seeds, require_same, start_processes

# Seeds and weights are those of the first process; each may have its own device.
OWN = {"random_state", "net", "device"}


def join_processes(
    estimator: Any, spec: NetSpec, rows: FitInput, seeds: Seeds
) -> Seeds:
    """Start training together, if this process was launched with others.

    Parameters
    ----------
    estimator : BaseNetClassifier
        Holds the parameters.
    spec : NetSpec
        What was passed as `net`.
    rows : FitInput
        All rows.
    seeds : Seeds
        What this process drew.

    Returns
    -------
    Seeds
        The same in all processes.

    Raises
    ------
    DistributedError
        If the estimator cannot be trained in several processes, or if they do not fit
        the same.
    """
    device = resolve_device(estimator.device, spec)
    if start_processes(device) == 1:
        return seeds
    name = type(estimator).__name__
    if not estimator._joins_processes:  # noqa: SLF001 (same room)
        raise DistributedError(
            f"{name} cannot be trained in several processes. Fit it in one, without "
            "torchrun or accelerate launch."
        )
    if spec.foreign is not None:
        raise DistributedError(
            f"{type(spec.foreign).__name__} has training steps of its own, which know "
            "nothing of other processes. Fit it in one, or pass a net without them."
        )
    known = fingerprint(estimator, rows, device)
    same = {key: text for key, text in known.items() if key not in OWN}
    kept = estimator.checkpoint is not None
    require_same({**same, "checkpoint": str(kept), "estimator": name})
    return Seeds(**from_first(asdict(seeds)))
