"""The shipped files are what SOURCES.json says they are."""

import gzip
import hashlib

import pytest

from skrunner.datasets._files import FILES, read_sources, read_table

SOURCES = read_sources()


def test_every_file_has_a_source():
    shipped = {path.name for path in FILES.iterdir() if path.name.endswith(".gz")}
    assert shipped == {source["file"] for source in SOURCES.values()}
    assert set(SOURCES) == {"adult", "compas", "credit", "lsac"}


@pytest.mark.parametrize("name", SOURCES)
def test_digests(name):
    packed = (FILES / SOURCES[name]["file"]).read_bytes()
    assert hashlib.sha256(packed).hexdigest() == SOURCES[name]["sha256"]
    text = gzip.decompress(packed)
    assert hashlib.sha256(text).hexdigest() == SOURCES[name]["sha256_uncompressed"]
    assert len(text.splitlines()) - 1 == SOURCES[name]["rows"]


@pytest.mark.parametrize("name", SOURCES)
def test_source_license_and_original_are_named(name):
    source = SOURCES[name]
    assert all(source[key] for key in ("source", "license", "changes"))
    assert all(len(digest) == 64 for digest in source["originals"].values())


def test_files_are_small():
    total = sum(len(path.read_bytes()) for path in FILES.iterdir())
    assert total < 3_000_000


def test_compas_names_nobody():
    columns = set(read_table("compas").columns)
    assert columns == {
        *("sex", "age", "age_cat", "race", "juv_fel_count", "juv_misd_count"),
        *("juv_other_count", "priors_count", "c_charge_degree", "decile_score"),
        *("days_b_screening_arrest", "score_text", "two_year_recid"),
    }
