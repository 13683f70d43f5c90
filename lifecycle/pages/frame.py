"""What every page has around it: a head with its style in it or beside it, a bar of links, a foot."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lifecycle.pages.html import Html, address, joined, tag

STYLE = Path(__file__).parent / "report.css"
SCRIPT = Path(__file__).parent / "report.js"


@dataclass(frozen=True)
class Links:
    """Where a page leads to: other pages of the service, so many levels `up` from its own address; nowhere, in a file of its own (`up` is `None`)."""

    up: int | None = None
    decide: str = ""
    """Who decides about versions here: `name` (whoever says a name), `key` (whoever's key may), or nobody (empty)."""

    def to(self, *parts: Any) -> str | None:
        """A relative address of the service; `None` in a file."""
        if self.up is None:
            return None
        return address(*parts, up=self.up) or "./"

    def link(self, text: Any, *parts: Any, **given: Any) -> Html:
        """A link to a page of the service; the text alone in a file."""
        where = self.to(*parts)
        return tag("a", text, href=where, **given) if where else tag("span", text, **given)


def page(title: str, body: Html, links: Links, here: str = "", foot: Any = "") -> str:
    """A whole page; in a file of its own its style is in it, and it loads nothing."""
    service = links.up is not None
    style = tag("link", rel="stylesheet", href=links.to("page", "report.css")) if service else tag("style", Html(STYLE.read_text()))
    script = tag("script", src=links.to("page", "report.js"), defer=True) if service else None
    icon = tag("link", rel="icon", href=links.to("page", "page.svg"), type="image/svg+xml") if service else None
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", f"{title} · Lifecycle" if title != "Lifecycle" else title),
        icon,
        style,
        script,
    )
    bar = tag(
        "header",
        tag("strong", links.link("Lifecycle", "") if service else "Lifecycle"),
        *_bar(links, here),
        class_="top",
    )
    main = tag("main", body, tag("footer", foot) if foot else None, id="main", tabindex="-1")
    return (
        "<!doctype html>\n"
        + tag("html", head, tag("body", tag("a", "Skip to the content", class_="skip", href="#main"), bar, main), lang="en")
        + "\n"
    )


def _bar(links: Links, here: str) -> list[Html]:
    if links.up is None:
        return []
    pages = [("All use cases", ""), ("Ask a model", "ask"), ("API", "docs")]
    return [links.link(text, where, aria_current="page" if where == here else None) for text, where in pages]


def card(title: str, *inside: Any, note: Any = "", id: str | None = None, class_: str = "") -> Html:
    """A section with a heading."""
    said = tag("p", note, class_="dim") if note else None
    return tag("section", tag("h2", title), said, joined(*inside), class_=f"card {class_}".strip(), id=id)


def table(head: list[Any], rows: list[list[Any]], class_: str = "") -> Html:
    """A table whose first column heads its rows; cells that are lists have their class first."""
    heads = tag(
        "thead",
        tag(
            "tr", *(tag("th", each, scope="col") if not isinstance(each, tuple) else tag("th", each[1], scope="col", class_=each[0]) for each in head)
        ),
    )
    names = [each[1] if isinstance(each, tuple) else each for each in head]
    body = [tag("tr", *(_cell(at, names[at], each) for at, each in enumerate(row))) for row in rows]
    return tag("div", tag("table", heads, tag("tbody", *body), class_=class_ or None), class_="wide")


def _cell(at: int, head: Any, value: Any) -> Html:
    class_, inside = value if isinstance(value, tuple) else (None, value)
    if at == 0:
        return tag("th", inside, scope="row", class_=class_)
    return tag("td", inside, class_=class_ if inside not in ("", None) else "empty", data_label=head or None)
