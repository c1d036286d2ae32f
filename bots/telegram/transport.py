"""The way to Telegram, on aiohttp: for 200 answers at once the library's own takes seconds, this one some 25 ms.

No call is ever sent twice here: aiohttp repeats only what is idempotent, and POST is not. Of what comes back only
what the bot looks at becomes the library's objects: they were a quarter of the work of a press.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

import aiohttp
from telegram.error import NetworkError, TimedOut
from telegram.request import BaseRequest, RequestData

from bots.telegram.errors import NotSentError, TooManyError
from bots.telegram.keyboard import matters

CONNECT_SECONDS = 5.0
"""How long a connection may take to come about, waiting for a free one included."""
SEND_SECONDS = 20.0
"""How long Telegram may take to answer a call; a picture that it fetches itself takes some of it."""
UPLOAD_SECONDS = 45.0
"""How long a call that brings a picture may take, the way of its bytes included. The hall's lease of a delivery
lasts 60."""
POLL_SECONDS = 10.0
"""The same for an empty poll, on top of the time that the poll itself asks for."""
CONNECTIONS = 256
"""Open at most: enough for every answer of two full batches at once."""
PRESSED = ("message_id", "date", "chat", "is_topic_message", "message_thread_id", "photo", "reply_markup")
"""What is read of a message that was pressed."""
_EDITED = b'{"ok": true, "result": true}'
"""The Bot API's own answer to some edits; to the others it sends the message back, which we know."""


class Values:
    """A call's values as plain JSON data, None left out, in the place of the library's ``RequestData``: that wraps
    each in an object of its own, and is final."""

    contains_files = False

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    @property
    def json_payload(self) -> bytes:
        """As the body of a call."""
        return json.dumps({name: value for name, value in self._values.items() if value is not None}).encode()


class AiohttpRequest(BaseRequest):
    """One pool of connections; sending and polling have one each, so that no send waits behind a poll.

    ``seconds`` is how long an answer may take; a call's own ``read_timeout`` goes before it.
    """

    __slots__ = ("_proxies", "_seconds", "_session", "last_body")

    def __init__(self, seconds: float, *, proxies: bool) -> None:
        self._seconds = seconds
        self._proxies = proxies
        self._session: aiohttp.ClientSession | None = None
        self.last_body = b""

    @property
    def read_timeout(self) -> float:
        """Seconds that an answer may take."""
        return self._seconds

    async def initialize(self) -> None:
        """Open the pool."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=CONNECTIONS),
                headers={"User-Agent": self.USER_AGENT},
                trust_env=self._proxies,
                cookie_jar=aiohttp.DummyCookieJar(),
            )

    async def shutdown(self) -> None:
        """Close every connection."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """One call. Raises :class:`NotSentError` when it surely never left, else the library's network errors."""
        if self._session is None:
            raise NotSentError("the connection to Telegram is closed")
        seconds = self._seconds if read_timeout is self.DEFAULT_NONE else read_timeout
        body = None if request_data is None else _body(request_data)
        whole = UPLOAD_SECONDS if isinstance(body, aiohttp.FormData) else None
        timeout = aiohttp.ClientTimeout(total=whole, connect=CONNECT_SECONDS, sock_read=seconds)
        # Errors are raised `from None`, by their names alone: an address of Telegram's holds the token.
        try:
            async with self._session.request(method, url, data=body, timeout=timeout) as response:
                code, payload = response.status, await response.read()
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise NotSentError(f"no connection to Telegram: {type(error).__name__}") from None
        except TimeoutError:
            raise TimedOut("Telegram did not answer in time") from None
        except (aiohttp.ClientError, OSError) as error:
            raise NetworkError(f"the line to Telegram broke: {type(error).__name__}") from None
        if code == 429:
            raise TooManyError(_retry_after(payload))
        self.last_body = payload
        if code == 200 and "/editMessage" in url:
            return code, _EDITED
        return code, payload

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """What Telegram says, without what is not read of the messages that were pressed."""
        told = BaseRequest.parse_json_payload(payload)
        updates = told.get("result")
        for update in updates if isinstance(updates, list) else ():
            query = update.get("callback_query") if isinstance(update, dict) else None
            if query and (message := query.get("message")):
                query["message"] = kept = {name: message[name] for name in PRESSED if name in message}
                if not matters(message.get("reply_markup")):
                    kept.pop("reply_markup", None)
        return told


def _body(data: RequestData) -> aiohttp.payload.BytesPayload | aiohttp.FormData:
    if data.contains_files:
        form = aiohttp.FormData()
        for name, value in data.json_parameters.items():
            form.add_field(name, value)
        for name, (filename, content, media_type) in data.multipart_data.items():
            file = io.BytesIO(content) if isinstance(content, bytes) else content  # aiohttp writes that in pieces
            form.add_field(name, file, filename=filename, content_type=media_type)
        return form
    return aiohttp.payload.BytesPayload(data.json_payload, content_type="application/json")


def _retry_after(payload: bytes) -> float:
    try:
        return float(json.loads(payload)["parameters"]["retry_after"])
    except (ValueError, KeyError, TypeError):
        return 1.0  # a proxy's own 429 says nothing about time
