"""Batch normalization of rows that two processes share."""

from functools import partial

import torch
from torch import nn

from skrunner._processes import n_processes, process_rank
from skrunner.nn import ActivationRecorder, joined_batch_norm


class OwnNorm(nn.BatchNorm1d):
    """Centers twice."""

    def forward(self, X):
        return super().forward(X - X.mean(0))


NORMS = {
    "table": (lambda: nn.BatchNorm1d(4), (9, 4)),
    "sequence": (lambda: nn.BatchNorm1d(4, eps=0.1), (7, 4, 3)),
    "images": (lambda: nn.BatchNorm2d(4, momentum=0.3), (5, 4, 3, 2)),
    "no map": (lambda: nn.BatchNorm2d(4, affine=False), (5, 4, 3, 2)),
    "plain mean": (lambda: nn.BatchNorm1d(4, momentum=None), (9, 4)),
    "not tracked": (lambda: nn.BatchNorm1d(4, track_running_stats=False), (9, 4)),
    "synchronized": (lambda: nn.SyncBatchNorm(4), (5, 4, 3, 2)),
}


def normalized(name):
    """Return the outputs, gradients and statistics of the own rows in two steps."""
    make, shape = NORMS[name]
    generator = torch.Generator().manual_seed(0)
    norm = make().double()
    if norm.affine:
        with torch.no_grad():
            norm.weight.copy_(torch.rand(4, generator=generator) + 0.5)
            norm.bias.copy_(torch.randn(4, generator=generator))
    net = nn.Sequential(nn.Conv1d(1, 1, 1), norm, nn.ReLU(inplace=True))
    found = []
    with joined_batch_norm(norm):
        for _ in range(2):
            X = 3 + torch.randn(shape, generator=generator, dtype=torch.double)
            slopes = torch.randn(shape, generator=generator, dtype=torch.double)
            own = X[process_rank() :: n_processes()].clone().requires_grad_()
            output = net[1:](own)
            output.backward(slopes[process_rank() :: n_processes()])
            found += [output.detach(), own.grad]
    assert "forward" not in vars(norm)
    gradients = [p.grad for p in norm.parameters()]
    in_evaluation = norm.eval()(X) if norm.track_running_stats else X
    return found, gradients, list(norm.buffers()), in_evaluation.detach()


def recorded():
    """Return what is read behind a layer, its norm and a nonlinearity in place."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layer = nn.Linear(3, 4)
        X = torch.randn(8, 3)
    net = nn.Sequential(layer, nn.BatchNorm1d(4), nn.ReLU(inplace=True))
    with joined_batch_norm(net), ActivationRecorder({"0": layer}) as recorder:
        output = net(X[process_rank() :: n_processes()])
    return recorder.depths, recorder.activations["0"].detach(), output.detach()


def half():
    X = torch.linspace(-2, 2, 32).reshape(8, 4)
    norm = nn.BatchNorm1d(4)
    with joined_batch_norm(norm):
        own = X[process_rank() :: n_processes()].bfloat16().requires_grad_()
        output = norm(own)
        output.sum().backward()
    return output.dtype, own.grad.dtype, output.detach().float(), norm.running_mean


def unknown():
    with joined_batch_norm(nn.Sequential(OwnNorm(4))):
        pass


def cases(_folder):
    found = {name: partial(normalized, name) for name in NORMS}
    return {**found, "recorded": recorded, "half": half, "unknown": unknown}
