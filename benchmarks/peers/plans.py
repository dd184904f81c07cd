"""How much of the comparison is run: all of it, or what fits into a few core hours.

The short plan takes fewer strengths, and fewest with other inputs than those that the
paper gives a data set; as many of all methods, but for those that it names.
"""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

from benchmarks.peers.splits import DATASETS


class Block(NamedTuple):
    """Fits of one data set and one kind of inputs on the same splits.

    Parameters
    ----------
    dataset : str
        The data set.
    sensitive_input : bool
        Whether the sensitive column is an input.
    splits : range
        The random splits.
    strengths : int, default=5
        How many of the strengths of each method, evenly spread over all of them.
    fewer : mapping of str to int, default={}
        Method -> how many instead, for those whose fits are slow.
    """

    dataset: str
    sensitive_input: bool
    splits: range
    strengths: int = 5
    fewer: Mapping[str, int] = {}

    def chosen(self, method: str, strengths: Sequence[Any]) -> list[Any]:
        """Return the strengths of a method that are fitted.

        Parameters
        ----------
        method : str
            The method.
        strengths : sequence
            All of them, from weak to strong or the other way round.

        Returns
        -------
        list
            Those of the block.
        """
        return spread(strengths, self.fewer.get(method, self.strengths))


def spread(values: Sequence[Any], count: int) -> list[Any]:
    """Take some of many values, evenly spread and with both ends.

    Parameters
    ----------
    values : sequence
        In order.
    count : int
        How many, at least one, and all if there are no more; of one, the middle.

    Returns
    -------
    list
        The values.

    Examples
    --------
    >>> spread([1, 2, 3, 4, 5], 3), spread([1, 2, 3, 4, 5], 1), spread([1, 2], 9)
    ([1, 3, 5], [3], [1, 2])
    """
    last = len(values) - 1
    if count > last:
        return list(values)
    if count == 1:
        return [values[last // 2]]
    return [values[round(place * last / (count - 1))] for place in range(count)]


# The ranges of the peers' strengths were tried on it: the short plan leaves it out.
TRIED_SPLIT = 0
# Of RUNNER at the paper's settings the tables have more; strategies are no strengths.
FEWER = {"runner_paper": 1, "oversampling": 1}
FEWEST = {**FEWER, "eg_net": 1}

PLANS: dict[str, tuple[Block, ...]] = {
    "full": tuple(
        Block(dataset, one, range(10))
        for dataset, one in product(DATASETS, (False, True))
    ),
    # The paper's inputs: no sex in Adult, race in COMPAS.
    "short": (
        Block("adult", False, range(1, 11), 3, FEWER),
        Block("compas", True, range(1, 11), 3, FEWER),
        Block("adult", True, range(1, 11), 2, FEWEST),
        Block("compas", False, range(1, 11), 2, FEWEST),
    ),
}
