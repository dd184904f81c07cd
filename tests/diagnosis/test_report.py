"""The table of a diagnosis."""

import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skrunner.diagnosis import diagnose_neurons
from tests.diagnosis.oracles import make_mlp, make_rows

COLUMNS = ["layer", "neuron", "importance", "discrimination", "rank", "selected"]


@pytest.fixture(params=["taylor", "signed"])
def diagnosis(request):
    X, problem = make_rows()
    names = ["abc"[g] for g in problem.groups]
    return diagnose_neurons(
        make_mlp(),
        X,
        sensitive_features=names,
        importance=request.param,
        neuron_ratio=0.4,
    )


def test_columns(diagnosis):
    frame = diagnosis.to_frame()
    assert frame.columns.tolist() == COLUMNS
    assert frame["layer"].tolist() == ["layers.0"] * 6 + ["layers.2"] * 5
    assert frame["neuron"].tolist() == [*range(6), *range(5)]
    for name in COLUMNS:
        assert_array_equal(frame[name].to_numpy(), getattr(diagnosis, name))
    assert frame["selected"].dtype == bool


def test_columns_by_pair(diagnosis):
    frame = diagnosis.to_frame(by_pair=True)
    pairs = [f"discrimination[{pair}]" for pair in ("a, b", "a, c", "b, c")]
    assert frame.columns.tolist() == [*COLUMNS, *pairs]
    assert_array_equal(frame[pairs].to_numpy(), diagnosis.discrimination_by_pair)
    np.testing.assert_allclose(frame[pairs].mean(axis=1), frame["discrimination"])


def test_ranks_run_within_layers_and_agree_with_the_selection(diagnosis):
    frame = diagnosis.to_frame()
    for layer, k in (("layers.0", 2), ("layers.2", 2)):
        part = frame[frame["layer"] == layer].sort_values("rank")
        assert part["rank"].tolist() == [*range(1, len(part) + 1)]
        assert (np.diff(part["importance"]) <= 0).all()
        assert part["selected"].tolist() == [True] * k + [False] * (len(part) - k)


def test_all_selects_every_neuron_whatever_the_ratio():
    X, problem = make_rows()
    names = ["abc"[g] for g in problem.groups]
    diagnosis = diagnose_neurons(
        make_mlp(), X, sensitive_features=names, importance="all", neuron_ratio=0.1
    )
    assert diagnosis.selected.all()


def test_ratio_one_selects_all_and_a_tiny_one_the_first():
    X, problem = make_rows()
    net = make_mlp()
    options = {"sensitive_features": problem.groups}
    assert diagnose_neurons(net, X, neuron_ratio=1, **options).selected.all()
    tiny = diagnose_neurons(net, X, neuron_ratio=1e-3, **options).to_frame()
    assert tiny.loc[tiny["selected"], "rank"].tolist() == [1, 1]


def test_is_frozen_and_says_what_it_is(diagnosis):
    with pytest.raises(dataclasses.FrozenInstanceError):
        diagnosis.gap = 0.0
    assert len(diagnosis) == 11
    expected = (
        "NeuronDiagnosis(11 neurons in 2 layers, 4 selected, demographic_parity, "
        f"gap={diagnosis.gap:.4f}, n_samples=240)"
    )
    assert repr(diagnosis) == expected
