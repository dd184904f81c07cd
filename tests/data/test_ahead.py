"""Reading ahead: the order stays, errors arrive, threads end, few batches are alive."""

import threading
import weakref

import pytest
import torch

from skrunner.data import EpochBatches, GroupDataset, PixelOptions, PixelRows
from skrunner.data._ahead import READ_AHEAD, chunks_of, inputs_of, rows_at_once

N = 40


class Numbered:
    """Row i has pixels of i; what is decoded is counted, and may fail."""

    shape = (N, 3, 2, 2)

    def __init__(self, bad=()):
        self.bad = set(bad)
        self.threads = set()

    def __len__(self):
        return N

    def decode(self, rows=None, out=None):
        self.threads.add(threading.current_thread())
        if self.bad & set(rows.tolist()):
            raise OSError(f"cannot read {sorted(self.bad)}")
        out[...] = rows.reshape(-1, 1, 1, 1)
        return out


def rows_of(source, **options):
    options = {"storage": "files", "transform": torch.Tensor.float, **options}
    return PixelRows(source, PixelOptions(**options))


def numbers(batch):
    return batch[:, 0, 0, 0].tolist()


PLANS = [(torch.tensor([i, (7 * i) % N]), f"plan {i}") for i in range(13)]


def test_batches_come_in_the_order_of_their_plans():
    source = Numbered()
    found = [(plan, numbers(X)) for plan, X in inputs_of(rows_of(source), PLANS)]
    assert [plan for plan, _ in found] == PLANS
    assert [each for _, each in found] == [rows.tolist() for rows, _ in PLANS]
    assert threading.current_thread() not in source.threads
    assert len(source.threads) == 1
    assert not any(thread.is_alive() for thread in source.threads)


@pytest.mark.parametrize("n_plans", [0, 1, 2, 3, 4])
def test_fewer_plans_than_are_read_ahead(n_plans):
    found = [X for _, X in inputs_of(rows_of(Numbered()), PLANS[:n_plans])]
    assert [numbers(X) for X in found] == [rows.tolist() for rows, _ in PLANS[:n_plans]]


def test_an_error_of_the_decoder_comes_in_its_place():
    source = Numbered(bad=[5])
    batches = inputs_of(rows_of(source), PLANS)
    assert [next(batches)[0][1] for _ in range(5)] == [f"plan {i}" for i in range(5)]
    with pytest.raises(OSError, match=r"cannot read \[5\]"):
        next(batches)
    assert not any(thread.is_alive() for thread in source.threads)


def test_an_error_of_the_plans():
    source = Numbered()

    def broken():
        yield from PLANS[:5]
        raise RuntimeError("no more rows")

    with pytest.raises(RuntimeError, match="no more rows"):
        list(inputs_of(rows_of(source), broken()))
    assert not any(thread.is_alive() for thread in source.threads)


def test_whoever_stops_in_between_ends_the_thread():
    source = Numbered()
    codes = torch.arange(N) % 2
    data = GroupDataset(rows_of(source), codes, codes, n_groups=2, n_classes=2)
    batches = iter(EpochBatches(data, batch_size=4))
    next(batches)
    assert any(thread.is_alive() for thread in source.threads)
    batches.close()
    assert not any(thread.is_alive() for thread in source.threads)


def test_few_batches_are_alive_at_a_time(monkeypatch):
    """The two that wait and the one being read, of forty, if training is slower."""
    alive, most, read = set(), [], PixelRows.read

    def counted(self, key):
        pixels = read(self, key)
        token = object()
        alive.add(token)
        most.append(len(alive))
        weakref.finalize(pixels, alive.discard, token)
        return pixels

    monkeypatch.setattr(PixelRows, "read", counted)
    plans = [(torch.tensor([i]),) for i in range(N)]
    waiting = threading.Event()
    for _ in inputs_of(rows_of(Numbered()), plans):
        waiting.wait(0.002)  # the thread reads as far as it may
    assert len(most) == N
    assert READ_AHEAD <= max(most) <= READ_AHEAD + 1
    assert not alive


def test_full_tensors_are_not_copied():
    X = torch.arange(6.0)[:, None]
    (_, whole), (_, part) = inputs_of(X, [(slice(None),), (torch.tensor([4, 1]),)])
    assert whole is X
    assert part.tolist() == [[4.0], [1.0]]


@pytest.mark.parametrize("n_rows", [1, 7, N, 1000])
@pytest.mark.parametrize("storage", ["files", "device"])
def test_chunks_are_all_rows_in_order_without_augmentation(storage, n_rows):
    X = rows_of(Numbered(), storage=storage, augment=lambda pixels: pixels + 100)
    chunks = [numbers(chunk) for chunk in chunks_of(X.to("cpu"), n_rows)]
    assert [row for chunk in chunks for row in chunk] == list(range(N))
    assert {len(chunk) for chunk in chunks[:-1]} <= {n_rows}


def test_large_rows_take_smaller_chunks():
    # 2^25 numbers at a time: 128 MB of single precision.
    shapes = {(9, 5): 4096, (9, 3, 224, 224): 222, (9, 3, 4000, 4000): 1, (9, 0): 4096}
    for shape, expected in shapes.items():
        X = torch.empty(1).expand(shape) if 0 not in shape else torch.empty(shape)
        assert rows_at_once(X, 4096) == expected
    assert 222 * 3 * 224 * 224 <= 2**25 < 223 * 3 * 224 * 224
    assert rows_at_once(torch.empty(9, 3, 2, 2), 10) == 10
