"""The page of the quick comparison shows means, the paper's figures and goals."""

import json

from benchmarks.paper.quick_page import render, table_of

ABOUT = {
    "skrunner": "0",
    "torch": "0",
    "python": "0",
    "device": "cpu",
    "processor": "hand-made",
    "jobs": 1,
}


def write(folder, gaps):
    folder.mkdir()
    (folder / "about.json").write_text(json.dumps(ABOUT))
    fit = {
        "dataset": "adult",
        "constraints": "demographic_parity",
        "method": "runner_paper",
        "ap": 0.77,
        "acc": 0.84,
        "positive_rate": 0.15,
    }
    rows = [{**fit, "seed": seed, "delta_dp": gap} for seed, gap in enumerate(gaps)]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "quick.jsonl").write_text(lines)
    return folder


def test_a_goal_is_judged_by_the_mean(tmp_path):
    met = table_of(write(tmp_path / "met", [0.05, 0.08]))
    missed = table_of(write(tmp_path / "missed", [0.05, 0.09]))
    assert met[0][-1] == "gap 0.065, AP 0.76, ACC 0.0: met"
    assert missed[0][-1].endswith("missed")
    assert met[0][4].startswith("0.065 ± 0.021\npaper 0.048 ± 0.012")
    assert met[0][5] == "0.150"


def test_a_machine_has_a_section(tmp_path):
    folders = [write(tmp_path / name, [0.05, 0.06]) for name in ("one", "two")]
    page = render(folders)
    assert page.count("On cpu, hand-made") == 2
    assert page.count("| --- |\n") == 2
