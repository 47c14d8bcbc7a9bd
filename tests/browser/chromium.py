"""A real Chromium, the one Debian ships; Playwright only drives it."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.services.server import ServiceAbsent

_ARGUMENTS = (
    "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-quic",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


@contextmanager
def chromium() -> Iterator[Browser]:
    program = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if program is None:
        raise ServiceAbsent("Chromium is not installed (Debian: chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(_ARGUMENTS))
        yield browser
        browser.close()


def context(browser: Browser, width: int, height: int = 740, **options: Any) -> BrowserContext:
    phone = width < 500
    return browser.new_context(
        viewport={"width": width, "height": height},
        device_scale_factor=2 if phone else 1,
        is_mobile=phone,
        has_touch=phone,
        locale="vi-VN",
        timezone_id="Asia/Ho_Chi_Minh",
        **options,
    )


def sign_in(page: Page, address: str, login: str, pin: str) -> None:
    page.goto(address + "/dang-nhap")
    page.fill("#login", login)
    page.fill("#secret", pin)
    page.click("main button")
    page.wait_for_load_state()
