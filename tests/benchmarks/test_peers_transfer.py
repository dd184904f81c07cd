import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from benchmarks.paper.grid import split_of
from benchmarks.peers import transfer
from benchmarks.peers.__main__ import read_options, render, run
from benchmarks.peers.neuron_plans import FEW_VARIANTS
from benchmarks.peers.transfer import HEADS, fit_head, measure, representation
from benchmarks.peers.transfer_page import transfer_page, write_transfer
from benchmarks.peers.transfer_pairs import (
    ASKED,
    CHOSEN,
    Comparison,
    compare_all,
    differences,
    left_over,
    read_table,
)
from benchmarks.peers.transfer_verdict import answer, change, inherited, verdict
from skrunner import NetClassifier
from skrunner.datasets import load_adult, load_compas
from tests.benchmarks.test_pages import cells
from tests.estimators.rows import SMALL, X, fit, weights_of

MEASURES = {"ap": 0.7, "acc": 0.8, "positive_rate": 0.3}


def row(method, seed, own, heads, **changes):
    """One fit; all gaps of a head are the same number."""
    weight = {} if method == "vanilla" else {"fairness_weight": 0.5}
    point = {"seed": seed, "dataset": "compas", "constraints": "demographic_parity"}
    point |= {"net": "200x2", "term": "default", "method": method, "strength": weight}
    point |= {"warnings": []}
    for head in ("own", *HEADS):
        gap = own if head == "own" else heads
        measures = {**MEASURES, "delta_dp": gap, "strong_delta_dp": gap}
        point |= {f"{head}_{name}": value for name, value in measures.items()}
    return {**point, **changes}


def rows_of(chosen, output, random, seeds=3):
    """Gaps of the new heads by split; those of the plain net are .4."""
    return [
        one
        for seed in range(seeds)
        for one in (
            row("vanilla", seed, 0.4, 0.4),
            row(CHOSEN, seed, 0.1, chosen[seed]),
            row("output", seed, 0.2, output[seed]),
            row("random 20%", seed, 0.1, random[seed]),
        )
    ]


def verdict_of(*gaps, **options):
    return verdict(compare_all(read_table(rows_of(*gaps, **options))))


def test_the_representation_is_a_forward_pass_by_hand():
    net = fit(NetClassifier(**{**SMALL, "net_params": {"hidden": (7, 5)}}))
    first, second = net.net_.module_.layers[0], net.net_.module_.layers[2]
    hidden = X.to_numpy(np.float64)
    for layer in (first, second):
        weight, bias = (p.detach().cpu().double().numpy() for p in layer.parameters())
        hidden = np.maximum(hidden @ weight.T + bias, 0)
    before = weights_of(net)
    found = representation(net, np.array(X, np.float32), chunk=9)
    assert found.shape == (len(X), 5)
    np.testing.assert_allclose(found, hidden, atol=1e-5)
    np.testing.assert_array_equal(weights_of(net), before)
    assert not any(part._forward_hooks for part in net.net_.module_.modules())


def test_a_head_is_a_logistic_regression_on_standardized_rows():
    rng = np.random.default_rng(0)
    Z, test = rng.normal(2.0, 3.0, (80, 4)), rng.normal(2.0, 3.0, (30, 4))
    y = (Z[:, 0] + rng.normal(size=80) > 2).astype(int)
    rows = np.random.default_rng(3).permutation(80)[:50]
    for n_rows, used in ((None, slice(None)), (50, rows)):
        mean, sd = Z[used].mean(axis=0), Z[used].std(axis=0)
        plain = LogisticRegression().fit((Z[used] - mean) / sd, y[used])
        logits = ((test - mean) / sd) @ plain.coef_[0] + plain.intercept_[0]
        found = fit_head((Z, y), test, n_rows, 3)
        np.testing.assert_allclose(found, 1 / (1 + np.exp(-logits)), atol=1e-6)


def test_measures_of_a_table_by_hand():
    y = np.array([1, 0, 1, 0, 1, 0])
    score = np.array([0.9, 0.8, 0.4, 0.3, 0.7, 0.1])
    found = measure(y, score, np.array(list("aaabbb")))
    # By falling score the labels are 1, 0, 1, 1, 0, 0.
    assert found["ap"] == pytest.approx((1 + 2 / 3 + 3 / 4) / 3)
    assert found["acc"] == pytest.approx(4 / 6)
    assert found["positive_rate"] == pytest.approx(3 / 6)
    assert found["delta_dp"] == pytest.approx(2 / 3 - 1 / 3)
    # Rates of true positives 1/2 and 1, of false ones 1 and 0.
    assert found["delta_eo_sum"] == pytest.approx(0.5 + 1.0)
    # At deciles of the six scores, the groups differ by so many of three rows.
    thirds = [1, 2, 2, 1, 1, 2, 2, 1, 1]
    assert found["strong_delta_dp"] == pytest.approx(sum(thirds) / 3 / 9)


@pytest.mark.parametrize(("name", "n_dropped"), [("adult", 10), ("compas", 0)])
def test_the_other_label_is_that_of_the_same_rows_and_no_input(name, n_dropped):
    split, fit_labels, test_labels = transfer.load_labels(name, 2)
    whole = split_of(name, 2)
    assert split.test.X.shape[1] == whole.test.X.shape[1] - n_dropped
    if name == "adult":
        raw = load_adult().data["hours-per-week"].to_numpy() > 40
        np.testing.assert_array_equal(split.test.X[:, :40], whole.test.X[:, :40])
        np.testing.assert_array_equal(split.test.X[:, 40:], whole.test.X[:, 50:])
    else:
        raw = load_compas().compas_scores["score_text"].to_numpy() != "Low"
    order = np.random.RandomState(2).permutation(len(raw))
    n_fit = len(fit_labels)
    np.testing.assert_array_equal(fit_labels, raw[order[:n_fit]])
    np.testing.assert_array_equal(test_labels, raw[order[n_fit:]])


def test_one_fit_measures_the_net_and_all_heads(monkeypatch):
    (point, *_) = transfer.neurons.points(
        plan=transfer.PLAN, seeds=1, datasets=["compas"]
    )
    point = {**point, "method": "all", "strength": {"fairness_weight": 0.2}}
    make = transfer.neurons.make
    monkeypatch.setattr(
        transfer.neurons,
        "make",
        lambda *a: make(*a).set_params(
            max_epochs=1,
            steps_per_epoch=20,
            lr=0.01,
            net_params={"hidden": (6, 4)},
            select_epoch="last",
            validation_fraction=None,
        ),
    )
    found = transfer.fit_point(point, "cpu")
    split, fit_labels, test_labels = transfer.load_labels("compas", point["seed"])
    net = transfer.neurons.make(point, "cpu")
    torch.set_num_threads(1)
    net.fit(split.fit.X, split.fit.y, sensitive_features=split.fit.groups)
    Z, test = (representation(net, part.X) for part in (split.fit, split.test))
    score = fit_head((Z, fit_labels), test, 500, point["seed"])
    expected = measure(test_labels, score, split.test.groups)
    assert {k: found[f"other_few_{k}"] for k in expected} == pytest.approx(expected)
    own = measure(
        split.test.y, net.predict_proba(split.test.X)[:, 1], split.test.groups
    )
    assert {k: found[f"own_{k}"] for k in own} == pytest.approx(own)
    monkeypatch.setattr(transfer, "load_labels", lambda *a: 1 / 0)
    assert transfer.fit_point(point, "cpu")["error"].startswith("ZeroDivisionError")


def test_the_splits_and_weights_that_are_fitted():
    todo = transfer.neurons.points(plan=transfer.PLAN)
    splits = {(p["dataset"], p["seed"]) for p in todo}
    assert splits == {("compas", s) for s in range(1, 6)} | {
        ("adult", s) for s in range(1, 4)
    }
    # The plain net, and four variants at each weight.
    assert len(todo) == 5 * (1 + 4 * 3) + 3 * (1 + 4 * 2)
    assert {p["constraints"] for p in todo} == {"demographic_parity"}
    assert {p["method"] for p in todo} == {"vanilla", *FEW_VARIANTS}


def test_yes_where_most_gaps_are_clearly_smaller_by_a_fifth():
    text = verdict_of([0.2, 0.21, 0.22], [0.4, 0.41, 0.43], [0.2, 0.22, 0.21])
    # Of .4 go .2, .2 and .21: -.2033 in the mean, of .4; [-.218, -.189].
    assert (
        "The most important neurons against the output's gap alone: **yes** on COMPAS "
        "λ = 0.5 (-51%, AP +0.000). The most important neurons against random neurons: "
        "**no** on COMPAS λ = 0.5 (+0%, AP +0.000)."
    ) in text
    # Random neurons less the output's gap alone: -.2, -.19, -.22.
    assert text.startswith(
        "Answers of yes: random neurons against the output's gap alone, 1 of 1; the "
        "most important neurons against the output's gap alone, 1 of 1; the most "
        "important neurons against random neurons, 0 of 1. Random neurons against the "
        "output's gap alone: **yes** on COMPAS"
    )


def test_no_where_what_is_worth_it_is_excluded_even_if_a_gap_is_smaller():
    # -.01, -.01 and -.009: [-.0111, -.0082] is below zero, but above -.08.
    text = verdict_of([0.39, 0.39, 0.391], [0.4, 0.4, 0.4], [0.38, 0.3, 0.4])
    assert (
        "neurons against the output's gap alone: **no** on COMPAS λ = 0.5 (-2%" in text
    )


def one_of(gaps, plain=0.4):
    values = np.asarray(gaps)
    return Comparison(ASKED[0], ("compas", 0.5), values, values, plain)


def test_undecided_is_all_that_is_neither():
    wide, off = one_of([-0.3, 0.0, 0.1]), one_of([-0.2, -0.21, -0.2])
    up, small = one_of([0.1, 0.11, 0.1]), one_of([-0.09, -0.07, -0.07])
    assert answer([wide, wide]) == "undecided"
    assert answer([off, off, wide]) == "yes"
    assert answer([off, wide]) == "undecided"  # not most
    assert answer([off, off, up]) == "undecided"  # one is larger
    assert answer([small]) == "undecided"  # -.077 of .4 is not a fifth
    assert answer([one_of([-0.09, -0.08, -0.08])]) == "yes"
    assert answer([off, up, up]) == "no"
    assert change([off, up]) == pytest.approx((-0.61 + 0.31) / 3 / 0.8)


def test_too_few_splits_are_said():
    frame = read_table(rows_of([0.1] * 2, [0.2] * 2, [0.2] * 2, seeds=2))
    assert verdict(compare_all(frame)).startswith("With fewer than 3 splits nothing")
    page = transfer_page(frame, 0, "")
    assert "said yet. Not counted, for want of splits: COMPAS. Of the plain" in page


def test_a_price_in_average_precision_is_told():
    rows = rows_of([0.2] * 3, [0.4] * 3, [0.2] * 3)
    for one in rows:
        if one["method"] == CHOSEN:
            one["same_ap"] = 0.6
    text = verdict(compare_all(read_table(rows)))
    # One of four heads has .1 less.
    assert "output's gap alone: **yes** on COMPAS λ = 0.5 (-50%, AP -0.025)" in text


def test_differences_are_of_the_same_split_and_shares_of_its_plain_net():
    rows = rows_of([0.1, 0.2, 0.3], [0.3, 0.3, 0.3], [0.4, 0.4, 0.4])
    frame = read_table([*rows[::-1], row("output", 7, 0.0, 0.0), {"error": "no"}])
    pair = (CHOSEN, "output")
    found = differences(frame, pair, 0.5, "same_delta_dp")
    assert sorted(found) == pytest.approx([-0.2, -0.1, 0.0])
    assert left_over(frame, HEADS) == pytest.approx(
        {CHOSEN: 0.5, "output": 0.75, "random 20%": 1.0}
    )
    assert left_over(frame, ["own"])["output"] == pytest.approx(0.5)
    assert "output's gap alone: 50% and 75%" in inherited(frame)
    assert inherited(frame[frame["method"] != "vanilla"]) == ""


def test_the_page(tmp_path):
    rows = rows_of([0.1, 0.2, 0.3], [0.3, 0.3, 0.3], [0.4, 0.4, 0.4])
    rows[1]["warnings"] = ["CollapseWarning"]
    (path,) = write_transfer([*rows, {"error": "no"}], tmp_path, "x")
    page = path.read_text()
    assert "1 of 12 nets warned" in page
    assert "1 fits failed" in page
    assert page.splitlines()[2].startswith("Has a new head on the frozen, ")
    table = page.split("New head, same label, all rows: means")[1]
    found = cells(table, "RUNNER, 20 % most important neurons")
    assert (
        found
        == [["0.5"], ["3"], ["0.700 ± 0.000"], ["0.800 ± 0.000"], ["0.300 ± 0.000"]]
        + [["0.200 ± 0.100"]] * 2
    )
    table = page.split("New head, same label, all rows: paired")[1]
    # -.2, -.1 and 0 have t 4.303 times .1 / sqrt(3).
    assert "| -0.100<br>[-0.348, +0.148] |" in table.splitlines()[4]
    assert "New head, a medium or high score of the commercial tool, 500 rows" in page
    assert write_transfer([{"error": "no"}], tmp_path, "x") == []


def test_a_run_is_written_down_and_rendered(monkeypatch, tmp_path):
    monkeypatch.setattr(
        "benchmarks.peers.__main__.transfer.fit_point",
        lambda p, device: row(
            p["method"], p["seed"], 0.1, 0.2, dataset="compas", strength=p["strength"]
        ),
    )
    words = ["transfer", "--datasets", "compas", "--output", str(tmp_path)]
    run(read_options(words))
    (path,) = render(tmp_path, tmp_path)
    assert path.name == "transfer.md"
    command = (
        "``python -m benchmarks.peers transfer --datasets compas --output results``"
    )
    assert f"Measured by {command} with" in path.read_text()
