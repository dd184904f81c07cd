"""The critical region of scores, and what becomes of labels and scores in it.

Plain numpy: scores of the favorable label in, scores out.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_ABOVE_HALF = np.nextafter(0.5, 1)  # 1 less this is exact, too


@dataclass(frozen=True)
class CriticalRegion:
    """The scores near the threshold, where the group decides instead of the score.

    Attributes
    ----------
    threshold : float
        The score above which a row outside the region gets the favorable label.
    margin : float
        Half the width of the region.
    closed : bool, default=False
        Whether the lower end belongs to the region. Open, a margin of 0 is empty.
    """

    threshold: float
    margin: float
    closed: bool = False

    def holds(self, scores: Floats) -> Mask:
        """Tell which scores lie in the region.

        Parameters
        ----------
        scores : ndarray of shape (n_samples,)
            Scores of the favorable label.

        Returns
        -------
        ndarray of bool of shape (n_samples,)
            True inside.
        """
        high = self.threshold + self.margin
        if self.closed:
            # The paper's formula as it stands: .5 - .3 <= .7 - .5 fails by rounding.
            return np.maximum(scores, 1 - scores) <= high
        return (self.threshold - self.margin < scores) & (scores <= high)

    def rewrite(self, scores: Floats, deprived: Mask, how: str) -> Floats:
        """Move the scores so that 1/2 separates the labels that the region settles.

        Parameters
        ----------
        scores : ndarray of shape (n_samples,)
            Scores of the favorable label.
        deprived : ndarray of bool of shape (n_samples,)
            Whether the row's group gets the favorable label inside the region.
        how : {"mirrored", "hard_in_region"}
            Whether scores on the wrong side are mirrored at the threshold, or all
            inside the region become 0 or 1.

        Returns
        -------
        ndarray of shape (n_samples,)
            Above 1/2 exactly where the label is favorable, never equal to it.
        """
        inside = self.holds(scores)
        favorable = np.where(inside, deprived, scores > self.threshold)
        if how == "mirrored":
            wrong = inside & (favorable != (scores > self.threshold))
            mirrored = np.clip(2 * self.threshold - scores, 0, 1)
            moved = np.where(wrong, mirrored, scores)
        else:
            moved = np.where(inside, deprived, scores)
        return self._center(moved, favorable)

    def _center(self, scores: Floats, favorable: Mask) -> Floats:
        # Nothing moves if the threshold is 1/2, except for scores of exactly 1/2.
        low = 0.5 * scores / self.threshold
        high = 0.5 + 0.5 * (scores - self.threshold) / (1 - self.threshold)
        return np.where(
            favorable,
            np.maximum(high, _ABOVE_HALF),
            np.minimum(low, 1 - _ABOVE_HALF),
        )
