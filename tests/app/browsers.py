"""A real browser for the tests that look at pages."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
QUIET = [
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
SCREENSHOTS = os.environ.get("LIFECYCLE_SCREENSHOTS", "")
"""A folder for the pictures of the README; they are taken only where it is named."""

expect.set_options(timeout=60_000)  # a busy machine draws a page when it can; what is expected never comes by itself
needed = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here; .ci/browser installs Debian's")


@contextmanager
def chromium(*more: str) -> Iterator[Browser]:
    """A headless Chromium that speaks to nobody but the pages it is shown; `more` are arguments of its command line."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, *more])
        yield browser
        browser.close()
