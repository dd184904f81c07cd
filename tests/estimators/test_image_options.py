"""What a fit on images does with its options, as the net sees it."""

import numpy as np
import pytest
import torch

from skrunner import NetClassifier, RunnerClassifier
from skrunner.baselines import FairNeuronClassifier, GapRegularizationClassifier
from skrunner.exceptions import NotCompiledWarning
from tests.device import DEVICE
from tests.estimators.images import PIXELS, A, Conv, N, Y, assert_same, fit
from tests.estimators.nets import SmallConv
from tests.estimators.rows import weights_of

pytestmark = pytest.mark.filterwarnings("ignore::skrunner.exceptions.CollapseWarning")


class Seen(Conv):
    """Notes what it is given."""

    batches = None

    def forward(self, X):
        last = X.is_contiguous(memory_format=torch.channels_last)
        Seen.batches.append((self.training, len(X), X.detach().cpu(), last))
        return super().forward(X)


@pytest.fixture
def seen(monkeypatch):
    monkeypatch.setattr(Seen, "batches", [])
    return Seen.batches


def marked(pixels):
    """Halve the pixels, so that what is augmented has none above 127."""
    assert pixels.dtype == torch.uint8
    assert pixels.device.type == torch.device(DEVICE).type
    return pixels // 2


def scaled(pixels):
    assert pixels.dtype == torch.uint8
    return pixels.double() / 255 - 3


@pytest.mark.parametrize("kind", [NetClassifier, RunnerClassifier])
@pytest.mark.parametrize("storage", ["device", "files"])
def test_augmented_in_training_only(kind, storage, seen):
    fitted = fit(
        kind,
        net=Seen,
        augment=marked,
        image_transform=scaled,
        image_storage=storage,
        validation_fraction=0.25,
    )
    at_fit = len(seen)
    scores = fitted.predict_proba(PIXELS)
    fitted.diagnose(PIXELS, sensitive_features=A)
    trained = [X for training, _, X, _ in seen if training]
    others = [X for training, _, X, _ in seen if not training]
    assert len(trained) == 2 * 3
    assert all(X.dtype == torch.float32 for X in [*trained, *others])
    assert max(X.max() for X in trained) <= 127 / 255 - 3 + 1e-6
    # The layers are looked up, two epochs are validated, all rows are answered.
    answered = [X for X in others if len(X) > 2]
    assert at_fit - len(trained) >= 4
    assert min(X.max() for X in answered) > 180 / 255 - 3
    assert_same(fitted.predict_proba(PIXELS), scores)
    expected = (torch.from_numpy(PIXELS) / 255 - 3).float()
    torch.testing.assert_close(seen[at_fit][2], expected)


def test_an_augmentation_is_a_change_of_the_rows():
    """Whole batches: what it does to all is as if the images had been so before."""
    augmented = fit(NetClassifier, augment=marked)
    before = fit(NetClassifier, PIXELS // 2)
    assert_same(weights_of(augmented), weights_of(before))
    transformed = fit(NetClassifier, image_transform=scaled, precision="fp64")
    floats = fit(NetClassifier, PIXELS / 255 - 3, precision="fp64")
    np.testing.assert_allclose(weights_of(transformed), weights_of(floats), rtol=1e-9)


def shifted(pixels):
    """Roll by as much as torch's global generators say."""
    return pixels.roll(int(torch.randint(1, 6, ())), -1)


@pytest.mark.parametrize("storage", ["device", "files"])
def test_what_it_draws_comes_from_random_state(storage):
    def weights(seed):
        options = {"augment": shifted, "image_storage": storage, "random_state": seed}
        return weights_of(fit(NetClassifier, **options))

    state = torch.get_rng_state()
    first = weights(0)
    torch.manual_seed(77)
    assert_same(weights(0), first)
    torch.set_rng_state(state)
    assert not np.array_equal(weights(1), first)
    assert not np.array_equal(weights_of(fit(NetClassifier)), first)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("kind", [NetClassifier, RunnerClassifier])
def test_channels_last(kind, seen):
    usual = fit(kind, net=Seen)
    assert {last for *_, last in seen} == {False}
    seen.clear()
    last = fit(kind, net=Seen, channels_last=True)
    scores = last.predict_proba(PIXELS)
    assert {last for *_, last in seen} == {True}
    weight = last.net_.module_.conv.weight
    assert weight.is_contiguous(memory_format=torch.channels_last)
    np.testing.assert_allclose(weights_of(last), weights_of(usual), atol=1e-5)
    np.testing.assert_allclose(scores, usual.predict_proba(PIXELS), atol=1e-5)


@pytest.fixture
def compiled(monkeypatch):
    """Compile without code for the machine, which would take a minute; list modules."""
    modules, runs, compile_ = [], [], torch.compile

    def backend(graph, _inputs):
        return lambda *args: runs.append(graph) or graph.forward(*args)

    def spied(module):
        modules.append(type(module))
        return compile_(module, backend=backend)

    monkeypatch.setattr(torch, "compile", spied)
    yield modules, runs
    torch.compiler.reset()


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        (NetClassifier, {"net": SmallConv, "net_params": {"channels": 3}}),
        (GapRegularizationClassifier, {"fairness_weight": 1.0}),
    ],
    ids=["plain, with a norm", "gap"],
)
def test_compiled(kind, params, compiled):
    # Adam makes steps of rounding where a norm behind a bias leaves it no gradient.
    params = {**params, "precision": "fp64"}
    fitted = fit(kind, compile=True, **params)
    modules, runs = compiled
    assert modules == [params.get("net", Conv)]
    assert len(runs) == 2 * 3  # the steps; predictions run the module as it is
    plain = fit(kind, **params)
    np.testing.assert_allclose(weights_of(fitted), weights_of(plain), rtol=1e-4)
    assert list(fitted.net_.module_.state_dict()) == list(
        plain.net_.module_.state_dict()
    )
    assert type(fitted.net_.module_) is params.get("net", Conv)


def test_not_compiled_where_hooks_read_neurons(compiled):
    with pytest.warns(NotCompiledWarning, match="StabilizingObjective reads neurons"):
        fitted = fit(RunnerClassifier, compile=True)
    assert compiled == ([], [])
    assert_same(weights_of(fitted), weights_of(fit(RunnerClassifier)))


@pytest.mark.filterwarnings("ignore::skrunner.exceptions.FlaggedShareWarning")
def test_only_the_first_training_of_fair_neuron_is_compiled(compiled):
    table = PIXELS.reshape(N, -1)[:, ::9] / 255
    params = {"net_params": {"hidden": (4, 3)}, "max_epochs": 1, "random_state": 0}
    params |= {"select_epoch": "last", "device": DEVICE}
    with pytest.warns(NotCompiledWarning, match="SelectiveDropoutObjective"):
        FairNeuronClassifier(compile=True, **params).fit(table, Y, sensitive_features=A)
    assert len(compiled[0]) == 1
    assert len(compiled[1]) == 2  # its epoch has two steps of 64 rows


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("image_storage", "disk"),
        ("image_transform", "normalize"),
        ("augment", 3),
        ("channels_last", "yes"),
        ("compile", None),
        ("gradient_accumulation", 0),
        ("gradient_accumulation", 1.5),
    ],
)
def test_options_that_make_no_sense(name, value):
    with pytest.raises(
        ValueError, match=f"'{name}' parameter of NetClassifier must be"
    ):
        fit(NetClassifier, **{name: value})


def test_a_step_in_parts_is_the_whole_step():
    """A plain net without a norm: parts of random rows have the gradient of all."""
    double = {"precision": "fp64"}
    whole = fit(NetClassifier, **double)
    weight = np.random.default_rng(0).uniform(0.2, 3, N)
    weighted = NetClassifier(**whole.get_params()).fit(PIXELS, Y, sample_weight=weight)
    for n_parts in (2, 3, 40, 1000):
        parts = fit(NetClassifier, gradient_accumulation=n_parts, **double)
        np.testing.assert_allclose(weights_of(parts), weights_of(whole), rtol=1e-8)
        parts.fit(PIXELS, Y, sample_weight=weight)
        np.testing.assert_allclose(weights_of(parts), weights_of(weighted), rtol=1e-8)
    assert not np.allclose(weights_of(whole), weights_of(weighted))
