"""A headless Chromium for tests of pages; where none is installed, they are skipped in one clear line."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium() -> str:
    """Return where Chromium is, or end the test."""
    for name in (os.environ.get("SLOTKEEPER_CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome"):
        if name and (found := shutil.which(name)):
            return found
    message = "no Chromium is installed (set SLOTKEEPER_CHROMIUM)"
    if os.environ.get("SLOTKEEPER_REQUIRE_SERVERS") == "1":
        pytest.fail(message)
    pytest.skip(message)


@contextmanager
def browser(pages: int = 1) -> Iterator[list[Page]]:
    """Open pages that share nothing."""
    with sync_playwright() as play:
        found = play.chromium.launch(executable_path=chromium(), args=list(QUIET))
        try:
            yield [found.new_context(viewport={"width": 900, "height": 700}).new_page() for _ in range(pages)]
        finally:
            found.close()


def picture(page: Page, name: str) -> None:
    """Keep a picture of a page where `SLOTKEEPER_PICTURES` names a folder."""
    if folder := os.environ.get("SLOTKEEPER_PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
