"""A table of paths becomes images, labels and groups of the same rows."""

import numpy as np
import pandas as pd
import pytest

from skrunner.datasets import ImageRows, load_images
from skrunner.exceptions import ImageFileError, ImageFileWarning
from tests.datasets.pictures import SIZE, filled, write_damaged, write_images

N = 12


SHALLOW = {"empty.jpg", "folder.jpg", "absent.jpg"}
FOUND = {
    "exists": SHALLOW,
    "header": {*SHALLOW, "text.jpg", "pixel.png"},
    "pixels": {*SHALLOW, "text.jpg", "pixel.png", "truncated.jpg"},
}


@pytest.fixture
def table(tmp_path):
    return pd.DataFrame(
        {
            "file": write_images(tmp_path, N),
            "label": [f"class {row % 3}" for row in range(N)],
            "site": [["north", "south", None][row % 3] for row in range(N)],
            "age": range(N),
        },
        index=range(100, 100 + N),
    )


@pytest.fixture
def damaged(table, tmp_path):
    """Return a table with unreadable files among the others, and their reasons."""
    reasons = write_damaged(tmp_path)
    paths = table["file"].tolist()
    for place, name in zip([0, 3, 4, 7, 8, 11], reasons, strict=True):
        paths[place] = name
    return table.assign(file=paths), reasons


def load(table, tmp_path, **options):
    options = {"target": "label", "sensitive": ["site", "age"], **options}
    return load_images(table, "file", root=tmp_path, **options)


def test_entries(table, tmp_path):
    loaded = load(table, tmp_path)
    assert isinstance(loaded.data, ImageRows)
    assert loaded.data.shape == (N, 3, *SIZE)
    np.testing.assert_array_equal(loaded.data.decode(), filled(range(N)))
    assert loaded.target.tolist() == table["label"].tolist()
    assert loaded.target_names == ["class 0", "class 1", "class 2"]
    expected = table[["site", "age"]].reset_index(drop=True)
    pd.testing.assert_frame_equal(loaded.sensitive_features, expected)
    assert loaded.sensitive_features["site"].isna().sum() == 4, "missing stays missing"
    pd.testing.assert_frame_equal(loaded.frame, table.reset_index(drop=True))
    assert loaded.skipped.empty
    assert f"{N} images" in loaded.DESCR


def test_the_three_parts(table, tmp_path):
    X, y, A = load(table, tmp_path, sensitive="site", return_X_y_a=True)
    assert (len(X), y.name, list(A.columns)) == (N, "label", ["site"])


def test_without_labels_and_groups(table, tmp_path):
    loaded = load(table, tmp_path, target=None, sensitive=None)
    assert loaded.target is None
    assert loaded.sensitive_features is None
    assert loaded.target_names == []


def test_paths_of_a_csv_file_start_at_its_folder(table, tmp_path):
    table.to_csv(tmp_path / "rows.csv")
    for path in (tmp_path / "rows.csv", str(tmp_path / "rows.csv")):
        loaded = load_images(path, "file", target="label")
        np.testing.assert_array_equal(loaded.data.decode(), filled(range(N)))


def test_paths_of_a_frame_start_at_the_working_directory(table, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load_images(table, "file").data.shape == (N, 3, *SIZE)


def test_options_of_the_images_are_passed_on(table, tmp_path):
    data = load(table, tmp_path, size=(2, 3), max_workers=2).data
    assert (data.size, data.max_workers) == ((2, 3), 2)


def test_unknown_columns(table, tmp_path):
    match = "Unknown 'sex', 'race'. The table has the columns file, label, site, age"
    with pytest.raises(ValueError, match=match):
        load(table, tmp_path, sensitive=["sex", "race"])
    with pytest.raises(ValueError, match="Unknown 'image'"):
        load_images(table, "image", root=tmp_path)


def test_one_column_for_two_purposes(table, tmp_path):
    for options in ({"sensitive": "label"}, {"sensitive": ["site", "site"]}):
        with pytest.raises(ValueError, match=r"'(label|site)' is named twice"):
            load(table, tmp_path, **options)


@pytest.mark.parametrize(
    ("option", "match"),
    [
        ({"check": True}, "check must be one of .*'header'.*, got True"),
        ({"on_bad": "drop"}, "on_bad must be one of .*'skip'.*, got 'drop'"),
        ({"max_workers": -1}, "max_workers must be at least 1"),
    ],
)
def test_wrong_options(table, tmp_path, option, match):
    with pytest.raises(ValueError, match=match):
        load(table, tmp_path, **option)


class TestUnreadable:
    @pytest.mark.parametrize("check", FOUND)
    def test_all_are_named_in_one_error(self, damaged, tmp_path, check):
        table, reasons = damaged
        names = FOUND[check]
        match = f"{len(names)} of {N} image files cannot be read"
        with pytest.raises(ImageFileError, match=match) as caught:
            load(table, tmp_path, check=check)
        for name, reason in reasons.items():
            _, found, why = str(caught.value).partition(f"{name} (")
            assert bool(found) == (name in names)
            assert reason in why.partition(")")[0] or not found
        assert str(tmp_path) in str(caught.value)

    @pytest.mark.parametrize("check", FOUND)
    def test_their_rows_are_dropped_and_listed(self, damaged, tmp_path, check):
        table, reasons = damaged
        bad = table["file"].isin(FOUND[check]).to_numpy()
        with pytest.warns(ImageFileWarning, match=f"rows of {bad.sum()} of {N}"):
            loaded = load(table, tmp_path, check=check, on_bad="skip", size=SIZE)
        assert len(loaded.data) == N - bad.sum()
        assert loaded.target.tolist() == table["label"][~bad].tolist()
        assert loaded.frame["age"].tolist() == np.arange(N)[~bad].tolist()
        assert loaded.sensitive_features["age"].tolist() == np.arange(N)[~bad].tolist()
        assert loaded.skipped.index.tolist() == np.flatnonzero(bad).tolist()
        assert loaded.skipped["path"].tolist() == table["file"][bad].tolist()
        for path, reason in loaded.skipped.itertuples(index=False):
            assert reasons[path] in reason
        if check == "pixels":
            kept = np.flatnonzero(~bad)
            np.testing.assert_array_equal(loaded.data.decode(), filled(kept))

    @pytest.mark.parametrize(("on_bad", "depth"), [("raise", "header"), ("skip", None)])
    def test_what_is_to_be_skipped_is_decoded(self, damaged, tmp_path, on_bad, depth):
        table, _ = damaged
        names = FOUND[depth or "pixels"]
        if on_bad == "raise":
            with pytest.raises(ImageFileError, match=f"{len(names)} of {N}"):
                load(table, tmp_path)
            return
        with pytest.warns(ImageFileWarning):
            loaded = load(table, tmp_path, on_bad="skip", size=SIZE)
        assert set(loaded.skipped["path"]) == names
        loaded.data.decode()

    def test_none_is_left(self, tmp_path):
        table = pd.DataFrame({"file": ["a.png", "b.png"]})
        with pytest.raises(ImageFileError, match=r"2 of 2 .*a\.png .missing., b"):
            load_images(table, "file", root=tmp_path, on_bad="skip")

    def test_a_row_without_a_path(self, table, tmp_path):
        table.loc[105, "file"] = None
        with pytest.raises(ImageFileError, match=r"1 of 12.*\(no path\)"):
            load(table, tmp_path)
        with pytest.warns(ImageFileWarning, match="no path"):
            loaded = load(table, tmp_path, on_bad="skip")
        kept = [row for row in range(N) if row != 5]
        np.testing.assert_array_equal(loaded.data.decode(), filled(kept))


def test_labels_and_columns_of_several_types(table, tmp_path):
    mixed = table.assign(label=[1, "b"] * (N // 2))
    assert load(mixed, tmp_path).target_names == ["1", "b"]
    numbered = table.rename(columns={"label": 7})
    with pytest.raises(ValueError, match=r"Unknown 'shoe'.*columns file, 7, site"):
        load(numbered, tmp_path, target="shoe")
