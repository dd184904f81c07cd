"""The `skrunner` command."""

from skrunner.cli._main import main

__all__ = ["main"]
