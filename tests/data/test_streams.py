"""Streams: every row as often as every other, shares of strata, seeds."""

from collections import Counter

import pytest
import torch

from skrunner.data import ShuffledStream, StratifiedStream


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("draws", [[3, 4, 5, 9, 1, 7, 6], [30], [1] * 21, [7, 7, 7]])
def test_every_seven_rows_are_a_permutation(draws):
    rows = torch.tensor([2, 3, 5, 7, 11, 13, 17])
    stream = ShuffledStream(rows, generator())
    parts = [stream.draw(n_rows) for n_rows in draws]
    assert [len(part) for part in parts] == draws
    drawn = torch.cat(parts)
    whole = len(drawn) // 7 * 7
    for block in drawn[:whole].split(7):
        assert sorted(block.tolist()) == rows.tolist()
    counts = Counter(drawn.tolist())
    assert max(counts.values()) - min(counts.values()) <= 1


def test_the_stream_does_not_depend_on_how_it_is_cut():
    once = ShuffledStream(torch.arange(5), generator()).draw(20)
    stream = ShuffledStream(torch.arange(5), generator())
    assert torch.cat([stream.draw(n) for n in (3, 7, 10)]).tolist() == once.tolist()


def test_permutations_differ_and_come_from_the_seed():
    def draw(seed):
        return ShuffledStream(torch.arange(20), generator(seed)).draw(40).tolist()

    assert draw(1) == draw(1)
    assert draw(1) != draw(2)
    assert draw(1)[:20] != draw(1)[20:]


def test_every_order_is_as_likely():
    stream = ShuffledStream(torch.arange(3), generator())
    orders = Counter(tuple(stream.draw(3).tolist()) for _ in range(6000))
    assert len(orders) == 6
    # Six standard deviations of a count of 1000 in 6000 draws.
    assert max(abs(count - 1000) for count in orders.values()) < 6 * 28.9


@pytest.mark.parametrize("kind", ["shuffled", "stratified"])
def test_a_stream_goes_on_from_the_state_of_another(kind):
    def make(seed):
        if kind == "shuffled":
            return ShuffledStream(torch.arange(11), generator(seed))
        return StratifiedStream(STRATA, 8, generator(seed))

    stream, later = make(1), make(2)
    stream.draw(5)
    state = stream.state_dict()
    expected = stream.draw(9).tolist()
    later.draw(3)
    later.load_state_dict(state)
    assert later.draw(9).tolist() == expected


def test_length_is_the_number_of_rows():
    assert len(ShuffledStream(torch.arange(4), generator())) == 4


STRATA = [torch.arange(10), torch.arange(10, 14), torch.arange(14, 21)]


@pytest.mark.parametrize(
    ("batch_size", "sizes"), [(9, [3, 3, 3]), (11, [4, 4, 3]), (2, [1, 1, 1])]
)
def test_strata_have_even_shares(batch_size, sizes):
    stream = StratifiedStream(STRATA, batch_size, generator())
    assert stream.sizes == sizes
    drawn = stream.draw(4)
    assert drawn.shape == (4, sum(sizes))
    for batch in drawn:
        for part, rows in zip(batch.split(sizes), STRATA, strict=True):
            assert set(part.tolist()) <= set(rows.tolist())
            if len(rows) % len(part) == 0:
                assert len(set(part.tolist())) == len(part)


def test_rows_of_a_stratum_come_equally_often():
    drawn = StratifiedStream(STRATA, 9, generator()).draw(50).flatten().tolist()
    counts = Counter(drawn)
    for rows in STRATA:
        often = [counts[row] for row in rows.tolist()]
        assert sum(often) == 150
        assert max(often) - min(often) <= 1


def test_short_strata_repeat_evenly():
    stream = StratifiedStream(STRATA, 30, generator())
    drawn = stream.draw(6)
    for batch in drawn:
        often = Counter(batch[10:20].tolist())
        assert set(often) == {10, 11, 12, 13}
        assert max(often.values()) <= 4
    counts = Counter(drawn.flatten().tolist())
    assert [counts[row] for row in range(10, 14)] == [15] * 4


def test_strata_come_from_the_seed():
    def draw(seed):
        return StratifiedStream(STRATA, 9, generator(seed)).draw(3).tolist()

    assert draw(1) == draw(1)
    assert draw(1) != draw(2)
