"""A page as a file, and a drawing as one: they load nothing and can be sent."""

import re
from pathlib import Path

from lifecycle.errors import LifecycleError
from lifecycle.pages.frame import STYLE
from lifecycle.pages.html import Html
from lifecycle.settings import Settings, settings
from lifecycle.store import private


def folder(at: Settings) -> Path:
    """Where pages are kept that nobody named a place for."""
    return at.home / "reports"


def written(file: Path, text: str) -> Path:
    """Write a page, whole or not at all.

    Raises:
        LifecycleError: it cannot be written there.
    """
    arriving = file.with_name(f".{file.name}.arriving")
    try:
        if file.is_dir():
            raise IsADirectoryError(f"{file} is a folder")
        ours = file.is_relative_to(settings().home)
        if ours:
            private.folder(file.parent)
        arriving.write_text(text, encoding="utf-8")
        (arriving if ours else private.handed_over(arriving)).replace(file)
    except OSError as error:
        arriving.unlink(missing_ok=True)
        raise LifecycleError(f"the file {file} cannot be written ({error.strerror or error}); name another with --out") from None
    return file


def picture(drawn: Html) -> bytes:
    """A drawing of a page as an SVG file, with the page's style in it."""
    box = re.search(r'viewBox="0 0 (\d+(?:\.\d+)?) (\d+(?:\.\d+)?)"', drawn)
    wide, high = box.groups() if box else ("900", "300")
    style = f"<style>{STYLE.read_text()} :root {{ background: var(--card); }}</style>"
    head, _, rest = drawn.partition(">")
    return f'{head} xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}">{style}{rest}'.encode()
