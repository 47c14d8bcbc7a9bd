"""A small client of our own ``/v1``, standard library only."""

import json
import urllib.error
import urllib.request
from typing import Any


class Answer(Exception):
    """An answer with an error status; ``problem`` is the one error shape."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        super().__init__(f"{status}: {problem.get('message', problem)}")
        self.status = status
        self.problem = problem


class Client:
    """Speaks JSON with one account's token."""

    def __init__(self, address: str, login: str = "", secret: str = "") -> None:
        self.address = address
        self._token = ""
        if login:
            self._token = self.post("/v1/sessions", {"login": login, "secret": secret})["token"]

    def get(self, path: str) -> Any:
        """Return the JSON under ``path``; raises `Answer`."""
        return json.loads(self.fetch(path)[1])

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """Post JSON and return the JSON answered; raises `Answer`."""
        return json.loads(self.fetch(path, json.dumps(body).encode())[1])

    def fetch(
        self, path: str, body: bytes | None = None, accept: str = "application/json"
    ) -> tuple[int, bytes]:
        """Return status and body; raises `Answer` unless it is 2xx."""
        headers = {"Accept": accept}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        if body is not None:
            headers["Content-Type"] = "application/json"
        url = path if path.startswith("http") else self.address + path
        request = urllib.request.Request(url, body, headers)  # noqa: S310 - our own http address
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            raw = error.read()
            try:
                problem = json.loads(raw)
            except ValueError:
                problem = {"error": "html", "message": raw[:200].decode("utf-8", "replace")}
            raise Answer(error.code, problem) from error
