"""Sphinx configuration; the API pages are rendered from api_reference.py."""

import sys
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config

import skrunner

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from api_reference import API, INNER_ROOMS, Room  # noqa: E402

project = "skrunner"
author = "The skrunner developers"
project_copyright = "2026, The skrunner developers"
release = version = skrunner.__version__

extensions = [
    "myst_parser",  # the pages of results are Markdown
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "generated/*.md"]
templates_path = ["_templates"]
default_role = "literal"
nitpicky = True
# Their inventories would have to be downloaded.
nitpick_ignore_regex = [("py:.*", r"(fairlearn|sklearn|skorch|torch)\..*")]

html_theme = "pydata_sphinx_theme"
html_title = f"skrunner {version}"
html_show_sourcelink = False
html_theme_options = {
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
}

# Types are in the numpydoc text; annotations would only repeat them as broken links.
autodoc_typehints = "none"
autosummary_generate = [f"generated/api/{room.module}.rst" for room in API]
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"/plot_",
    "within_subsection_order": "FileNameSortKey",
    "doc_module": ("skrunner",),
    "abort_on_example_error": True,
    "download_all_examples": False,
    "show_signature": False,
}


def heading(title: str, underline: str) -> list[str]:
    """Return a title with its line below."""
    return [title, underline * len(title), ""]


def room_page(room: Room) -> str:
    """Return the page of a room."""
    lines = [*heading(f"{room.module}: {room.title.lower()}", "="), room.text, ""]
    lines += [f".. currentmodule:: {room.module}", ""]
    for section in room.sections:
        lines += [*heading(section.title, "-"), section.text, ""]
        lines += [".. autosummary::", "   :toctree: ../objects", ""]
        lines += [*(f"   {name}" for name in section.names), ""]
    return "\n".join(lines)


def index_page() -> str:
    """Return the page that leads to all rooms."""
    lines = [*heading("API reference", "="), ".. toctree::", "   :maxdepth: 2", ""]
    lines += [*(f"   {room.module}" for room in API), ""]
    lines += heading("Inner rooms", "-")
    lines += ["These may change between releases; their docstrings say what they own."]
    lines += ["", *(f"- ``{name}``: {text}" for name, text in INNER_ROOMS.items()), ""]
    return "\n".join(lines)


def write_api_pages(app: Sphinx, _config: Config) -> None:
    """Write the pages, leaving unchanged ones alone so that they are not read again."""
    folder = Path(app.srcdir) / "generated" / "api"
    folder.mkdir(parents=True, exist_ok=True)
    pages = {"index": index_page()} | {room.module: room_page(room) for room in API}
    for name, text in pages.items():
        path = folder / f"{name}.rst"
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


def skip_member(
    _app: Sphinx, _what: str, _name: str, member: object, _skip: bool, _options: object
) -> bool | None:
    """Leave out methods that others wrote, such as scikit-learn's request methods."""
    module = getattr(member, "__module__", None) or project
    return None if module.split(".")[0] == project else True


def drop_type_docstring(
    _app: Sphinx,
    what: str,
    _name: str,
    _value: object,
    _options: object,
    lines: list[str],
) -> None:
    """Show constants by their value: their docstring is that of their type."""
    if what == "data":
        lines.clear()


def setup(app: Sphinx) -> None:
    """Connect what is above."""
    # Before the environment looks for pages, or autosummary would not see them.
    app.connect("config-inited", write_api_pages)
    app.connect("autodoc-skip-member", skip_member)
    # Before numpydoc reads it.
    app.connect("autodoc-process-docstring", drop_type_docstring, priority=100)
