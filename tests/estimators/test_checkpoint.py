"""A killed fit goes on where it was, and ends as if nothing had happened."""

from functools import cache
from itertools import product

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from skorch.callbacks import Callback, EarlyStopping, LRScheduler

from skrunner import NetClassifier
from skrunner.baselines import ReweightingClassifier
from skrunner.datasets import ImageRows
from skrunner.exceptions import CheckpointError, UnsupportedModuleError
from skrunner.training import Seeds
from skrunner.training._checkpoint import read_checkpoint
from tests.device import DEVICE
from tests.estimators.killed import CASES, COMMON, fit_case, kill
from tests.estimators.nets import Flat, OwnSteps, SmallConv, Tiny
from tests.estimators.rows import (
    SMALL,
    A,
    X,
    Y,
    fit,
    put,
    runner,
    skorch_net,
    weights_of,
)

pytestmark = [
    pytest.mark.filterwarnings("ignore::skrunner.exceptions.CollapseWarning"),
    pytest.mark.filterwarnings("ignore::skrunner.exceptions.ColdAdversaryWarning"),
    pytest.mark.filterwarnings("ignore::skrunner.exceptions.FlaggedShareWarning"),
]


# Convolutions on a GPU add in an order of their own.
EXACT = {"rtol": 0, "atol": 0} if DEVICE == "cpu" else {"rtol": 1e-3, "atol": 1e-4}


def state_of(estimator):
    return estimator.net_.module_.state_dict()


def assert_same_fit(one, other):
    """Compare two fits bit for bit, but for the seconds."""
    first, second = state_of(one), state_of(other)
    assert first.keys() == second.keys()
    for name, value in first.items():
        torch.testing.assert_close(value, second[name], **EXACT)
    histories = [each.history_.drop(columns="dur") for each in (one, other)]
    pd.testing.assert_frame_equal(*histories, **EXACT)
    assert one.chosen_epoch_ == other.chosen_epoch_
    for name in ("adversary_", "path_counts_", "diagnosed_epoch_"):
        assert hasattr(one, name) == hasattr(other, name)
    if hasattr(one, "adversary_"):
        mine, theirs = (each.adversary_.state_dict() for each in (one, other))
        assert all(torch.equal(mine[name], theirs[name]) for name in mine)
        assert one._adversary_memory.keys() == other._adversary_memory.keys()
        for key, memory in one._adversary_memory.items():
            theirs = other._adversary_memory[key]
            assert all(torch.equal(memory[part], theirs[part]) for part in memory)
    if hasattr(one, "path_counts_"):
        np.testing.assert_array_equal(one.path_counts_, other.path_counts_)
        assert one.diagnosed_epoch_ == other.diagnosed_epoch_


class Epochs(Callback):
    """Count the epochs that are trained."""

    n = 0

    def on_epoch_begin(self, net, **_kwargs):
        self.n += 1


uninterrupted = cache(fit_case)
OFTEN = [
    *product(["repair", "selective dropout"], ["end", "middle"], [1, 2, 5]),
    ("two schedules", "end", 6),
    ("mixup", "end", 5),
    ("new start", "end", 6),
    ("average", "end", 8),
    ("two averages", "middle", 12),
    ("patience", "middle", 9),
    ("patience", "middle", 10),
]


@pytest.mark.parametrize(
    ("name", "place", "epoch"),
    [*OFTEN, *product(CASES, ["end"], [4]), *product(CASES, ["middle"], [3])],
)
def test_a_killed_fit_ends_as_an_uninterrupted_one(name, place, epoch, tmp_path):
    path = tmp_path / "fit.pt"
    kill(name, place, epoch, checkpoint=path)
    assert path.exists() == (epoch > 1)
    counted = Epochs()
    resumed = fit_case(name, checkpoint=path, callbacks=[counted])
    assert counted.n == len(resumed.history_) - (epoch - 1)
    assert_same_fit(resumed, uninterrupted(name))


def test_a_fit_may_be_killed_several_times(tmp_path):
    for place, epoch in [("middle", 3), ("end", 1), ("end", 2), ("middle", 2)]:
        kill("selective dropout", place, epoch, checkpoint=str(tmp_path / "fit.pt"))
    resumed = fit_case("selective dropout", checkpoint=str(tmp_path / "fit.pt"))
    assert_same_fit(resumed, uninterrupted("selective dropout"))


def test_without_a_seed_that_of_the_file_is_taken(tmp_path, monkeypatch):
    path, seeded = tmp_path / "fit.pt", uninterrupted("repair")
    kill("repair", "middle", 4, checkpoint=path, random_state=None)
    seeds = Seeds(**read_checkpoint(path)["seeds"])
    resumed = fit_case("repair", checkpoint=path, random_state=None)
    monkeypatch.setattr("skrunner.estimators._base.draw_seeds", lambda _: seeds)
    assert_same_fit(resumed, fit_case("repair", random_state=None))
    assert not np.array_equal(weights_of(resumed), weights_of(seeded))


@pytest.mark.parametrize("name", ["repair", "selective dropout", "adversary"])
def test_a_finished_fit_is_not_trained_again(name, tmp_path):
    path = tmp_path / "fit.pt"
    first = fit_case(name, checkpoint=path)
    assert_same_fit(first, uninterrupted(name))
    assert read_checkpoint(path)["finished"]
    written, counted = path.read_bytes(), Epochs()
    again = fit_case(name, checkpoint=path, callbacks=[counted], verbose=0)
    assert counted.n == 0
    assert path.read_bytes() == written
    assert_same_fit(again, first)
    assert again.history_.equals(first.history_)
    assert again.net_.checkpoint_ is None


class Interrupt(Callback):
    """What Ctrl-C does in the middle of the third epoch."""

    def on_epoch_begin(self, net, **_kwargs):
        if len(net.history) == 3:
            raise KeyboardInterrupt


def test_an_interrupt_goes_through_and_the_fit_on(tmp_path):
    given = {"checkpoint": tmp_path / "fit.pt"}
    with pytest.raises(KeyboardInterrupt):
        fit_case("repair", callbacks=[Interrupt()], **given)
    content = read_checkpoint(given["checkpoint"])
    assert not content["finished"]
    assert len(content["stages"][0]["history"]) == 2
    assert_same_fit(fit_case("repair", **given), uninterrupted("repair"))


def test_a_schedule_does_not_go_missing(tmp_path):
    kill("schedule", "end", 3, checkpoint=tmp_path / "fit.pt")
    plain = NetClassifier(**COMMON, checkpoint=tmp_path / "fit.pt")
    with pytest.raises(CheckpointError, match=r"1 learning rate schedule\(s\).*are 0"):
        plain.fit(X, Y, sensitive_features=A)


@pytest.mark.parametrize(
    "schedule",
    [LRScheduler("CosineAnnealingLR", T_max=7), LRScheduler("StepLR", step_size=2)],
)
def test_a_schedule_does_not_change(schedule, tmp_path):
    kill("schedule", "end", 3, checkpoint=tmp_path / "fit.pt")
    other = NetClassifier(
        **COMMON, checkpoint=tmp_path / "fit.pt", callbacks=[schedule]
    )
    with pytest.raises(
        CheckpointError, match=r"CosineAnnealingLR\(T_max=5, .*and here is"
    ):
        other.fit(X, Y, sensitive_features=A)


def test_a_generator_in_another_state_is_noticed(tmp_path):
    def seeded(seed):
        state = np.random.RandomState(seed)
        return NetClassifier(
            **{**COMMON, "max_epochs": 1, "random_state": state},
            checkpoint=tmp_path / "fit.pt",
        ).fit(X, Y)

    first, again = seeded(1), seeded(1)
    np.testing.assert_array_equal(weights_of(first), weights_of(again))
    with pytest.raises(CheckpointError, match="differ: random_state"):
        seeded(2)


def test_lazy_layers(tmp_path):
    def lazy(**given):
        net = torch.nn.Sequential(
            torch.nn.LazyLinear(4), torch.nn.ReLU(), torch.nn.LazyLinear(1)
        )
        common = {**COMMON, "net": net, "net_params": None, "max_epochs": 1}
        return NetClassifier(**common, **given).fit(X, Y)

    kept = lazy(checkpoint=tmp_path / "fit.pt")
    np.testing.assert_array_equal(weights_of(kept), weights_of(lazy()))


def test_a_callback_ends_a_fit_for_good(tmp_path):
    stop = EarlyStopping("train_loss", patience=1, threshold=1.0, sink=lambda _: None)
    given = {"checkpoint": tmp_path / "fit.pt", "callbacks": [stop]}
    first, again = fit_case("dropout", **given), fit_case("dropout", **given)
    assert len(first.history_) == 2
    assert read_checkpoint(given["checkpoint"])["finished"]
    assert_same_fit(again, first)


W = np.linspace(0.5, 1.5, len(Y))
BASE = {**SMALL, "random_state": 0}
TINY = Tiny(X.shape[1])
OTHER = Tiny(X.shape[1])


def changed(name, match, *, params=(), data=(), was=()):
    return pytest.param(dict(was), dict(params), dict(data), match, id=name)


@pytest.mark.parametrize(
    ("was", "params", "data", "match"),
    [
        changed("one number of X", r"differ: X \(there float32 \(240, 6\)", data={
            "X": put(X, (3, 1), 0.5)}),
        changed("one label", r"differ: y \(", data={"y": put(Y, 3, 1 - Y[3])}),
        changed("names of labels", r"differ: y \(", data={
            "y": np.where(Y, "yes", "no")}),
        changed("one group", r"differ: sensitive_features \(", data={
            "sensitive_features": put(A, 3, min({*A} - {A[3]}))}),
        changed("weights", r"differ: sample_weight \(there None, here float32", data={
            "sample_weight": W}),
        changed("epochs", r"differ: max_epochs \(there 2, here 3\)\. Fit with", params={
            "max_epochs": 3}),
        changed("two parameters", r"lr \(there None, here 0\.1\); random_state \(there "
                r"0, here 1\)", params={"lr": 0.1, "random_state": 1}),
        changed("no seed", r"random_state \(there 0, here NoneType\)", params={
            "random_state": None}),
        changed("units", r"net_params \(there \{'hidden': \"\['4'\]\"\}, here", params={
            "net_params": {"hidden": (5,)}}),
        changed("class of the net", r"net \(there tests\.estimators\.nets\.Tiny, here "
                r"tests\.estimators\.nets\.Flat\)", was={"net": Tiny, "net_params": {}},
                params={"net": Flat}),
        changed("weights of the net", r"differ: net \(", was={
            "net": TINY, "net_params": None}, params={"net": OTHER}),
        changed("a skorch net's setting", r"differ: net \(", was={
            "net": skorch_net(module__n_features=6, lr=0.1), "net_params": None},
            params={"net": skorch_net(module__n_features=6, lr=0.2)}),
        changed("optimizer", r"optimizer \(there None, here torch\.optim\.sgd\.SGD\)",
                params={"optimizer": torch.optim.SGD}),
    ],
)  # fmt: skip
def test_a_checkpoint_of_another_fit_is_refused(was, params, data, match, tmp_path):
    path = tmp_path / "fit.pt"
    estimator = NetClassifier(**{**BASE, **was, "checkpoint": path})
    fit(estimator)
    written = path.read_bytes()
    with pytest.raises(CheckpointError, match=match) as caught:
        fit(estimator.set_params(**params), **data)
    assert str(path) in str(caught.value)
    assert path.read_bytes() == written


def test_an_estimator_or_a_version_of_another_kind_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "fit.pt"
    fit(NetClassifier(**BASE, checkpoint=path))
    with pytest.raises(
        CheckpointError, match=r"estimator \(there skrunner\..*\.NetClass.*Reweighting"
    ):
        fit(ReweightingClassifier(**BASE, checkpoint=path))
    monkeypatch.setattr("skrunner.__version__", "9.9")
    with pytest.raises(CheckpointError, match=r"skrunner \(there .*, here 9\.9\)"):
        fit(NetClassifier(**BASE, checkpoint=path))


def test_what_changes_no_weight_may_differ(tmp_path):
    path = tmp_path / "fit.pt"
    first = fit(NetClassifier(**BASE, checkpoint=path))
    moved = path.rename(tmp_path / "moved.pt")
    again = fit(
        NetClassifier(
            **BASE, checkpoint=moved, verbose=0, callbacks=[], image_storage="host"
        )
    )
    assert_same_fit(again, first)


def test_images_are_told_apart_by_their_files(tmp_path, image_files):
    first, second = image_files
    path = tmp_path / "fit.pt"
    params = {**BASE, "net": SmallConv, "net_params": {"channels": 3}}
    labels = [0, 1] * 3

    def train(paths, order=slice(None)):
        rows = ImageRows(paths)[order]
        estimator = NetClassifier(**params, checkpoint=path)
        return estimator.fit(rows, labels)

    fitted = train(first)
    assert_same_fit(train(first), fitted)
    with pytest.raises(CheckpointError, match=r"differ: X \("):
        train(second)
    with pytest.raises(CheckpointError, match=r"differ: X \("):
        train(first, slice(None, None, -1))


@pytest.fixture
def image_files(tmp_path):
    rng = np.random.default_rng(0)
    folders = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        paths = [tmp_path / name / f"{i}.png" for i in range(6)]
        for path in paths:
            pixels = rng.integers(0, 256, (4, 4, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(path)
        folders.append(paths)
    return folders


def test_what_goes_on_with_other_weights_has_no_checkpoint(tmp_path):
    path = tmp_path / "fit.pt"
    whole = r"holds one whole fit.*checkpoint=None, or call fit"
    with pytest.raises(ValueError, match=whole):
        runner(checkpoint=path).partial_fit(X, Y, sensitive_features=A)
    fitted = fit(runner(warm_start=True, checkpoint=path))
    with pytest.raises(ValueError, match=whole):
        fit(fitted)


def test_a_net_with_steps_of_its_own_has_none(tmp_path):
    net = OwnSteps(Tiny, module__n_features=6, criterion=torch.nn.BCEWithLogitsLoss)
    with pytest.raises(UnsupportedModuleError, match=r"know nothing of: checkpoint\."):
        NetClassifier(net, checkpoint=tmp_path / "fit.pt").fit(X, Y)


def test_a_path_is_checked_before_the_training(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"folder that does not exist"):
        fit(runner(checkpoint=tmp_path / "nowhere" / "fit.pt"))
    with pytest.raises(ValueError, match=r"'checkpoint' parameter .* must be"):
        fit(runner(checkpoint=3))


def test_what_cannot_be_read_again_is_not_written(tmp_path):
    class Records(Callback):
        def on_epoch_end(self, net, **_kwargs):
            net.history.record("when", pd.Timestamp(2024, 1, 1))

    path = tmp_path / "fit.pt"
    with pytest.raises(CheckpointError, match=r"keeps Timestamp\(.*callbacks record"):
        fit(runner(checkpoint=path, callbacks=[Records()]))
    assert not path.exists()


def test_numbers_of_numpy_are_written_as_such(tmp_path):
    params = {**COMMON, "lr": np.float64(0.03), "checkpoint": tmp_path / "fit.pt"}
    first, again = (fit(NetClassifier(**params)) for _ in range(2))
    assert_same_fit(again, first)
