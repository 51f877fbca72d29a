"""Papers for people: a title, headings, sentences, lists and tables, as Markdown or for a word processor."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any


@dataclass(frozen=True)
class Table:
    """Rows under heads; each cell is a text."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Part:
    """A heading, and what stands under it in this order: sentences, a list, a table."""

    heading: str
    sentences: Sequence[str] = ()
    bullets: Sequence[str] = ()
    table: Table | None = None


@dataclass(frozen=True)
class Paper:
    """What is written about a show, a week, a product, a requirement."""

    title: str
    about: str
    parts: Sequence[Part] = field(default_factory=tuple)


def markdown(paper: Paper) -> str:
    """The paper as Markdown (CommonMark with tables); what customers wrote is no markup in it."""
    lines = [f"# {_plain(paper.title)}", "", _plain(paper.about), ""]
    for part in paper.parts:
        lines += [f"## {_plain(part.heading)}", ""]
        for sentence in part.sentences:
            lines += [_plain(sentence), ""]
        if part.bullets:
            lines += [*(f"- {_plain(bullet)}" for bullet in part.bullets), ""]
        if part.table is not None:
            rows = [part.table.heads, ["---"] * len(part.table.heads), *part.table.rows]
            lines += ["| " + " | ".join(_plain(cell) for cell in row) + " |" for row in rows]
            lines.append("")
    return "\n".join(lines)


_MARKUP = str.maketrans({sign: f"\\{sign}" for sign in "\\`*_[]<>#|~"} | {"\n": " ", "\r": " "})


def _plain(text: str) -> str:
    return text if text == "---" else text.translate(_MARKUP)


def percent(share: float) -> str:
    """A share for people, small ones by the tenth: 22%, 2.5%."""
    return f"{share:.0%}" if share >= 0.1 else f"{share:.1%}"


def docx(paper: Paper) -> bytes:
    """The paper as Office Open XML (.docx), in a font that has Chinese."""
    from docx import Document  # lxml, which little else needs
    from docx.oxml.ns import qn

    document = Document()
    for name in ("Normal", "Title", "Heading 1"):
        style = document.styles[name]
        style.font.name = _FONT
        style.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), _FONT)
    document.core_properties.title = paper.title
    document.core_properties.author = "Aftershow"
    document.add_heading(_writable(paper.title), 0)
    document.add_paragraph(_writable(paper.about))
    for part in paper.parts:
        document.add_heading(_writable(part.heading), 1)
        for sentence in part.sentences:
            document.add_paragraph(_writable(sentence))
        for bullet in part.bullets:
            document.add_paragraph(_writable(bullet), style="List Bullet")
        if part.table is not None:
            _draw(document, part.table)
    written = BytesIO()
    document.save(written)
    return written.getvalue()


def _draw(document: Any, table: Table) -> None:
    """A table as wide as the page; its columns by what stands in them."""
    rows = [table.heads, *table.rows]
    grid = document.add_table(rows=len(rows), cols=len(table.heads), style="Light Grid Accent 1")
    grid.autofit = False
    asked = [min(max(max(map(len, column)), NARROW), WIDE) for column in zip(*rows, strict=True)]
    section = document.sections[0]
    width = section.page_width - section.left_margin - section.right_margin
    for column, share in zip(grid.columns, asked, strict=True):
        column.width = width * share // sum(asked)
    for line, row in zip(grid.rows, rows, strict=True):
        for cell, text, column in zip(line.cells, row, grid.columns, strict=True):
            cell.text, cell.width = _writable(text), column.width


NARROW, WIDE = 5, 30
"""A column is as wide as its longest text, within so many characters."""

_FONT = "Microsoft YaHei"


def _writable(text: str) -> str:
    """XML has no place for most control characters."""
    return "".join(sign for sign in text if sign in "\t\n" or (sign >= " " and sign not in "\ufffe\uffff"))
