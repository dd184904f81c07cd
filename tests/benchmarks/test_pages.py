import json

import numpy as np
import pandas as pd
import pytest

from benchmarks.paper.pages import render, write_pages
from benchmarks.paper.summary import compared, differing, summarize
from benchmarks.paper.times import differing_times, paper_ratio, time_ratios
from tests.benchmarks.rows import failed, row

KEY = ("adult", "demographic_parity", "runner_paper")
# RUNNER on Adult in the paper: AP .766 ± .011, ACC .838 ± .005, ΔDP .048 ± .012.
RUNNER = [
    row("runner_paper", 0, ap=0.76, acc=0.80, delta_dp=0.05, seconds=6.0),
    row("runner_paper", 1, ap=0.78, acc=0.81, delta_dp=0.08, seconds=8.0),
]
VANILLA = [row("vanilla", 0, seconds=2.0), row("vanilla", 1, seconds=4.0)]
ABOUT = {
    "skrunner": "1.2",
    "torch": "2.11",
    "python": "3.12",
    "device": "cpu",
    "processor": "Some processor",
    "cores": 16,
    "jobs": 15,
}


def cells(page, title):
    """Return the cells of the first table row that begins with a title."""
    row = page[page.index(f"\n| {title} |") :].split("\n")[1]
    return [cell.split("<br>") for cell in row.strip("| ").split(" | ")[1:]]


def test_means_and_deviations_are_over_splits():
    line = summarize(pd.DataFrame(RUNNER))[KEY]
    assert line.n == 2
    assert line.spreads["ap"] == pytest.approx((0.77, np.sqrt(2) * 0.01))
    assert line.spreads["delta_dp"] == pytest.approx((0.065, np.sqrt(2) * 0.015))


def test_each_figure_stands_beside_the_papers():
    lines = summarize(pd.DataFrame(RUNNER))
    verdicts = [verdict for *_, verdict in compared(KEY, lines[KEY])]
    # .770 - .766; .805 ± .007 and .838 ± .005; .065 ± .021 and .048 ± .012.
    assert verdicts == ["agrees", "lower", "overlaps"]
    assert differing(lines) == {("adult", "runner")}
    assert differing(summarize(pd.DataFrame(VANILLA[:1]))) == {("adult", "vanilla")}


def test_equalized_odds_are_compared_by_the_sum():
    rows = [row("vanilla", 0, constraints="equalized_odds", delta_eo_sum=0.1)]
    ((key, line),) = summarize(pd.DataFrame(rows)).items()
    ours, theirs, verdict = compared(key, line)[2]
    assert (ours.mean, theirs, verdict) == (0.1, (0.096, 0.038), "agrees")


def test_shares_of_neurons_stand_beside_table_6():
    rows = [row("runner_k50", 0, delta_dp=0.024)]
    ((key, line),) = summarize(pd.DataFrame(rows)).items()
    assert compared(key, line)[2][1:] == ((0.023, 0.014), "agrees")


def test_a_rendered_row():
    page = render("table1", RUNNER + VANILLA, ABOUT)
    assert cells(page, "RUNNER, paper's settings") == [
        ["0.770 ± 0.014", "paper 0.766 ± 0.011", "*agrees*"],
        ["0.805 ± 0.007", "paper 0.838 ± 0.005", "*lower*"],
        ["0.065 ± 0.021", "paper 0.048 ± 0.012", "*overlaps*"],
    ]
    assert (
        "Of 6 cells that are meant to reproduce the paper, 1 agree, 1 overlap" in page
    )
    assert "random splits: 2" in page
    assert "skrunner 1.2, torch 2.11, Python 3.12, device cpu, Some processor" in page
    # The two rows differ: reasons where they are known, and the rest.
    assert "**Adult, RUNNER's demographic parity.**" in page
    assert "We know no reason for: Adult, vanilla." in page
    assert "**LSAC" not in page


def test_everything_else_is_in_a_second_table():
    page = render("table1", VANILLA, {})
    second = page[page.index("Everything else") :]
    assert [cell[0] for cell in cells(second, "Vanilla")] == [
        *("0.200", "0.100", "0.200", "0.150", "0.120", "0.220"),
        *("3.0", "5.0", "2"),
    ]


def test_controls_are_compared_split_by_split():
    best = [row("runner_best", 0, ap=0.75), row("runner_best", 1, ap=0.72)]
    control = [row("gap_best", 0, ap=0.74), row("gap_best", 1, ap=0.69)]
    alone = [row("gap_best", 2, ap=0.1)]  # not a pair
    page = render("table1", best + control + alone, {})
    section = page[page.index("Controls\n") :]
    assert cells(section, "Adult") == [
        ["control: output gap alone"],
        ["0.020 ± 0.014"],
        ["0.000 ± 0.000"],
        ["0.000 ± 0.000"],
    ]


def test_goals_are_judged_on_the_page():
    good = [row("runner_best", 0, ap=0.77, acc=0.84, delta_dp=0.03)]
    section = render("table1", VANILLA + good, {})
    assert cells(section[section.index("Goals\n") :], "Adult") == [
        ["gap 0.040, AP 0.765, ACC 0.838"],
        ["gap 0.030, AP 0.770, ACC 0.840"],
        ["met"],
    ]
    bad = [row("runner_best", 0, ap=0.77, acc=0.84, delta_dp=0.05)]
    section = render("table1", VANILLA + bad, {})
    missed = cells(section[section.index("Goals\n") :], "Adult")[-1]
    assert missed == ["missed", "gap by 0.0100"]


def test_a_run_on_cpu_cores_stands_beside_and_decides_nothing(tmp_path):
    good = [row("runner_best", 0, ap=0.77, acc=0.84, delta_dp=0.03)]
    worse = [row("runner_best", 0, ap=0.76, acc=0.83, delta_dp=0.06)]
    for folder, rows in (("", VANILLA + good), ("cpu", VANILLA + worse)):
        (tmp_path / folder).mkdir(exist_ok=True)
        lines = "".join(json.dumps(one) + "\n" for one in rows)
        (tmp_path / folder / "table1.jsonl").write_text(lines)
    page = write_pages(tmp_path, tmp_path)[0].read_text()
    assert cells(page[page.index("Goals\n") :], "Adult")[2:] == [
        ["met"],
        ["gap 0.060, AP 0.760, ACC 0.830"],
    ]


def test_a_missed_goal_is_set_beside_what_the_splits_can_tell():
    gaps = [0.042, 0.052, 0.047]  # mean .047, deviation .005
    accuracies = [0.8374, 0.8384, 0.8364]  # rounded .837
    rows = [
        row("runner_best", seed, ap=0.77, acc=acc, delta_dp=gap)
        for seed, (gap, acc) in enumerate(zip(gaps, accuracies, strict=True))
    ]
    section = render("table1", VANILLA + rows, {})
    assert cells(section[section.index("Goals\n") :], "Adult")[-1] == [
        "missed",
        "gap by 0.0070 (2.4 standard errors)",  # .007 / (.005 / sqrt 3)
        "ACC by 0.0006 (1.0 standard errors)",  # .0006 / (.001 / sqrt 3)
    ]


def test_times_are_ratios_on_the_same_split():
    rows = pd.DataFrame(VANILLA + RUNNER)
    ratio = time_ratios(rows)["adult", "runner_paper"]
    assert ratio == pytest.approx((2.5, np.sqrt(2) / 2))  # 6 / 2 and 8 / 4
    assert paper_ratio("adult", "runner_paper") == pytest.approx(66.5 / 28.8)
    assert paper_ratio("adult", "roc") is None
    assert differing_times(rows) == set()  # 2.5 and 2.31
    page = render("table3", VANILLA + RUNNER, {})
    assert cells(page, "RUNNER, paper's settings") == [
        ["2.50 ± 0.71", "paper 2.31", "*agrees*"],
        ["5", "paper 5"],
        ["7.0", "paper 66.5"],
    ]


def test_failures_are_told_and_do_not_count():
    rows = [*RUNNER, failed("roc", 0, "ValueError: no `rows`\n here")]
    page = render("table1", rows, {})
    assert "- ``ValueError: no 'rows' here`` (fits: 1; adult, roc)" in page
    assert "| ROC |" not in page
    only = render("table1", rows[-1:], {})
    assert "Of 0 cells" in only


def test_a_page_for_each_table_that_has_results(tmp_path):
    results = tmp_path / "results"
    results.mkdir()
    once = failed("vanilla", 0, "ValueError: once")
    lines = [json.dumps(one) for one in [once, *VANILLA, *RUNNER]]
    (results / "table1.jsonl").write_text("\n".join(lines) + "\n")
    (results / "about.json").write_text(json.dumps(ABOUT))
    pages = write_pages(results, tmp_path / "pages")
    # Times are those of Table 1 where they were not measured by themselves.
    assert [path.name for path in pages] == ["table1.md", "table3.md"]
    assert "Fits that failed" not in pages[0].read_text()  # tried again
