"""The few pieces of reStructuredText that the pages are made of."""

from collections.abc import Sequence


def heading(title: str, underline: str) -> list[str]:
    """Return a title with its line below.

    Parameters
    ----------
    title : str
        The title.
    underline : str
        One character.

    Returns
    -------
    list of str
        Lines.
    """
    return [title, underline * len(title), ""]


def list_table(
    title: str, header: Sequence[str], rows: Sequence[Sequence[str]]
) -> list[str]:
    """Return a table; line breaks within a cell are kept.

    Parameters
    ----------
    title : str
        The caption.
    header : sequence of str
        Names of the columns.
    rows : sequence of sequences of str
        The cells.

    Returns
    -------
    list of str
        Lines.
    """
    lines = [f".. list-table:: {title}", "   :header-rows: 1", ""]
    for row in [header, *rows]:
        for position, cell in enumerate(row):
            lines += _cell(cell, first=position == 0)
    return [*lines, ""]


def _cell(text: str, *, first: bool) -> list[str]:
    start = "   * - " if first else "     - "
    parts = text.split("\n")
    if len(parts) > 1:
        parts = [f"| {part}" for part in parts]
    rest = " " * len(start)
    return [(start + parts[0]).rstrip(), *(rest + part for part in parts[1:])]


def definition(term: str, text: str) -> list[str]:
    """Return a term in bold and what is to say about it.

    Parameters
    ----------
    term, text : str
        Markup.

    Returns
    -------
    list of str
        Lines.
    """
    return [f"**{term}.** {text}", ""]
