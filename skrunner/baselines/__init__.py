"""The methods that RUNNER is compared with, behind the same interface.

Owns one file a method: it says what is different in the rows, in the loss or behind the
net, and shares everything else with the other classifiers.
"""
