"""FairNeuron on images: paths through the linear layers behind the last convolution."""

from collections import Counter

import numpy as np
import pytest
import torch
from torch import nn

from skrunner import NetClassifier
from skrunner.baselines import FairNeuronClassifier
from skrunner.data import PixelOptions, PixelRows
from skrunner.exceptions import FlaggedShareWarning, UnsupportedModuleError
from skrunner.nn import alexnet, linear_chain, resnet18
from tests.baselines.path_oracle import layers_of, paths_of
from tests.estimators.images import (
    PIXELS,
    Conv,
    N,
    assert_same,
    fit,
    write_files,
)
from tests.estimators.rows import weights_of

pytestmark = [
    pytest.mark.filterwarnings("ignore::skrunner.exceptions.CollapseWarning"),
    pytest.mark.filterwarnings("ignore::skrunner.exceptions.FlaggedShareWarning"),
]
EXACT = {"precision": "fp64", "max_epochs": 1}
STANDARDIZED = PixelRows(torch.from_numpy(PIXELS), PixelOptions(dtype=torch.float64))[:]


class Deep(Conv):
    """Three linear layers behind the convolution."""

    def __init__(self, n_outputs=1):
        super().__init__(n_outputs)
        self.more = nn.Linear(5, 4)
        self.out = nn.Linear(4, n_outputs)

    def features(self, X):
        return torch.relu(self.conv(X)).mean(dim=(2, 3))

    def forward(self, X):
        hidden = torch.relu(self.hidden(self.features(X)))
        return self.out(torch.relu(self.more(hidden)))


class Few(Deep):
    """Runs at most so many rows when it predicts."""

    def forward(self, X):
        if len(X) > 50 and not self.training:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return super().forward(X)


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return write_files(tmp_path_factory.mktemp("images"))


@pytest.fixture(scope="module")
def slow():
    """The plain net behind the first training, and the paths of all rows by rows."""
    plain = fit(NetClassifier, net=Deep, **EXACT).net_.module_.cpu()
    with torch.no_grad():
        features = plain.features(STANDARDIZED)
        hidden = torch.relu(plain.hidden(features))
    chain = [plain.hidden, plain.more, plain.out]
    return {
        n_layers: {
            baseline: paths_of(
                layers_of(chain[-n_layers:]), rows.tolist(), 0.8, baseline
            )
            for baseline in ("mean", "zero")
        }
        for n_layers, rows in ((3, features), (2, hidden))
    }


@pytest.mark.parametrize("baseline", ["mean", "zero"])
@pytest.mark.parametrize(("path_layers", "n_layers"), [(None, 3), (3, 3), (2, 2)])
def test_paths_equal_those_of_the_slow_tracer(
    path_layers, n_layers, baseline, slow, images
):
    params = {"gamma": 0.8, "baseline": baseline, "path_layers": path_layers}
    fitted = fit(FairNeuronClassifier, images, net=Deep, theta=0.2, **params, **EXACT)
    paths = Counter(slow[n_layers][baseline])
    counts = sorted(paths.values(), reverse=True)
    assert len(counts) > 1
    assert fitted.path_counts_.tolist() == counts
    rare = [count for count in counts if count <= max(0.2 * counts[0], 1)]
    assert fitted.flagged_share_ == pytest.approx(sum(rare) / N, abs=1e-12)
    assert fitted.diagnosed_epoch_ == 1
    assert len(fitted.history_) == 2


@pytest.mark.parametrize("net", [Deep, Few])
@pytest.mark.parametrize("storage", ["device", "files"])
def test_images_train_as_their_floats(storage, net, images):
    floats = fit(FairNeuronClassifier, STANDARDIZED.numpy(), net=Deep, **EXACT)
    found = fit(FairNeuronClassifier, images, net=net, image_storage=storage, **EXACT)
    np.testing.assert_allclose(weights_of(found), weights_of(floats), rtol=1e-8)
    np.testing.assert_array_equal(found.path_counts_, floats.path_counts_)
    np.testing.assert_allclose(
        found.predict_proba(images), floats.predict_proba(STANDARDIZED), rtol=1e-8
    )


def test_all_layers_are_trained_again_and_the_traced_ones_thinned():
    """Without dropout the last training is a plain one of the whole net."""
    plain = fit(NetClassifier, net=Deep, **EXACT)
    params = {"net": Deep, **EXACT}
    whole = fit(FairNeuronClassifier, dropout=0.0, **params)
    part = fit(FairNeuronClassifier, dropout=0.0, path_layers=2, **params)
    assert_same(weights_of(whole), weights_of(part))
    before, after = weights_of(plain), weights_of(whole)
    n_conv = 4 * 3 * 9 + 4
    assert np.abs(after - before)[:n_conv].min() > 1e-6
    thinned = {
        path_layers: weights_of(
            fit(FairNeuronClassifier, dropout=0.5, path_layers=path_layers, **params)
        )
        for path_layers in (None, 2)
    }
    assert np.abs(thinned[None] - after).max() > 1e-4
    assert np.abs(thinned[2] - thinned[None]).max() > 1e-4


def test_nets_of_the_paper_end_in_chains():
    X = torch.zeros(2, 3, 63, 63)
    net = alexnet(2)
    assert list(linear_chain(net, X)) == [net.classifier[i] for i in (1, 4, 6)]
    net = resnet18(head="fair_mixup")
    assert list(linear_chain(net, X)) == [net.fc[0], net.fc[2]]
    match = r"behind layer4\.1\.conv2 \(Conv2d\) but its output fc; expected"
    with pytest.raises(UnsupportedModuleError, match=match):
        linear_chain(resnet18(), X)


def test_refused():
    with pytest.raises(ValueError, match=r"path_layers=4, but Deep ends in .* of 3"):
        fit(FairNeuronClassifier, net=Deep, path_layers=4)
    with pytest.raises(ValueError, match="'path_layers' parameter of FairNeuron"):
        fit(FairNeuronClassifier, net=Deep, path_layers=1)


def test_a_share_of_nearly_all_rows_is_warned_of():
    with pytest.warns(FlaggedShareWarning, match="flagged 100") as caught:
        fit(FairNeuronClassifier, net=Deep, theta=1.0, **EXACT)
    assert caught[-1].filename == fit.__code__.co_filename
