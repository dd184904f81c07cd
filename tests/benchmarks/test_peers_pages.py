from functools import cache

import numpy as np
import pytest

from benchmarks.peers.about import about_text
from benchmarks.peers.figures import COLORS, draw_frontiers, save_figure
from benchmarks.peers.neuron_answers import answers, verdict
from benchmarks.peers.neurons_page import read_table, write_neurons
from benchmarks.peers.pages import write_peers
from benchmarks.peers.points_page import input_titles, name_of
from benchmarks.peers.summary import (
    VOLUMES,
    paired,
    references,
    strength_text,
    table_of,
    volumes,
)
from benchmarks.peers.verdicts import (
    Comparison,
    compare_all,
    first_paragraph,
    interval_text,
    settings_of,
)
from tests.benchmarks.rows import row
from tests.benchmarks.test_pages import cells

THRESHOLD_AP, THRESHOLD_ACC, STRONG_AP, _ = VOLUMES


def fit(method, seed, strength=None, **changes):
    changes = {"sensitive_input": False, "base_rate": 0.25, **changes}
    return row(method, seed, strength=strength or {}, **changes)


def plain(seed):
    return fit("vanilla", seed, ap=0.75, acc=0.85, delta_dp=0.2, strong_delta_dp=0.1)


def rows_of(seeds=3):
    """AP volumes: runner .5 of the plain net's; the rejector ahead by .2, then less."""
    rows = [plain(seed) for seed in range(seeds)]
    for seed in range(seeds):
        rows += [
            fit("runner_best", seed, {"w": 1}, ap=0.75, acc=0.8, delta_dp=0.1),
            # Says 1 for a tenth of the rows; a quarter of them are 1.
            fit("runner_best", seed, {"w": 9}, ap=0.75, delta_dp=0, positive_rate=0.1),
            fit("reject", seed, {"t": 1}, ap=0.75, acc=0.8, delta_dp=0.06 + seed / 100),
            # No better than always saying 0.
            fit("reject", seed, {"t": 2}, ap=0.75, acc=0.75, delta_dp=0.0),
        ]
    return rows


def test_the_corner_is_the_plain_nets_gap_and_what_takes_no_learning():
    frame = table_of([*rows_of(1), fit("vanilla", 1, ap=0.65, acc=0.9, delta_dp=0.4)])
    corners = references(frame)
    assert corners[THRESHOLD_AP] == pytest.approx((0.3, 0.25, 0.7))
    assert corners[THRESHOLD_ACC] == pytest.approx((0.3, 0.75, 0.875))
    assert corners[STRONG_AP].gap == pytest.approx((0.1 + 0.12) / 2)


def test_hypervolumes_of_points_that_count():
    frame = table_of(rows_of())
    assert frame.groupby(["method", "strength"])["counts"].all().to_dict() == {
        ("reject", "t=1"): True,
        ("reject", "t=2"): False,
        ("runner_best", "w=1"): True,
        ("runner_best", "w=9"): False,
        ("vanilla", ""): True,
    }
    measured = volumes(frame)
    chosen = measured[(measured["gap"] == "threshold") & (measured["utility"] == "ap")]
    by_method = chosen.groupby("method")["volume"].apply(list)
    assert by_method["runner_best"] == pytest.approx([0.5] * 3)
    assert by_method["reject"] == pytest.approx([0.7, 0.65, 0.6])
    assert by_method["vanilla"] == pytest.approx([0] * 3)
    differences = paired(measured, "runner_best", "reject", THRESHOLD_AP)
    assert differences == pytest.approx([-0.2, -0.15, -0.1])
    accuracy = paired(measured, "runner_best", "vanilla", THRESHOLD_ACC)
    assert accuracy == pytest.approx([0.5 * 0.05 / 0.1] * 3)
    assert len(paired(measured, "runner_best", "afc", THRESHOLD_AP)) == 0


def test_without_the_plain_net_nothing_is_measured():
    frame = table_of([one for one in rows_of() if one["method"] != "vanilla"])
    assert volumes(frame).empty


def test_the_last_fit_of_a_point_counts():
    again = fit("vanilla", 0, ap=0.5)
    frame = table_of([plain(0), {**plain(1), "error": "no"}, again])
    assert frame["ap"].tolist() == [0.5]
    assert strength_text({"a": 1, "b": None}) == "a=1, b=None"


def comparisons(seeds):
    frame = table_of(rows_of(seeds))
    return compare_all({key: volumes(part) for key, part in settings_of(frame).items()})


def test_the_first_paragraph_says_who_is_ahead():
    text = first_paragraph(comparisons(3), name_of)
    # Strong gaps are equal here: .12 is beyond the corner.
    assert text == (
        "Other methods have a larger mean hypervolume than RUNNER with its best "
        "settings in 2 of 4 comparisons, 2 of them with a 95 % interval above zero. "
        "These are, with how many of the 4 hypervolumes below: "
        "Adult without sex as an input, demographic parity: RejectOption (2)."
    )


def test_few_splits_are_an_anecdote_and_nobody_ahead_is_said():
    text = first_paragraph(comparisons(2), name_of)
    assert text.endswith(
        "With fewer than 3 splits there are no intervals, which is the case here: "
        "Adult without sex as an input, demographic parity."
    )
    behind = Comparison(("adult", True, "x"), "afc", THRESHOLD_AP, 3, -0.1, (-0.2, 0))
    text = first_paragraph([behind], name_of)
    assert text == "No other method has a larger mean hypervolume in 1 comparisons."
    assert "was not compared" in first_paragraph([], name_of)


def test_an_interval_above_zero_is_clear():
    one = Comparison(("adult", True, "x"), "afc", THRESHOLD_AP, 3, 0.1, (0.05, 0.2))
    assert one.clear
    assert not one._replace(interval=(-0.01, 0.2)).clear
    assert not one._replace(interval=None).clear


def test_intervals_as_text():
    assert interval_text(np.empty(0)) == "-"
    assert interval_text(np.array([0.5, 0.25])) == "0.375"
    assert interval_text(np.full(3, 0.1), sign=True) == "+0.100\n[+0.100, +0.100]"


def test_pages_and_plots_of_few_methods(tmp_path):
    point = {"seed": 0, "dataset": "adult", "method": "afc", "error": "ValueError: no"}
    rows = [*rows_of(), point, *rows_of(1)]
    written = write_peers(rows, tmp_path, about_text(tmp_path, "peers"))
    assert [path.name for path in written] == [
        "peers.md",
        "peers_points.md",
        "frontier-adult-demographic_parity.svg",
    ]
    page = written[0].read_text()
    assert "(frontier-adult-demographic_parity.svg)\n" in page
    assert page.splitlines()[2].startswith("Other methods have a larger mean")
    assert "``ValueError: no``" in page
    assert "Measured by a command and on a machine that were not recorded." in page
    found = cells(page[page.index("Demographic parity") :], "RejectOption")
    # Two points, of which one counts; one in 27 draws of .6, .65 and .7 is all .6.
    assert found[:3] == [["2"], ["3"], ["0.650", "[0.600, 0.700]"]]
    points = written[1].read_text()
    assert "``t=1``" in points
    first = written[2].read_bytes()
    write_peers(rows, tmp_path, "")
    assert written[2].read_bytes() == first
    assert len(first) < 60_000


def test_nothing_is_rendered_of_failures_alone(tmp_path):
    assert write_peers([{"error": "no"}], tmp_path, "") == []
    assert write_neurons([], tmp_path, "") == []


def test_a_plot_shows_the_frontier_of_means(tmp_path):
    frame = table_of(rows_of())
    figure = draw_frontiers(frame, input_titles("adult"))
    assert len(figure.axes) == 3  # no fits with sex as an input
    lines = {line.get_label(): line for line in figure.axes[0].lines}
    assert lines["RejectOption"].get_xdata() == pytest.approx([0.07])
    assert lines["Vanilla"].get_xdata() == pytest.approx([0.2])
    (legend,) = figure.legends
    told = [text.get_text() for text in legend.get_texts()]
    assert told == ["Vanilla", "RUNNER, best settings", "RejectOption"]
    # The last of its family, whether the others are there or not.
    assert lines["RejectOption"].get_color() == COLORS["baseline"][-1]
    save_figure(figure, tmp_path / "plot.svg")
    assert "<dc:date>" not in (tmp_path / "plot.svg").read_text()


def neuron_rows(seeds=3):
    rows = [{**plain(seed), "net": "50x4", "term": "default"} for seed in range(seeds)]
    for seed in range(seeds):
        for method, gap in (
            ("auto 5%", 0.10),
            ("random 5%", 0.08),
            ("auto 50%", 0.10),
            ("all", 0.12),
            ("output", 0.1 + 0.02 * (seed - 1)),
        ):
            for term in ("default", "wasserstein"):
                point = fit(method, seed, {"w": 1}, ap=0.75, acc=0.85, delta_dp=gap)
                rows.append({**point, "net": "50x4", "term": term})
    return rows


@cache
def found_in(seeds):
    return answers(read_table(neuron_rows(seeds)))


def test_the_most_important_neurons_less_each_control():
    found = found_in(3)
    assert len(found) == 2 * (3 + 2)  # no random 50%
    by_control = {
        one.control: one.differences[THRESHOLD_AP].tolist()
        for one in found
        if one.ratio == 0.05 and one.setting[3] == "wasserstein"
    }
    assert by_control["random"] == pytest.approx([-0.1] * 3)
    assert by_control["all"] == pytest.approx([0.1] * 3)
    assert by_control["output"] == pytest.approx([-0.1, 0.0, 0.1])


def test_the_verdict_counts_intervals_on_one_side():
    text = verdict(found_in(3))
    assert "against random neurons, better in 0 and worse in 4 of 8;" in text
    assert "against all neurons, better in 8 and worse in 0 of 16;" in text
    assert "the output's gap alone, better in 0 and worse in 0 of 16." in text
    assert "nothing can be said" in verdict(found_in(2))
    assert verdict([]) == "Nothing was compared yet."


def test_what_has_too_few_splits_is_named_and_not_counted():
    whole = found_in(3)
    setting = ("compas", *whole[0].setting[1:])
    few = [one._replace(setting=setting) for one in found_in(2)]
    text = verdict([*whole, *few])
    assert text.startswith(verdict(whole))
    assert text.endswith("Not counted, for want of splits: COMPAS 50x4.")


def test_the_page_of_neurons(tmp_path):
    (path,) = write_neurons(
        [*neuron_rows(), {**neuron_rows()[3], "error": "no", "seed": 9}], tmp_path, "x."
    )
    page = path.read_text()
    assert "1 fits failed" in page
    assert "| -0.100<br>[-0.100, -0.100] |" in page
    assert "50x4, distributions (Wasserstein)" in page
