"""Nothing is ever downloaded: data sets, preprocessing and training work offline."""

import socket

import pytest

import skrunner.datasets
from skrunner import RunnerClassifier
from skrunner.datasets import default_preprocessor

LOADERS = ["load_adult", "load_compas", "load_credit", "load_lsac"]


@pytest.fixture(autouse=True)
def _offline(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError(f"something wants the network: {args}")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


def test_the_guard_guards():
    with pytest.raises(AssertionError, match="wants the network"):
        socket.create_connection(("localhost", 9))


@pytest.mark.parametrize("loader", LOADERS)
def test_data_sets_ship_with_the_package(loader):
    data = getattr(skrunner.datasets, loader)()
    name = loader.removeprefix("load_")
    X = default_preprocessor(name).fit_transform(data.data)
    assert len(X) == len(data.target) == len(data.sensitive_features) >= 1000


def test_training_is_offline():
    data = skrunner.datasets.load_compas()
    X = default_preprocessor("compas").fit_transform(data.data)
    race = data.sensitive_features["race"]
    fitted = RunnerClassifier(max_epochs=2, random_state=0)
    fitted.fit(X, data.target, sensitive_features=race)
    assert fitted.predict(X).shape == data.target.shape
