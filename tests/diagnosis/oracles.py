"""Importance from its definition: scale or remove one neuron, look at the gap."""

import copy
from itertools import combinations

import numpy as np
import torch
from torch import nn
from torch.func import functional_call

from skrunner.nn import MLP
from tests.gaps.oracles import conditions, make_problem, slow_output_gap
from tests.nn.nets import ConvNet


def make_rows(n_groups=3, n_classes=2, *, n=240, empty_cell=False):
    """Return inputs that depend on group and label, and the problem."""
    problem = make_problem(n_groups, n_classes, n=n, empty_cell=empty_cell)
    problem.weight = [1.0] * n
    groups, labels = problem.tensors()
    X = torch.randn(n, 3, dtype=torch.float64)
    X[:, 0] += 0.6 * groups
    X[:, 1] += 0.8 * labels - 0.3 * groups
    return X, problem


def make_images(n_groups=3, *, n=240):
    X, problem = make_rows(n_groups, n=n)
    images = torch.randn(n, 2, 5, 5, dtype=torch.float64)
    return images + X[:, :2, None, None], problem


def make_mlp(n_outputs=1):
    return MLP(3, n_outputs, hidden=(6, 5)).double()


def make_conv():
    """Return a net whose norms are far from the identity, in evaluation mode."""
    return ConvNet().double().eval()


def probabilities_of(logits):
    if logits.ndim == 1 or logits.shape[1] == 1:
        return torch.sigmoid(logits.reshape(-1, 1))
    if logits.shape[1] == 2:
        return torch.softmax(logits, 1)[:, 1:]
    return torch.softmax(logits, 1)


def plain_gap(logits, problem, constraints):
    """Compute the gap with masks and loops, differentiable."""
    probabilities = probabilities_of(logits)
    groups, labels = problem.tensors()
    gap = torch.zeros((), dtype=probabilities.dtype)
    for wanted, outputs, weight in conditions(constraints, problem.n_classes):
        counts = torch.isin(labels, torch.tensor(sorted(wanted)))
        means = [
            probabilities[(groups == g) & counts].mean(0)
            for g in range(problem.n_groups)
            if ((groups == g) & counts).any()
        ]
        differences = [(a - b).abs() for a, b in combinations(means, 2)]
        if differences:
            scale = torch.tensor(outputs, dtype=gap.dtype)
            gap = gap + weight * (torch.stack(differences).mean(0) * scale).sum()
    return gap


def weight_products(net, X, problem, constraints, layer):
    """Return w * dGap/dw of every weight, by scaling the weights."""
    weight = net.get_submodule(layer).weight.detach()
    scale = torch.ones_like(weight, requires_grad=True)
    logits = functional_call(net, {f"{layer}.weight": weight * scale}, (X,))
    return torch.autograd.grad(plain_gap(logits, problem, constraints), scale)[0]


def activation_products(net, X, problem, constraints, *, layer, behind):
    """Return the slope of the gap as each channel behind module `behind` is scaled."""
    part = net.get_submodule(layer)
    scale = torch.ones(len(part.weight), dtype=X.dtype, requires_grad=True)
    positions = [1] * (2 if isinstance(part, nn.Conv2d) else 0)
    handle = net.get_submodule(behind).register_forward_hook(
        lambda _module, _args, output: output * scale.reshape(-1, *positions)
    )
    try:
        gap = plain_gap(net(X), problem, constraints)
    finally:
        handle.remove()
    return torch.autograd.grad(gap, scale)[0]


def slow_importance(net, X, problem, constraints, *, importance, layer, behind):
    """Score the neurons of a layer one by one."""
    products = weight_products(net, X, problem, constraints, layer)
    slopes = activation_products(
        net, X, problem, constraints, layer=layer, behind=behind
    )
    scores = []
    for neuron in range(len(products)):
        terms = products[neuron].flatten().tolist()
        if importance == "sum_sq":
            scores.append(sum(term * term for term in terms))
        elif importance == "signed":
            scores.append(sum(terms))
        else:
            scores.append(slopes[neuron].item() ** 2)
    return np.array(scores)


def brute_force(net, X, problem, constraints, layer):
    """Return eq. 5 of every neuron: the squared change without its parameters."""

    def gap(module):
        with torch.no_grad():
            probabilities = probabilities_of(module(X)).tolist()
        return slow_output_gap(probabilities, problem, constraints)

    scores, before = [], gap(net)
    for neuron in range(len(net.get_submodule(layer).weight)):
        other = copy.deepcopy(net)
        with torch.no_grad():
            other.get_submodule(layer).weight[neuron] = 0
            other.get_submodule(layer).bias[neuron] = 0
        scores.append((before - gap(other)) ** 2)
    return np.array(scores)


def silence_channels(net, X, problem, constraints, *, behind, n_channels):
    """Return eq. 5 of every channel, silenced behind the module named `behind`."""

    def gap(neuron):
        def silence(_module, _args, output):
            keep = torch.ones(n_channels, dtype=output.dtype)
            if neuron is not None:
                keep[neuron] = 0
            return output * keep[:, None, None]

        handle = net.get_submodule(behind).register_forward_hook(silence)
        with torch.no_grad():
            probabilities = probabilities_of(net(X)).tolist()
        handle.remove()
        return slow_output_gap(probabilities, problem, constraints)

    before = gap(None)
    return np.array([(before - gap(neuron)) ** 2 for neuron in range(n_channels)])
