"""Number formats: what is stored, what the module sees, and flags put back."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from skrunner.exceptions import UnsupportedModuleError
from skrunner.nn import MLP
from skrunner.training import PRECISIONS, model_dtype, predict_logits
from skrunner.training._precision import forward_logits, matmul_precision
from tests.training.nets import make_rows, state_of, train


def test_only_fp64_stores_64_bits():
    stored = {precision: model_dtype(precision) for precision in PRECISIONS}
    wide = {"fp64": torch.float64}
    assert stored == dict.fromkeys(PRECISIONS, torch.float32) | wide


@pytest.mark.parametrize("before", ["highest", "high", "medium"])
@pytest.mark.parametrize("precision", PRECISIONS)
def test_the_flag_is_set_and_restored(precision, before):
    users = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(before)
    try:
        with matmul_precision(precision):
            inside = torch.get_float32_matmul_precision()
        assert torch.get_float32_matmul_precision() == before
        with pytest.raises(KeyError, match="stop"), matmul_precision(precision):
            raise KeyError("stop")
        assert torch.get_float32_matmul_precision() == before
    finally:
        torch.set_float32_matmul_precision(users)
    assert inside == ("high" if precision == "tf32" else "highest")


class Spy(nn.Module):
    """Remembers the type of what its layer returned, and the flag."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 2)

    def forward(self, X):
        logits = self.layer(X)
        self.seen = logits.dtype
        self.flag = torch.get_float32_matmul_precision()
        return logits


@pytest.mark.parametrize(
    ("precision", "inside", "outside"),
    [
        ("fp32", torch.float32, torch.float32),
        ("tf32", torch.float32, torch.float32),
        ("bf16", torch.bfloat16, torch.float32),
        ("fp64", torch.float64, torch.float64),
    ],
)
def test_only_the_module_sees_half_precision(precision, inside, outside):
    dtype = model_dtype(precision)
    spy, X = Spy().to(dtype), torch.randn(5, 3, dtype=dtype)
    logits = forward_logits(spy, X, precision)
    assert (spy.seen, logits.dtype) == (inside, outside)
    exact = spy.double()(X.double())
    near = {"bf16": 0.05, "fp64": 1e-12}.get(precision, 1e-5)
    assert_close(logits.double(), exact, rtol=near, atol=near)
    assert (logits.double() != exact).any() == (precision != "fp64")


@pytest.mark.parametrize("batch_size", [1, 4, 10, 8192])
def test_chunks_give_what_one_pass_would(batch_size):
    module = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.9), nn.Linear(4, 1))
    X = torch.randn(10, 3)
    found = predict_logits(module, X, batch_size=batch_size)
    assert module.training
    assert not found.requires_grad
    assert found.shape == (10, 1)
    assert_close(found, module.eval()(X), rtol=1e-6, atol=1e-7)


def test_a_single_axis_of_logits_becomes_a_column():
    module = nn.Sequential(nn.Linear(3, 1), nn.Flatten(0))
    assert predict_logits(module, torch.randn(7, 3)).shape == (7, 1)


def test_prediction_sets_the_flag_for_the_module_only():
    spy = Spy()
    before = torch.get_float32_matmul_precision()
    predict_logits(spy, torch.randn(2, 3), "tf32")
    assert spy.flag == "high"
    assert torch.get_float32_matmul_precision() == before


def test_training_in_each_precision():
    rows, wide = make_rows(), make_rows(dtype=torch.float64)
    states = {
        precision: state_of(
            train(wide if precision == "fp64" else rows, precision=precision)
        )
        for precision in PRECISIONS
    }
    assert states["fp64"].dtype == torch.float64
    assert states["bf16"].dtype == torch.float32
    assert_close(states["fp32"].double(), states["fp64"], rtol=1e-3, atol=1e-4)
    assert_close(states["bf16"], states["fp32"], rtol=0.1, atol=0.1)
    assert not torch.equal(states["bf16"], states["fp32"])


def test_logits_of_the_preset_in_half_precision():
    module, X = MLP(3, hidden=(6,)), torch.randn(20, 3)
    half, full = (predict_logits(module, X, name) for name in ("bf16", "fp32"))
    assert half.dtype == torch.float32
    assert_close(half, full, rtol=0.05, atol=0.02)


def test_a_tuple_in_training_mode_is_named():
    class Auxiliary(nn.Linear):
        def forward(self, X):
            logits = super().forward(X)
            return (logits, logits) if self.training else logits

    module, X = Auxiliary(3, 1), torch.randn(2, 3)
    assert forward_logits(module.eval(), X, "fp32").shape == (2, 1)
    for precision in ("fp32", "bf16"):
        with pytest.raises(UnsupportedModuleError, match=r"tuple.*aux_logits=False"):
            forward_logits(module.train(), X, precision)
