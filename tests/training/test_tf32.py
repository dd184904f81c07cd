"""TF32 is what the precision says, in convolutions too; the user's flags come back."""

import warnings
from contextlib import contextmanager

import pytest
import torch
from torch import nn

from skrunner import NetClassifier, RunnerClassifier
from skrunner.training import PRECISIONS, predict_logits
from skrunner.training._precision import matmul_precision
from tests.device import DEVICE
from tests.estimators.nets import SmallConv
from tests.estimators.rows import A, N, Y

# Some versions of torch say so of the older flags, which are compared here as well.
pytestmark = pytest.mark.filterwarnings("ignore:Please use the new API settings")
BACKENDS = torch.backends
NAMES = ("cuda.matmul", "mkldnn.matmul", "cudnn.conv", "cudnn.rnn")
# The owner of a flag, its name and what a user may have set.
USERS = {
    "untouched": [],
    "older, off": [("cudnn", "allow_tf32", False)],
    "older, on": [("cuda.matmul", "allow_tf32", True)],
    "products": [("cuda.matmul", "fp32_precision", "tf32")],
    "convolutions": [("cudnn.conv", "fp32_precision", "ieee")],
    "cudnn": [("cudnn", "fp32_precision", "ieee")],
    "all": [("", "fp32_precision", "tf32")],
    "mixed": [
        ("cudnn.rnn", "fp32_precision", "ieee"),
        ("cuda.matmul", "fp32_precision", "tf32"),
    ],
}


def backend(name):
    found = BACKENDS
    for part in filter(None, name.split(".")):
        found = getattr(found, part)
    return found


def flags():
    """Return what decides over each kind of product."""
    return {name: backend(name).fp32_precision for name in NAMES}


def is_tf32():
    """Return whether each kind of product is rounded to TF32."""
    return {name: value == "tf32" for name, value in flags().items()}


@contextmanager
def user(name):
    for each in ("", "cudnn", *NAMES):
        backend(each).fp32_precision = "none"
    torch.set_float32_matmul_precision("highest")
    BACKENDS.cudnn.allow_tf32 = True
    try:
        for owner, flag, value in USERS[name]:
            setattr(backend(owner), flag, value)
        yield
    finally:
        for each in ("", "cudnn", *NAMES):
            backend(each).fp32_precision = "none"
        torch.set_float32_matmul_precision("highest")
        BACKENDS.cudnn.allow_tf32 = True


@pytest.mark.parametrize("name", USERS)
@pytest.mark.parametrize("precision", PRECISIONS)
def test_set_inside_and_restored_behind(precision, name):
    with user(name):
        before = flags()
        with matmul_precision(precision):
            inside = is_tf32()
            older = torch.get_float32_matmul_precision(), BACKENDS.cudnn.allow_tf32
        assert flags() == before
        with pytest.raises(KeyError, match="stop"), matmul_precision(precision):
            raise KeyError("stop")
        assert flags() == before
    rounded = precision == "tf32"
    assert inside == dict.fromkeys(NAMES, rounded)
    assert older == ("high" if rounded else "highest", rounded)


@pytest.mark.parametrize("name", ["untouched", "older, off", "older, on"])
def test_the_older_flags_come_back_too(name):
    with user(name):
        before = torch.get_float32_matmul_precision(), BACKENDS.cudnn.allow_tf32
        with matmul_precision("tf32"), matmul_precision("fp32"):
            assert not BACKENDS.cudnn.allow_tf32
        after = torch.get_float32_matmul_precision(), BACKENDS.cudnn.allow_tf32
    assert after == before


def test_advice_of_torch_against_the_older_flags_is_not_for_our_users(monkeypatch):
    advice, read = "Please use the new API settings", torch.get_float32_matmul_precision

    def advising():
        warnings.warn(advice, UserWarning, stacklevel=2)
        return read()

    monkeypatch.setattr(torch, "get_float32_matmul_precision", advising)
    with matmul_precision("fp32"), pytest.warns(UserWarning, match=advice):
        assert torch.get_float32_matmul_precision() == "highest"


class Spy(SmallConv):
    """Remembers the flags at every forward pass, and may break."""

    seen = None
    breaks = False

    def forward(self, X):
        Spy.seen.append(is_tf32())
        if self.breaks and len(Spy.seen) > 2:
            raise RuntimeError("the net broke")
        return super().forward(X)


class Breaking(Spy):
    breaks = True


@pytest.fixture
def seen(monkeypatch):
    monkeypatch.setattr(Spy, "seen", [])
    return Spy.seen


PIXELS = torch.randint(0, 256, (N, 1, 4, 4), dtype=torch.uint8)
SETTINGS = {
    "max_epochs": 2,
    "batch_size": 120,
    "lr": 0.01,
    "device": DEVICE,
    "select_epoch": "last",
    "random_state": 0,
}


@pytest.mark.filterwarnings("ignore::skrunner.exceptions.CollapseWarning")
@pytest.mark.parametrize("kind", [NetClassifier, RunnerClassifier])
@pytest.mark.parametrize("precision", ["fp32", "tf32"])
def test_fit_predict_and_diagnose_run_in_the_precision(kind, precision, seen):
    with user("untouched"):
        before = flags()
        estimator = kind(Spy, precision=precision, **SETTINGS)
        estimator.fit(PIXELS, Y, sensitive_features=A)
        del seen[:2]  # the layers are looked up on the CPU, outside of the training
        estimator.predict(PIXELS)
        estimator.diagnose(PIXELS, sensitive_features=A)
        assert flags() == before
    assert len(seen) > 2 * 2 + 3
    assert seen == [dict.fromkeys(NAMES, precision == "tf32")] * len(seen)


def test_a_net_that_breaks_leaves_the_flags(seen):
    with user("mixed"):
        before = flags()
        with pytest.raises(RuntimeError, match="the net broke"):
            NetClassifier(Breaking, **SETTINGS).fit(PIXELS, Y)
        assert len(seen) == 3
        with pytest.raises(RuntimeError, match="the net broke"):
            predict_logits(Breaking(), PIXELS.float())
        assert flags() == before


@pytest.mark.parametrize("precision", ["fp32", "tf32"])
def test_convolutions_round_on_a_gpu_as_the_precision_says(precision):
    generator = torch.Generator().manual_seed(0)
    X = torch.randn(16, 64, 16, 16, generator=generator)
    conv = nn.Sequential(nn.Conv2d(64, 64, 3), nn.Flatten())
    exact = predict_logits(conv.double(), X.double())
    found = predict_logits(conv.float().to(DEVICE), X.to(DEVICE), precision).cpu()
    error = float((found.double() - exact).abs().max() / exact.abs().max())
    assert (error > 1e-5) == (precision == "tf32" and DEVICE != "cpu")
