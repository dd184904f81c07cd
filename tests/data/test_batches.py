"""Batches of an epoch: which rows they hold, how often, and from which seed."""

import warnings
from collections import Counter
from dataclasses import replace

import pytest
import torch

from skrunner.data import EpochBatches, GroupDataset, rows_by_code, strata_of
from skrunner.exceptions import SmallGroupWarning
from skrunner.groups import CONSTRAINTS
from tests.data.rows import indices, make_dataset, two_columns

SAMPLINGS = ("plain", "shared", "two_stream", "balanced")


def epochs_of(batches, n_epochs=2):
    return [list(batches) for _ in range(n_epochs)]


@pytest.mark.parametrize("sampling", ["plain", "shared", "two_stream"])
@pytest.mark.parametrize("batch_size", [80, 41, 40, 27, 16, 7, 1])
def test_an_epoch_is_one_pass_in_batches_of_even_size(batch_size, sampling):
    data = make_dataset()
    batches = EpochBatches(
        data, batch_size=batch_size, sampling=sampling, fairness_batch_size=6
    )
    assert len(batches) == -(-len(data) // batch_size)
    for epoch in epochs_of(batches, 3):
        assert len(epoch) == len(batches)
        sizes = [batch.n_predictive for batch in epoch]
        assert max(sizes) <= batch_size
        assert max(sizes) - min(sizes) <= 1
        rows = [i for b in epoch for i in indices(b, slice(b.n_predictive))]
        assert sorted(rows) == list(range(len(data)))


@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize("batch_size", [81, 18])
def test_flags_travel_with_their_rows(batch_size, sampling):
    data = make_dataset()
    options = {"batch_size": batch_size, "sampling": sampling, "fairness_batch_size": 6}
    assert all(batch.flagged is None for batch in EpochBatches(data, **options))
    rows = torch.arange(len(data)).flip(0)
    flagged = replace(data, flagged=data.X[:, 0] % 3 == 0).take(rows)
    for batch in EpochBatches(flagged, **options):
        assert batch.flagged.tolist() == [i % 3 == 0 for i in indices(batch)]


@pytest.mark.parametrize("sampling", ["plain", "shared", "two_stream"])
def test_a_number_of_steps_gives_whole_batches_that_cover_the_rows(sampling):
    data = make_dataset()
    batches = EpochBatches(
        data,
        batch_size=12,
        sampling=sampling,
        steps_per_epoch=5,
        fairness_batch_size=6,
    )
    assert len(batches) == 5
    drawn = []
    for epoch in epochs_of(batches, 4):
        assert [batch.n_predictive for batch in epoch] == [12] * 5
        drawn += [i for b in epoch for i in indices(b, slice(b.n_predictive))]
    counts = Counter(drawn)
    assert len(drawn) == 240
    assert set(counts) == set(range(len(data)))
    assert max(counts.values()) - min(counts.values()) <= 1


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_labels_groups_and_weights_stay_with_their_rows(sampling, weighted):
    data = make_dataset(weighted=weighted)
    for batch in EpochBatches(
        data, batch_size=18, sampling=sampling, fairness_batch_size=6
    ):
        rows = indices(batch)
        assert batch.y.tolist() == data.y[rows].tolist()
        assert batch.groups.tolist() == data.groups[rows].tolist()
        if weighted:
            assert batch.weight.tolist() == data.weight[rows].tolist()
        else:
            assert batch.weight is None


def groups_or_cells(batch, constraints):
    if constraints == "demographic_parity":
        return batch.groups[batch.fair_from :].tolist()
    cells = torch.stack([batch.groups, batch.y], 1)[batch.fair_from :]
    return [tuple(cell) for cell in cells.tolist()]


@pytest.mark.parametrize("sampling", ["balanced", "two_stream"])
@pytest.mark.parametrize("constraints", CONSTRAINTS)
def test_strata_have_equal_shares_of_every_batch(constraints, sampling):
    data = make_dataset()
    batches = EpochBatches(
        data,
        batch_size=24,
        sampling=sampling,
        constraints=constraints,
        fairness_batch_size=12,
    )
    # Parity of one rate looks at one label; the predictive loss needs both.
    one_label = constraints.endswith("rate_parity") and sampling == "two_stream"
    n_strata = 3 if one_label or constraints == "demographic_parity" else 6
    n_fair = 12 if sampling == "two_stream" else 24
    assert batches.n_fair == n_fair
    for batch in batches:
        counts = Counter(groups_or_cells(batch, constraints))
        assert len(counts) == n_strata
        assert set(counts.values()) == {n_fair // n_strata}
        if one_label:
            label = int(constraints.startswith("true"))
            assert set(batch.y[batch.fair_from :].tolist()) == {label}


@pytest.mark.parametrize("sampling", ["balanced", "two_stream"])
def test_other_strata_have_equal_shares_too(sampling):
    data = make_dataset()
    batches = EpochBatches(
        data,
        batch_size=20,
        sampling=sampling,
        constraints="equalized_odds",
        strata=rows_by_code(data.y),
        fairness_batch_size=14,
    )
    half = 7 if sampling == "two_stream" else 10
    for batch in batches:
        assert Counter(batch.y[batch.fair_from :].tolist()) == {0: half, 1: half}


def test_two_streams_lie_one_behind_the_other():
    data = make_dataset()
    batches = EpochBatches(
        data,
        batch_size=30,
        sampling="two_stream",
        constraints="equalized_odds",
        fairness_batch_size=12,
    )
    for batch in batches:
        assert batch.n_predictive == batch.fair_from == 27
        assert len(batch.y) == len(batch.X) == len(batch.groups) == 39


@pytest.mark.parametrize("sampling", ["plain", "shared", "balanced"])
def test_one_stream_serves_both_terms(sampling):
    for batch in EpochBatches(make_dataset(), batch_size=30, sampling=sampling):
        assert (batch.n_predictive, batch.fair_from) == (len(batch.y), 0)


@pytest.mark.parametrize("sampling", ["plain", "shared", "balanced"])
def test_without_two_streams_the_fairness_rows_are_the_batch(sampling):
    batches = EpochBatches(make_dataset(), batch_size=30, sampling=sampling)
    assert batches.n_fair == 30


@pytest.mark.parametrize(
    ("sizes", "batch_size", "n_fair"),
    [
        ((900, 600, 500), 300, 500),  # 500, whatever the batch
        ((900, 600, 500), 1400, 700),  # half of the batch
        ((900, 600, 100), 300, 300),  # no row of the smallest group twice
        ((900, 600, 40), 300, 120),
        ((900, 600, 33), 300, 99),
    ],
)
def test_fairness_rows_of_two_streams_by_default(sizes, batch_size, n_fair):
    groups = torch.repeat_interleave(torch.arange(3), torch.tensor(sizes))
    labels = torch.arange(len(groups)) % 2
    data = GroupDataset(torch.zeros(len(groups), 1), labels, groups, 3, 2)
    batches = EpochBatches(data, batch_size=batch_size, sampling="two_stream")
    assert batches.n_fair == n_fair


def test_a_tiny_group_is_repeated_by_default_and_named():
    groups = (torch.arange(200) < 20).long()
    data = GroupDataset(torch.zeros(200, 1), groups, groups, 2, 2)
    with pytest.warns(SmallGroupWarning, match="20 of 32"):
        batches = EpochBatches(data, batch_size=50, sampling="two_stream")
    assert batches.n_fair == 64


@pytest.mark.parametrize("steps", [None, 5])
def test_plain_rows_do_not_depend_on_the_fairness_stream(steps):
    data = make_dataset()

    def plain_rows(sampling, **others):
        options = {"fairness_batch_size": 6, "steps_per_epoch": steps, **others}
        batches = EpochBatches(data, batch_size=16, sampling=sampling, **options)
        return [
            indices(batch, slice(batch.n_predictive))
            for epoch in epochs_of(batches, 3)
            for batch in epoch
        ]

    alone = plain_rows("plain", seeds=(3, 4))
    assert plain_rows("shared", seeds=(3, 4)) == alone
    assert plain_rows("two_stream", seeds=(3, 4)) == alone
    assert plain_rows("two_stream", seeds=(3, 5), fairness_batch_size=9) == alone


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_same_seeds_same_rows_other_seeds_other_rows(sampling):
    data = make_dataset()

    def rows(seeds):
        batches = EpochBatches(
            data, batch_size=16, sampling=sampling, fairness_batch_size=16, seeds=seeds
        )
        return [[indices(batch) for batch in epoch] for epoch in epochs_of(batches)]

    assert rows((1, 2)) == rows((1, 2))
    first, second = rows((1, 2))
    assert first != second
    matters = {"plain": 0, "shared": 0, "balanced": 1}.get(sampling)
    assert (rows((1, 3)) == rows((1, 2))) == (matters == 0)
    assert (rows((3, 2)) == rows((1, 2))) == (matters == 1)


@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize("batch_size", [81, 1000])
def test_full_batches_hold_all_rows_and_draw_nothing(batch_size, sampling):
    data = make_dataset(weighted=True)
    batches = EpochBatches(
        data, batch_size=batch_size, sampling=sampling, steps_per_epoch=3
    )
    states = [batches._plain._generator.get_state()]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        epoch = list(batches)
    assert batches.full
    assert batches.n_fair == len(data)
    assert len(epoch) == 3
    for batch in epoch:
        assert batch.X is data.X
        if sampling == "balanced":  # its groups count alike
            shares = len(data) / (data.n_groups * data.groups.bincount())
            torch.testing.assert_close(batch.weight, data.weight * shares[data.groups])
        else:
            assert batch.weight is data.weight
        assert (batch.n_predictive, batch.fair_from) == (len(data), 0)
        assert batch.same_cells
    assert torch.equal(batches._plain._generator.get_state(), states[0])
    assert len(EpochBatches(data, batch_size=batch_size)) == 1


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("constraints", CONSTRAINTS)
@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_same_cells_is_kept(sampling, constraints, weighted):
    """Batches of one length that promise it hold the same strata in the same places."""
    batches = EpochBatches(
        make_dataset(weighted=weighted),
        batch_size=18,
        sampling=sampling,
        constraints=constraints,
        fairness_batch_size=12,
    )
    seen = {}
    for batch in [batch for epoch in epochs_of(batches) for batch in epoch]:
        promised = sampling in ("balanced", "two_stream") and not weighted
        assert batch.same_cells == promised
        if promised:
            cells = groups_or_cells(batch, constraints)
            assert seen.setdefault(len(batch.y), cells) == cells
    assert bool(seen) == (sampling in ("balanced", "two_stream") and not weighted)


def test_short_strata_warn_once_and_repeat_evenly():
    data = make_dataset()
    with pytest.warns(
        SmallGroupWarning, match=r"2 group\(s\) or cell\(s\).*7 of 8, 4 of 8"
    ):
        batches = EpochBatches(
            data,
            batch_size=48,
            sampling="balanced",
            constraints="equalized_odds",
            steps_per_epoch=4,
        )
    shortest = strata_of(data, "equalized_odds", all_labels=True)[5].tolist()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        epoch = list(batches)
    for batch in epoch:
        counts = Counter(indices(batch))
        assert [counts[row] for row in shortest] == [2] * 4


def test_sufficient_strata_do_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        EpochBatches(
            make_dataset(),
            batch_size=24,
            sampling="balanced",
            constraints="equalized_odds",
        )


def test_groups_of_two_sensitive_columns_have_equal_shares():
    columns, data = two_columns(200)
    batches = EpochBatches(
        data, batch_size=50, sampling="two_stream", fairness_batch_size=18
    )
    for batch in batches:
        rows = indices(batch, slice(batch.fair_from, None))
        counts = Counter(tuple(columns[row]) for row in rows)
        assert len(counts) == 6
        assert set(counts.values()) == {3}


def test_unknown_sampling_is_named():
    with pytest.raises(ValueError, match=r"sampling='random'.*plain, shared"):
        EpochBatches(make_dataset(), batch_size=4, sampling="random")
