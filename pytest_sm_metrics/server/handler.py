"""The handler of a request: it finds the mock that answers, and waits for the answer."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING
from uuid import uuid4

from ..aws.active import active
from ..clock import now
from ..current_test import current_test
from ..service.exchange import Answer, HeldCall, NoAnswer, Request, error_answer
from ..service.operations import operation_at
from ..service.service import Service
from .control import PREFIX, control
from .requests import Bodies, RefusedError, check_host, read_request
from .responses import respond

if TYPE_CHECKING:
    from aiohttp import web

logger = logging.getLogger("pytest_sm_metrics.server")


async def handle(request: web.BaseRequest, bodies: Bodies, any_host: bool) -> web.StreamResponse:
    """Answer a request of any kind. `any_host`: also if it was sent to another host name."""
    try:
        answer = await _answer(request, bodies, any_host)
    except RefusedError as error:
        answer = _error(error.status, error.code, error.message)
    except Exception as error:
        logger.exception("%s %s raised an exception", request.method, request.path)
        answer = _failure(error)
    return await respond(request, answer)


async def _answer(request: web.BaseRequest, bodies: Bodies, any_host: bool) -> Answer | NoAnswer:
    if not any_host:
        check_host(request.headers)
    body = await bodies.read(request)
    innermost = active.innermost
    if request.path == PREFIX.rstrip("/"):
        return Answer(308, {"Location": PREFIX}, b"")
    if request.path.startswith(PREFIX):
        path = request.path.removeprefix(PREFIX)
        return await asyncio.to_thread(control, innermost, request.method, path, body)
    received = read_request(request, body)
    if innermost is None:
        return _unmocked(received)
    return await _answered(innermost.service, received)


async def _answered(service: Service, request: Request) -> Answer | NoAnswer:
    """Answer a request of the service; wait as long as its faults say."""
    try:
        answer = service.answer(request)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # of a test's predicate: what pytest.fail raises is no Exception
        is_first = request.attempt == 1
        logger.error("%s %s raised an exception", request.method, request.path, exc_info=is_first)
        return _failure(error)
    if isinstance(answer, HeldCall):
        answer = await _released(answer)
    if answer.delay:
        try:
            await asyncio.sleep(answer.delay)
        except asyncio.CancelledError:
            if isinstance(answer, Answer):
                service.lose_answer(answer.headers["x-amzn-RequestId"])
            raise
    return answer


async def _released(held: HeldCall) -> Answer | NoAnswer:
    try:
        return await asyncio.wrap_future(held)
    except asyncio.CancelledError:
        held.abandon(ConnectionAbortedError())
        raise
    except Exception as error:
        if error is not held.abandoned_for:
            raise
        logger.error("%s", error)  # it needs no traceback
        return _failure(error)


def _unmocked(request: Request) -> Answer:
    """Return the answer to a call outside a mock. In mode block the call fails the test, too."""
    operation = operation_at(request.method, request.path)
    name = operation.name if operation else f"{request.method} {request.path}"
    if active.refuse:
        message = str(active.refuse(name, request.body))
    else:
        where = f" during {current_test.name}" if current_test.name else ""
        message = (
            f"{name} was called over HTTP while no mock of SageMaker Metrics was on{where}. It did "
            "not reach AWS. Ask for the fixture sm_metrics in the test that makes the call, or "
            "enter mock_sm_metrics(); end the processes and pools that call within the test, or "
            "wait for what they send: sm_metrics.wait_for(...)."
        )
    return _error(400, "UnmockedCallError", message)


def _failure(error: BaseException) -> Answer:
    return _error(500, "InternalFailure", f"{type(error).__name__}: {error}")


def _error(status: int, code: str, message: str) -> Answer:
    return error_answer(status, code, message, str(uuid4()), now())
