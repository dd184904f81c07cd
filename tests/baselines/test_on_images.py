"""Methods on images: the same net as on floats, or an error that says what to take."""

import numpy as np
import pytest
import torch
from sklearn.base import clone

from skrunner import NetClassifier
from skrunner.baselines import (
    AdversarialClassifier,
    FairMixupClassifier,
    FairSmoteClassifier,
    GapRegularizationClassifier,
    OversamplingClassifier,
    RejectOptionClassifier,
    ReweightingClassifier,
)
from skrunner.data import PixelOptions, PixelRows
from tests.estimators.images import PIXELS, SMALL, A, N, Y, fit, write_files
from tests.estimators.rows import weights_of

pytestmark = pytest.mark.filterwarnings("ignore::skrunner.exceptions.CollapseWarning")
KINDS = [
    AdversarialClassifier,
    FairMixupClassifier,
    GapRegularizationClassifier,
    OversamplingClassifier,
    ReweightingClassifier,
]
STANDARDIZED = PixelRows(torch.from_numpy(PIXELS), PixelOptions(dtype=torch.float64))[:]
DOUBLE = {"precision": "fp64"}


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return write_files(tmp_path_factory.mktemp("images"))


@pytest.mark.parametrize("kind", KINDS)
def test_images_train_as_their_floats(kind, images):
    # Defaults that tables and images do not share.
    own = {"fairness_batch_size": 24, "fairness_gradient_limit": 0.3}
    params = {**DOUBLE, **{key: own[key] for key in own if hasattr(kind(), key)}}
    floats = fit(kind, STANDARDIZED.numpy(), **params)
    for X in (PIXELS, images):
        found = fit(kind, X, **params, image_storage="files")
        np.testing.assert_allclose(weights_of(found), weights_of(floats), rtol=1e-8)
        np.testing.assert_allclose(
            found.predict_proba(X), floats.predict_proba(STANDARDIZED), rtol=1e-8
        )


@pytest.mark.parametrize("kind", [OversamplingClassifier, ReweightingClassifier])
def test_parts_of_a_step_are_the_whole(kind):
    """Plain losses, one of them with weights: gradients of the parts add up."""
    whole, parts = (
        fit(kind, **DOUBLE, gradient_accumulation=n_parts) for n_parts in (1, 3)
    )
    np.testing.assert_allclose(weights_of(parts), weights_of(whole), rtol=1e-8)


def test_the_adversary_meets_the_net_in_the_epoch_that_it_is_to(monkeypatch):
    """The warm-up counts epochs, however many parts their steps have."""
    rounds = []
    kind = AdversarialClassifier

    class Counted(kind):
        def _make_objective(self, *args):
            objective = super()._make_objective(*args)
            call = objective._round
            monkeypatch.setattr(
                objective, "_round", lambda: rounds.append(call()) or rounds[-1]
            )
            return objective

    params = {"max_epochs": 3, "steps_per_epoch": 2, "warm_up": 1}
    for n_parts in (1, 3):
        rounds.clear()
        fit(Counted, **params, gradient_accumulation=n_parts)
        assert rounds == [each for epoch in (0, 1, 2) for each in [epoch] * 2 * n_parts]


def test_new_rows_are_made_of_tables_only(images):
    match = r"new rows of tables.*got shape \(120, 3, 6, 6\)\. Take OversamplingClassif"
    for X in (images, PIXELS):
        with pytest.raises(ValueError, match=match):
            fit(FairSmoteClassifier, X)


@pytest.mark.parametrize("prefit", [True, False])
def test_a_region_around_the_threshold(prefit, images):
    """It wraps a classifier, to which images go as they are."""
    inner = fit(GapRegularizationClassifier)
    by_files, by_pixels = (
        RejectOptionClassifier(inner if prefit else clone(inner), prefit=prefit)
        for _ in range(2)
    )
    by_files.fit(images, Y, sensitive_features=A)
    by_pixels.fit(PIXELS, Y, sensitive_features=A)
    found = by_files.predict(images, sensitive_features=A)
    expected = by_pixels.predict(PIXELS, sensitive_features=A)
    np.testing.assert_array_equal(found, expected)
    alone = by_files.estimator_.predict(PIXELS)
    assert 0 < (found != alone).sum() < N


@pytest.mark.parametrize("method", ["fixed", "search"])
def test_the_reject_option_hands_images_on(method, images, monkeypatch):
    inner = NetClassifier(**SMALL)
    option = RejectOptionClassifier(inner, method=method, random_state=0)
    on_pixels = clone(option).fit(PIXELS, Y, sensitive_features=A)

    def load_all(*_args, **_kwargs):
        raise AssertionError("all images at once")

    monkeypatch.setattr(type(images), "__array__", load_all)
    on_files = option.fit(images, Y, sensitive_features=A)
    np.testing.assert_array_equal(
        on_files.predict(images, sensitive_features=A),
        on_pixels.predict(PIXELS, sensitive_features=A),
    )
