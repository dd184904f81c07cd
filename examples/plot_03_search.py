"""
Search the trade-off in a pipeline
==================================

How much weight should the fairness term have? A search has two goals here, average
precision and the gap, and a rule says which candidate to keep.
"""

# %%
# A pipeline
# ----------
# Raw columns of Adult go in; the preprocessor is part of what is cross-validated.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import sklearn
from sklearn.base import clone
from sklearn.metrics import average_precision_score
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline

from skrunner import RunnerClassifier
from skrunner.datasets import default_preprocessor, load_adult
from skrunner.metrics import (
    SensitiveStratifiedKFold,
    best_within,
    delta_dp,
    get_scorer,
)

adult = load_adult()
rows = adult.frame.sample(8000, random_state=0).index
train, test = train_test_split(rows, test_size=0.5, random_state=0)
sex = adult.sensitive_features["sex"]

pipeline = make_pipeline(
    default_preprocessor("adult"),
    RunnerClassifier(
        net_params={"hidden": (64, 64)},
        lr=0.003,
        max_epochs=8,
        select_epoch="last",
        random_state=0,
    ),
)

# %%
# The search
# ----------
# Weights are tried on a logarithmic scale, and 0, the plain net. Metadata routing hands
# the rows' sensitive features to ``fit`` and to the scorer inside every fold; it has to
# be switched on, and that is all: no ``set_fit_request`` is needed. The folds keep the
# shares of labels and groups.
#
# :func:`~skrunner.metrics.best_within` is the rule: of the candidates whose average
# precision is within .02 of the best, the one with the smallest gap.

search = GridSearchCV(
    pipeline,
    {"runnerclassifier__fairness_weight": [0.0, 0.03, 0.1, 0.3, 1.0]},
    scoring={
        "ap": "average_precision",
        "dp": get_scorer("neg_demographic_parity_difference"),
    },
    refit=best_within("ap", "dp", max_drop=0.02),
    cv=SensitiveStratifiedKFold(3, shuffle=True, random_state=0),
)
with sklearn.config_context(enable_metadata_routing=True):
    search.fit(
        adult.data.loc[train], adult.target[train], sensitive_features=sex[train]
    )

results = pd.DataFrame(search.cv_results_)
results = results.rename(columns={"param_runnerclassifier__fairness_weight": "weight"})
results["gap"] = -results["mean_test_dp"]
results[["weight", "mean_test_ap", "std_test_ap", "gap", "std_test_dp"]].round(3)

# %%
# The trade-off
# -------------
# Each point is a weight: the mean over the three folds, with the standard deviation
# over folds as whiskers.

fig, ax = plt.subplots(layout="constrained")
ax.errorbar(
    results["gap"],
    results["mean_test_ap"],
    xerr=results["std_test_dp"],
    yerr=results["std_test_ap"],
    marker="o",
    capsize=3,
    color="tab:blue",
    ecolor="lightgray",
)
for _, point in results.iterrows():
    ax.annotate(
        f"{point['weight']:g}",
        (point["gap"], point["mean_test_ap"]),
        xytext=(5, -12),
        textcoords="offset points",
    )
chosen = results.loc[search.best_index_]
ax.plot(
    chosen["gap"],
    chosen["mean_test_ap"],
    "o",
    color="tab:red",
    markersize=9,
    zorder=3,
    label="chosen",
)
lowest = np.max(results["mean_test_ap"]) - 0.02
ax.axhline(lowest, color="gray", linestyle=":", label="lowest AP that may be chosen")
ax.set(xlabel="gap in positive rates (ΔDP)", ylabel="average precision (AP)")
ax.legend(loc="lower right")
plt.show()

# %%
# The chosen pipeline on rows that took no part in the choice
# -----------------------------------------------------------
# The search was fitted again to all training rows with the chosen weight. To predict,
# it takes raw columns and no sensitive features.

X_test, y_test = adult.data.loc[test], adult.target[test]
plain = clone(pipeline).set_params(runnerclassifier__fairness_weight=0.0)
plain.fit(
    adult.data.loc[train],
    adult.target[train],
    runnerclassifier__sensitive_features=sex[train],
)
found = {"plain": plain, "chosen": search.best_estimator_}
pd.DataFrame(
    {
        name: {
            "AP": average_precision_score(y_test, net.predict_proba(X_test)[:, 1]),
            "ΔDP": delta_dp(y_test, net.predict(X_test), sensitive_features=sex[test]),
        }
        for name, net in found.items()
    }
).T.round(3)
