"""What a budget makes of a fit, and how pages say which budget it was."""

import json

import numpy as np
import pytest
import torch

from benchmarks.images.described import kept_weights, options_of, options_with_parts
from benchmarks.images.rows import latest
from benchmarks.images.tasks import Budget, common_settings, falling_rate
from benchmarks.images.variation import Vary
from skrunner import NetClassifier


def test_images_vary_as_the_budget_says():
    images = torch.arange(24, dtype=torch.uint8).reshape(1, 2, 3, 4)
    assert Vary(flip=False, shift=0)(images) is images
    assert Vary(flip=True, shift=2)(images).dtype == torch.uint8
    point = {"net": "alexnet", "constraints": "equalized_odds", "seed": 0}
    for budget, expected in (
        (Budget(), None),
        (Budget(flip=True), Vary(flip=True, shift=0)),
        (Budget(shift=3), Vary(flip=False, shift=3)),
    ):
        settings = common_settings(
            {**point, "budget": budget.as_json()}, "cpu", aside=0.1
        )
        assert settings["augment"] == expected
    assert "shift" not in Budget().as_json()


def test_the_rate_falls_as_the_budget_says():
    steady, falling = (
        Budget(max_epochs=3, schedule=name) for name in ("constant", "cosine")
    )
    assert "schedule" not in steady.as_json()
    point = {"net": "alexnet", "constraints": "equalized_odds", "seed": 0}
    settings = common_settings({**point, "budget": steady.as_json()}, "cpu", aside=0.1)
    assert settings["callbacks"] is None
    callbacks = falling_rate(falling.as_json())
    net = NetClassifier(max_epochs=3, lr=0.04, callbacks=callbacks, random_state=0)
    net.fit(np.eye(2)[np.arange(40) % 2], np.arange(40) % 2)
    assert net.net_.history[:, "event_lr"] == pytest.approx([0.04, 0.03, 0.01])
    assert options_of(falling.as_json()).endswith(" --schedule cosine")


def test_epochs_are_averaged_as_the_budget_says():
    assert "average" not in Budget().as_json()
    point = {"net": "alexnet", "constraints": "equalized_odds", "seed": 0}
    for average, rule, share in (
        (False, "within_utility", 0.1),
        (True, "average", None),
    ):
        budget = Budget(average=average).as_json()
        settings = common_settings({**point, "budget": budget}, "cpu", aside=0.1)
        assert settings["select_epoch"] == rule
        assert settings["validation_fraction"] == share
    assert options_of(budget).endswith(" --average")


def fits(task, constraints, **budget):
    return {
        "task": task,
        "net": "alexnet",
        "constraints": constraints,
        "method": "gap_best",
        "seed": 0,
        "budget": Budget(**budget).as_json(),
    }


def test_pages_name_the_parts_of_each_budget():
    chosen = fits("attractive", "demographic_parity")
    averaged = fits("attractive", "equalized_odds", average=True)
    other = fits("wavy_hair", "equalized_odds", average=True)
    plain = options_of(chosen["budget"])
    assert options_with_parts([chosen, chosen]) == [plain]
    assert options_with_parts([chosen, averaged]) == [
        f"{plain} --constraints demographic_parity",
        f"{plain} --average --constraints equalized_odds",
    ]
    assert options_with_parts([averaged, other]) == [f"{plain} --average"]
    assert options_with_parts([chosen, other])[1].endswith(
        "--average --tasks wavy_hair --constraints equalized_odds"
    )


def test_pages_say_which_weights_are_kept():
    chosen = fits("attractive", "demographic_parity")
    averaged = fits("attractive", "equalized_odds", average=True)
    assert kept_weights([chosen]).startswith("The official train and validation parts")
    assert "mean of the weights of the last quarter of its epochs" in kept_weights(
        [averaged]
    )
    both = kept_weights([chosen, averaged])
    assert "For demographic parity the official" in both
    assert "For equalized odds all rows" in both


def test_the_last_budget_of_each_task_and_constraint_is_shown(tmp_path):
    rows = [
        fits("attractive", "equalized_odds"),
        fits("attractive", "demographic_parity"),
        {**fits("attractive", "demographic_parity"), "method": "vanilla"},
        {**fits("attractive", "equalized_odds", average=True), "seed": 1},
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    kept = latest(path)
    # Vanilla of another budget does not stand in for equalized odds.
    assert {(row["constraints"], row["method"], row["seed"]) for row in kept} == {
        ("demographic_parity", "gap_best", 0),
        ("demographic_parity", "vanilla", 0),
        ("equalized_odds", "gap_best", 1),
    }
