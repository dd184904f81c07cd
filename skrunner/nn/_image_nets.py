"""The paper's nets for images: torchvision's AlexNet and ResNet-18 with our logits."""

from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import torch
from torch import Tensor, nn
from torchvision import models
from torchvision.models import AlexNet_Weights, ResNet18_Weights

from skrunner.exceptions import UnsupportedModuleError

HEADS = ("linear", "fair_mixup")
CATEGORIES = 1000
SMALLEST = 63  # pixels a side; the last pooling of AlexNet has nothing left of fewer


class AlexNet(models.AlexNet):  # type: ignore[misc]
    """torchvision's AlexNet, which says what is wrong with images it cannot take."""

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits.

        Parameters
        ----------
        x : Tensor of shape (n_samples, 3, height, width)
            At least 63 x 63 pixels.

        Returns
        -------
        Tensor of shape (n_samples, n_outputs)
            The logits.
        """
        _check_images(x, "alexnet", SMALLEST)
        logits: Tensor = super().forward(x)
        return logits


class ResNet18(models.ResNet):  # type: ignore[misc]
    """torchvision's ResNet-18, which says what is wrong with images it cannot take.

    Parameters
    ----------
    num_classes : int, default=1000
        Number of logits.
    """

    def __init__(self, num_classes: int = CATEGORIES) -> None:
        super().__init__(models.resnet.BasicBlock, [2, 2, 2, 2], num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits.

        Parameters
        ----------
        x : Tensor of shape (n_samples, 3, height, width)
            Images of any size.

        Returns
        -------
        Tensor of shape (n_samples, n_outputs)
            The logits.
        """
        _check_images(x, "resnet18", 1)
        logits: Tensor = super().forward(x)
        return logits


def alexnet(n_outputs: int = 1, *, weights: Any = None) -> nn.Module:
    """Build torchvision's AlexNet for images of at least 63 x 63 pixels.

    Parameters
    ----------
    n_outputs : int, default=1
        Number of logits: one for two classes, else one a class.
    weights : AlexNet_Weights or str, default=None
        Weights of torchvision to start from, such as ``"IMAGENET1K_V1"``, less those of
        the last layer; their file must be in torch's folder of checkpoints already.
        None starts from random weights. Images have to be standardized as the
        ``transforms`` of the weights say.

    Returns
    -------
    Module
        From float images of shape (n_samples, 3, height, width) to logits.

    Raises
    ------
    FileNotFoundError
        If the weights would have to be downloaded.

    Examples
    --------
    >>> import torch
    >>> alexnet(3)(torch.zeros(2, 3, 109, 89)).shape
    torch.Size([2, 3])
    """
    if weights is None:
        return AlexNet(num_classes=n_outputs)
    net = AlexNet()
    net.load_state_dict(_local_state(AlexNet_Weights, weights))
    net.classifier[6] = nn.Linear(4096, n_outputs)
    return net


def resnet18(
    n_outputs: int = 1, *, weights: Any = None, head: str = "linear"
) -> nn.Module:
    """Build torchvision's ResNet-18 for images of any size.

    Parameters
    ----------
    n_outputs : int, default=1
        Number of logits: one for two classes, else one a class.
    weights : ResNet18_Weights or str, default=None
        Weights of torchvision to start from, such as ``"IMAGENET1K_V1"``, less those of
        the head; their file must be in torch's folder of checkpoints already. None
        starts from random weights. Images have to be standardized as the
        ``transforms`` of the weights say.
    head : {"linear", "fair_mixup"}, default="linear"
        What follows the average over positions: one linear layer, or the head of the
        experiments on CelebA in [1]_, which has a hidden layer of 512 ReLU units.

    Returns
    -------
    Module
        From float images of shape (n_samples, 3, height, width) to logits.

    Raises
    ------
    FileNotFoundError
        If the weights would have to be downloaded.
    ValueError
        If `head` is unknown.

    References
    ----------
    .. [1] Chuang and Mroueh, "Fair Mixup: Fairness via Interpolation", ICLR 2021.

    Examples
    --------
    >>> import torch
    >>> resnet18(head="fair_mixup")(torch.zeros(2, 3, 109, 89)).shape
    torch.Size([2, 1])
    """
    if head not in HEADS:
        raise ValueError(f'head must be "linear" or "fair_mixup", got {head!r}.')
    plain = weights is None and head == "linear"
    net = ResNet18(n_outputs if plain else CATEGORIES)
    if weights is not None:
        net.load_state_dict(_local_state(ResNet18_Weights, weights))
    if head == "fair_mixup":
        net.fc = nn.Sequential(
            nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, n_outputs)
        )
    elif weights is not None:
        net.fc = nn.Linear(512, n_outputs)
    return net


def _local_state(kind: Any, weights: Any) -> Any:
    """Read weights of torchvision, if that takes no network."""
    known = list(kind.__members__)
    if isinstance(weights, str) and weights.rpartition(".")[2] not in known:
        raise ValueError(
            f"Unknown weights={weights!r}. Pass one of {', '.join(known)}, or None to "
            "start from random weights."
        )
    chosen = kind.verify(weights)
    name = Path(urlparse(chosen.url).path).name
    file = Path(torch.hub.get_dir()) / "checkpoints" / name
    if not file.exists():
        raise FileNotFoundError(
            f"{chosen} is not on this machine, and skrunner downloads nothing. Put "
            f"{chosen.url} at {file}, or call {chosen}.get_state_dict() of "
            "torchvision.models yourself; weights=None starts from random weights."
        )
    return chosen.get_state_dict(progress=False, check_hash=True)


def _check_images(x: Tensor, name: str, smallest: int) -> None:
    if x.ndim != 4 or x.shape[1] != 3:
        raise UnsupportedModuleError(
            f"net={name!r} takes images of shape (n_samples, 3, height, width), got "
            f"{tuple(x.shape)}. Repeat the channel of grey images three times; for "
            'tables pass net="mlp".'
        )
    if min(x.shape[2:]) < smallest:
        raise UnsupportedModuleError(
            f"net={name!r} takes images of at least {smallest} x {smallest} pixels, "
            f"got {x.shape[2]} x {x.shape[3]}. Enlarge them, or pass "
            'net="resnet18", which takes any size.'
        )
