"""Figures of the guide that change with every run of a search are those of its page."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def guide():
    return " ".join((DOCS / "user_guide" / "images.rst").read_text().split())


def page(name):
    return (DOCS / "results" / f"{name}.md").read_text()


def test_how_many_trainings_collapsed(guide):
    rows = re.findall(
        r"\| (up to \S+|greater, or none) \| \d+ of (\d+) \| (\d+) \|",
        page("images_search"),
    )
    fits, warned = ({name: int(row[i]) for name, *row in rows} for i in (0, 1))
    low = ("up to 0.2", "up to 0.35")
    assert sum(warned[name] for name in low) == 0
    assert f"none of {sum(fits[name] for name in low)} trainings warned" in guide
    middle, high = "up to 0.6", "greater, or none"
    assert (
        f"{warned[middle]} of {fits[middle]} trainings warned at 0.4 to 0.6 and "
        f"{warned[high]} of {fits[high]} at greater ones or without"
    ) in guide


def test_what_the_share_of_neurons_changes(guide):
    rows = re.findall(
        r"\| RUNNER, k = \d+% \| (0\.\d{3}) ± .*? \| 0\.\d{3} ± .*? \| (0\.\d{3}) ±",
        page("table7"),
    )
    ranges = [
        [value.removeprefix("0") for value in (min(column), max(column))]
        for half in (rows[:4], rows[4:])
        for column in zip(*half, strict=True)
    ]
    (eo_ap, eo_gap), (dp_ap, dp_gap) = ranges[:2], ranges[2:]
    between = "ΔDP lay between {} and {} at an average precision of {} to {}"
    assert between.format(*dp_gap, *dp_ap) in guide
    assert "ΔEO between {} and {} at {} to {}".format(*eo_gap, *eo_ap) in guide
