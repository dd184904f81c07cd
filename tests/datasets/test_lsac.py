"""LSAC is the table of 21,791 students."""

import pytest

from skrunner.datasets import load_lsac


def test_rows_and_base_rates():
    lsac = load_lsac()
    assert lsac.feature_names == ["LSAT", "UGPA", "ZFYA", "race", "sex"]
    assert len(lsac.data) == 21791
    assert lsac.target.mean() == pytest.approx(0.888, abs=5e-4)
    by_sex = lsac.target.groupby(lsac.sensitive_features["sex"])
    assert by_sex.size().to_dict() == {"Female": 9537, "Male": 12254}
    assert by_sex.mean().to_dict() == pytest.approx(
        {"Female": 0.876, "Male": 0.898}, abs=5e-4
    )


def test_race_has_the_shares_of_the_original():
    race = load_lsac().sensitive_features["race"]
    assert race.nunique() == 8
    assert (race == "White").mean() == pytest.approx(0.839108, abs=1e-6)
    assert (race == "Black").mean() == pytest.approx(0.058832, abs=1e-6)


def test_scores_have_the_ranges_of_the_original():
    data, target, _ = load_lsac(return_X_y_a=True)
    assert data["LSAT"].mean() == pytest.approx(36.772383, abs=1e-6)
    assert data["UGPA"].max() == 4.2
    assert data["ZFYA"].max() == 3.48
    assert target.name == "pass_bar"


def test_says_that_the_paper_used_other_rows():
    assert "cannot be reproduced" in load_lsac().DESCR
