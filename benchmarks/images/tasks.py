"""The two tasks on CelebA, the nets, and how each run trains them."""

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor


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
    """

    max_epochs: int = 20
    batch_size: int = 128
    lr: float = 1e-4
    precision: str = "fp32"
    size: tuple[int, int] | None = None
    limit: int | None = None
    flip: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return what tells one run's rows from another's.

        Returns
        -------
        dict
            As it is read back from JSON.
        """
        return {**asdict(self), "size": self.size and list(self.size)}


def mirror_half(pixels: Tensor) -> Tensor:
    """Mirror each image with probability one half.

    Parameters
    ----------
    pixels : Tensor of shape (n_images, channels, height, width)
        The images.

    Returns
    -------
    Tensor
        Of the same shape.
    """
    mirrored = torch.rand(len(pixels), device=pixels.device) < 0.5
    return torch.where(mirrored[:, None, None, None], pixels.flip(-1), pixels)


def common_settings(point: dict[str, Any], device: str) -> dict[str, Any]:
    """Return the parameters that all methods share.

    Parameters
    ----------
    point : dict
        A fit: its net, constraint, seed and budget.
    device : str
        Where to train.

    Returns
    -------
    dict
        Parameters of any net-training estimator.
    """
    budget = point["budget"]
    return {
        **NETS[point["net"]].params,
        "constraints": point["constraints"],
        **{key: budget[key] for key in ("max_epochs", "batch_size", "lr", "precision")},
        "augment": mirror_half if budget["flip"] else None,
        "select_epoch": "within_utility",
        "channels_last": device.startswith("cuda"),
        "device": device,
        "random_state": point["seed"],
    }
