"""What the page says of how its figures were made, and of what they can tell."""

from typing import Any

import pandas as pd
from scipy import stats

from benchmarks.peers.plans import TRIED_SPLIT
from benchmarks.peers.summary import SETTING

SETTINGS = (
    "**Settings.** RUNNER and GapRegularization with *best settings* have the gap "
    "and the rows of the fairness term that a search on validation rows of other "
    "splits, some of which are test rows here, chose (``python -m "
    "benchmarks.paper.best``); their weight λ is the strength here. RUNNER with "
    "*defaults*, FairMixup, Adversarial, Reweighting and Oversampling have this "
    "package's defaults but for the strength and the choice of the epoch. The plain "
    "net and RUNNER with the *paper's settings* are the paper's; ThresholdOptimizer "
    "and RejectOption with a net have that plain net below them. Of fairlearn, what "
    "is not named here is its default. The strength of ExponentiatedGradient is the "
    "bound of its constraint; with a net it fits 10 of one hidden layer at most, in "
    "place of 50. That of ThresholdOptimizer is its tolerance, or ``flip`` where it "
    "has none; it takes probabilities. AdversarialFairnessClassifier trains for one "
    "epoch of 32 rows a step unless told more: here it has 300 steps of 1,000 rows, "
    "LeakyReLU in its adversary, and the hidden layers and the learning rate with "
    "which it learned at all. fairret has losses, no training: they train the same "
    "net as ours, with the weight as the strength, and the solver of its projection "
    "may take 100 steps in place of 10."
)
EPOCHS = (
    "All methods get the same rows of the paper's splits, train and validation "
    "together. RUNNER, GapRegularization, FairMixup, Reweighting, Oversampling and "
    "fairret set a quarter of them aside and choose an epoch by it, all by the same "
    "rule but RUNNER with the paper's settings, which takes the smallest gap; the "
    "others use all rows and keep the last."
)


def ranges(frame: pd.DataFrame) -> str:
    """Say how strengths were chosen, and on what.

    Parameters
    ----------
    frame : DataFrame
        See `benchmarks.peers.summary.table_of`.

    Returns
    -------
    str
        A paragraph.
    """
    text = (
        "**Strengths.** A method's strengths trace its frontier on test rows; none "
        "is chosen, so that a frontier looks better than any one point of it will, "
        "and the more so the more points it has: compare methods with as many. Those "
        "that have no knob have one point. A split counts for a method once all of "
        "its strengths were fitted on it. The ranges of strengths were set by hand "
        "so that gaps go from the plain net's to nearly none. For other packages "
        "this was tried on the test rows "
        f"of split {TRIED_SPLIT}, "
        "and so were the nets on which fairlearn's adversary learns; "
    )
    if (frame["seed"] == TRIED_SPLIT).any():
        return f"{text}that split is among those here."
    return (
        f"{text}that split is none of those here, but the random test rows of others "
        "hold a fifth of its own."
    )


def limits(frame: pd.DataFrame) -> str:
    """Say what the splits can tell, and what they cannot.

    Parameters
    ----------
    frame : DataFrame
        See `benchmarks.peers.summary.table_of`.

    Returns
    -------
    str
        A paragraph.
    """
    counts = sorted(splits_of(frame), reverse=True)
    needs = ", ".join(
        f"with {count} splits {detectable(count):.1f}" for count in counts if count > 2
    )
    text = (
        "**What the splits can tell.** Intervals (95 %) of hypervolumes are the "
        "bootstrap's over splits; those of paired differences, by which one is called "
        "ahead, are Student's, as the bootstrap's are too narrow for so few splits. An "
        "interval of a paired difference stays off zero if the mean is so many "
        "standard deviations of the difference: "
        f"{needs or 'there are too few splits'}. "
        "Smaller differences are not seen here, which does not mean that there are "
        "none. Splits are drawn from the same rows and share many of them, so that "
        "the intervals are rather too narrow, and they say nothing about other data. "
        "They are not corrected for the number of comparisons: of forty comparisons "
        "of equals, one interval lies above zero by chance and one below."
    )
    if min(counts) < 3:
        text += " Where there are fewer than three splits, no interval is given."
    return text


def splits_of(frame: pd.DataFrame) -> set[int]:
    """Collect how many splits the settings have."""
    return set(frame.groupby(SETTING)["seed"].nunique().tolist())


def detectable(n_splits: int, level: float = 0.95) -> float:
    """Return the mean difference whose interval just touches zero.

    Parameters
    ----------
    n_splits : int
        Splits, at least two.
    level : float, default=0.95
        Of the interval.

    Returns
    -------
    float
        In standard deviations of the difference over splits.
    """
    quantile: Any = stats.t.ppf((1 + level) / 2, n_splits - 1)
    return float(quantile / n_splits**0.5)
