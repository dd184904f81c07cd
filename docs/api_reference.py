"""The API pages as data; conf.py renders them, tests compare them with ``__all__``.

A room's names are documented on its own page, except those that the package itself
exports: they are documented once, on the package's page.
"""

from typing import NamedTuple


class Section(NamedTuple):
    """Some names of a room, under a heading of their own."""

    title: str
    text: str
    names: tuple[str, ...]


class Room(NamedTuple):
    """One page."""

    module: str
    title: str
    text: str
    sections: tuple[Section, ...]


API = (
    Room(
        "skrunner",
        "Classifiers and diagnosis",
        "What most users need. All classifiers are scikit-learn estimators.",
        (
            Section(
                "Classifiers",
                "Predictions never need the sensitive features.",
                ("RunnerClassifier", "NetClassifier"),
            ),
            Section(
                "Diagnosis",
                "Works on any PyTorch module, trained here or elsewhere.",
                ("diagnose_neurons", "NeuronDiagnosis"),
            ),
        ),
    ),
    Room(
        "skrunner.baselines",
        "Methods to compare with",
        "Each is a scikit-learn estimator with the parameters of ``NetClassifier``.",
        (
            Section(
                "Rows and weights",
                "The loss is the predictive one; what it is taken over changes.",
                (
                    "OversamplingClassifier",
                    "ReweightingClassifier",
                    "FairSmoteClassifier",
                ),
            ),
            Section(
                "Losses",
                "The loss has another term, or is taken in another way.",
                ("AdversarialClassifier", "FairNeuronClassifier"),
            ),
            Section(
                "Behind the net",
                "Any classifier of two labels stays as it is trained; its predictions "
                "need the sensitive features.",
                ("RejectOptionClassifier",),
            ),
            Section(
                "Controls",
                "A term in the loss that looks at the output alone, at no neuron.",
                ("GapRegularizationClassifier", "FairMixupClassifier"),
            ),
        ),
    ),
    Room(
        "skrunner.metrics",
        "Metrics, scorers and rules",
        "What is measured of predictions. Nothing here needs PyTorch.",
        (
            Section(
                "Gaps at one threshold",
                "Differences of rates between groups, on predicted labels.",
                ("delta_dp", "delta_eo", "delta_tpr", "delta_fpr"),
            ),
            Section(
                "Gaps at all thresholds",
                "The same on scores, averaged over thresholds.",
                ("strong_delta_dp", "strong_delta_eo"),
            ),
            Section(
                "Rates by group",
                "The tables behind the differences.",
                ("group_metrics", "group_rates", "GroupRates", "parity_gap"),
            ),
            Section(
                "Scorers",
                "They ask for ``sensitive_features`` by themselves; greater is better. "
                "The last eight are ``get_scorer`` of their own names.",
                (
                    "get_scorer",
                    "get_scorer_names",
                    "FairnessScorer",
                    "neg_demographic_parity_difference",
                    "neg_equalized_odds_difference",
                    "neg_equalized_odds_difference_max",
                    "neg_true_positive_rate_difference",
                    "neg_false_positive_rate_difference",
                    "neg_strong_demographic_parity_difference",
                    "neg_strong_equalized_odds_difference",
                    "worst_group_accuracy",
                ),
            ),
            Section(
                "Rules and splits for searches",
                "Which candidate to keep, and folds that hold every group.",
                (
                    "best_within",
                    "constrained",
                    "SensitiveStratifiedKFold",
                ),
            ),
        ),
    ),
    Room(
        "skrunner.datasets",
        "Data sets",
        "Four tables ship with the package, images are read from a folder of yours; "
        "nothing is downloaded.",
        (
            Section(
                "Loaders",
                "Each returns the raw columns, the labels and the sensitive features.",
                ("load_adult", "load_compas", "load_credit", "load_lsac"),
            ),
            Section(
                "Images",
                "Rows of files that scikit-learn can slice, read when needed.",
                ("load_celeba", "load_images", "ImageRows"),
            ),
            Section(
                "Inputs",
                "What turns the raw columns into the inputs of a net.",
                ("default_preprocessor", "paper_preprocessor"),
            ),
            Section(
                "Synthetic data",
                "With planted, hence known, unfairness.",
                ("make_biased_classification",),
            ),
        ),
    ),
    Room(
        "skrunner.diagnosis",
        "The parts of a diagnosis",
        "For those who want one step of :func:`skrunner.diagnose_neurons`.",
        (
            Section(
                "Importance",
                "How much each neuron matters for a gap.",
                ("neuron_importance", "resolve_criteria", "Criterion", "IMPORTANCES"),
            ),
            Section(
                "Selection",
                "The top k of a layer.",
                ("top_neurons", "n_selected"),
            ),
        ),
    ),
    Room(
        "skrunner.nn",
        "Nets and what is observed in them",
        "Presets, the layers that hold neurons, and their activations.",
        (
            Section(
                "Nets",
                "The presets.",
                (
                    "MLP",
                    "alexnet",
                    "resnet18",
                    "check_preset",
                    "make_preset",
                    "PRESETS",
                    "IMAGE_PRESETS",
                ),
            ),
            Section(
                "Observation",
                "Hooks that are gone when the block ends, on error too.",
                (
                    "ActivationReader",
                    "ActivationRecorder",
                    "NeuronLayers",
                    "find_neuron_layers",
                    "neuron_first",
                    "ablated",
                    "evaluating",
                    "joined_batch_norm",
                    "linear_chain",
                    "reading_inputs",
                    "row_dropout",
                ),
            ),
        ),
    ),
    Room(
        "skrunner.plotting",
        "Plots",
        "Functions that take ``ax=None`` and return Axes.",
        (
            Section(
                "Neurons and groups",
                "",
                ("plot_importance", "plot_group_rates", "plot_history"),
            ),
        ),
    ),
    Room(
        "skrunner.exceptions",
        "Warnings and errors",
        "Each is also a builtin or scikit-learn type.",
        (
            Section(
                "Warnings",
                "",
                (
                    "ColdAdversaryWarning",
                    "CollapseWarning",
                    "FlaggedShareWarning",
                    "IgnoredWeightsWarning",
                    "ImageFileWarning",
                    "ImageSizeWarning",
                    "MemoryFallbackWarning",
                    "NotCompiledWarning",
                    "SmallGroupWarning",
                    "UndefinedRateWarning",
                    "UnmetBoundWarning",
                    "ValidationShareWarning",
                ),
            ),
            Section(
                "Errors",
                "",
                (
                    "CheckpointError",
                    "DistributedError",
                    "ImageFileError",
                    "UnsupportedModuleError",
                ),
            ),
        ),
    ),
)

# Rooms without a page: what they hold may change between releases.
INNER_ROOMS = {
    "skrunner.groups": "sensitive features to integer codes, cells, constraints",
    "skrunner.gaps": "differentiable gaps of outputs and of activations",
    "skrunner.data": "the data set that carries groups, balanced and plain streams",
    "skrunner.objectives": "what one step minimizes",
    "skrunner.training": "the skorch net, fitting, seeds, choice of the epoch",
    "skrunner.estimators": "the template of all classifiers",
    "skrunner.cli": "the command ``skrunner``",
}
