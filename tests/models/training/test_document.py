from html.parser import HTMLParser

from models.training.document import Block, Heading, Picture, Table, as_markdown, as_page

HOSTILE = "<script>alert('x')</script> | & \" >"
BLOCKS: list[Block] = [
    Heading(1, HOSTILE),
    HOSTILE,
    (HOSTILE, "second"),
    Table(("name", "a|b"), ((HOSTILE, "1"),)),
    Picture('<?xml version="1.0"?>\n<svg><text>5 %</text></svg>', HOSTILE),
]


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]


def test_page__when_texts_are_hostile__then_they_stay_texts() -> None:
    seen = _Tags()
    seen.feed(as_page(BLOCKS, HOSTILE))
    assert "script" not in seen.tags
    assert {"h1", "p", "ul", "li", "table", "figure", "svg", "figcaption"} <= set(seen.tags)


def test_page__when_made__then_it_needs_nothing_from_outside() -> None:
    seen = _Tags()
    page = as_page(BLOCKS, "title")
    seen.feed(page)
    assert not seen.addresses
    assert "<?xml" not in page
    assert "url(" not in page


def test_markdown__when_a_cell_holds_a_bar__then_it_is_escaped_and_pictures_are_sentences() -> None:
    text = as_markdown(BLOCKS)
    table = [line for line in text.splitlines() if line.startswith("| ")]
    assert table[0] == "| name | a\\|b |"
    assert all(line.replace("\\|", "").count("|") == 3 for line in table)
    assert "<svg" not in text
