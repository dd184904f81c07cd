"""What a budget makes of a fit, and how pages say which budget it was."""

import json

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback
from torch.testing import assert_close

from benchmarks.images.described import kept_weights, options_of, options_with_parts
from benchmarks.images.rows import latest
from benchmarks.images.tasks import Budget, callbacks_of, common_settings
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
    callbacks = callbacks_of(falling.as_json())
    net = NetClassifier(max_epochs=3, lr=0.04, callbacks=callbacks, random_state=0)
    net.fit(np.eye(2)[np.arange(40) % 2], np.arange(40) % 2)
    assert net.net_.history[:, "event_lr"] == pytest.approx([0.04, 0.03, 0.01])
    assert options_of(falling.as_json()).endswith(" --schedule cosine")


class Recorded(Callback):
    def on_train_begin(self, _net, **_kwargs):
        self.weights_ = []

    def on_epoch_end(self, net, **_kwargs):
        self.weights_.append(
            [part.detach().clone() for part in net.module_.parameters()]
        )


def test_the_last_epochs_are_averaged_as_the_budget_says():
    averaged = Budget(max_epochs=4, average=0.5)
    assert "average" not in Budget(max_epochs=4).as_json()
    point = {"net": "alexnet", "constraints": "equalized_odds", "seed": 0}
    settings = common_settings(
        {**point, "budget": averaged.as_json()}, "cpu", aside=0.1
    )
    assert settings["select_epoch"] == "last"
    assert settings["validation_fraction"] is None
    callbacks = [Recorded(), *callbacks_of(averaged.as_json())]
    net = NetClassifier(max_epochs=4, callbacks=callbacks, random_state=0)
    net.fit(np.eye(2)[np.arange(40) % 2], np.arange(40) % 2)
    recorded = dict(net.net_.callbacks_)["Recorded"].weights_
    for part, *epochs in zip(net.net_.module_.parameters(), *recorded, strict=True):
        assert_close(part.data, (epochs[2] + epochs[3]) / 2)
        assert not torch.equal(epochs[2], epochs[3])
    assert options_of(averaged.as_json()).endswith(" --average 0.5")


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
    averaged = fits("attractive", "equalized_odds", average=0.25)
    other = fits("wavy_hair", "equalized_odds", average=0.25)
    plain = options_of(chosen["budget"])
    assert options_with_parts([chosen, chosen]) == [plain]
    assert options_with_parts([chosen, averaged]) == [
        f"{plain} --constraints demographic_parity",
        f"{plain} --average 0.25 --constraints equalized_odds",
    ]
    assert options_with_parts([averaged, other]) == [f"{plain} --average 0.25"]
    assert options_with_parts([chosen, other])[1].endswith(
        "--average 0.25 --tasks wavy_hair --constraints equalized_odds"
    )


def test_pages_say_which_weights_are_kept():
    chosen = fits("attractive", "demographic_parity")
    averaged = fits("attractive", "equalized_odds", average=0.25)
    assert kept_weights([chosen]).startswith("The official train and validation parts")
    assert "mean of the weights of the last 25% of its epochs" in kept_weights(
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
        {**fits("attractive", "equalized_odds", average=0.25), "seed": 1},
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
