"""Plain training: the Vanilla net that every repair is compared with."""

from dataclasses import dataclass
from typing import ClassVar

from skrunner.estimators._base import BaseNetClassifier


@dataclass(kw_only=True, eq=False, repr=False)
class NetClassifier(BaseNetClassifier):
    """A neural net trained on the predictive loss alone (the paper's Vanilla).

    Parameters
    ----------
    net : str, type, Module or NeuralNet, default="mlp"
        A preset's name, an ``nn.Module`` class, an instance whose weights are where the
        training starts (it is copied), or a configured skorch net.
    net_params : dict, default=None
        Arguments of a preset or class, such as ``{"hidden": (200, 200)}``.
    constraints : str, default="demographic_parity"
        Which gap is recorded and used to choose an epoch, if groups are given.
    max_epochs : int, default=None
        Epochs; None takes the skorch net's, or 20.
    lr : float, default=None
        Learning rate; None takes the skorch net's, or 0.001.
    batch_size : int, default=None
        Rows of a step; None takes the skorch net's, or
        ``min(1000, max(64, n_samples // 10))``.
    steps_per_epoch : int, default=None
        Steps of an epoch; None makes it one pass over the rows.
    optimizer : type, default=None
        A torch optimizer; None takes the skorch net's, or Adam.
    device : str, default="auto"
        ``"auto"`` takes CUDA if there is some; None takes the skorch net's.
    precision : {"fp32", "tf32", "bf16", "fp64"}, default="fp32"
        Number format of the training. Of ``"fp32"`` no product is rounded to TF32,
        in convolutions neither, where torch does so by default; ``"tf32"`` is faster.
    select_epoch : {"average", "last", "min_gap", "within_utility"}, default="last"
        Whose weights are kept: the mean over the last quarter of `max_epochs`, those of
        the last epoch, or those of the epoch of the smallest validation gap, at all or
        among those within `utility_drop` of the best utility; gaps need groups.
    validation_fraction : float, default=None
        Rows set aside to choose an epoch; None takes 0.2 if one is chosen, else none.
    utility_drop : float, default=0.01
        Validation utility that ``"within_utility"`` may give up.
    patience : int, default=None
        Epochs without improvement before the training stops; None never stops.
    image_storage : {"auto", "device", "host", "files"}, default="auto"
        Where images (`skrunner.datasets.ImageRows`, or uint8 pixels of shape
        (n_samples, 3, height, width)) stay while training: on the device, in memory
        of the host, from where pinned batches go there, or in their files, decoded
        batch by batch. ``"auto"`` takes the first that has room for them. Tables and
        other arrays go to the device.
    image_transform : callable, default=None
        From a batch of uint8 pixels on the device to what the net takes; None scales
        to [0, 1] and standardizes the channels as torchvision does.
    augment : callable, default=None
        Changes the uint8 pixels of training batches before that, on the device; such
        as ``torchvision.transforms.v2.RandomHorizontalFlip()``, which flips a batch as
        a whole. What it draws from torch's generators comes from `random_state`.
    channels_last : bool, default=False
        The memory format of convolutions: faster on GPUs, above all with ``"bf16"``.
    compile : bool, default=False
        Whether the net's forward pass is compiled by ``torch.compile``. Methods that
        read neurons through hooks, as RUNNER does, run as they are, with a warning.
    gradient_accumulation : int, default=1
        Parts that the rows of a step go through the net in; gradients add up, groups
        are compared part by part. A GPU that runs out of memory doubles it, with a
        warning.
    sensitive_columns : str, int, list or callable, default=None
        Columns of X that are the sensitive features, or a function of X that returns
        them, where they cannot be passed to `fit`; it gets tables as validated arrays.
    keep_sensitive : bool, default=False
        Whether the net sees the `sensitive_columns`.
    missing : {"error", "group"}, default="error"
        Whether a missing sensitive feature is an error or a group of its own.
    min_group_size : int, default=20
        Rows of a group below which a warning names it.
    min_cell_size : int, default=5
        Rows of a group with one label below which a warning names it.
    warm_start : bool, default=False
        Whether another `fit` goes on with the weights.
    checkpoint : str or path, default=None
        A file that holds how far `fit` is: written behind every epoch and read by a
        later `fit` with the same data and parameters, which goes on where a killed one
        was and ends with the same weights, on a CPU bit for bit. The file of a finished
        fit gives its net without training; one of another fit, or a damaged one, raises
        ``CheckpointError``. Not for `partial_fit` and `warm_start`; `callbacks` of
        yours start anew, but for an ``LRScheduler``. See the user guide.
    random_state : int, RandomState or None, default=None
        The seed of everything.
    verbose : int, default=None
        1 shows a progress bar, 2 a line an epoch; None takes the skorch net's, or 0.
    callbacks : list, default=None
        Callbacks of skorch.

    Attributes
    ----------
    net_ : NeuralNet
        The fitted skorch net.
    classes_ : ndarray of shape (n_classes,)
        The labels.
    history_ : DataFrame
        One row an epoch: losses, gap, validation scores, seconds.
    chosen_epoch_ : int
        The epoch whose weights are kept, from 1.
    group_names_ : tuple of str or None
        The groups.
    n_features_in_ : int
        Columns of X; channels of images.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, if X has some.
    net_n_features_ : int
        Columns that the net sees.

    See Also
    --------
    RunnerClassifier : Repairs the neurons that make the net unfair.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from skrunner import NetClassifier
    >>> X, y = make_classification(random_state=0)
    >>> NetClassifier(max_epochs=30, random_state=0).fit(X, y).score(X, y) > 0.9
    True
    """

    _needs_groups: ClassVar[bool] = False
