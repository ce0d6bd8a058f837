"""A document made of blocks, as Markdown and as one self-contained HTML page.

Rules that hold here: whatever a block says is escaped; a page needs nothing from outside (no script, no
font, no address); Markdown leaves pictures to the page and says so.
"""

import html
from collections.abc import Sequence
from dataclasses import dataclass

STYLE = (
    "body{max-width:46rem;margin:2rem auto;padding:0 1rem;font:16px/1.5 sans-serif;color:#1B1F24;"
    "background:#FBFAF7}table{border-collapse:collapse;margin:1rem 0}th,td{border:1px solid #767E88;"
    "padding:.3rem .6rem;text-align:left}svg{max-width:100%;height:auto}code{overflow-wrap:anywhere}"
)


@dataclass(frozen=True)
class Heading:
    """A heading of level 1 to 3."""

    level: int
    text: str


@dataclass(frozen=True)
class Table:
    """A table: names of the columns, and rows of texts."""

    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Picture:
    """A picture (SVG) with the sentence that says what it shows."""

    svg: str
    sentence: str


Block = Heading | Table | Picture | str | tuple[str, ...]
"""A text is a paragraph, a tuple of texts a list."""


def as_markdown(blocks: Sequence[Block]) -> str:
    """The blocks as Markdown, pictures by their sentence."""
    return "\n\n".join(_markdown(block) for block in blocks) + "\n"


def _markdown(block: Block) -> str:
    match block:
        case Heading():
            return f"{'#' * block.level} {block.text}"
        case Table():
            lines = [block.names, ("---",) * len(block.names), *block.rows]
            return "\n".join(
                "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines
            )
        case Picture():
            return f"*{block.sentence} (The picture is in the HTML form of this card.)*"
        case str():
            return block
    return "\n".join(f"- {line}" for line in block)


def as_page(blocks: Sequence[Block], title: str) -> str:
    """The blocks as one HTML page."""
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{html.escape(title)}</title><style>{STYLE}</style>"
    )
    body = "\n".join(_html(block) for block in blocks)
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n{body}\n</body></html>\n'


def _html(block: Block) -> str:
    match block:
        case Heading():
            return f"<h{block.level}>{html.escape(block.text)}</h{block.level}>"
        case Table():
            head = "".join(f"<th>{html.escape(name)}</th>" for name in block.names)
            rows = "".join(
                f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>" for row in block.rows
            )
            return f"<table><tr>{head}</tr>{rows}</table>"
        case Picture():
            svg, sentence = block.svg[block.svg.index("<svg") :], html.escape(block.sentence)
            return f'<figure aria-label="{sentence}">{svg}<figcaption>{sentence}</figcaption></figure>'
        case str():
            return f"<p>{html.escape(block)}</p>"
    return "<ul>" + "".join(f"<li>{html.escape(line)}</li>" for line in block) + "</ul>"
