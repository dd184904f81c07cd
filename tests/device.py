"""The device that the tests train on: the CPU, unless the environment names another.

On a machine with a GPU, ``SKRUNNER_TEST_DEVICE=cuda pytest`` runs the same tests there.
"""

import os

DEVICE = os.environ.get("SKRUNNER_TEST_DEVICE", "cpu")
