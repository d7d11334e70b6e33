"""JSON over HTTP. Reading is free; deciding and erasing need a session and its CSRF token."""

from __future__ import annotations

import asyncio
import json
import queue
import re
from typing import Any
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agent.messages import ID_PATTERN, parse_utc
from resolver.inbox import MAX_T_UTC_NS
from resolver.page.access import COOKIE, CSRF_HEADER, SESSION_S, SignedIn
from resolver.page.epcis import DAY_NS, MAX_EVENTS, epcis_document
from resolver.page.openapi import description
from resolver.page.world import World

MAX_BODY = 16 * 1024
MAX_PAGE = 500
DECIDE_WITHIN_S = 5.0
RECEIPT_PATTERN = re.compile(r"r-[0-9a-f]{16}")
CASE_PATTERN = re.compile(r"r-[0-9a-f]{16}(-charge-[0-9]{1,6})?")


class ApiError(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status, self.error = status, error


async def api_error(_request: Request, error: Exception) -> Response:
    """The answer to an `ApiError`."""
    assert isinstance(error, ApiError)
    return JSONResponse({"error": error.error}, error.status)


class Api:
    """The interface's handlers."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        return [
            Route("/openapi.json", self.openapi),
            Route("/healthz", self.health),
            Route("/metrics", self.metrics),
            Route("/api/v1/me", self.me),
            Route("/api/v1/login", self.login, methods=["POST"]),
            Route("/api/v1/logout", self.logout, methods=["POST"]),
            Route("/api/v1/baskets", self.baskets),
            Route("/api/v1/receipts", self.receipts),
            Route("/api/v1/receipts/{receipt}", self.receipt),
            Route("/api/v1/reviews", self.reviews),
            Route("/api/v1/reviews/{case}", self.review),
            Route("/api/v1/reviews/{case}/decision", self.decide, methods=["POST"]),
            Route("/api/v1/sessions/{session}", self.session),
            Route("/api/v1/sessions/{session}", self.erase, methods=["DELETE"]),
            Route("/api/v1/epcis/{day}", self.epcis),
        ]

    async def openapi(self, _request: Request) -> Response:
        return JSONResponse(description())

    async def health(self, _request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def metrics(self, _request: Request) -> Response:
        return Response(self._world.metrics(), media_type="text/plain; version=0.0.4; charset=utf-8")

    async def me(self, request: Request) -> Response:
        signed_in = self._world.access.who(request.cookies.get(COOKIE))
        if signed_in is None:
            return JSONResponse({"user": None, "csrf": None, "possible": self._world.access.possible})
        return JSONResponse({"user": signed_in.user, "csrf": signed_in.csrf, "possible": True})

    async def login(self, request: Request) -> Response:
        self._same_origin(request)
        body = await _body(request)
        user, password = body.get("user"), body.get("password")
        if not isinstance(user, str) or not isinstance(password, str) or set(body) != {"user", "password"}:
            raise ApiError(400, "user and password are needed, as text")
        address = request.client.host if request.client else ""
        if self._world.access.throttled(user, address):
            raise ApiError(429, "too many failed tries; wait five minutes")
        found = await run_in_threadpool(self._world.access.sign_in, user, password, address)
        if found is None:
            raise ApiError(401, "name or password is wrong")
        token, signed_in = found
        answer = JSONResponse({"user": signed_in.user, "csrf": signed_in.csrf, "possible": True})
        answer.set_cookie(
            COOKIE, token, max_age=SESSION_S, httponly=True, samesite="strict", secure=self._world.secure, path="/"
        )
        return answer

    async def logout(self, request: Request) -> Response:
        self._authorised(request)
        self._world.access.sign_out(request.cookies.get(COOKIE))
        answer = JSONResponse({"user": None, "csrf": None, "possible": True})
        answer.delete_cookie(COOKIE, path="/")
        return answer

    async def baskets(self, _request: Request) -> Response:
        return JSONResponse({"baskets": self._world.live.entries("basket")})

    async def receipts(self, request: Request) -> Response:
        limit = _whole(request.query_params.get("limit", "50"), "limit", 1, MAX_PAGE)
        before = request.query_params.get("before")
        before_utc_ns = None
        if before is not None:
            before_utc_ns = _instant(before, "before: an RFC 3339 time from 1970 to 2200 is needed")
        return JSONResponse({"receipts": await self._history("recent", limit, before_utc_ns)})

    async def receipt(self, request: Request) -> Response:
        number = request.path_params["receipt"]
        found = await self._history("receipt", number) if RECEIPT_PATTERN.fullmatch(number) else []
        if not found:
            raise ApiError(404, "no such receipt")
        return JSONResponse({"receipts": found})

    async def reviews(self, _request: Request) -> Response:
        return JSONResponse({"reviews": await self._history("open_cases", MAX_PAGE)})

    async def review(self, request: Request) -> Response:
        return JSONResponse(await self._case(request))

    async def decide(self, request: Request) -> Response:
        signed_in = self._authorised(request)
        case = await self._case(request)
        body = await _body(request)
        option = body.get("option")
        if not isinstance(option, int) or isinstance(option, bool) or set(body) != {"option"}:
            raise ApiError(400, "option is needed, as a number")
        if case["closed"]:
            raise ApiError(409, f"decided already by {case['decided_by']}")
        if not 0 <= option < len(case["options"]):
            raise ApiError(400, f"option: 0 to {len(case['options']) - 1}")
        await self._await(
            self._world.decide(case["case"], case["options"][option]["goods"], signed_in.user), "decided already"
        )
        return JSONResponse({"case": case["case"], "option": option, "decided_by": signed_in.user})

    async def session(self, request: Request) -> Response:
        session = request.path_params["session"]
        found = await self._history("session", session) if ID_PATTERN.fullmatch(session) else None
        if not found or not (found["doors"] or found["receipts"]):
            raise ApiError(404, "no such session")
        return JSONResponse(found)

    async def erase(self, request: Request) -> Response:
        signed_in = self._authorised(request)
        session = request.path_params["session"]
        if not ID_PATTERN.fullmatch(session):
            raise ApiError(404, "no such session")
        try:
            await self._await(self._world.erase(session, signed_in.user), "")
        except ApiError as error:
            if error.status == 409:
                raise ApiError(409, "no such session, or it has no final receipt yet") from None
            raise
        return JSONResponse({"erased": session})

    async def epcis(self, request: Request) -> Response:
        day = request.path_params["day"]
        start = _instant(f"{day}T00:00:00Z", "day: a date such as 2026-01-31 is needed")
        movements = await self._history("movements", start, start + DAY_NS, MAX_EVENTS)
        document = epcis_document(self._world.store(), movements, self._world.clock())
        return JSONResponse(document, media_type="application/ld+json")

    async def _case(self, request: Request) -> dict[str, Any]:
        case = request.path_params["case"]
        found = await self._history("case", case) if CASE_PATTERN.fullmatch(case) else None
        if found is None:
            raise ApiError(404, "no such case")
        assert isinstance(found, dict)
        return found

    async def _history(self, query: str, *arguments: Any) -> Any:
        def ask() -> Any:
            with self._world.histories() as history:
                return getattr(history, query)(*arguments)

        return await run_in_threadpool(ask)

    async def _await(self, done: Any, refused: str) -> None:
        try:
            counted = await asyncio.wait_for(asyncio.wrap_future(done), DECIDE_WITHIN_S)
        except TimeoutError:
            raise ApiError(503, "the resolver is busy; look again in a moment") from None
        except queue.Full:
            raise ApiError(503, "too many decisions wait") from None
        if not counted:
            raise ApiError(409, refused)

    def _authorised(self, request: Request) -> SignedIn:
        self._same_origin(request)
        signed_in = self._world.access.who(request.cookies.get(COOKIE))
        if signed_in is None:
            raise ApiError(401, "sign in first")
        if not self._world.access.same_token(signed_in, request.headers.get(CSRF_HEADER)):
            raise ApiError(403, f"the header {CSRF_HEADER} is missing or wrong")
        return signed_in

    @staticmethod
    def _same_origin(request: Request) -> None:
        origin = request.headers.get("origin")
        try:
            other = origin is not None and urlsplit(origin).netloc != request.headers.get("host")
        except ValueError:
            other = True
        if other:
            raise ApiError(403, "asked from another site")


async def _body(request: Request) -> dict[str, Any]:
    raw = b""
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > MAX_BODY:
            raise ApiError(413, f"at most {MAX_BODY} bytes")
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
        raise ApiError(415, "content-type: application/json is needed")
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        raise ApiError(400, "the body is no JSON") from None
    if not isinstance(document, dict):
        raise ApiError(400, "the body is no JSON object")
    return document


def _instant(text: str, needed: str) -> int:
    try:
        t_utc_ns = parse_utc(text)
    except (ValueError, OverflowError):
        raise ApiError(400, needed) from None
    if not 0 <= t_utc_ns <= MAX_T_UTC_NS:
        raise ApiError(400, needed)
    return t_utc_ns


def _whole(text: str, name: str, least: int, most: int) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) or not least <= int(text) <= most:
        raise ApiError(400, f"{name}: {least} to {most}")
    return int(text)
