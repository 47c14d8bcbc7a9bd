"""The application on a real port, and a real browser in front of it."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
import uvicorn
from playwright.sync_api import Browser

from api.app import create_app
from tests.api.conftest import Site
from tests.api.conftest import site as site
from tests.browser.chromium import chromium
from tests.conftest import absent
from tests.services.server import ServiceAbsent, free_ports


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    try:
        with chromium() as started:
            yield started
    except ServiceAbsent as error:
        absent(str(error))


@pytest.fixture(scope="module")
def address(site: Site) -> Iterator[str]:
    (port,) = free_ports(1)
    where = f"http://127.0.0.1:{port}"
    app = create_app(replace(site.app.state.deps, address=where))
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield where
    server.should_exit = True
    thread.join()
