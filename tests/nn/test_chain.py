"""Which nets are chains of linear layers, and what their layers read."""

import pytest
import torch
from torch import nn

from skrunner.exceptions import UnsupportedModuleError
from skrunner.nn import MLP, linear_chain, reading_inputs
from tests.estimators.nets import Flat, SmallConv, Tiny
from tests.nn.nets import ADDITIONS, ConvNet, Ending, Residual, Through

X = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))


def hooks_of(module):
    return [
        hook
        for part in module.modules()
        for hooks in (part._forward_hooks, part._forward_pre_hooks)
        for hook in hooks.values()
    ]


CHAINS = {
    "preset": lambda: MLP(3, hidden=(4, 5)),
    "dropout": lambda: MLP(3, hidden=(4,), dropout=0.5),
    "function": lambda: Through(torch.tanh),
    "in place": lambda: Through(torch.relu_, n_outputs=3),
    "vector": lambda: Flat(3),
    "no nonlinearity": lambda: nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1)),
    "norms": lambda: nn.Sequential(
        *(nn.Flatten(), nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(inplace=True)),
        *(nn.Linear(4, 4), nn.LayerNorm(4), nn.GELU(), nn.Dropout(), nn.Linear(4, 2)),
    ),
}


@pytest.mark.parametrize("name", CHAINS)
def test_chains_are_found_in_order(name):
    module = CHAINS[name]()
    chain = linear_chain(module, X)
    expected = [part for part in module.modules() if isinstance(part, nn.Linear)]
    assert list(chain) == expected
    assert not hooks_of(module)
    assert module.training


class Skipping(Tiny):
    """Adds another linear answer to the logits."""

    def __init__(self):
        super().__init__(3)
        self.skip = nn.Linear(3, 1)

    def forward(self, X):
        return super().forward(X) + self.skip(X)


class Twice(Tiny):
    """Runs its hidden layer two times."""

    def __init__(self):
        super().__init__(3, hidden=3)

    def forward(self, X):
        return super().forward(torch.relu(self.hidden(X)))


class ByKeyword(Tiny):
    def forward(self, X):
        return self.out(input=torch.relu(self.hidden(X)))


def wrong(name, make, match):
    return pytest.param(make, match, id=name)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        wrong(
            "convolution",
            ConvNet,
            r"no linear layer behind .* \(Conv\dd\) but its output",
        ),
        wrong(
            "small", SmallConv, r"behind conv \(Conv2d\) but its output out; expected"
        ),
        wrong("no hidden layer", lambda: MLP(3, hidden=()), "no linear layer but its"),
        wrong(
            "skip", Skipping, "makes more of out than a norm before the input of skip"
        ),
        wrong("twice", Twice, "gives hidden 2 inputs in one pass"),
        wrong("keyword", lambda: ByKeyword(3), "gives out 0 inputs in one pass"),
        wrong("unknown function", lambda: Through(torch.sin), "more of hidden than a"),
        wrong(
            "reversed", lambda: Through(lambda h: h.relu().flip(1)), "more of hidden"
        ),
        wrong(
            "scaled", lambda: Ending(lambda z: 2 * z), "more of out.* before its logit"
        ),
        *(
            wrong(f"residual {add.__name__}", lambda add=add: Residual(add), "second")
            for add in ADDITIONS
        ),
    ],
)
def test_other_nets_are_refused_by_name(make, match):
    module = make()
    rows = torch.randn(2, 2, 6, 6) if isinstance(module, ConvNet) else X
    rows = torch.randn(2, 1, 6, 6) if isinstance(module, SmallConv) else rows
    with pytest.raises(UnsupportedModuleError, match=match):
        linear_chain(module, rows)
    assert not hooks_of(module)


def test_inputs_are_read_call_by_call_until_the_block_ends():
    module = Tiny(3)
    layers = [module.hidden, module.out]
    with reading_inputs(layers) as inputs:
        module(X)
        module(2 * X)
    module(X)
    assert [len(calls) for calls in inputs] == [2, 2]
    assert torch.equal(inputs[0][1], 2 * X)
    assert torch.equal(inputs[1][0], torch.relu(module.hidden(X)))
    with pytest.raises(RuntimeError, match="shapes"), reading_inputs(layers):
        module(X[:, :2])
    assert not hooks_of(module)
