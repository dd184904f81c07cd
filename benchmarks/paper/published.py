"""Numbers of the paper (Li et al., ICSE 2024, Tables 1 and 2): mean and sd."""

from typing import NamedTuple


class Published(NamedTuple):
    """One row of a table.

    Parameters
    ----------
    ap, acc, gap : (float, float)
        Mean and standard deviation of average precision, accuracy and the gap (ΔDP in
        Table 1, ΔEO in Table 2).
    """

    ap: tuple[float, float]
    acc: tuple[float, float]
    gap: tuple[float, float]


VANILLA = {
    ("adult", "demographic_parity"): Published(
        (0.781, 0.009), (0.850, 0.005), (0.170, 0.021)
    ),
    ("adult", "equalized_odds"): Published(
        (0.779, 0.013), (0.850, 0.004), (0.096, 0.038)
    ),
    ("compas", "demographic_parity"): Published(
        (0.643, 0.004), (0.655, 0.003), (0.174, 0.009)
    ),
    ("compas", "equalized_odds"): Published(
        (0.641, 0.006), (0.653, 0.005), (0.348, 0.045)
    ),
}
RUNNER = {
    ("adult", "demographic_parity"): Published(
        (0.766, 0.011), (0.838, 0.005), (0.048, 0.012)
    ),
    ("adult", "equalized_odds"): Published(
        (0.767, 0.012), (0.813, 0.008), (0.082, 0.023)
    ),
    ("compas", "demographic_parity"): Published(
        (0.623, 0.008), (0.649, 0.006), (0.006, 0.004)
    ),
    ("compas", "equalized_odds"): Published(
        (0.637, 0.007), (0.651, 0.004), (0.046, 0.015)
    ),
}
