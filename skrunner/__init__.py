"""Find and repair the neurons that make a neural network unfair."""

__version__ = "0.1.0"
