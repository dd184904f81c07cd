"""On Adult, the importances rank the neurons of the paper's net as ablation does."""

import pytest
import torch
import torch.nn.functional as F
from scipy.stats import spearmanr

from skrunner.datasets import load_adult, paper_preprocessor
from skrunner.diagnosis import diagnose_neurons
from skrunner.nn import MLP

N_ROWS = 2000


@pytest.fixture(scope="module")
def trained():
    data = load_adult()
    X = paper_preprocessor("adult").fit_transform(data.data)
    X, y = torch.tensor(X, dtype=torch.float32), torch.tensor(data.target.to_numpy())
    generator = torch.Generator().manual_seed(0)
    order = torch.randperm(len(X), generator=generator)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = MLP(X.shape[1])
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    for _ in range(150):
        rows = order[N_ROWS:][
            torch.randint(len(X) - N_ROWS, (1000,), generator=generator)
        ]
        loss = F.binary_cross_entropy_with_logits(net(X[rows])[:, 0], y[rows].float())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    held_out = order[:N_ROWS]
    sex = data.sensitive_features["sex"].iloc[held_out.numpy()]
    return net, X[held_out], y[held_out], sex


@pytest.mark.parametrize("constraints", ["demographic_parity", "equalized_odds"])
def test_rank_correlation_with_exact_ablation(trained, constraints):
    net, X, y, sex = trained

    def by_layer(importance):
        frame = diagnose_neurons(
            net,
            X,
            y,
            sensitive_features=sex,
            constraints=constraints,
            importance=importance,
        ).to_frame()
        return {
            layer: part["importance"].to_numpy()
            for layer, part in frame.groupby("layer")
        }

    exact, sum_sq, taylor = map(by_layer, ("exact", "sum_sq", "taylor"))
    assert {layer: len(score) for layer, score in exact.items()} == {
        "layers.0": 200,
        "layers.2": 200,
    }
    for layer, score in exact.items():
        assert spearmanr(sum_sq[layer], score).statistic >= 0.9
        assert spearmanr(taylor[layer], score).statistic >= 0.98
