import pandas as pd
import pytest

from benchmarks.peers.conditions import detectable, limits, ranges
from benchmarks.peers.summary import whole_splits
from tests.benchmarks.rows import row


def frame_of(*settings):
    """One row for every split of every setting."""
    return pd.DataFrame(
        [
            {
                "dataset": dataset,
                "sensitive_input": True,
                "constraints": "equalized_odds",
                "seed": seed,
            }
            for dataset, seeds in settings
            for seed in seeds
        ]
    )


def test_what_a_number_of_splits_can_detect():
    # The table's t of 4 and of 2 degrees of freedom, 2.7764 and 4.3027.
    assert detectable(5) == pytest.approx(2.7764 / 5**0.5, abs=1e-4)
    assert detectable(3) == pytest.approx(4.3027 / 3**0.5, abs=1e-4)
    assert detectable(4, level=0.8) == pytest.approx(1.6377 / 2, abs=1e-4)


def test_the_page_says_what_its_splits_can_tell():
    text = limits(frame_of(("adult", range(1, 6)), ("compas", range(1, 4))))
    assert "difference: with 5 splits 1.2, with 3 splits 2.5. Smaller" in text
    assert "no interval" not in text
    text = limits(frame_of(("adult", range(5)), ("compas", range(2))))
    assert "difference: with 5 splits 1.2. Smaller" in text
    assert text.endswith(
        "Where there are fewer than three splits, no interval is given."
    )
    assert "there are too few splits. Smaller" in limits(frame_of(("adult", [1])))


def test_the_page_says_whether_strengths_were_tried_on_its_splits():
    told = "tried on the test rows of split 0, "
    without, among = (ranges(frame_of(("adult", own))) for own in ([1, 2], [0, 1]))
    assert told in without
    assert "that split is none of those here" in without
    assert told in among
    assert among.endswith("that split is among those here.")


def test_half_a_frontier_is_left_out():
    def fit(seed, weight, method="runner_best"):
        return row(method, seed, strength={"w": weight}, sensitive_input=True)

    whole = [fit(1, 1), fit(1, 2), {**fit(2, 1), "error": "no"}, fit(2, 2)]
    other = [fit(3, 1, method="reject")]
    half = [fit(3, 2)]
    another_net = [{**fit(3, 1), "net": "50x4"}]
    rows = [*whole[:3], *half, *other, whole[3], *another_net]
    assert whole_splits(rows) == [*whole[:3], *other, whole[3], *another_net]
