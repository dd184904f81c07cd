"""Bars of neurons against a table worked by hand, and against a real diagnosis."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib import colormaps

from skrunner import NeuronDiagnosis, diagnose_neurons
from skrunner.plotting import plot_importance

# Two layers, three and two neurons.
IMPORTANCE = [0.1, 0.4, 0.0, 0.3, 0.2]
DISTANCE = [0.5, 0.25, 0.0, 1.0, 2.0]


def diagnosis(importance=IMPORTANCE, discrimination=DISTANCE):
    values = np.asarray(importance, dtype=float)
    return NeuronDiagnosis(
        layer=np.array(["hidden.0"] * 3 + ["hidden.2"] * 2, dtype=object),
        neuron=np.array([0, 1, 2, 0, 1]),
        importance=values,
        discrimination=np.asarray(discrimination, dtype=float),
        discrimination_by_pair=np.asarray(discrimination, dtype=float)[:, None],
        rank=np.array([2, 1, 3, 1, 2]),
        selected=np.array([False, True, False, True, False]),
    )


def bars(ax):
    """Return name and length of the bars, from the top down."""
    names = [label.get_text() for label in ax.get_yticklabels()]
    order = sorted(
        zip(ax.get_yticks(), names, ax.patches, strict=True), key=lambda bar: -bar[0]
    )
    for position, _, bar in order:
        assert bar.get_y() + bar.get_height() / 2 == pytest.approx(position)
    return [(name, bar.get_width()) for _, name, bar in order]


def test_shares_from_the_most_important_down():
    ax = plot_importance(diagnosis())
    names, shares = zip(*bars(ax), strict=True)
    assert names == (
        "hidden.0[1]",
        "hidden.2[0]",
        "hidden.2[1]",
        "hidden.0[0]",
        "hidden.0[2]",
    )
    np.testing.assert_allclose(shares, [0.4, 0.3, 0.2, 0.1, 0.0], atol=1e-12)
    assert ax.get_xlabel() == "share of the unfairness importance"
    assert ax.get_title() == "Most responsible neurons of 5"


def test_shares_are_of_all_neurons_not_of_those_drawn():
    ax = plot_importance(diagnosis(np.multiply(IMPORTANCE, 7)), n_neurons=2)
    assert [name for name, _ in bars(ax)] == ["hidden.0[1]", "hidden.2[0]"]
    np.testing.assert_allclose([share for _, share in bars(ax)], [0.4, 0.3])
    assert ax.get_title() == "Most responsible neurons of 5"


def test_colors_are_the_distances_from_zero_to_the_largest_of_all():
    ax = plot_importance(diagnosis(), n_neurons=2)  # neuron 1 of hidden.2 is not drawn
    found = [bar.get_facecolor() for bar in ax.patches[::-1]]
    expected = [colormaps["viridis"](distance / 2.0) for distance in (0.25, 1.0)]
    np.testing.assert_allclose(found, expected)
    _, colorbar = ax.figure.axes
    assert colorbar.get_ylabel() == "activation distance between groups"
    assert colorbar.get_ylim() == (0, 2)


def test_zero_importance_has_bars_of_no_length_in_forward_order():
    ax = plot_importance(diagnosis([0.0] * 5, [0.0] * 5), n_neurons=4)
    assert bars(ax) == [
        ("hidden.0[0]", 0),
        ("hidden.0[1]", 0),
        ("hidden.0[2]", 0),
        ("hidden.2[0]", 0),
    ]
    lowest = colormaps["viridis"](0.0)
    np.testing.assert_allclose(
        [bar.get_facecolor() for bar in ax.patches], [lowest] * 4
    )
    assert ax.figure.axes[1].get_ylim() == (0, 1)


def test_of_equals_the_first_leads_among_many():
    # More than sixteen, where an unstable sort would mix equals up.
    n = 40
    many = NeuronDiagnosis(
        layer=np.array(["wide"] * n, dtype=object),
        neuron=np.arange(n),
        importance=np.array([1.0, 2.0] * (n // 2)),
        discrimination=np.ones(n),
        discrimination_by_pair=np.ones((n, 1)),
        rank=np.arange(1, n + 1),
        selected=np.zeros(n, dtype=bool),
    )
    names = [name for name, _ in bars(plot_importance(many, n_neurons=22))]
    expected = [*range(1, n, 2), 0, 2]
    assert names == [f"wide[{neuron}]" for neuron in expected]


def test_signed_importance_points_both_ways():
    ax = plot_importance(diagnosis([0.2, -0.5, 0.1, -0.1, 0.1]))
    names, shares = zip(*bars(ax), strict=True)
    assert names[0] == "hidden.0[0]"
    assert names[-1] == "hidden.0[1]"
    np.testing.assert_allclose(shares, [0.2, 0.1, 0.1, -0.1, -0.5])


def test_a_real_diagnosis_of_three_groups():
    rng = np.random.default_rng(0)
    groups = rng.choice(["a", "b", "c"], 200, p=[0.5, 0.3, 0.2])
    X = rng.normal(size=(200, 2)) + (groups == "a")[:, None]
    net = torch.nn.Sequential(
        torch.nn.Linear(2, 20), torch.nn.ReLU(), torch.nn.Linear(20, 1)
    )
    found = diagnose_neurons(net, X.astype("float32"), sensitive_features=groups)
    drawn = bars(plot_importance(found))
    assert len(drawn) == 15
    ranks = [found.rank[int(name[2:-1])] for name, _ in drawn]
    assert ranks == [*range(1, 16)]
    shares = np.sort(found.importance / found.importance.sum())[::-1]
    np.testing.assert_allclose([share for _, share in drawn], shares[:15])


def test_it_draws_on_passed_axes():
    figure, (left, right) = plt.subplots(1, 2)
    assert plot_importance(diagnosis(), ax=right) is right
    assert len(right.patches) == 5
    assert len(left.patches) == 0
    assert plt.get_fignums() == [figure.number]
    assert plot_importance(diagnosis()).figure is not figure


@pytest.mark.parametrize("n_neurons", [0, -1])
def test_no_neurons(n_neurons):
    with pytest.raises(ValueError, match=rf"at least 1, got {n_neurons}"):
        plot_importance(diagnosis(), n_neurons=n_neurons)


def test_no_diagnosis():
    with pytest.raises(TypeError, match=r"got DataFrame.*diagnose_neurons"):
        plot_importance(diagnosis().to_frame())
