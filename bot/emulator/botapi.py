"""The Bot API over HTTP: calls read from any encoding, planned faults made real, results and refusals sent back."""

import asyncio
import json
from typing import Any

from aiohttp import BodyPartReader, web

from bot.emulator.call import PARAMETERS, Call, Uploads, checked, decoded_json
from bot.emulator.faults import Fault, Faults, RateWindow
from bot.emulator.methods import METHODS as CHAT_METHODS
from bot.emulator.profile import METHODS as PROFILE_METHODS
from bot.emulator.refuse import Refusal, bad_request
from bot.emulator.world import World

Json = dict[str, Any]

METHODS = CHAT_METHODS | PROFILE_METHODS
NAMES = {name.lower(): name for name in PARAMETERS}
COUNTED = {"sendMessage", "sendPhoto", "sendDocument"}
GATEWAY_PAGE = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
MULTIPART = "multipart/form-data"


class BotApi:
    """Answers the bot; `latency` (seconds) is added to every call."""

    def __init__(self, world: World, faults: Faults, window: RateWindow, token: str) -> None:
        self.latency = 0.0
        self._world = world
        self._faults = faults
        self._window = window
        self._token = token

    def routes(self) -> list[web.RouteDef]:
        """Methods and file downloads."""
        return [
            web.get("/bot{token}/{method}", self.call),
            web.post("/bot{token}/{method}", self.call),
            web.get("/file/bot{token}/{path:.+}", self.download),
        ]

    async def call(self, request: web.Request) -> web.StreamResponse:
        """One method call, from the wire to the wire."""
        if request.match_info["token"] != self._token:
            return _reply(Refusal(401, "Unauthorized"))
        method = NAMES.get(request.match_info["method"].lower())
        if method is None:
            return _reply(Refusal(404, "Not Found: method not found"))
        try:
            given, uploads = await _read(request, method)
        except Refusal as refusal:
            return self._refused(method, {}, refusal)
        if self.latency:
            await asyncio.sleep(self.latency)
        if fault := self._faults.planned and self._faults.pick(method, given):
            return await self._faulty(request, fault, method, given, uploads)
        return await self.answer(method, given, uploads)

    async def answer(self, method: str, given: Json, uploads: Uploads) -> web.Response:
        """The answer to one call, result or refusal; also for who calls without a wire."""
        try:
            if method in COUNTED:
                self._window.admit(self._world.now())
            return _reply(await self._result(method, checked(method, given), uploads))
        except Refusal as refusal:
            return self._refused(method, given, refusal)

    async def _result(self, method: str, params: Json, uploads: Uploads) -> Any:
        if method == "getUpdates":
            offset, limit, timeout = (params.get(name, 0) for name in ("offset", "limit", "timeout"))
            return await self._world.updates.poll(offset, limit, timeout, params.get("allowed_updates"))
        return METHODS[method](Call(self._world, method, params, uploads))

    def _refused(self, method: str, given: Json, refusal: Refusal) -> web.Response:
        chat, words = given.get("chat_id"), str(given.get("text") or given.get("caption") or "") or None
        detail: Json = {"code": refusal.code, "description": refusal.description, "method": method, "params": given}
        self._world.history.record("refused", _number(chat), _number(given.get("message_id")), words, **detail)
        return _reply(refusal)

    async def _faulty(
        self, request: web.Request, fault: Fault, method: str, given: Json, uploads: Uploads
    ) -> web.StreamResponse:
        detail: Json = {"fault": fault.kind, "method": method, "params": given}
        self._world.history.record("fault", _number(given.get("chat_id")), None, given.get("text"), **detail)
        if fault.seconds is not None or fault.kind == "hang":
            await self._faults.hold(fault.seconds)
        match fault.kind:
            case "hang" if request.transport is not None and not request.transport.is_closing():
                return await self.answer(method, given, uploads)
            case "lost":
                return await _cut(request, await self.answer(method, given, uploads), fault.reply_bytes)
            case "cut" | "hang":
                return await _cut(request)
            case "gateway":
                return web.Response(status=502, text=GATEWAY_PAGE, content_type="text/html")
        return self._refused(method, given, fault.refusal())

    async def download(self, request: web.Request) -> web.Response:
        """A file that was sent, under the path getFile gave."""
        stored = self._world.paths.get(request.match_info["path"])
        if request.match_info["token"] != self._token or stored is None:
            return _reply(Refusal(404, "Not Found"))
        return web.Response(body=stored.content, content_type="application/octet-stream")


def _number(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


def _reply(result: Any) -> web.Response:
    refused = isinstance(result, Refusal)
    body = result.body() if refused else {"ok": True, "result": result}
    status = result.code if refused else 200
    return web.Response(body=json.dumps(body).encode(), status=status, content_type="application/json")


async def _cut(request: web.Request, reply: web.Response | None = None, reply_bytes: int = 0) -> web.StreamResponse:
    """Close the connection without a reply, or in the middle of it."""
    if reply is not None and reply_bytes and isinstance(reply.body, bytes):
        part = web.StreamResponse(status=reply.status, headers=reply.headers)
        part.content_length = len(reply.body)
        await part.prepare(request)
        await part.write(reply.body[:reply_bytes])
    if request.transport is not None:
        request.transport.close()
    return web.Response()


async def _read(request: web.Request, method: str) -> tuple[Json, Uploads]:
    given: Json = dict(request.query) if request.query_string else {}
    uploads: Uploads = {}
    if request.content_type == MULTIPART:
        await _read_parts(request, method, given, uploads)
    elif request.content_type == "application/json" and request.can_read_body:
        given |= _decoded((await request.read()).decode(errors="replace"))
    elif request.can_read_body:
        given |= await request.post()
    return given, uploads


def _decoded(body: str) -> Json:
    try:
        decoded = decoded_json(body or "{}")
    except ValueError:
        decoded = None
    if not isinstance(decoded, dict):
        raise bad_request("can't parse the request: a JSON object is expected")
    return decoded


async def _read_parts(request: web.Request, method: str, given: Json, uploads: Uploads) -> None:
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader) or part.name is None:
            continue
        content = bytes(await part.read(decode=True))
        if part.filename is None:
            given[part.name] = content.decode(errors="replace")
            continue
        uploads[part.name] = (part.filename, content)
        if part.name in PARAMETERS[method]:
            given[part.name] = part.filename
