"""Taking events in: many as a job, one at a time, and what became of the jobs.

A job is done when its answer is sent: 202 with its address, as the standard has it. With
``rollback`` a single invalid event refuses the whole document, at once (400); with
``proceed`` the valid ones are kept and the job tells of the others. The same event again
is no error and changes nothing.
"""

import json
import secrets
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response

from api.deps import Caller, Deps, Given, require_office
from api.epcis.paging import OF_PAGING, next_headers, paging, require_known
from api.epcis.problems import fault_in_job
from api.epcis.protocol import MOST_EVENTS, VERSIONS, Payload, answer, at
from domain.errors import Clash, InvalidInput, TooLarge
from domain.window import print_instant
from store.records.captures import CaptureJob
from traceability.epcis.document import parse
from traceability.epcis.repository import Capture, examine, told
from traceability.epcis.validate import validate_document

router = APIRouter()
Behaviour = Annotated[str, Header(alias="GS1-Capture-Error-Behaviour")]


@router.post("/capture")
def post_capture(
    given: Given, caller: Caller, payload: Payload, behaviour: Behaviour = "rollback"
) -> Response:
    """Take in an EPCISDocument or EPCISQueryDocument."""
    require_office(caller)
    if behaviour not in ("rollback", "proceed"):
        message = "GS1-Capture-Error-Behaviour is rollback or proceed"
        raise InvalidInput(message, "GS1-Capture-Error-Behaviour")
    now_ms = given.clock()
    capture = _examined(payload, now_ms)
    if capture.faults and behaviour == "rollback":
        raise capture.faults[0]
    faults = json.dumps([fault_in_job(_told(fault)) for fault in capture.faults])
    id_ = secrets.token_hex(8)
    job = CaptureJob(id_, caller.login, behaviour, now_ms, given.clock(), faults)
    _keep(given, capture, job)
    return Response(status_code=202, headers={**VERSIONS, "Location": at("capture", id_)})


@router.post("/events")
def post_event(given: Given, caller: Caller, payload: Payload) -> Response:
    """Take in one event; 201 and its address, 200 when it was there already."""
    require_office(caller)
    document = parse(payload)
    if document.get("type") in ("EPCISDocument", "EPCISQueryDocument"):
        message = "documents are taken by POST /capture, this takes a single event"
        raise InvalidInput(message, "type")
    capture = examine(validate_document(document), given.clock())
    if capture.faults:
        raise capture.faults[0]
    (new,) = capture.events
    (added,) = _keep(given, capture, None)
    with given.records.reading() as transaction:
        kept = next(k for k in transaction.events.named(new.event_id) if k.hash_id == new.hash_id)
    headers = {"Location": at("events", new.event_id)}
    return answer(told(kept).event, headers, 201 if added else 200)


@router.get("/capture")
def list_jobs(given: Given, caller: Caller, request: Request) -> Response:
    """Return capture jobs, newest first."""
    require_office(caller)
    require_known(request, *OF_PAGING)
    now_ms = given.clock()
    page = paging(request, now_ms)
    with given.records.reading() as transaction:
        jobs = transaction.captures.jobs(page.name(), page.limit + 1)
    shown = jobs[: page.limit]
    after = {"name": shown[-1].id} if len(jobs) > page.limit else None
    return answer([_job(job) for job in shown], next_headers(request, after, now_ms))


@router.get("/capture/{job}")
def get_job(given: Given, caller: Caller, job: str) -> Response:
    """Return what became of a capture."""
    require_office(caller)
    with given.records.reading() as transaction:
        return answer(_job(transaction.captures.job(job)))


def _examined(payload: bytes, now_ms: int) -> Capture:
    found = validate_document(parse(payload))
    if len(found) > MOST_EVENTS:
        message = f"{len(found)} events; at most {MOST_EVENTS} are taken at once"
        raise TooLarge(message)
    return examine(found, now_ms)


def _keep(given: Deps, capture: Capture, job: CaptureJob | None) -> list[bool]:
    """Keep all or nothing; whoever told the same event at the same moment is waited for."""
    try:
        return _kept(given, capture, job)
    except Clash:
        return _kept(given, capture, job)


def _kept(given: Deps, capture: Capture, job: CaptureJob | None) -> list[bool]:
    with given.records.transaction() as transaction:
        if job is not None:
            transaction.captures.add_job(job)
        return transaction.events.add(capture.events, None if job is None else job.id)


def _told(fault: InvalidInput) -> dict[str, Any]:
    return {"error": fault.code, "message": str(fault), "field": fault.field}


def _job(job: CaptureJob) -> Mapping[str, Any]:
    errors = json.loads(job.faults)
    return {
        "captureID": job.id,
        "createdAt": print_instant(job.created_ms),
        "finishedAt": print_instant(job.finished_ms),
        "running": False,
        "success": not errors,
        "captureErrorBehaviour": job.behaviour,
        "errors": errors,
    }
