import pytest
import sklearn


@pytest.fixture
def routing():
    """Switch metadata routing on."""
    with sklearn.config_context(enable_metadata_routing=True):
        yield


@pytest.fixture
def no_routing():
    """Make sure that it is off, as scikit-learn's default is."""
    with sklearn.config_context(enable_metadata_routing=False):
        yield
