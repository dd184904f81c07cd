"""Which fits runs on images make, what each trains, and that a killed run goes on."""

import json
import signal

import numpy as np
import pandas as pd
import pytest
import torch

from benchmarks.images import command, methods
from benchmarks.images.command import run_images
from benchmarks.images.grid import (
    TABLES,
    fit_point,
    own_settings,
    points,
    with_collapse,
)
from benchmarks.images.methods import (
    LADDER,
    METHODS,
    PAPER_RATIOS,
    UNAWARE,
    best_settings,
)
from benchmarks.images.published import COLUMNS
from benchmarks.images.search import choose, search_points
from benchmarks.images.search_grid import Grid
from benchmarks.images.tasks import Budget, common_settings
from benchmarks.images.variation import move
from benchmarks.paper.__main__ import read_options
from benchmarks.paper.runs import read_rows
from skrunner import NetClassifier
from tests.benchmarks.faces import fit_row, write_celeba

BUDGET = Budget(max_epochs=3, batch_size=16)


def test_every_column_of_the_paper_is_reproduced_by_one_method():
    for name in ("table4", "table5"):
        made = [METHODS[key] for key in TABLES[name].methods]
        assert tuple(m.column for m in made if m.reproduces) == COLUMNS


def test_the_fits_of_table_5(monkeypatch):
    best = {"fairness_weight": 1.0, "fairness_gradient_limit": 0.4}
    monkeypatch.setattr("benchmarks.images.grid.best_settings", lambda *_: best)
    todo = points("table5", BUDGET, seeds=2)
    # Vanilla and FairNeuron know no groups: one fit serves both constraints. And the
    # best settings serve as the step of the ladder with their limit.
    n_fits = 2 * (7 + len(LADDER)) - 4
    assert [point["seed"] for point in todo] == [0] * n_fits + [1] * n_fits
    assert "runner_limit40" not in {point["method"] for point in todo}
    assert {(p["task"], p["net"]) for p in todo} == {("wavy_hair", "resnet18")}
    assert json.loads(json.dumps(todo[0]["budget"])) == todo[0]["budget"]
    (one, other) = points(
        "table5", BUDGET, seeds=1, nets=["alexnet"], methods=["oversample"]
    )
    assert (one["net"], one["constraints"]) == ("alexnet", "demographic_parity")
    assert other["constraints"] == "equalized_odds"
    assert points("table5", BUDGET, seeds=1, tasks=["attractive"]) == []
    (alone,) = points(
        "table5",
        BUDGET,
        seeds=1,
        methods=["vanilla"],
        constraints=["equalized_odds"],
    )
    assert alone["constraints"] == "equalized_odds"


def make(method, constraints="equalized_odds", task="attractive"):
    point = {"net": "alexnet", "constraints": constraints, "seed": 0}
    point["budget"] = BUDGET.as_json()
    return METHODS[method].make(
        task, constraints, common_settings(point, "cpu", aside=0.1)
    )


@pytest.mark.parametrize("method", METHODS)
def test_all_methods_share_the_budget(method):
    made = make(method)
    params = made.get_params()
    wanted = {
        "net": "alexnet",
        "max_epochs": 3,
        "batch_size": 16,
        "lr": 1e-4,
        "precision": "fp32",
        "select_epoch": "within_utility",
        "random_state": 0,
    }
    assert {name: params[name] for name in wanted} == wanted
    searched = dict.fromkeys(["runner_best", "gap_best", *LADDER], 0.03)
    drops = {**dict.fromkeys(UNAWARE, 0.0), **searched}
    assert params.get("utility_drop", 0.01) == drops.get(method, 0.01)


def test_the_papers_runner():
    assert (
        make("runner_paper").neuron_ratio
        == PAPER_RATIOS["attractive", "equalized_odds"]
    )
    assert make("runner_k10").neuron_ratio == 0.1
    made = make("runner_k50")
    assert (made.sampling, made.gap, made.diagnose_every) == ("balanced", "mean", 1)


def test_oversample_balances_groups_or_cells():
    assert make("oversample").strategy == "cell"
    assert make("oversample", "demographic_parity").strategy == "group"


def test_stored_settings_are_used(monkeypatch, tmp_path):
    stored = {"runner_best": {"attractive/alexnet/equalized_odds": {"gap": "mean"}}}
    file = tmp_path / "best.json"
    file.write_text(json.dumps({"settings": stored}))
    monkeypatch.setattr(methods, "BEST", file)
    assert make("runner_best").gap == "mean"
    assert make("runner_best", "demographic_parity").gap is None
    assert best_settings("gap_best", "attractive", "alexnet", "equalized_odds") == {}


@pytest.mark.parametrize(
    ("rate", "warned", "collapsed"),
    [
        (0.2, [], False),
        (0.6, [], False),
        (0.19, [], True),
        (0.61, [], True),
        (0.4, ["CollapseWarning"], True),
    ],
)
def test_a_collapse_is_a_warning_or_a_rate_far_from_the_truth(rate, warned, collapsed):
    scores = {"positive_rate": rate, "base_rate": 0.4, "warnings": warned}
    assert with_collapse(scores)["collapsed"] is collapsed
    assert with_collapse({"error": "boom"}) == {"error": "boom"}


class Tiny(torch.nn.Module):
    """One feature map, and the two last layers of a net for images."""

    def __init__(self, n_outputs=1):
        super().__init__()
        self.features = torch.nn.Conv2d(3, 4, 3)
        self.classifier = torch.nn.Sequential(
            torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, n_outputs)
        )

    def forward(self, x):
        return self.classifier(self.features(x).relu().mean((2, 3)))


def images(n=120):
    rng = np.random.default_rng(0)
    y = np.arange(n) % 2
    X = rng.integers(0, 120, (n, 3, 8, 6)) + 120 * y[:, None, None, None]
    return X.astype(np.uint8), y, pd.Series(np.where(rng.random(n) < 0.5, "a", "b"))


SMALL = {
    "net": Tiny,
    "max_epochs": 2,
    "batch_size": 30,
    "lr": 0.01,
    "device": "cpu",
    "select_epoch": "within_utility",
    "utility_drop": 0.0,
    "random_state": 0,
}


@pytest.mark.filterwarnings("ignore:FairNeuron flagged")
@pytest.mark.filterwarnings("ignore:The fitted net predicts")
@pytest.mark.filterwarnings("ignore:In every epoch")
def test_fair_neuron_traces_the_last_two_layers_and_trains_all_again():
    X, y, groups = images()
    common = {name: value for name, value in SMALL.items() if name != "utility_drop"}
    estimator = METHODS["fairneuron"].make("attractive", "demographic_parity", common)
    assert (estimator.path_layers, estimator.utility_drop) == (2, 0.0)
    fitted = estimator.fit(X, y, sensitive_features=groups)
    plain = NetClassifier(**SMALL).fit(X, y, sensitive_features=groups)
    assert (fitted.diagnosed_epoch_, len(fitted.history_)) == (2, 4)
    np.testing.assert_allclose(
        fitted.history_["valid_loss"][:2], plain.history_["valid_loss"], rtol=1e-6
    )
    assert 2 < fitted.chosen_epoch_ <= 4


def small_vanilla(_task, _constraints, common):
    kept = ("constraints", "random_state", "validation_fraction", "select_epoch")
    settings = {**SMALL, "min_group_size": 0, "min_cell_size": 0}
    return NetClassifier(**settings | {name: common[name] for name in kept})


def options(tmp_path, *words):
    root = tmp_path / "celeba"
    if not root.exists():
        root.mkdir()
        write_celeba(root)
    where = ["--celeba-root", str(root), "--output", str(tmp_path / "results")]
    return read_options([*words, *where])


def test_a_run_scores_test_images_and_goes_on(monkeypatch, tmp_path):
    seen = []

    def counted(*arguments):
        seen.append(arguments)
        return small_vanilla(*arguments)

    tiny = METHODS["oversample"]._replace(make=counted)
    monkeypatch.setitem(METHODS, "oversample", tiny)
    words = options(tmp_path, "table4", "--seeds", "1", "--methods", "oversample")
    before = signal.getsignal(signal.SIGTERM)
    run_images(words)
    assert signal.getsignal(signal.SIGTERM) is before
    file = tmp_path / "results" / "table4.jsonl"
    first, second = read_rows(file)
    assert first["base_rate"] == pytest.approx(2 / 3)  # of the three test images
    assert (first["task"], first["net"], first["epochs"]) == (
        "attractive",
        "alexnet",
        2,
    )
    assert second["constraints"] == "equalized_odds"
    assert seen[0][2]["validation_fraction"] == 2 / 9
    about = json.loads((tmp_path / "results" / "about-images.json").read_text())
    assert about["images"]["train"] == 7
    lines = file.read_text().splitlines(keepends=True)
    file.write_text(lines[0] + lines[1][:40])
    run_images(words)
    assert len(seen) == 3
    assert [row["constraints"] for row in read_rows(file)] == [
        first["constraints"],
        second["constraints"],
    ]


def test_another_budget_is_another_fit(monkeypatch, tmp_path):
    ran = []

    def fit(point, **_where):
        ran.append(point["budget"]["max_epochs"])
        return {**point, "error": "not today"} if point["seed"] else {**point}

    monkeypatch.setattr(command, "fit_point", fit)
    for epochs in ("1", "2", "2"):
        words = ["images", "--seeds", "1", "--methods", "vanilla", "runner"]
        run_images(options(tmp_path, *words, "--epochs", epochs))
    assert ran == [1] * 10 + [2] * 10


def test_a_fit_that_fails_is_a_row_with_its_error(monkeypatch, tmp_path):
    monkeypatch.setattr("benchmarks.images.grid.open_faces", lambda folder: 1 / 0)
    (point,) = points("table4", BUDGET, seeds=1, methods=["vanilla"])
    result = fit_point(point, faces=tmp_path, device="cpu")
    assert result == {**point, "error": "ZeroDivisionError: division by zero"}


def test_the_search_has_seeds_of_its_own_and_all_settings():
    grid = Grid(weights=(0.1, 10), ratios=(0.05, 0.2, 0.5), gaps=("mean",))
    todo = search_points(grid, BUDGET, seeds=2, tasks=["attractive"])
    assert {point["seed"] for point in todo} == {100, 101}
    # Vanilla and three rivals, two weights of the control, 2 x 3 x 2 of RUNNER.
    # of which Vanilla and FairNeuron are there once.
    assert len(todo) == 2 * (2 * (4 + 2 + 12) - 2)
    usual = Grid().candidates()
    weights = {params.get("fairness_weight") for _, params in usual} - {None}
    assert (min(weights), max(weights)) == (0.1, 10.0)


def candidate(weight, ap, gap, method="runner_best", **changes):
    params = {"fairness_weight": weight}
    return fit_row(method, params=params, ap=ap, delta_dp=gap, **changes)


def test_the_nearest_to_the_goal_that_never_collapsed_is_chosen():
    # Aimed at: a gap of .26 at .03 under Vanilla's .80, less than the goal's .85.
    rows = [
        fit_row("vanilla", params={}, ap=0.80),
        candidate(0.1, 0.80, 0.30),
        candidate(0.3, 0.76, 0.22),
        candidate(0.3, 0.78, 0.24, seed=101),  # mean .77, .23
        candidate(1.0, 0.765, 0.10),
        candidate(3.0, 0.81, 0.01, collapsed=True),
        # None reaches it: .24 + .07 are missing, or .32.
        candidate(0.1, 0.70, 0.50, "gap_best"),
        candidate(0.3, 0.45, 0.10, "gap_best"),
    ]
    key = "attractive/alexnet/demographic_parity"
    assert choose(pd.DataFrame(rows)) == {
        "runner_best": {key: {"fairness_weight": 0.3}},
        "gap_best": {key: {"fairness_weight": 0.1}},
    }
    assert choose(pd.DataFrame()) == {"runner_best": {}, "gap_best": {}}


def test_a_search_stores_its_choice(monkeypatch, tmp_path):
    best = tmp_path / "best.json"
    best.write_text(json.dumps({"settings": {"gap_best": {"old": {"gap": "mean"}}}}))
    monkeypatch.setattr(command, "BEST", best)

    def fit(point, **_where):
        weight = point["params"].get("fairness_weight", 0)
        scores = {"ap": 0.9, "delta_dp": 1 / (1 + weight), "delta_eo_sum": weight}
        return {**point, **scores, "collapsed": weight > 5, "warnings": []}

    monkeypatch.setattr(command, "fit_candidate", fit)
    words = ["images_search", "--tasks", "wavy_hair", "--weights", "0.1", "3", "10"]
    run_images(options(tmp_path, *words, "--ratios", "0.2", "--gaps", "mean"))
    stored = json.loads(best.read_text())
    assert stored["command"].startswith("python -m benchmarks.paper images_search")
    of = stored["settings"]
    assert of["gap_best"]["old"] == {"gap": "mean"}
    key = "wavy_hair/resnet18/"
    weights = [
        of["runner_best"][key + constraints]["fairness_weight"]
        for constraints in ("demographic_parity", "equalized_odds")
    ]
    assert weights == [3.0, 0.1]


def test_images_are_moved_and_their_edges_repeated():
    torch.manual_seed(0)
    images = torch.arange(200 * 2 * 3 * 4).reshape(200, 2, 3, 4)
    moved = move(images, 1)
    seen = set()
    for image, after in zip(images, moved, strict=True):
        padded = torch.nn.functional.pad(image.float(), (1, 1, 1, 1), mode="replicate")
        fits = [
            (down, right)
            for down in range(3)
            for right in range(3)
            if padded[:, down : down + 3, right : right + 4].equal(after.float())
        ]
        assert len(fits) == 1
        seen.update(fits)
    assert len(seen) == 9


def test_a_search_may_hold_the_neurons_of_some_layers():
    grid = Grid(weights=(0.1,), ratios=(0.5,), gaps=("mean",), layers=(None, "fc*"))
    params = {
        method: [params for name, params in grid.candidates() if name == method]
        for method in ("runner_best", "gap_best")
    }
    layers = sorted(one.get("layers", "all") for one in params["runner_best"])
    assert layers == ["all", "all", "fc*", "fc*"]
    assert not any("layers" in one for one in params["gap_best"])


def test_the_choice_is_among_the_settings_of_the_most_seeds():
    def fits(weight, gaps):
        return [
            {
                "task": "wavy_hair",
                "net": "resnet18",
                "constraints": "equalized_odds",
                "method": "runner_best",
                "params": {"fairness_weight": weight},
                "seed": 100 + seed,
                "ap": 0.7,
                "delta_eo_sum": gap,
                "collapsed": False,
            }
            for seed, gap in enumerate(gaps)
        ]

    vanilla = {**fits(0, [0.5])[0], "method": "vanilla", "params": {}}
    rows = [vanilla, *fits(1, [0.01]), *fits(2, [0.4, 0.3]), *fits(3, [0.2, 0.6])]
    chosen = choose(pd.DataFrame(rows))["runner_best"]
    assert chosen == {"wavy_hair/resnet18/equalized_odds": {"fairness_weight": 2}}


def test_rows_say_what_sets_a_method_apart():
    common = {"net": "alexnet", "constraints": "equalized_odds", "random_state": 0}
    best = METHODS["runner_best"].make("attractive", "equalized_odds", common)
    settings = own_settings(best, common)
    assert settings["layers"] == "'classifier.4'"
    assert "net" not in settings
    assert "importance" not in settings  # the default
    plain = METHODS["oversample"].make("attractive", "demographic_parity", common)
    assert own_settings(plain, common) == {"strategy": "'group'"}
