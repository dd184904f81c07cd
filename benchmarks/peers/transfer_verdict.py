"""Whether new heads inherit a repair of neurons, said from the numbers alone."""

import numpy as np
import pandas as pd

from benchmarks.paper.pages import TITLES as DATASETS
from benchmarks.peers.hypervolume import FEWEST, mean_interval
from benchmarks.peers.neuron_plans import OUTPUT_ALONE
from benchmarks.peers.transfer import HEADS
from benchmarks.peers.transfer_pairs import ASKED, CHOSEN, TITLES, Comparison, left_over

SHORT = {
    OUTPUT_ALONE: "the output's gap alone",
    CHOSEN: "the most important neurons",
    "random 20%": "random neurons",
    "all": "all neurons",
}
# The share of the plain net's gap that has to go for a repair of neurons to pay.
WORTH = 0.2


def verdict(found: list[Comparison]) -> str:
    """Answer by a rule what pays for new heads.

    Parameters
    ----------
    found : list of Comparison
        See `compare_all`.

    Returns
    -------
    str
        Sentences, one for each pair.
    """
    if not found:
        return f"With fewer than {FEWEST} splits nothing can be said yet."
    sentences, counts = [], []
    for pair in ASKED:
        settings: dict[tuple[str, float], list[Comparison]] = {}
        for one in found:
            if one.pair == pair:
                settings.setdefault(one.setting, []).append(one)
        if settings:
            title = " against ".join(SHORT[one] for one in pair)
            yes = sum(answer(own) == "yes" for own in settings.values())
            counts.append(f"{title}, {yes} of {len(settings)}")
            sentences.append(f"{title.capitalize()}: {_settings_text(settings)}.")
    return " ".join([f"Answers of yes: {'; '.join(counts)}.", *sentences])


def _settings_text(settings: dict[tuple[str, float], list[Comparison]]) -> str:
    told: dict[str, list[str]] = {"yes": [], "undecided": [], "no": []}
    for (dataset, weight), own in settings.items():
        price = np.mean([one.ap.mean() for one in own])
        told[answer(own)].append(
            f"{DATASETS[dataset]} λ = {weight:g} ({change(own):+.0%}, AP {price:+.3f})"
        )
    given = {name: ", ".join(texts) for name, texts in told.items() if texts}
    return "; ".join(f"**{name}** on {text}" for name, text in given.items())


def answer(own: list[Comparison]) -> str:
    """Answer for one pair, data set and weight.

    Parameters
    ----------
    own : list of Comparison
        All heads and gaps.

    Returns
    -------
    {"no", "yes", "undecided"}
        No where most intervals exclude that ``WORTH`` of the plain net's gap goes, else
        yes where most lie below zero, none above, and so much goes in all.
    """
    known = [(mean_interval(one.gaps), one.plain) for one in own]
    intervals = [(*one, plain) for one, plain in known if one is not None]
    excluded = sum(low > -WORTH * plain for low, _, plain in intervals)
    if 2 * excluded > len(own):
        return "no"
    smaller = sum(high < 0 for _, high, _ in intervals)
    larger = any(low > 0 for low, _, _ in intervals)
    worth = -change(own) >= WORTH
    return "yes" if 2 * smaller > len(own) and not larger and worth else "undecided"


def change(own: list[Comparison]) -> float:
    """Return the sum of the mean differences, as a share of the plain net's gaps.

    Parameters
    ----------
    own : list of Comparison
        All heads and gaps.

    Returns
    -------
    float
        Negative where the first method has less of a gap.
    """
    total = sum(float(one.gaps.mean()) for one in own)
    return total / sum(one.plain for one in own)


def inherited(frame: pd.DataFrame) -> str:
    """Say how much of the plain net's gaps the heads have again.

    Parameters
    ----------
    frame : DataFrame
        See `benchmarks.peers.transfer_pairs.read_table`.

    Returns
    -------
    str
        A sentence; none without the plain net.
    """
    own, heads = left_over(frame, ["own"]), left_over(frame, HEADS)
    if not heads:
        return ""
    parts = [
        f"{TITLES[method]}: {own[method]:.0%} and {share:.0%}"
        for method, share in heads.items()
    ]
    return (
        "Of the plain net's gaps are left, in the repaired net's own output and in new "
        f"heads: {'; '.join(parts)}."
    )
