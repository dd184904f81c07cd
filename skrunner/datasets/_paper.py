"""The inputs of the published experiments, as a scikit-learn transformer."""

from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from skrunner.datasets._protocols import find_recipe

N_BINS = 10
Array = npt.NDArray[np.float64]


class PaperPreprocessor(TransformerMixin, BaseEstimator):
    """Turn the raw columns of a data set into the inputs of a published protocol.

    Made by `paper_preprocessor`, which describes the protocols.

    Parameters
    ----------
    name : {"adult", "compas", "credit", "lsac"}
        The data set.
    variant : str, default=None
        The protocol; None means the data set's first.

    Attributes
    ----------
    scaler_ : StandardScaler
        What standardizes the numbers (absent where the protocol has none).
    edges_ : ndarray of shape (n_numbers, 11)
        Bin edges of the standardized numbers (absent where they are not binned).
    n_features_in_ : int
        Number of columns seen by `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen by `fit`.
    """

    def __init__(self, name: str, variant: str | None = None) -> None:
        self.name = name
        self.variant = variant

    def fit(
        self,
        X: pd.DataFrame,
        y: object = None,  # noqa: ARG002
        *,
        scale_on: pd.DataFrame | None = None,
    ) -> Self:
        """Learn means, standard deviations and bin edges.

        Parameters
        ----------
        X : DataFrame of shape (n_samples, n_features)
            Raw training rows: the bin edges come from them.
        y : None
            Ignored.
        scale_on : DataFrame of shape (n_other_samples, n_features), default=None
            Rows that give means and standard deviations; None means `X`.

        Returns
        -------
        PaperPreprocessor
            Itself.

        Raises
        ------
        TypeError
            If `X` or `scale_on` is no DataFrame.
        ValueError
            If a column is absent, a number missing, the name or the variant unknown.
        """
        _, recipe = find_recipe(self.name, self.variant)
        numbers = self._numbers(X, "X")
        self.n_features_in_ = X.shape[1]
        self.feature_names_in_ = np.asarray(X.columns, dtype=object)
        if recipe.scaled:
            basis = numbers if scale_on is None else self._numbers(scale_on, "scale_on")
            self.scaler_ = StandardScaler().fit(basis)
        if recipe.bins:
            scaled = self.scaler_.transform(numbers)
            if recipe.bins == "shared":
                scaled = np.repeat(scaled[:, :1], scaled.shape[1], axis=1)
            self.edges_ = np.quantile(scaled, np.arange(N_BINS + 1) / N_BINS, axis=0).T
        return self

    def transform(self, X: pd.DataFrame) -> Array:
        """Make the inputs.

        Parameters
        ----------
        X : DataFrame of shape (n_samples, n_features)
            Raw rows; a missing or unknown text gives 0 in all its indicators.

        Returns
        -------
        ndarray of shape (n_samples, n_features_out)
            The inputs, as float64 (a DataFrame after ``set_output``).

        Raises
        ------
        TypeError
            If `X` is no DataFrame.
        ValueError
            If a column is absent or a number is missing.
        """
        check_is_fitted(self)
        _, recipe = find_recipe(self.name, self.variant)
        numbers = self._numbers(X, "X")
        blocks = [np.empty((len(X), 0))]
        if recipe.scaled:
            scaled = self.scaler_.transform(numbers)
            blocks.append(_one_hot_bins(scaled, self.edges_) if recipe.bins else scaled)
        for indicator in recipe.indicators:
            is_true = indicator.of(X)
            columns = [1 - is_true, is_true] if recipe.paired else [is_true]
            blocks.append(np.column_stack(columns))
        return np.hstack(blocks)

    def get_feature_names_out(
        self,
        input_features: object = None,  # noqa: ARG002
    ) -> npt.NDArray[np.object_]:
        """Name the inputs.

        Parameters
        ----------
        input_features : None
            Ignored; the names follow from the protocol.

        Returns
        -------
        ndarray of str of shape (n_features_out,)
            ``age_bin_0`` is the lowest bin of age; where indicators are doubled,
            ``_0`` is 1 - b and ``_1`` is b.
        """
        check_is_fitted(self)
        _, recipe = find_recipe(self.name, self.variant)
        suffixes = [f"_bin_{i}" for i in range(N_BINS)] if recipe.bins else [""]
        names = [column + suffix for column in recipe.scaled for suffix in suffixes]
        suffixes = ["_0", "_1"] if recipe.paired else [""]
        names += [b.name + suffix for b in recipe.indicators for suffix in suffixes]
        return np.asarray(names, dtype=object)

    def _numbers(self, X: pd.DataFrame, argument: str) -> Array:
        """Check the frame and return its columns that are to be scaled."""
        _, recipe = find_recipe(self.name, self.variant)
        if not isinstance(X, pd.DataFrame):
            raise TypeError(
                f"{argument} must be a DataFrame of raw columns, as in "
                f"load_{self.name}().data; got {type(X).__name__}."
            )
        absent = [column for column in recipe.columns() if column not in X.columns]
        if absent:
            raise ValueError(
                f"{argument} lacks the column(s) {', '.join(absent)}; pass the raw "
                f"columns, as in load_{self.name}().data."
            )
        numbers = X[list(recipe.scaled)]
        incomplete = numbers.columns[numbers.isna().any()]
        if len(incomplete):
            raise ValueError(
                f"{argument} has missing values in {', '.join(incomplete)}; drop or "
                "impute these rows first."
            )
        return numbers.to_numpy(dtype=np.float64)


def _one_hot_bins(scaled: Array, edges: Array) -> Array:
    """Cut each column at its edges: (n, n_numbers) -> (n, 10 n_numbers), one-hot."""
    codes = [
        np.clip(np.digitize(column, cuts), 1, N_BINS) - 1
        for column, cuts in zip(scaled.T, edges, strict=True)
    ]
    return np.hstack([np.eye(N_BINS)[code] for code in codes])


def paper_preprocessor(name: str, variant: str | None = None) -> PaperPreprocessor:
    """Return the preprocessing of the paper's experiments, not yet fitted.

    Only that of Adult is published (in code, by [2]_, which the paper [1]_ follows);
    the others are the choices whose figures come nearest to the paper's.

    - "adult", 120 inputs: five numbers, standardized, cut into ten one-hot bins each;
      35 indicators b of work class, marital status, occupation, relationship and being
      White, each as 1 - b and b. Sex is no input.

      - "shared_edges" (default): the bins of all five numbers are those of age, as in
        the published code;
      - "per_column": each number has its own bins.
    - "compas":

      - "propublica" (default), 18 inputs: age and four counts of priors standardized;
        charge degree, age category, sex and race one-hot (race is an input);
      - "propublica_without_race", 12 inputs;
      - "aif360", 9 inputs: sex, three age categories, priors 0 / 1 to 3 / more, charge
        degree, for the rows of ``load_compas(variant="aif360")``. Race is no input.
    - "credit":

      - "deciles" (default), 121 inputs: seven numbers in ten one-hot bins each, twelve
        one-hot texts, sex;
      - "aif360", 10 inputs: age above 25, coarse credit history, savings, employment.
        Sex is no input.
    - "lsac": "scores" (default) LSAT and UGPA, standardized; "scores_zfya" adds
      first-year grades, "scores_race" eight race indicators, "scores_zfya_race" both.

    Parameters
    ----------
    name : {"adult", "compas", "credit", "lsac"}
        The data set.
    variant : str, default=None
        The protocol; None means the data set's default.

    Returns
    -------
    PaperPreprocessor
        A transformer of the raw columns (``load_<name>().data``). Its
        ``fit(X, y=None, *, scale_on=None)`` takes the bin edges from `X`, and means and
        standard deviations from `scale_on`; the published protocol scales on training
        and validation rows together.

    Raises
    ------
    ValueError
        If the name or the variant is unknown.

    See Also
    --------
    default_preprocessor : A plain choice of inputs.

    References
    ----------
    .. [1] Li et al., RUNNER: Responsible UNfair NEuron Repair for enhancing deep neural
       network fairness, ICSE 2024, section 4.1.
    .. [2] Chuang and Mroueh, Fair mixup: fairness via interpolation, ICLR 2021.

    Examples
    --------
    >>> from skrunner.datasets import load_adult, paper_preprocessor
    >>> X = load_adult().data
    >>> train_and_val, test = X[:36177], X[36177:]
    >>> preprocessor = paper_preprocessor("adult")
    >>> preprocessor.fit(X[9045:36177], scale_on=train_and_val).transform(test).shape
    (9045, 120)
    """
    known, _ = find_recipe(name, variant)
    return PaperPreprocessor(name, known)
