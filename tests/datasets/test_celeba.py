"""CelebA is read from the official layout; here from a small folder made up of it."""

import numpy as np
import pytest

from skrunner.datasets import load_celeba
from skrunner.exceptions import ImageFileError, ImageFileWarning
from tests.datasets.pictures import SIZE, filled, write_images

NAMES = [
    *("5_o_Clock_Shadow", "Arched_Eyebrows", "Attractive", "Bags_Under_Eyes", "Bald"),
    *("Bangs", "Big_Lips", "Big_Nose", "Black_Hair", "Blond_Hair", "Blurry"),
    *("Brown_Hair", "Bushy_Eyebrows", "Chubby", "Double_Chin", "Eyeglasses"),
    *("Goatee", "Gray_Hair", "Heavy_Makeup", "High_Cheekbones", "Male"),
    *("Mouth_Slightly_Open", "Mustache", "Narrow_Eyes", "No_Beard", "Oval_Face"),
    *("Pale_Skin", "Pointy_Nose", "Receding_Hairline", "Rosy_Cheeks", "Sideburns"),
    *("Smiling", "Straight_Hair", "Wavy_Hair", "Wearing_Earrings", "Wearing_Hat"),
    *("Wearing_Lipstick", "Wearing_Necklace", "Wearing_Necktie", "Young"),
]
N = 14
PARTS = [0, 2, 0, 1, 0, 0, 2, 1, 0, 0, 2, 0, 0, 1]
VALUES = np.random.default_rng(0).choice([-1, 1], (N, 40))
SPLITS = {
    "train": [0, 2, 4, 5, 8, 9, 11, 12],
    "valid": [3, 7, 13],
    "test": [1, 6, 10],
    "all": list(range(N)),
}


def write_lists(root, names, values=VALUES, parts=PARTS, first=None):
    # As published: the names end in a blank, and values are padded to two places.
    lines = [str(len(names) if first is None else first), " ".join(NAMES) + " "]
    lines += [
        f"{name} {' '.join(f'{value:2d}' for value in row)}"
        for name, row in zip(names, values, strict=True)
    ]
    (root / "list_attr_celeba.txt").write_text("\n".join(lines) + "\n")
    rows = [f"{name} {part}" for name, part in zip(names, parts, strict=True)]
    (root / "list_eval_partition.txt").write_text("\n".join(rows) + "\n")


@pytest.fixture
def root(tmp_path):
    names = write_images(tmp_path / "img_align_celeba", N)
    write_lists(tmp_path, names)
    return tmp_path


@pytest.mark.parametrize("split", SPLITS)
def test_the_rows_of_a_split(root, split):
    rows = SPLITS[split]
    faces = load_celeba(root, split=split)
    assert faces.data.shape == (len(rows), 3, *SIZE)
    np.testing.assert_array_equal(faces.data.decode(), filled(rows))
    expected = (VALUES[rows] == 1).astype(int)
    np.testing.assert_array_equal(faces.frame, expected)
    assert list(faces.frame.columns) == NAMES
    assert faces.frame.index.tolist() == [f"{row:04d}.png" for row in rows]
    assert faces.target.tolist() == expected[:, 33].tolist()
    assert faces.target.name == "Wavy_Hair"
    assert faces.target_names == ["not Wavy_Hair", "Wavy_Hair"]
    male = ["Male" if value else "Female" for value in expected[:, 20]]
    assert faces.sensitive_features["Male"].tolist() == male
    assert faces.skipped.empty


def test_the_training_part_is_the_default(root):
    assert len(load_celeba(root).data) == 8
    assert len(load_celeba(str(root)).data) == 8


def test_other_attributes(root):
    X, y, A = load_celeba(
        root,
        target="Attractive",
        sensitive=["Young", "Male"],
        split="all",
        size=(2, 3),
        max_workers=2,
        return_X_y_a=True,
    )
    assert (X.shape, X.max_workers) == ((N, 3, 2, 3), 2)
    assert y.tolist() == (VALUES[:, 2] == 1).astype(int).tolist()
    assert y.dtype == np.int64
    young = ["Young" if value == 1 else "not Young" for value in VALUES[:, 39]]
    assert list(A.columns) == ["Young", "Male"]
    assert A["Young"].tolist() == young
    assert y.index.tolist() == A.index.tolist() == list(range(N))


def test_describes_itself(root):
    text = load_celeba(root, split="all").DESCR
    male = VALUES[:, 20] == 1
    rate = (VALUES[male, 33] == 1).mean()
    assert f"Male = Male: {male.sum()} rows, {rate:.3f}" in text
    assert "non-commercial research" in text
    assert "Known harms" in text


@pytest.mark.parametrize(
    "part", ["list_attr_celeba.txt", "list_eval_partition.txt", "img_align_celeba"]
)
def test_what_is_absent_is_named_with_its_source_and_license(root, part):
    (root / part).rename(root / "elsewhere")
    match = rf"holds no {part}\..*non-commercial research.*https://mmlab\.ie\.cuhk"
    with pytest.raises(FileNotFoundError, match=match):
        load_celeba(root)


def test_no_folder_at_all(tmp_path):
    match = "list_attr_celeba.txt, list_eval_partition.txt, img_align_celeba.*000001"
    with pytest.raises(FileNotFoundError, match=match):
        load_celeba(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "options",
    [{"target": "Wavy"}, {"sensitive": "Wavy"}, {"sensitive": ["Male", "Wavy"]}],
)
def test_unknown_attributes(root, options):
    with pytest.raises(
        ValueError, match=r"Unknown 'Wavy'\. CelebA's attributes"
    ) as caught:
        load_celeba(root, **options)
    assert all(name in str(caught.value) for name in NAMES)


def test_wrong_options(root):
    with pytest.raises(ValueError, match="'Male' is named twice"):
        load_celeba(root, target="Male", sensitive="Male")
    with pytest.raises(ValueError, match=r"split must be one of .*'valid'.*'val'"):
        load_celeba(root, split="val")
    with pytest.raises(ValueError, match="sensitive names no attribute"):
        load_celeba(root, sensitive=[])


class TestDamagedLists:
    names = tuple(f"{row:04d}.png" for row in range(N))

    def test_fewer_rows_than_announced(self, root):
        write_lists(root, self.names, first=N + 1)
        with pytest.raises(ValueError, match=f"announces {N + 1} images but holds {N}"):
            load_celeba(root)

    def test_values_other_than_minus_one_and_one(self, root):
        values = VALUES.copy()
        values[3, 5] = 0
        write_lists(root, self.names, values)
        with pytest.raises(ValueError, match="values other than -1 and 1"):
            load_celeba(root)

    def test_a_row_that_is_cut_off(self, root):
        path = root / "list_attr_celeba.txt"
        path.write_text(path.read_text().rstrip("\n")[:-6] + "\n")
        with pytest.raises(ValueError, match="rows of another number of values"):
            load_celeba(root)

    def test_a_row_that_is_too_long(self, root):
        path = root / "list_attr_celeba.txt"
        path.write_text(path.read_text().rstrip("\n") + " 1\n")
        with pytest.raises(ValueError, match=r"list_attr_celeba.* of several lengths"):
            load_celeba(root)

    def test_one_value_too_many_in_all_rows(self, root):
        write_lists(root, self.names, np.c_[VALUES, VALUES[:, :1]])
        with pytest.raises(ValueError, match="rows of 41 values, but 40 were expected"):
            load_celeba(root)

    def test_a_file_that_is_listed_twice(self, root):
        path = root / "list_eval_partition.txt"
        path.write_text(path.read_text() + "0003.png 0\n")
        with pytest.raises(ValueError, match=r"partition\.txt lists 0003\.png twice"):
            load_celeba(root)

    @pytest.mark.parametrize("split", ["train", "all"])
    def test_a_code_of_no_part(self, root, split):
        path = root / "list_eval_partition.txt"
        path.write_text(path.read_text().replace(" 0\n", " 7\n", 1))
        with pytest.raises(ValueError, match=r"the code 7, but parts are .*damage"):
            load_celeba(root, split=split)

    def test_a_byte_order_mark_is_no_damage(self, root):
        path = root / "list_attr_celeba.txt"
        path.write_text(path.read_text(), encoding="utf-8-sig")
        assert len(load_celeba(root).target) == 8

    def test_images_that_the_partition_does_not_list(self, root):
        path = root / "list_eval_partition.txt"
        path.write_text("\n".join(path.read_text().splitlines()[:-2]) + "\n")
        with pytest.raises(ValueError, match=r"not list 2 of .* such as 0012\.png"):
            load_celeba(root)

    def test_an_empty_split(self, root):
        write_lists(root, self.names, parts=[0] * N)
        with pytest.raises(ValueError, match="no image of the split 'test'"):
            load_celeba(root, split="test")


def test_files_that_cannot_be_read(root):
    folder = root / "img_align_celeba"
    (folder / "0002.png").unlink()
    (folder / "0009.png").write_bytes(b"")
    with pytest.raises(ImageFileError, match=r"2 of 8 .*0002\.png \(missing\), 0009"):
        load_celeba(root)
    with pytest.warns(ImageFileWarning, match="2 of 8"):
        faces = load_celeba(root, on_bad="skip")
    kept = [0, 4, 5, 8, 11, 12]
    np.testing.assert_array_equal(faces.data.decode(), filled(kept))
    assert faces.target.tolist() == (VALUES[kept, 33] == 1).astype(int).tolist()
    assert faces.frame.index.tolist() == [f"{row:04d}.png" for row in kept]
    assert faces.skipped["path"].tolist() == ["0002.png", "0009.png"]
    assert len(load_celeba(root, split="valid").data) == 3
