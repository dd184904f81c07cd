"""The code of the user guide runs, page by page, in the order in which it is read."""

import textwrap
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
import sklearn

GUIDE = Path(__file__).parents[1] / "docs" / "user_guide"
BLOCK = ".. code-block:: python\n"
PAGES = [
    "scikit_learn",
    "after_training",
    "long_trainings",
    "several_processes",
    "fairness_metrics",
    "data_sets",
    "images",
]


def code_blocks(text):
    """Return the Python blocks of a page, with the line that each begins on."""
    pieces = text.split(BLOCK)
    line = pieces[0].count("\n") + 1
    for piece in pieces[1:]:
        body = []
        for row in piece.splitlines():
            if row and not row.startswith(" "):
                break
            body.append(row)
        yield line, textwrap.dedent("\n".join(body))
        line += piece.count("\n") + 1


def run(page):
    """Run the blocks of a page in one namespace, which is returned."""
    path = GUIDE / f"{page}.rst"
    namespace = {}
    with sklearn.config_context():  # a page may switch metadata routing on
        for line, code in code_blocks(path.read_text()):
            # Padding makes tracebacks name the line of the page.
            exec(compile("\n" * line + code, path, "exec"), namespace)
    plt.close("all")
    return namespace


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_the_code_of_a_page_runs(page):
    assert len(run(page)) > 1  # more than the builtins


@pytest.mark.slow
def test_the_quick_start_repairs_what_it_says():
    names = run("quickstart")
    plain, fair = (names["describe"](names[key]) for key in ("plain", "fair"))
    assert fair["delta_dp"] < plain["delta_dp"] / 2
    assert fair["average precision"] > plain["average precision"] - 0.05


def test_blocks_end_where_the_text_goes_on():
    text = f"a\n\n{BLOCK}\n   x = 1\n\n   y = 2\n\nb\n\n{BLOCK}\n   z = 3\n"
    blocks = list(code_blocks(text))
    assert [line for line, _ in blocks] == [3, 11]
    assert [code.split() for _, code in blocks] == [
        ["x", "=", "1", "y", "=", "2"],
        ["z", "=", "3"],
    ]
