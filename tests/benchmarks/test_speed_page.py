"""The page of the timings shows what the benchmarks wrote."""

import json

from benchmarks.speed.page import render

STEP = {
    "about": {
        "torch": "0",
        "device": "cpu",
        "processor": "hand-made",
        "threads": 1,
    },
    "ratios": {
        "a step": {
            "ratio": 1.254,
            "least": 1.1,
            "most": 1.4,
            "limit": 1.3,
            "plain_ms": 4,
            "runner_ms": 5.016,
        },
        "a fit": {
            "ratio": 1.05,
            "least": 1,
            "most": 1.1,
            "limit": 1.1,
            "bare_s": 2,
            "fit_s": 2.1,
        },
    },
}
TIMES = {"seconds": 2.0, "ratio": 50.4, "paper_seconds": 100.9}


def test_every_timing_is_on_the_page(tmp_path):
    (tmp_path / "step-cpu.json").write_text(json.dumps(STEP))
    smote = {"times": {"default": {**TIMES, "one_by_one_seconds": 100.8}}}
    (tmp_path / "fair_smote.json").write_text(json.dumps(smote))
    neuron = {**TIMES, "row_by_row_seconds": 100.8, "paper_seconds": 630.0}
    (tmp_path / "fair_neuron.json").write_text(json.dumps({"times": {"mean": neuron}}))
    page = render(tmp_path)
    for cell in ("1.25 (1.10 to 1.40)", "1.30", "4.00 ms", "5.02 ms", "2.10 s"):
        assert f"| {cell} |" in page
    assert page.count(" 101 s |") == 2
    assert page.count(" 50 |\n") == 2
    assert "took 100.9 s and 630.0 s" in " ".join(page.split())
