import matplotlib.pyplot as plt
import pytest


@pytest.fixture(autouse=True)
def no_figures():
    assert not plt.get_fignums()
    yield
    plt.close("all")
