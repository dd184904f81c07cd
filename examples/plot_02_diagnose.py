"""
Diagnose a net that you already have
====================================

:func:`~skrunner.diagnose_neurons` takes any PyTorch module. Here it has to find neurons
that were made unfair by hand, and then ranks the neurons of a trained net, where the
slow way of silencing them one by one tells how good the ranking is.
"""

# %%
# Rows whose unfairness is known
# ------------------------------
# Three groups of unequal size. With ``base_rate_gap=0`` they earn the label equally
# often, so only the proxy column tells the groups apart.

import matplotlib.pyplot as plt
import numpy as np
import torch
from scipy.stats import spearmanr

from skrunner import NetClassifier, diagnose_neurons
from skrunner.datasets import load_adult, make_biased_classification, paper_preprocessor
from skrunner.plotting import plot_importance

made = make_biased_classification(
    3000,
    proxy_features=1,
    n_groups=3,
    group_proportions=[0.5, 0.3, 0.2],
    base_rate_gap=0.0,
    random_state=0,
)
X = made.data.to_numpy(np.float32)
groups = made.sensitive_features["group"]

# %%
# A net with four unfair neurons
# ------------------------------
# Neurons 3, 8, 11 and 17 of the hidden layer read the proxy alone, the other sixteen
# read the informative columns alone. All weights are drawn from the same range, and
# every neuron reaches the output with the weight 1 or -1.

planted = [3, 8, 11, 17]
torch.manual_seed(0)
net = torch.nn.Sequential(
    torch.nn.Linear(X.shape[1], 20), torch.nn.ReLU(), torch.nn.Linear(20, 1)
)
reads = torch.zeros(20, X.shape[1])
reads[:, made.informative_features] = 1
reads[planted] = 0
for neuron in planted:
    reads[neuron, made.proxy_features] = 1
with torch.no_grad():
    net[0].weight.uniform_(0.5, 1).mul_(reads)
    net[2].weight.copy_(torch.tensor([1.0, -1.0]).repeat(10))

diagnosis = diagnose_neurons(net, X, sensitive_features=groups, neuron_ratio=0.2)
diagnosis.to_frame().sort_values("importance", ascending=False).head(6)

# %%
# The selected share of a fifth is the four planted neurons. The color of a bar is the
# distance of the neuron's mean activations between groups (averaged over the three
# pairs of groups); the length says what this does to the gap of the output.

print(diagnosis.neuron[diagnosis.selected].tolist())
ax = plot_importance(diagnosis, n_neurons=10)
plt.show()

# %%
# A net that was trained
# ----------------------
# Nobody knows which of its neurons are unfair. The importance is a first-order estimate
# of how much the gap would change if the neuron were silenced (squared, RUNNER's eqs 5
# and 6). ``importance="exact"`` silences them one by one instead.
#
# The module may come from anywhere; this one is taken out of a classifier that was
# fitted to Adult.

adult = load_adult()
rows = adult.frame.sample(9000, random_state=0).index
train, test = rows[:6000], rows[6000:]
preprocessor = paper_preprocessor("adult").fit(adult.data.loc[train])
X_train = preprocessor.transform(adult.data.loc[train])
X_test = preprocessor.transform(adult.data.loc[test]).astype(np.float32)
module = (
    NetClassifier(max_epochs=10, random_state=0)
    .fit(X_train, adult.target[train])
    .net_.module_
)

sex = adult.sensitive_features.loc[test, "sex"]
tables = {
    importance: diagnose_neurons(
        module, X_test, sensitive_features=sex, importance=importance
    ).to_frame()
    for importance in ("exact", "taylor", "sum_sq", "random")
}

# %%
# One backward pass against 400 forward passes
# --------------------------------------------
# A point is a neuron. ``"taylor"`` is the default of a diagnosis, ``"sum_sq"`` what the
# released code of RUNNER computes for linear layers. Neurons that change nothing at all
# are left out of the logarithmic picture, not out of the rank correlations.

exact = tables["exact"]["importance"]
fig, axes = plt.subplots(1, 3, figsize=(12, 4), layout="constrained")
for ax, importance in zip(axes, ("taylor", "sum_sq", "random"), strict=True):
    estimate = tables[importance]["importance"]
    drawn = (exact > 0) & (estimate > 0)
    for layer, part in tables[importance][drawn].groupby("layer"):
        ax.scatter(exact[part.index], part["importance"], s=8, alpha=0.6, label=layer)
    rank_correlation = spearmanr(exact, estimate).statistic
    ax.set(
        xscale="log",
        yscale="log",
        xlabel="silenced one by one",
        ylabel=f'importance="{importance}"',
        title=f"rank correlation {rank_correlation:.2f}",
    )
axes[0].legend()
plt.show()

# %%
# The estimates rank the neurons nearly as silencing them does, and random scores do
# not. That makes the importance a good description of *this* net on *these* rows. It
# does not say that a repair has to act on the neurons that lead:
# :ref:`sphx_glr_auto_examples_plot_05_controls.py` measures that.
