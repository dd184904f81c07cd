"""The two tasks on CelebA, the nets, and how each run trains them."""

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from skorch.callbacks import LRScheduler

from benchmarks.images.variation import Vary


class Task(NamedTuple):
    """What is predicted.

    Parameters
    ----------
    title : str
        Its name on the pages.
    target : str
        The attribute of CelebA.
    net : str
        The paper's net for it, a key of ``NETS``.
    """

    title: str
    target: str
    net: str


class Net(NamedTuple):
    """A net for images.

    Parameters
    ----------
    title : str
        Its name on the pages.
    params : dict
        What an estimator is told of it.
    """

    title: str
    params: dict[str, Any]


TASKS = {
    "attractive": Task("Attractive", "Attractive", "alexnet"),
    "wavy_hair": Task("Wavy hair", "Wavy_Hair", "resnet18"),
}
NETS = {
    "alexnet": Net("AlexNet", {"net": "alexnet"}),
    "resnet18": Net(
        "ResNet-18", {"net": "resnet18", "net_params": {"head": "fair_mixup"}}
    ),
}


@dataclass(frozen=True)
class Budget:
    """How long all methods of a run train, and on what.

    Parameters
    ----------
    max_epochs : int, default=20
        Passes over the training rows.
    batch_size : int, default=128
        Rows of the predictive loss in a step.
    lr : float, default=1e-4
        Adam's learning rate, the paper's.
    precision : str, default="fp32"
        Number format.
    size : (int, int) or None, default=None
        Height and width that images are resized to; None keeps theirs.
    limit : int or None, default=None
        Images of each part at most; None takes all.
    flip : bool, default=False
        Whether every training image is mirrored half of the time.
    shift : int, default=0
        Pixels that every training image is moved by at most, in height and in width.
    schedule : {"constant", "cosine"}, default="constant"
        Whether the learning rate stays, or falls to zero along a half cosine.
    average : bool, default=False
        Whether the mean of the weights of the last quarter of the epochs is kept, and
        all rows train, in place of rows that choose an epoch.
    """

    max_epochs: int = 20
    batch_size: int = 128
    lr: float = 1e-4
    precision: str = "fp32"
    size: tuple[int, int] | None = None
    limit: int | None = None
    flip: bool = False
    shift: int = 0
    schedule: str = "constant"
    average: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return what tells one run's rows from another's.

        Returns
        -------
        dict
            As it is read back from JSON. What came later is left out where it is not
            used, so that earlier rows are of the same budget.
        """
        stored = {**asdict(self), "size": self.size and list(self.size)}
        if not self.shift:
            del stored["shift"]
        if self.schedule == "constant":
            del stored["schedule"]
        if not self.average:
            del stored["average"]
        return stored


def common_settings(
    point: dict[str, Any], device: str, *, aside: float
) -> dict[str, Any]:
    """Return the parameters that all methods share.

    Parameters
    ----------
    point : dict
        A fit: its net, constraint, seed and budget.
    device : str
        Where to train.
    aside : float
        The share of the rows that are set aside where they choose an epoch.

    Returns
    -------
    dict
        Parameters of any net-training estimator.
    """
    budget = point["budget"]
    shift = budget.get("shift", 0)
    average = "average" in budget
    return {
        **NETS[point["net"]].params,
        "constraints": point["constraints"],
        **{key: budget[key] for key in ("max_epochs", "batch_size", "lr", "precision")},
        "callbacks": falling_rate(budget) if "schedule" in budget else None,
        "augment": Vary(budget["flip"], shift) if budget["flip"] or shift else None,
        "select_epoch": "average" if average else "within_utility",
        "validation_fraction": None if average else aside,
        "channels_last": device.startswith("cuda"),
        "device": device,
        "random_state": point["seed"],
    }


def falling_rate(budget: dict[str, Any]) -> list[LRScheduler]:
    """Return what lets the learning rate fall to zero, epoch by epoch.

    Parameters
    ----------
    budget : dict
        Says how many epochs there are.

    Returns
    -------
    list of LRScheduler
        The callback.
    """
    return [LRScheduler("CosineAnnealingLR", T_max=budget["max_epochs"])]
