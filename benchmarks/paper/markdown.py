"""The few pieces of Markdown that the pages are made of."""

from collections.abc import Sequence


def heading(title: str, level: int) -> list[str]:
    """Return a title.

    Parameters
    ----------
    title : str
        The title.
    level : int
        1 for the page's own.

    Returns
    -------
    list of str
        Lines.
    """
    return [f"{'#' * level} {title}", ""]


def titled_table(
    title: str, header: Sequence[str], rows: Sequence[Sequence[str]]
) -> list[str]:
    """Return a table below its title; line breaks within a cell are kept.

    Parameters
    ----------
    title : str
        What the table shows.
    header : sequence of str
        Names of the columns.
    rows : sequence of sequences of str
        The cells.

    Returns
    -------
    list of str
        Lines.
    """
    lines = [_row(header), _row(["---"] * len(header)), *(_row(row) for row in rows)]
    return [f"**{title}**", "", *lines, ""]


def _row(cells: Sequence[str]) -> str:
    inner = (cell.replace("|", r"\|").replace("\n", "<br>") for cell in cells)
    return f"| {' | '.join(inner)} |"


def definition(term: str, text: str) -> list[str]:
    """Return a term in bold and what is to say about it.

    Parameters
    ----------
    term, text : str
        Markdown.

    Returns
    -------
    list of str
        Lines.
    """
    return [f"**{term}.** {text}", ""]
