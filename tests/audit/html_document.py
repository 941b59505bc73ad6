"""A report as a browser reads it, and texts that try to become markup in it."""

from html.parser import HTMLParser

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style></title></svg><b onclick='x()'>",
    "\x1b]0;owned\x07\x1b[31mred\x1b[0m",
    "good\u202etxt.exe\u2066\u200b",
    "line one\r\nforged line",
    "&lt;already&gt; &amp; `code` {braces}",
    "{{ 7 * 7 }}{% raw %}{# gone #}",
)


class Read(HTMLParser):
    """Every tag with its attributes, the visible text, and whether all tags are closed in order."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(document)
        self.close()

    def handle_starttag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((name, dict(attributes)))
        self.open.append(name)

    def handle_startendtag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((name, dict(attributes)))

    def handle_endtag(self, name: str) -> None:
        assert self.open.pop() == name

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    @property
    def said(self) -> str:
        return " ".join(" ".join(self.words).split())
