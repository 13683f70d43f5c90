"""The Markdown of model cards as HTML: headings, tables, lists, code, emphasis; every text in it is escaped."""

import re

from lifecycle.pages.html import Html, joined, tag

ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
"""A sign after a backslash stands for itself: it waits in a place of its own until the marks around it are read."""
PRIVATE = 0xE000
MARKS = re.compile(r"(\*\*[^*]+\*\*|\*[^*\s][^*]*\*|(?<!`)(`+)(?!`).+?(?<!`)\2(?!`))")
RULE = re.compile(r"^\|[\s:|-]*-[\s:|-]*\|$")


def rendered(text: str) -> Html:
    """A whole text."""
    found: list[Html] = []
    for block in re.split(r"\n\s*\n", text.strip()):
        if match := re.fullmatch(r"```\w*\n(.*?)\n?```", block.strip(), re.DOTALL):
            found.append(tag("pre", match[1]))
            continue
        found += _block([line for line in block.split("\n") if line.strip()])
    return joined(*found)


def inline(text: str) -> Html:
    """A piece of a line."""
    shielded = ESCAPED.sub(lambda sign: chr(PRIVATE + ord(sign[1])), text)
    pieces, at = [], 0
    for match in MARKS.finditer(shielded):
        pieces += [_plain(shielded[at : match.start()]), _marked(match[0])]
        at = match.end()
    return joined(*pieces, _plain(shielded[at:]))


def _marked(text: str) -> Html:
    if text.startswith("**"):
        return tag("strong", _plain(text[2:-2]))
    if text.startswith("*"):
        return tag("em", _plain(text[1:-1]))
    fence = len(text) - len(text.lstrip("`"))
    return tag("code", _plain(text[fence:-fence], "\\").strip())


def _plain(text: str, before: str = "") -> str:
    return re.sub(r"[\ue021-\ue07e]", lambda sign: before + chr(ord(sign[0]) - PRIVATE), text)


def _block(lines: list[str]) -> list[Html]:
    found = []
    if lines and (heading := re.match(r"(#+) (.*)", lines[0])):
        found.append(tag(f"h{min(len(heading[1]), 4)}", inline(heading[2])))
        lines = lines[1:]
    if not lines:
        return found
    if lines[0].startswith("|"):
        head, *rows = [_cells(line) for line in lines if not RULE.match(line)]
        heads = tag("thead", tag("tr", *(tag("th", inline(each), scope="col") for each in head)))
        body = tag("tbody", *(tag("tr", *(tag("td", inline(each)) for each in row)) for row in rows))
        return [*found, tag("div", tag("table", heads if any(head) else None, body), class_="wide")]
    if re.match(r"[-*] ", lines[0]):
        return [*found, tag("ul", *(tag("li", inline(re.sub(r"^[-*] ", "", line))) for line in lines))]
    return [*found, tag("p", inline(" ".join(lines)))]


def _cells(line: str) -> list[str]:
    return [each.strip() for each in re.split(r"(?<!\\)\|", line.strip().removeprefix("|").removesuffix("|"))]
