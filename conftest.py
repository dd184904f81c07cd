"""What tests and doctests share."""

import sys

import pytest


@pytest.fixture(autouse=True)
def closed_figures():
    """Close what a test has drawn; most tests never import matplotlib."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
