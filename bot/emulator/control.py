"""The phones and faults over HTTP, for tests and demos in another process.

It only translates: every verb is one call of a phone or of the faults. Mistakes are answered {"error": sentence}.
"""

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from aiohttp import web

from bot.emulator.faults import Faults
from bot.emulator.phone import Phone, PhoneError
from bot.emulator.world import World

Json = dict[str, Any]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

# verb -> what it does, the fields it must have and those it may have, and what its result is called
VERBS: dict[str, tuple[Callable[..., Any], dict[str, type], dict[str, type], str]] = {
    "say": (Phone.say, {"text": str}, {}, "message_id"),
    "edit": (Phone.edit, {"message_id": int, "text": str}, {}, ""),
    "tap": (Phone.tap, {"label": str}, {"message_id": int}, "query_id"),
    "press": (Phone.press, {"data": str}, {"message_id": int}, "query_id"),
    "voice": (Phone.send_voice, {}, {}, "message_id"),
    "sticker": (Phone.send_sticker, {}, {}, "message_id"),
    "photo": (Phone.send_photo, {}, {"caption": str}, "message_id"),
    "block": (Phone.block, {}, {}, ""),
    "unblock": (Phone.unblock, {}, {}, ""),
    "deactivate": (Phone.deactivate, {}, {}, ""),
}
LONGEST_WAIT = 60.0


class Control:
    """The handlers of /phones, /history, /faults, /updates and /counters."""

    def __init__(self, world: World, faults: Faults, phone: Callable[..., Phone]) -> None:
        self._world = world
        self._faults = faults
        self._phone = phone

    def one_phone(self) -> list[web.RouteDef]:
        """The paths about one phone, for whoever shows it to a person."""
        return _routes(
            [
                ("GET", "/phones/{user}", self.look),
                ("GET", "/phones/{user}/files/{message}", self.file),
                ("POST", "/phones/{user}/{verb}", self.act),
            ]
        )

    def routes(self) -> list[web.RouteDef]:
        """Every path of the control API."""
        paths: list[tuple[str, str, Handler]] = [
            ("POST", "/phones", self.bulk),
            ("POST", "/phones/{user}", self.create),
            ("GET", "/history", self.history),
            ("GET", "/counters", self.counters),
            ("GET", "/faults", self.list_faults),
            ("POST", "/faults", self.add_faults),
            ("DELETE", "/faults", self.clear_faults),
            ("POST", "/updates", self.add_updates),
            ("*", "/{anything:.*}", self.nowhere),
        ]
        return [*self.one_phone(), *_routes(paths)]

    async def nowhere(self, request: web.Request) -> web.Response:
        """Say that there is nothing here."""
        return web.json_response({"error": f"there is no {request.method} {request.path}"}, status=404)

    async def create(self, request: web.Request) -> web.Response:
        """Make (or rename) a phone."""
        body = _expect(await _body(request), {}, {"first_name": str, "language_code": str})
        return web.json_response(self._phone(_user(request), **body).as_dict())

    async def look(self, request: web.Request) -> web.Response:
        """Everything on a phone; with ?sees=TEXT once the bot shows that text, within &wait=SECONDS."""
        phone = self._phone(_user(request))
        if text := request.query.get("sees"):
            await phone.wait_for(text, _wait(request))
        return web.json_response(phone.as_dict())

    async def act(self, request: web.Request) -> web.Response:
        """Do one thing on a phone."""
        return web.json_response(self._do(_user(request), request.match_info["verb"], await _body(request)))

    async def bulk(self, request: web.Request) -> web.Response:
        """Do many things, in order: a list of {"user", "do", ...}; what fails is reported and the rest goes on."""
        done: list[Json] = []
        for step in _list(await _body(request)):
            try:
                fields = _expect(step, {"user": int, "do": str}, None)
                done.append(self._do(fields.pop("user"), fields.pop("do"), fields))
            except (PhoneError, ValueError) as mistake:
                done.append({"error": str(mistake)})
        return web.json_response(done)

    def _do(self, user: int, verb: str, body: Any) -> Json:
        if verb not in VERBS:
            raise ValueError(f'a phone cannot "{verb}"; it can {", ".join(VERBS)}')
        action, must, may, result_name = VERBS[verb]
        fields = _expect(body, must, may)
        if verb == "tap":
            fields["message"] = fields.pop("message_id", None)
        result = action(self._phone(user), **fields)
        return {result_name: result} if result_name else {}

    async def file(self, request: web.Request) -> web.Response:
        """The bytes of a photo or document the bot sent."""
        stored = self._phone(_user(request)).file(_whole(request.match_info["message"], "a message id"))
        return web.Response(body=stored.content, content_type=_kind_of(stored.content))

    async def history(self, request: web.Request) -> web.Response:
        """Events after ?since=N; with &wait=SECONDS the answer comes as soon as there is one."""
        history, since = self._world.history, _whole(request.query.get("since", "0"), "since")
        if "wait" in request.query:
            await history.until(lambda: history.since(since), _wait(request))
        return web.json_response([event.as_dict() for event in history.since(since)], dumps=_dumps)

    async def counters(self, _: web.Request) -> web.Response:
        """How many events of each kind there were, and how many updates wait."""
        return web.json_response({**self._world.history.counts, "pending": len(self._world.updates)})

    async def list_faults(self, _: web.Request) -> web.Response:
        """The planned faults with their hits."""
        return web.json_response([fault.as_dict() for fault in self._faults.planned])

    async def add_faults(self, request: web.Request) -> web.Response:
        """Plan one fault, or a list of them."""
        for plan in _list(await _body(request)):
            self._faults.add(**_expect(plan, {"kind": str}, None))
        return await self.list_faults(request)

    async def clear_faults(self, _: web.Request) -> web.Response:
        """Plan nothing more and release what hangs."""
        self._faults.clear()
        return web.json_response({})

    async def add_updates(self, request: web.Request) -> web.Response:
        """Deliver this JSON object, or each of a list, as an update."""
        updates = [_expect(update, {}, None) for update in _list(await _body(request))]
        return web.json_response({"update_ids": [self._world.deliver_raw(update) for update in updates]})


def _polite(handler: Handler) -> Handler:
    """The handler, with what its caller did wrong answered in a sentence."""

    async def polite(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except PhoneError as mistake:
            return web.json_response({"error": str(mistake)}, status=409)
        except ValueError as mistake:
            return web.json_response({"error": str(mistake)}, status=400)

    return polite


def _routes(paths: Sequence[tuple[str, str, Handler]]) -> list[web.RouteDef]:
    return [web.route(method, path, _polite(handler)) for method, path, handler in paths]


def _kind_of(content: bytes) -> str:
    """A picture says that it is one; anything else is only bytes, so that no browser runs it."""
    kinds = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg"}
    return next((kind for begins, kind in kinds.items() if content.startswith(begins)), "application/octet-stream")


async def _body(request: web.Request) -> Any:
    text = await request.text()
    try:
        return json.loads(text) if text else {}
    except ValueError:
        raise ValueError("the body is not JSON") from None


def _list(body: Any) -> list[Any]:
    return body if isinstance(body, list) else [body]


def _expect(body: Any, must: dict[str, type], may: dict[str, type] | None) -> Json:
    """The object's fields, none missing, of wrong type or unknown (`may` None: anything more is fine)."""
    if not isinstance(body, dict):
        raise ValueError("a JSON object is expected")
    known = must | (may or {})
    if missing := must.keys() - body.keys():
        raise ValueError(f"{', '.join(sorted(missing))} is missing")
    if may is not None and (unknown := body.keys() - known.keys()):
        raise ValueError(f"{', '.join(sorted(unknown))} is not known here; there is {', '.join(known) or 'nothing'}")
    if wrong := [name for name, kind in known.items() if name in body and type(body[name]) is not kind]:
        raise ValueError(f"{wrong[0]} must be of type {known[wrong[0]].__name__}")
    return dict(body)


def _whole(text: str, name: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{name} must be a whole number") from None


def _user(request: web.Request) -> int:
    return _whole(request.match_info["user"], "a user id")


def _wait(request: web.Request) -> float:
    try:
        return min(float(request.query.get("wait", "5")), LONGEST_WAIT)
    except ValueError:
        raise ValueError("wait must be a number of seconds") from None


def _dumps(value: Any) -> str:
    return json.dumps(value, default=str)
