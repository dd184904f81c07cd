"""A whole diagnosis against neurons that are scaled or removed one by one."""

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from skrunner.diagnosis import diagnose_neurons
from skrunner.exceptions import SmallGroupWarning
from skrunner.groups import CONSTRAINTS
from skrunner.nn import ActivationRecorder
from tests.diagnosis.oracles import (
    brute_force,
    make_conv,
    make_images,
    make_mlp,
    make_rows,
    probabilities_of,
    silence_channels,
    slow_importance,
)
from tests.gaps.oracles import (
    SHAPES,
    slow_activation_gap,
    slow_output_gap,
    slow_pairwise_gap,
)

HIDDEN = {"layers.0": "layers.1", "layers.2": "layers.3"}
CONVOLUTIONS = {"features.0": "features.2", "features.3": "features.5"}
CRITERIA = ["sum_sq", "taylor", "signed"]
CLOSE = {"rtol": 1e-6, "atol": 1e-16}


def diagnose(net, X, problem, **options):
    return diagnose_neurons(
        net, X, problem.labels, sensitive_features=problem.groups, **options
    )


def of_layer(diagnosis, layer):
    return diagnosis.importance[diagnosis.layer == layer]


@pytest.mark.parametrize("importance", [*CRITERIA, "auto"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("constraints", CONSTRAINTS)
def test_linear_layers(constraints, shape, importance):
    X, problem = make_rows(*shape)
    net = make_mlp(1 if problem.n_classes == 2 else problem.n_classes)
    options = {"constraints": constraints, "importance": importance}
    diagnosis = diagnose(net, X, problem, **options)
    for layer, behind in HIDDEN.items():
        name = "sum_sq" if importance == "auto" else importance
        expected = slow_importance(
            net, X, problem, constraints, importance=name, layer=layer, behind=behind
        )
        assert_allclose(of_layer(diagnosis, layer), expected, **CLOSE)


@pytest.mark.parametrize("importance", [*CRITERIA, "auto"])
def test_convolutions(importance):
    net, (X, problem) = make_conv(), make_images()
    for constraints in ("demographic_parity", "equalized_odds"):
        options = {"constraints": constraints, "importance": importance}
        diagnosis = diagnose(net, X, problem, **options)
        for layer, behind in CONVOLUTIONS.items():
            name = "taylor" if importance == "auto" else importance
            expected = slow_importance(
                net,
                X,
                problem,
                constraints,
                importance=name,
                layer=layer,
                behind=behind,
            )
            assert_allclose(of_layer(diagnosis, layer), expected, **CLOSE)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("constraints", CONSTRAINTS)
def test_exact_is_the_removal_of_weights_and_bias(constraints, shape):
    X, problem = make_rows(*shape)
    net = make_mlp(1 if problem.n_classes == 2 else problem.n_classes)
    options = {"constraints": constraints, "importance": "exact", "batch_size": 100}
    diagnosis = diagnose(net, X, problem, **options)
    for layer in HIDDEN:
        expected = brute_force(net, X, problem, constraints, layer)
        assert_allclose(of_layer(diagnosis, layer), expected, **CLOSE)


def test_exact_silences_the_channels_of_convolutions_behind_norm_and_relu():
    net, (X, problem) = make_conv(), make_images()
    options = {"constraints": "equalized_odds", "importance": "exact"}
    diagnosis = diagnose(net, X, problem, **options)
    for layer, behind in CONVOLUTIONS.items():
        score = of_layer(diagnosis, layer)
        expected = silence_channels(
            net, X, problem, "equalized_odds", behind=behind, n_channels=len(score)
        )
        assert_allclose(score, expected, **CLOSE)


@pytest.mark.parametrize("constraints", CONSTRAINTS)
@pytest.mark.parametrize("case", ["mlp", "conv", "three classes"])
def test_gap_and_discrimination(case, constraints):
    if case == "conv":
        net, (X, problem), layers = make_conv(), make_images(), CONVOLUTIONS
    else:
        n_classes = 3 if case == "three classes" else 2
        X, problem = make_rows(3, n_classes)
        net, layers = make_mlp(3 if n_classes == 3 else 1), HIDDEN
    diagnosis = diagnose(net, X, problem, constraints=constraints, batch_size=50)
    with (
        torch.no_grad(),
        ActivationRecorder(
            {name: net.get_submodule(name) for name in layers}
        ) as recorder,
    ):
        probabilities = probabilities_of(net(X)).tolist()
    expected = slow_output_gap(probabilities, problem, constraints)
    assert diagnosis.gap == pytest.approx(expected, rel=1e-9)
    for layer in layers:
        rows = diagnosis.layer == layer
        arguments = (recorder.activations[layer], problem, constraints)
        expected = slow_activation_gap(*arguments)
        assert_allclose(diagnosis.discrimination[rows], expected, rtol=1e-9)
        expected = slow_pairwise_gap(*arguments)
        assert_allclose(diagnosis.discrimination_by_pair[rows], expected, rtol=1e-9)


def test_an_empty_cell_is_left_out_with_a_warning():
    X, problem = make_rows(3, 2, empty_cell=True)
    net, constraints = make_mlp(), "equalized_odds"
    with pytest.warns(SmallGroupWarning, match="without a row.*2 with label 1"):
        diagnosis = diagnose(net, X, problem, constraints=constraints)
    probabilities = probabilities_of(net(X).detach()).tolist()
    expected = slow_output_gap(probabilities, problem, constraints)
    assert diagnosis.gap == pytest.approx(expected, rel=1e-9)
    for layer, behind in HIDDEN.items():
        expected = slow_importance(
            net,
            X,
            problem,
            constraints,
            importance="taylor",
            layer=layer,
            behind=behind,
        )
        assert_allclose(of_layer(diagnosis, layer), expected, **CLOSE)


@pytest.mark.parametrize("batch_size", [1, 7, 239, 240, 10_000])
@pytest.mark.parametrize("importance", [*CRITERIA, "exact", "all"])
def test_chunks_give_what_one_pass_gives(importance, batch_size):
    X, problem = make_rows(3, 2)
    net = make_mlp()
    options = {"constraints": "equalized_odds", "importance": importance}
    if importance == "exact" and batch_size == 1:
        batch_size = 60
    whole = diagnose(net, X, problem, **options)
    parts = diagnose(net, X, problem, **options, batch_size=batch_size)
    assert_allclose(parts.importance, whole.importance, rtol=1e-9, atol=1e-18)
    assert_allclose(parts.discrimination, whole.discrimination, rtol=1e-9, atol=1e-15)
    assert parts.gap == pytest.approx(whole.gap, rel=1e-9)
    assert parts.n_samples == 240


@pytest.mark.parametrize("importance", [*CRITERIA, "exact"])
def test_groups_are_exchangeable_and_rows_too(importance):
    X, problem = make_rows(3, 2)
    net = make_mlp()
    options = {"constraints": "equalized_odds", "importance": importance}
    before = diagnose(net, X, problem, **options).importance
    problem.groups = ["zxy"[g] for g in problem.groups]
    assert_allclose(diagnose(net, X, problem, **options).importance, before, **CLOSE)
    order = np.random.default_rng(0).permutation(len(X))
    for name in ("groups", "labels"):
        setattr(problem, name, np.array(getattr(problem, name))[order].tolist())
    after = diagnose(net, X[order], problem, **options).importance
    assert_allclose(after, before, **CLOSE)


def test_two_sensitive_columns_intersect():
    X, problem = make_rows(3, 2)
    net = make_mlp()
    pair = pd.DataFrame(
        {
            "sex": ["f" if g == 0 else "m" for g in problem.groups],
            "race": ["b" if g == 2 else "a" for g in problem.groups],
        }
    )
    joined = diagnose_neurons(net, X, sensitive_features=pair)
    single = diagnose_neurons(net, X, sensitive_features=problem.groups)
    assert joined.pairs == (
        ("f & a", "m & a"),
        ("f & a", "m & b"),
        ("m & a", "m & b"),
    )
    assert_array_equal(joined.importance, single.importance)


def test_random_scores_follow_random_state_alone():
    X, problem = make_rows()
    net = make_mlp()

    def scores(random_state):
        options = {"importance": "random", "random_state": random_state}
        return diagnose(net, X, problem, **options).importance

    assert_array_equal(scores(0), scores(0))
    assert_array_equal(scores(0), scores(np.random.RandomState(0)))
    assert not np.array_equal(scores(0), scores(1))
    assert not np.array_equal(scores(None), scores(None))


def test_layers_are_chosen_by_name_and_in_forward_order():
    X, problem = make_rows()
    net = make_mlp()
    whole = diagnose(net, X, problem)
    assert list(dict.fromkeys(whole.layer)) == list(HIDDEN)
    part = diagnose(net, X, problem, layers="layers.2")
    assert set(part.layer) == {"layers.2"}
    assert_array_equal(part.importance, of_layer(whole, "layers.2"))
    output = diagnose(net, X, problem, layers=["layers.4"])
    with torch.no_grad():
        logits = net(X)[:, :1]
    expected = slow_activation_gap(logits, problem, "demographic_parity")
    assert_allclose(output.discrimination, expected, rtol=1e-9)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_module_keeps_its_type_and_single_precision_agrees(dtype):
    X, problem = make_rows()
    net = make_mlp()
    reference = diagnose(net, X, problem)
    net = net.to(dtype)
    for rows in (X, X.float(), X.numpy(), X.float().numpy()):
        diagnosis = diagnose(net, rows, problem)
        assert next(net.parameters()).dtype == dtype
        assert diagnosis.importance.dtype == np.float64
        assert diagnosis.discrimination.dtype == np.float64
        rtol = 1e-3 if torch.float32 in (dtype, torch.as_tensor(rows).dtype) else 1e-12
        assert_allclose(diagnosis.importance, reference.importance, rtol, 1e-9)
        assert_allclose(diagnosis.discrimination, reference.discrimination, rtol)
