"""
A folder of images
==================

Pictures stay in their files, a table says what is known of each, and the channels of
convolutions are repaired. The pictures are handwritten digits in two inks, so that it
is known what a net should not go by.
"""

# %%
# Pictures with a shortcut
# ------------------------
# The 1,797 digits that scikit-learn ships are written to files, with noise that makes
# them harder to read. The label is whether a digit is five or more; of those four
# fifths are red, of the others one fifth. The ink says nothing about the form of a
# digit, and yet it predicts the label.

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.metrics import accuracy_score
from torch import nn

from skrunner import NetClassifier, RunnerClassifier
from skrunner.datasets import load_images
from skrunner.metrics import delta_eo
from skrunner.plotting import plot_group_rates, plot_importance

digits = load_digits()
rng = np.random.default_rng(0)
large = digits.target >= 5
red = rng.random(len(large)) < np.where(large, 0.8, 0.2)
folder = tempfile.TemporaryDirectory()
table = pd.DataFrame(
    {
        "file": [f"{row:04d}.png" for row in range(len(large))],
        "large": large.astype(int),
        "ink": np.where(red, "red", "blue"),
    }
)
for file, grey, ink in zip(table["file"], digits.images, table["ink"], strict=True):
    color = np.array([1.0, 0.3, 0.3] if ink == "red" else [0.3, 0.3, 1.0])
    pixels = 15 * grey[:, :, None] * color + rng.normal(scale=40, size=(8, 8, 1))
    image = Image.fromarray(np.uint8(pixels.clip(0, 255)))
    image.save(Path(folder.name, file))
table.head()

# %%
# Rows of files
# -------------
# ``data`` is sliced as an array is, holds no pixels, and is what all classifiers take.

loaded = load_images(
    table, "file", target="large", sensitive="ink", root=folder.name, size=16
)
X, y, ink = loaded.data, loaded.target, loaded.sensitive_features["ink"]
train, test = np.split(rng.permutation(len(y)), [1000])
print(X, X[test])

fig, axes = plt.subplots(1, 8, figsize=(10, 1.5))
for ax, row in zip(axes, test, strict=False):
    ax.imshow(X[row].transpose(1, 2, 0))
    ax.set(xticks=[], yticks=[], title=f"{digits.target[row]}")
plt.show()

# %%
# A plain net and three repaired ones
# -----------------------------------
# Any module will do that takes images; each classifier trains a copy of it. Equalized
# odds ask for the same rates of right
# and wrong answers in both inks; predictions never need the ink. On images
# ``fairness_gradient_limit`` is the strength of the repair, and 0.2 unless it is given:
# that keeps deep nets from collapsing, and is little for this small one.

torch.manual_seed(0)
net = nn.Sequential(
    *(nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
    *(nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
    *(nn.Flatten(), nn.Linear(512, 1)),
)
settings = {
    "net": net,
    "max_epochs": 40,
    "batch_size": 64,
    "select_epoch": "average",
    "random_state": 0,
}
classifiers = {"plain": NetClassifier(**settings)}
for limit in (0.2, 1.0, 2.0):
    classifiers[f"limit {limit}"] = RunnerClassifier(
        constraints="equalized_odds",
        fairness_gradient_limit=limit,
        **settings,
    )
for classifier in classifiers.values():
    classifier.fit(X[train], y.iloc[train], sensitive_features=ink.iloc[train])

# %%
# Digits whose ink goes against the rule (large ones in blue, small ones in red) are
# where the plain net errs most, and what the repair changes. A user would choose the
# limit on validation rows.

truth, inks = y.iloc[test].to_numpy(), ink.iloc[test].to_numpy()
against = (truth == 1) != (inks == "red")
predictions = {name: clf.predict(X[test]) for name, clf in classifiers.items()}
pd.DataFrame(
    {
        name: {
            "accuracy": accuracy_score(truth, predicted),
            "against the rule": accuracy_score(truth[against], predicted[against]),
            "ΔEO": delta_eo(truth, predicted, sensitive_features=inks),
        }
        for name, predicted in predictions.items()
    }
).T.round(3)

# %%
# Channels are neurons
# --------------------
# A neuron of a convolution is an output channel, read behind its nonlinearity and
# averaged over the picture. Left: what the plain net's gap hangs on.

diagnosis = classifiers["plain"].diagnose(
    X[train], y.iloc[train], sensitive_features=ink.iloc[train]
)
fig, axes = plt.subplots(1, 3, figsize=(13, 4), layout="constrained")
plot_importance(diagnosis, n_neurons=10, ax=axes[0])
for ax, rate in zip(
    axes[1:], ["true_positive_rate", "false_positive_rate"], strict=True
):
    plot_group_rates(truth, predictions, sensitive_features=inks, rate=rate, ax=ax)
plt.show()

folder.cleanup()
