"""What is compared to tell whether choosing neurons pays, in full and in short.

The short plan asks of other depths and widths than the paper's one weight and one share
of neurons; those come last, so that a run stopped by time still has the paper's net.
"""

from collections.abc import Sequence
from itertools import product
from typing import Any, NamedTuple

from benchmarks.paper.scores import GAPS
from benchmarks.peers.splits import DATASETS

PAPER_NET = "200x2"
NETS = {
    PAPER_NET: (200,) * 2,
    "50x4": (50,) * 4,
    "200x8": (200,) * 8,
    "1000x2": (1000,) * 2,
}
RATIOS = (0.05, 0.2, 0.5)
# What is special about the fairness term -> parameters of an estimator.
GAP_TERMS: dict[str, dict[str, Any]] = {
    "default": {},
    "wasserstein": {"gap": "wasserstein"},
    "limited": {"fairness_gradient_limit": 1.0},
}
OUTPUT_ALONE = "output"


def variant_name(importance: str, ratio: float | None = None) -> str:
    """Name a choice of neurons.

    Parameters
    ----------
    importance : str
        How neurons are chosen, or ``OUTPUT_ALONE``.
    ratio : float, default=None
        The share of neurons, where it is free.

    Returns
    -------
    str
        Such as ``"auto 5%"``.
    """
    return importance if ratio is None else f"{importance} {ratio:.0%}"


# name -> (importance, share of neurons)
VARIANTS: dict[str, tuple[str, float | None]] = {
    **{
        variant_name(importance, ratio): (importance, ratio)
        for importance, ratio in product(("auto", "random"), RATIOS)
    },
    "all": ("all", None),
    OUTPUT_ALONE: (OUTPUT_ALONE, None),
}
# One share of neurons with all its controls.
FEW_VARIANTS = ("auto 20%", "random 20%", "all", OUTPUT_ALONE)


class Block(NamedTuple):
    """Fits of one data set and net on the same splits.

    Parameters
    ----------
    dataset, net : str
        The data set and a key of ``NETS``.
    splits : range
        The random splits.
    weights : sequence of float, default=(0.1, 0.2, 0.5)
        The weights λ that trace a frontier.
    variants : sequence of str, default=tuple(VARIANTS)
        Keys of ``VARIANTS``.
    constraints : sequence of str, default=tuple(GAPS)
        The constraints.
    terms : sequence of str, default=("default",)
        Of ``GAP_TERMS``.
    stage : int, default=0
        Blocks of a lower stage are finished first.
    """

    dataset: str
    net: str
    splits: range
    weights: Sequence[float] = (0.1, 0.2, 0.5)
    variants: Sequence[str] = tuple(VARIANTS)
    constraints: Sequence[str] = tuple(GAPS)
    terms: Sequence[str] = ("default",)
    stage: int = 0


SPLITS = range(1, 11)
DEEP = Block("compas", "200x8", SPLITS, (0.2,), FEW_VARIANTS, stage=1)
PLANS: dict[str, tuple[Block, ...]] = {
    "full": tuple(
        Block(dataset, net, range(10), terms=tuple(GAP_TERMS))
        for dataset, net in product(DATASETS, NETS)
    ),
    "short": (
        Block("compas", PAPER_NET, SPLITS, (0.2, 0.5)),
        Block("adult", PAPER_NET, SPLITS, (0.2,)),
        # Is it the neurons that help at all thresholds, or a term of all of them?
        Block(
            *("adult", PAPER_NET, SPLITS, (0.2,), FEW_VARIANTS), terms=("wasserstein",)
        ),
        *(DEEP._replace(dataset=dataset, net="50x4") for dataset in DATASETS),
        # With eight layers the term overrules the labels.
        *(
            DEEP._replace(dataset=dataset, terms=("default", "limited"))
            for dataset in DATASETS
        ),
        DEEP._replace(net="1000x2"),
        # The slowest, of one constraint.
        DEEP._replace(
            dataset="adult",
            net="1000x2",
            constraints=("demographic_parity",),
        ),
    ),
}
