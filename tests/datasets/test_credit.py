"""German credit has the rows and base rates that the literature gives."""

import pytest

from skrunner.datasets import load_credit
from skrunner.datasets._files import read_table


def test_rows_and_base_rates():
    credit = load_credit()
    assert credit.data.shape == (1000, 20)
    assert credit.target.mean() == 0.7
    by_sex = credit.target.groupby(credit.sensitive_features["sex"])
    assert by_sex.size().to_dict() == {"Female": 310, "Male": 690}
    assert by_sex.mean().to_dict() == pytest.approx(
        {"Female": 0.648, "Male": 0.723}, abs=5e-4
    )


def test_sex_is_read_from_the_codes():
    credit, codes = load_credit(), read_table("credit")
    male = codes["personal_status"].isin(["A91", "A93", "A94"])
    assert male.eq(credit.sensitive_features["sex"] == "Male").all()
    assert credit.target.eq(codes["class"] == 1).all()


def test_codes_are_spelled_out():
    data = load_credit().data
    texts = data.select_dtypes("category")
    assert texts.shape[1] == 13
    left = [
        level
        for column in texts
        for level in texts[column].cat.categories
        if level.startswith("A") and level[1:].isdigit()
    ]
    assert left == []
    assert data.loc[0, "checking_status"] == "<0"
    assert data.loc[0, "purpose"] == "radio or television"
    # A73 and A74 of rows 2 and 3 of the file
    assert data.loc[[1, 2], "employment"].tolist() == ["1 to 3 years", "4 to 6 years"]


def test_age_and_foreign_worker():
    credit = load_credit()
    young = credit.sensitive_features["age"] == "<=25"
    assert credit.data["age"][young].max() == 25
    assert credit.data["age"][~young].min() == 26
    counts = credit.sensitive_features["foreign_worker"].value_counts()
    assert counts.to_dict() == {"yes": 963, "no": 37}
    assert "963 of 1,000" in credit.DESCR


def test_tables_only():
    data, target, sensitive_features = load_credit(return_X_y_a=True)
    assert len(data) == len(target) == len(sensitive_features) == 1000
    assert load_credit().favorable_label == 1
    assert load_credit().target_names == ["bad", "good"]
