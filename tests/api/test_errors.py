"""One error shape, whatever goes wrong; and bad input is never a 500."""

import json
import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.errors import STATUS, status_of
from domain import errors as e
from domain.errors import StoreUnavailable
from tests.api.conftest import Site


def every(kind: type[e.NguonError]) -> Iterator[type[e.NguonError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from every(child)


def test_every_error_has_a_status_and_a_code_of_its_own() -> None:
    kinds = list(every(e.NguonError))
    codes = [kind.code for kind in kinds]
    assert len(set(codes)) == len(codes)
    for kind in kinds:
        assert 400 <= status_of(kind) <= 503
    for caller in e.CallerError.__subclasses__():
        assert caller in STATUS, f"{caller.__name__} needs a status of its own"


def assert_problem(answer: object, status: int, code: str) -> dict[str, str]:
    body: dict[str, str] = answer.json()  # type: ignore[attr-defined]
    assert answer.status_code == status, body  # type: ignore[attr-defined]
    assert set(body) <= {"error", "message", "field", "rule"}
    assert body["error"] == code
    assert body["message"]
    return body


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/v1/plots/none", None, 404, "not-found"),
        ("GET", "/v1/plots/NOT AN ID", None, 400, "invalid-input"),
        ("GET", "/v1/plots/ruong-1/series/1/readings", None, 400, "invalid-input"),
        ("GET", "/v1/plots/ruong-1/series/1/readings?start=x&end=y", None, 400, "invalid-input"),
        ("GET", "/v1/plots/ruong-1/series/1/readings?start=2026-11-22T00:00:00Z&end=2026-11-21T00:00:00Z", None, 400, "invalid-input"),
        ("GET", "/v1/plots/ruong-1/series/99/readings?start=2026-11-20T00:00:00Z&end=2026-11-21T00:00:00Z", None, 404, "not-found"),
        ("GET", "/v1/plots/ruong-1/series/99999999999999999999/readings?start=2026-11-20T00:00:00Z&end=2026-11-21T00:00:00Z", None, 404, "not-found"),
        ("GET", "/v1/plots/ruong-1/series/1/readings?start=2026-11-20T00:00:00Z&end=2026-11-21T00:00:00Z&limit=0", None, 400, "invalid-input"),
        ("GET", "/v1/plots/ruong-1/series/1/rollups?start=1969-01-01T00:00:01Z&end=9999-12-31T23:59:59-14:00", None, 400, "invalid-input"),
        ("GET", "/v1/lots/123/A", None, 400, "invalid-input"),
        ("GET", "/v1/lots/09520001000010/NONE", None, 404, "not-found"),
        ("GET", "/v1/nothing", None, 404, "not-found"),
        ("PUT", "/v1/plots", {}, 405, "method-not-allowed"),
        ("POST", "/v1/lots", None, 400, "invalid-input"),
        ("POST", "/v1/lots", {}, 400, "invalid-input"),
        ("POST", "/v1/lots", {"gtin": "09520001000010", "number": "B", "harvest": "thu-hoach", "kilograms": 9e99}, 422, "refused"),
        ("POST", "/v1/lots", {"gtin": "09520001000010", "number": "LO-1", "harvest": "thu-hoach", "kilograms": 1}, 409, "clash"),
        ("POST", "/v1/lots", {"gtin": "1", "number": "B", "harvest": "thu-hoach", "kilograms": 1}, 400, "invalid-input"),
        ("POST", "/v1/plots/ruong-1/diary", {"id": "a", "work": "dancing", "day": "2026-11-21"}, 400, "invalid-input"),
        ("POST", "/v1/plots/ruong-1/diary", {"id": "a", "work": "harvest", "day": "2026-11-21"}, 400, "invalid-input"),
        ("POST", "/v1/plots/ruong-1/diary", {"id": "a", "work": "weeding", "day": "2031-01-01"}, 400, "invalid-input"),
        ("POST", "/v1/plots/ruong-1/diary", {"id": "a", "work": "spraying", "day": "2026-11-21", "product": "ddt"}, 422, "refused"),
        ("POST", "/v1/plots/ruong-1/diary", {"id": "thu-hoach", "work": "weeding", "day": "2026-11-21"}, 409, "clash"),
        ("POST", "/v1/plots/ruong-1/diary", {"id": "a", "work": "weeding", "day": 1764115200}, 400, "invalid-input"),
        ("POST", "/v1/plots/ruong-1/diary", {"id": "a", "work": "weeding", "day": "2026-11-21T00:00:00"}, 400, "invalid-input"),
        ("POST", "/v1/plots/ruong-1/diary", {"id": "a", "work": "irrigation", "day": "2026-11-21", "amount": True}, 400, "invalid-input"),
        ("POST", "/v1/plots/ruong-2/diary", {"id": "a", "work": "weeding", "day": "2026-11-21"}, 403, "not-allowed"),
        ("POST", "/v1/lots/09520001000010/LO-1/recall", {"reason": "x"}, 403, "not-allowed"),
        ("POST", "/v1/lots/09520001000010/LO-1/recall/confirmation", {"reason": "x"}, 403, "not-allowed"),
        ("POST", "/v1/lots/09520001000010/LO-1/recall/withdrawal", None, 403, "not-allowed"),
        ("GET", "/v1/lots/09520001000010/LO-1/recall", None, 403, "not-allowed"),
        ("GET", "/v1/devices", None, 403, "not-allowed"),
        ("GET", "/v1/quarantine", None, 403, "not-allowed"),
        ("POST", "/.well-known/nguon-keys.json", {}, 405, "method-not-allowed"),
    ],
)  # fmt: skip
def test_what_goes_wrong_is_told_in_one_shape(
    site: Site, method: str, path: str, body: object, status: int, code: str
) -> None:
    answer = site.client("grower").request(method, path, json=body)
    assert_problem(answer, status, code)


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"\xff\xfe", b"[" * 30_000, b'"x"', b"null", b'{"gtin":' + b"9" * 5000 + b"}"],
)
def test_bodies_that_are_no_json_are_told_too(site: Site, raw: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    assert_problem(
        site.client("grower").post("/v1/lots", content=raw, headers=headers), 400, "invalid-input"
    )


def test_a_body_that_is_too_large_is_not_read(site: Site) -> None:
    answer = site.client("grower").post("/v1/lots", content=b"x" * 200_000)
    assert_problem(answer, 400, "invalid-input")


PUBLIC = {
    "sign_in", "get_health", "get_lot", "get_passport", "get_proof", "get_credential",
    "get_status_list", "get_lineage", "get_made_of", "get_logistic_unit", "get_lot_events", "get_log_proof", "get_checkpoint", "get_tile",
    "get_keys", "get_did", "list_recalls",
}  # fmt: skip


def operations(site: Site) -> list[tuple[str, str, str]]:
    """Method, path and name of all that the description of the API has.

    Not from ``app.routes``: routers included in an application are no routes of it there.
    """
    return [
        (method.upper(), path, operation["operationId"])
        for path, methods in site.app.openapi()["paths"].items()
        for method, operation in methods.items()
    ]


def test_every_machine_route_but_the_public_ones_needs_a_token(site: Site) -> None:
    client = site.client()
    assert {name for _, _, name in operations(site)} > PUBLIC
    parts = {"plot": "ruong-1", "series": "1", "gtin": "09520001000010", "lot": "LO-1"}
    for method, template, name in operations(site):
        if name in PUBLIC:
            continue
        path = re.sub(r"\{(\w+)\}", lambda part: parts.get(part[1], "x"), template)
        path += (
            "?start=2026-11-20T00:00:00Z&end=2026-11-21T00:00:00Z" if "{series}" in template else ""
        )
        body = {
            "reason": "x",
            "id": "a",
            "work": "weeding",
            "day": "2026-11-21",
            "gtin": "1",
            "number": "1",
            "harvest": "a",
            "kilograms": 1,
        }
        assert_problem(
            client.request(method, path, json=body if method == "POST" else None),
            401,
            "not-signed-in",
        )


def test_every_page_of_growers_and_office_sends_strangers_to_sign_in(site: Site) -> None:
    client = site.browser()
    for path in (
        "/r",
        "/r/ruong-1",
        "/r/ruong-1/ghi",
        "/r/ruong-1/lo",
        "/qt",
        "/qt/san-luong.csv",
        "/qt/cam-bien.csv",
    ):
        answer = client.get(path, follow_redirects=False)
        there = (answer.status_code, answer.headers["location"])
        assert there == (303, f"/dang-nhap?next={path}"), path


def test_any_day_there_is_may_be_asked_about(site: Site) -> None:
    client = site.client("office")
    asked = "/v1/devices/dat-01/days?first={}&last={}"
    assert len(client.get(asked.format("2026-11-20", "2026-11-21")).json()) == 2
    for first, last in (("2024-01-01", "2026-01-01"), ("2026-02-01", "2026-01-01"),
                        ("9999-12-31", "9999-12-31"), ("0001-01-01", "0001-01-01")):  # fmt: skip
        assert_problem(client.get(asked.format(first, last)), 400, "invalid-input")


def test_head_is_answered_wherever_get_is(site: Site) -> None:
    for path in ("/", "/dang-nhap", "/kiem-chung", "/robots.txt", "/01/09520001000010/10/LO-1",
                 "/.well-known/nguon-keys.json", "/v1/lots/09520001000010/LO-1"):  # fmt: skip
        assert site.client().head(path).status_code == 200, path


def test_a_fault_of_ours_is_told_as_ours_and_gives_nothing_away(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> object:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("api.v1.fields.plot_state", broken)
    answer = site.client("grower").get("/v1/plots")
    body = assert_problem(answer, 500, "internal-error")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "secret" not in json.dumps(body)


def test_a_store_that_is_away_is_503(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> object:
        raise StoreUnavailable("the disk is full")

    monkeypatch.setattr(site.world.series, "tally", away)
    assert_problem(site.client().get("/v1/health"), 503, "store-unavailable")


@settings(
    max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.text(max_size=60),
    st.sampled_from(
        [
            "/01/{}",
            "/01/09520001000010/10/{}",
            "/01/09520001000010/10/LO-1?{}",
            "/414/{}",
            "/T/{}",
            "/lo/09520001000010/{}",
            "/sp/{}",
            "/noi-trong/{}",
            "/v1/lots/{}/x",
            "/tem/{}/a.svg",
            "/r/{}",
            "/{}",
        ]
    ),
)
def test_no_path_a_stranger_can_type_is_a_500(site: Site, text: str, shape: str) -> None:
    for client in (site.client(), site.browser()):
        answer = client.get(shape.format(quote(text, safe="/%?&=")), follow_redirects=False)
        assert answer.status_code < 500
