"""HTTP to the Bot API: python-telegram-bot over aiohttp.

The library's own httpx transport loses its speed with many requests in flight and opens a new connection for nearly
every tap of a quiet bot; the reasons are in README under Decisions. `Unsent` says that a request was not carried out.
"""

import json
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
from telegram.error import NetworkError, TimedOut
from telegram.request import BaseRequest, RequestData

CONNECTIONS = 256
KEEP_ALIVE_S = 120.0
SERVER_TROUBLE = 500
TIME_WITHIN_S = 5.0


class Unsent(NetworkError):
    """Not carried out: no connection came about, or the answer was that the server is in trouble (5xx). It can be
    repeated for as long as the trouble lasts; a lost reply cannot, for each try may make a copy.
    """


class AiohttpRequest(BaseRequest):
    """One pool of connections to the Bot API."""

    def __init__(self, read_timeout: float = 10.0, connect_timeout: float = 5.0, latency_slack: float = 5.0) -> None:
        self._read, self._connect, self._slack = read_timeout, connect_timeout, latency_slack
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float:
        """How long a reply may take, in seconds."""
        return self._read

    async def initialize(self) -> None:
        """Open the pool; twice is once."""
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=KEEP_ALIVE_S)
            self._session = aiohttp.ClientSession(connector=connector)

    async def shutdown(self) -> None:
        """Close the pool."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: object = BaseRequest.DEFAULT_NONE,
        write_timeout: object = BaseRequest.DEFAULT_NONE,  # noqa: ARG002
        connect_timeout: object = BaseRequest.DEFAULT_NONE,  # noqa: ARG002
        pool_timeout: object = BaseRequest.DEFAULT_NONE,  # noqa: ARG002
    ) -> tuple[int, bytes]:
        """One request; the status and the body of its reply. Raises Unsent, TimedOut or NetworkError."""
        if self._session is None:
            raise RuntimeError("the connection to the Bot API is not open")
        seconds = read_timeout if isinstance(read_timeout, int | float) else self._read
        timeout = aiohttp.ClientTimeout(total=seconds + self._slack, sock_connect=self._connect)
        try:
            async with self._session.request(method, url, timeout=timeout, **_body(request_data)) as reply:
                if reply.status >= SERVER_TROUBLE:
                    raise Unsent(f"HTTP {reply.status}")
                return reply.status, await reply.read()
        # The texts of these errors may hold the address, and with it the token: only their kind is passed on.
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise Unsent(type(error).__name__) from None
        except TimeoutError:
            raise TimedOut from None
        except aiohttp.ClientError as error:
            raise NetworkError(type(error).__name__) from None


async def server_time(base_url: str) -> datetime | None:
    """What the clock of a server says, by the Date of any reply; no token goes along. None if it does not answer."""
    timeout = aiohttp.ClientTimeout(total=TIME_WITHIN_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.head(base_url, allow_redirects=False) as reply,
        ):
            return parsedate_to_datetime(reply.headers.get("Date", ""))
    except (aiohttp.ClientError, TimeoutError, ValueError):
        return None


def _body(data: RequestData | None) -> dict[str, Any]:
    """One JSON body, or a form where files go along."""
    if data is None or not data.parameters:
        return {}
    if not data.contains_files:
        return {"data": json.dumps(data.parameters), "headers": {"Content-Type": "application/json"}}
    form = aiohttp.FormData()
    for name, value in data.json_parameters.items():
        form.add_field(name, value)
    for name, (filename, content, kind) in (data.multipart_data or {}).items():
        form.add_field(name, content, filename=filename, content_type=kind)
    return {"data": form}
