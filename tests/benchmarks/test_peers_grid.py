import itertools

import pytest

from benchmarks.peers import cost, neurons, plans
from benchmarks.peers.__main__ import latest, read_options, render, run
from benchmarks.peers.about import about_text
from benchmarks.peers.cost import SECONDS, describe_cost, guess
from benchmarks.peers.grid import points
from benchmarks.peers.methods import METHODS
from benchmarks.peers.neuron_plans import FEW_VARIANTS, NETS, VARIANTS
from benchmarks.peers.neuron_plans import PLANS as NEURON_PLANS
from benchmarks.peers.plans import PLANS, TRIED_SPLIT, Block, spread


@pytest.fixture
def seconds(monkeypatch):
    """Guesses that are round."""
    known = {**dict.fromkeys(METHODS, 1.0), "vanilla": 4.0, "reject": 8.0}
    nets = {f"{net} {kind}": 2.0 for net in NETS for kind in ("plain", "term")}
    nets["50x4 plain"] = 0.5
    table = {"adult": {**known, **nets, "reject": 16.0}, "compas": {**known, **nets}}
    monkeypatch.setattr(cost, "SECONDS", table)


def test_splits_are_outermost_and_slow_fits_first(seconds):
    todo = points(seeds=2, methods=["reject"])
    one = [("adult", "reject")] * 20 + [("compas", "reject")] * 20
    one += [("adult", "vanilla")] * 4 + [("compas", "vanilla")] * 4
    assert [(p["dataset"], p["method"]) for p in todo] == [*one, *one]
    assert [p["seed"] for p in todo] == [0] * 48 + [1] * 48
    assert [p["strength"] for p in todo[:2]] == [{"theta": 0.55}, {"theta": 0.6}]


def test_strengths_that_a_block_takes():
    assert spread([1, 2, 3, 4, 5], 4) == [1, 2, 4, 5]
    assert spread([1, 2, 3, 4, 5], 5) == [1, 2, 3, 4, 5]
    assert spread([1, 2, 3, 4], 1) == [2]
    block = Block("adult", True, range(2), 3, {"afc": 1})
    assert block.chosen("reject", list("abcde")) == list("ace")
    assert block.chosen("afc", list("abcde")) == ["c"]
    assert block.chosen("vanilla", [{}]) == [{}]


def test_the_short_plan_has_all_methods_with_and_without_the_sensitive_column():
    todo = points(plan=PLANS["short"])
    assert TRIED_SPLIT not in {p["seed"] for p in todo}
    splits = {}
    for p in todo:
        key = (p["dataset"], p["sensitive_input"], p["method"], p["constraints"])
        splits.setdefault(key, set()).add(p["seed"])
    assert len(splits) == 2 * 2 * len(METHODS) * 2
    assert all(seeds == set(range(1, 11)) for seeds in splits.values())


def test_methods_have_as_many_strengths_but_for_those_named():
    todo = points(plan=PLANS["short"], seeds=1, datasets=["adult"], inputs=[False])
    counts = {}
    for p in todo:
        key = (p["method"], p["constraints"])
        counts[key] = counts.get(key, 0) + 1
    single = {"vanilla": 1, "reweighting": 1, **plans.FEWER}
    for (method, constraints), count in counts.items():
        flips = method in ("to_logistic", "to_net") and constraints == "equalized_odds"
        assert count == single.get(method, 2 if flips else 3)


def test_every_fit_has_a_guess():
    full = points(seeds=1) + neurons.points(seeds=1)
    assert all(guess(point) >= 0 for point in full)
    assert guess({"dataset": "adult", "method": "afc"}) == SECONDS["adult"]["afc"]
    net = {"dataset": "compas", "net": "50x4"}
    plain, term = (guess({**net, "method": one}) for one in ("vanilla", "all"))
    known = SECONDS["compas"]
    assert (plain, term) == (known["50x4 plain"], known["50x4 term"])


def test_what_cannot_be_fitted_takes_no_time(monkeypatch):
    point = {"dataset": "adult", "method": "fairret_projection"}
    monkeypatch.setattr(cost, "find_spec", lambda name: name == "cvxpy")
    assert guess(point) == SECONDS["adult"]["fairret_projection"]
    monkeypatch.setattr(cost, "find_spec", lambda name: None)
    assert guess(point) == 0


def test_the_cost_is_told_in_fits_and_minutes(seconds):
    todo = points(seeds=1, datasets=["compas"], methods=["reweighting"])
    told = describe_cost(todo, [], 2)
    assert told.startswith("8 fits in all: vanilla 4, reweighting 4.")
    # Four of 4 s and four of 1 s.
    assert "About 20 core seconds, 20 of them left: 0.2 minutes with 2 job(s)" in told
    assert "The seconds of 0 fits" in told
    done = [{**todo[0], "seconds": 100.0}, {**todo[1], "seconds": 200.0}]
    done.append({**todo[2], "error": "no"})
    told = describe_cost(todo, done, 1)
    # Plain nets take 150 s on the average, and two of them are left.
    assert "About 604 core seconds, 304 of them left: 5.1 minutes with 1" in told
    assert "The seconds of 4 fits" in told


def test_the_neurons_compared():
    todo = neurons.points(seeds=1, datasets=["adult"], nets=["50x4"])
    assert len(todo) == 2 * (1 + 3 * 8 * 3)
    methods = {point["method"] for point in todo}
    assert methods == {"vanilla", *VARIANTS}
    for point in todo:
        made = neurons.make(point, "cpu")
        assert made.net_params == {"hidden": (50, 50, 50, 50)}
        assert made.constraints == point["constraints"]
        if point["method"] in ("auto 5%", "random 5%"):
            assert made.neuron_ratio == 0.05
            assert made.importance == point["method"].split()[0]
        wasserstein, limited = (point["term"] == t for t in ("wasserstein", "limited"))
        if point["method"] != "vanilla":
            assert made.gap == ("wasserstein" if wasserstein else None)
            assert made.fairness_gradient_limit == (1.0 if limited else None)


def test_the_papers_net_comes_first_then_split_by_split(seconds):
    todo = neurons.points(plan=NEURON_PLANS["short"])
    rounds = [(p["net"] != "200x2", p["seed"]) for p in todo]
    assert [key for key, _ in itertools.groupby(rounds)] == [
        *((False, seed) for seed in range(1, 11)),
        *((True, seed) for seed in range(1, 11)),
    ]
    deep = [p for p in todo if p["net"] != "200x2" and p["seed"] == 1]
    assert {p["method"] for p in deep} == {"vanilla", *FEW_VARIANTS}
    assert deep[-1]["method"] == "vanilla"
    assert deep[-1]["net"] == "50x4"  # half a second, by the guesses here
    chosen = neurons.points(
        plan=NEURON_PLANS["short"], nets=["1000x2"], gap_terms=["wasserstein"]
    )
    assert [p["method"] for p in chosen] == ["vanilla"] * 30


def test_a_neuron_fit_that_fails_is_a_row(monkeypatch):
    monkeypatch.setattr(neurons, "split_of", lambda *a: 1 / 0)
    (point, *_) = neurons.points(seeds=1, datasets=["adult"])
    row = neurons.fit_point(point, "cpu")
    assert row == {**point, "error": "ZeroDivisionError: division by zero"}


def test_a_run_goes_on_and_renders(monkeypatch, tmp_path, capsys):
    ran = []

    def fit(point, device):
        ran.append(point)
        return {**point, "error": "not today"}

    monkeypatch.setattr("benchmarks.peers.__main__.grid.fit_point", fit)
    words = ["run", "--seeds", "1", "--datasets", "compas", "--methods", "afc"]
    words += ["--inputs", "with", "--output", str(tmp_path)]
    run(read_options([*words, "--count"]))
    assert not ran
    assert "8 fits in all" in capsys.readouterr().out
    run(read_options([*words, "--minutes", "0"]))
    assert not ran
    run(read_options(words))
    run(read_options(words))
    assert len(ran) == 16
    assert render(tmp_path, tmp_path) == []


def test_every_command_that_made_the_results_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(
        "benchmarks.peers.__main__.neurons.fit_point", lambda p, device: p
    )
    words = ["neurons", "--nets", "50x4", "--seeds", "1", "--output", str(tmp_path)]
    for more in ([], [], ["--gaps", "default"]):
        run(read_options([*words, *more]))
    command = "``python -m benchmarks.peers neurons --plan short --seeds 1 --nets 50x4"
    told = about_text(tmp_path, "neurons")
    assert told.startswith(f"{command} --output results`` with skrunner ")
    assert f"; and then by {command} --gaps default --output results`` with" in told
    assert told.count("1 fits at a time") == 2
    assert about_text(tmp_path, "peers").endswith("not recorded")


def test_the_last_try_counts():
    first = {"seed": 0, "method": "afc", "strength": {"alpha": 1}, "error": "no"}
    second = {"seed": 0, "method": "afc", "strength": {"alpha": 1}, "ap": 0.5}
    other = {"seed": 0, "method": "afc", "strength": {"alpha": 2}, "error": "no"}
    assert latest([first, other, second]) == [second, other]
