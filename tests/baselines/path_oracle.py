"""Paths traced row by row and neuron by neuron, in plain Python."""

from fractions import Fraction


def relu(values):
    return [max(value, 0.0) for value in values]


def run(layers, row):
    """Return the activations of all layers; a layer is (weight, bias, function)."""
    activations, values = [], list(row)
    for weight, bias, function in layers:
        values = function(
            [
                sum(w * v for w, v in zip(line, values, strict=True)) + b
                for line, b in zip(weight, bias, strict=True)
            ]
        )
        activations.append(values)
    return activations


def head(contributions, target, gamma):
    """Return the units whose contributions reach the target, the greatest first."""
    order = sorted(range(len(contributions)), key=lambda k: -contributions[k])
    taken, total = [], 0
    for unit in order:
        taken.append(unit)
        total += contributions[unit]
        if total >= Fraction(gamma) * target:
            break
    return taken


def explain(layer, activations, *, unit, gamma, means):
    """Return the units of the layer before that explain a unit; sums are exact."""
    weight, bias = layer[0][unit], layer[1][unit]
    if means is None:
        parts = [Fraction(v * w) for v, w in zip(activations, weight, strict=True)]
        return head(parts, sum(parts) + Fraction(bias), gamma)
    parts = [
        Fraction((v - mean) * w)
        for v, mean, w in zip(activations, means, weight, strict=True)
    ]
    sign = -1 if sum(parts) < 0 else 1
    return head([sign * part for part in parts], sign * sum(parts), gamma)


def path_of(layers, row, gamma, means=None):
    """Return the path of a row: a set of (layer, unit before, unit)."""
    activations = run(layers, row)
    logits = activations[-1]
    active, path = {max(range(len(logits)), key=logits.__getitem__)}, set()
    for index in range(len(layers) - 1, 0, -1):
        links = {
            (index, k, j)
            for j in active
            for k in explain(
                layers[index],
                activations[index - 1],
                unit=j,
                gamma=gamma,
                means=None if means is None else means[index - 1],
            )
        }
        path |= links
        active = {k for _, k, _ in links}
    return frozenset(path)


def mean_activations(layers, rows, weight=None):
    """Return the mean of every unit over the rows."""
    weight = [1.0] * len(rows) if weight is None else list(weight)
    every = [run(layers, row) for row in rows]
    return [
        [
            sum(w * acts[index][unit] for w, acts in zip(weight, every, strict=True))
            / sum(weight)
            for unit in range(len(layer[0]))
        ]
        for index, layer in enumerate(layers)
    ]


def paths_of(layers, rows, gamma, baseline, weight=None):
    """Return the path of every row."""
    means = mean_activations(layers, rows, weight) if baseline == "mean" else None
    return [path_of(layers, row, gamma, means) for row in rows]


def layers_of(linears, functions=None):
    """Turn linear layers of torch into the oracle's; ReLU between them by default."""
    functions = functions or [relu] * (len(linears) - 1)
    return [
        (
            linear.weight.tolist(),
            [0.0] * linear.out_features
            if linear.bias is None
            else linear.bias.tolist(),
            function,
        )
        for linear, function in zip(linears, [*functions, list], strict=True)
    ]
