"""Adult has the rows, the cells and the order of the published protocol."""

import numpy as np
import pytest

from skrunner.datasets import load_adult


@pytest.fixture(scope="module")
def adult():
    return load_adult()


def test_cells_of_the_paper_rows(adult):
    cells = adult.target.groupby(adult.sensitive_features["sex"]).value_counts()
    assert cells.to_dict() == {
        ("Female", 0): 13026,
        ("Female", 1): 1669,
        ("Male", 0): 20988,
        ("Male", 1): 9539,
    }
    assert adult.target.mean() == pytest.approx(0.2478, abs=5e-5)
    assert not adult.data.isna().any(axis=None)


def test_first_and_last_row_in_file_order(adult):
    first, last = adult.data.iloc[0], adult.data.iloc[-1]
    assert (first["age"], first["workclass"], first["fnlwgt"]) == (
        39,
        "State-gov",
        77516,
    )
    assert (last["age"], last["workclass"], last["fnlwgt"]) == (
        35,
        "Self-emp-inc",
        182148,
    )
    # adult.data keeps 30,162 rows; the next one is the first of adult.test.
    assert adult.data.loc[30162, "fnlwgt"] == 226802
    assert adult.target.iloc[-1] == 1


def test_raw_rows_keep_the_unknown():
    raw = load_adult(rows="raw")
    assert len(raw.data) == 48842
    assert raw.target.mean() == pytest.approx(0.2393, abs=5e-5)
    missing = raw.data.isna().sum()
    assert missing[missing > 0].to_dict() == {
        "workclass": 2799,
        "occupation": 2809,
        "native-country": 857,
    }


def test_dtypes_and_names(adult):
    numbers = adult.data.select_dtypes("number").columns
    assert list(numbers) == [
        *("age", "fnlwgt", "education-num", "capital-gain", "capital-loss"),
        "hours-per-week",
    ]
    texts = adult.data.columns.difference(numbers)
    assert (adult.data[texts].dtypes == "category").all()
    assert adult.feature_names == list(adult.data.columns)
    assert list(adult.frame.columns) == [*adult.feature_names, "income"]
    assert adult.target.dtype == np.int64
    assert adult.target_names == ["<=50K", ">50K"]
    assert adult.favorable_label == 1


def test_no_category_without_rows(adult):
    assert "Never-worked" not in adult.data["workclass"].cat.categories
    assert adult.data["workclass"].cat.categories.size == 7


def test_describes_itself(adult):
    assert "sex = Female: 14695 rows, 0.114" in adult.DESCR
    assert "License: CC BY 4.0" in adult.DESCR
    assert "Known harms" in adult.DESCR
    assert "Rows: 48842" in load_adult(rows="raw").DESCR


def test_tables_only(adult):
    data, target, sensitive_features = load_adult(return_X_y_a=True)
    assert data.equals(adult.data)
    assert target.equals(adult.target)
    assert sensitive_features.equals(adult.sensitive_features)
    assert list(sensitive_features) == ["sex", "race"]


def test_unknown_rows():
    with pytest.raises(ValueError, match="got 'all'"):
        load_adult(rows="all")
