"""A line to PostgreSQL that can be stalled and cut: what networks do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from sqlalchemy.engine import make_url


class Line:
    """Passes a TCP port of this machine on to a PostgreSQL's socket."""

    def __init__(self, url: str) -> None:
        self.url = ""
        """The store's address by this line, once it was started."""
        self._url = make_url(url)
        folder = self._url.query["host"]
        self._socket = f"{folder}/.s.PGSQL.5432"
        self._flows = asyncio.Event()
        self._flows.set()
        self._whole = True
        self._last_words = b""
        self.stalled = asyncio.Event()
        self._ends: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.url = self._url.set(host="127.0.0.1", port=port, query={}).render_as_string(hide_password=False)

    async def stop(self) -> None:
        """End every connection."""
        self.cut()
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def stall_after(self, words: bytes) -> None:
        """These words of ours still get through, and then nothing, in either direction; neither end is told."""
        self._last_words = words

    def cut(self) -> None:
        """Every connection is reset, new ones too."""
        self._whole = False
        for end in self._ends:
            end.transport.abort()

    def mend(self) -> None:
        """All is well again."""
        self._whole, self._last_words = True, b""
        self._flows.set()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._ends.add(writer)
        try:
            if self._whole:
                there, back = await asyncio.open_unix_connection(self._socket)
                self._ends.add(back)
                await asyncio.gather(self._pass(reader, back), self._pass(there, writer))
                self._ends.discard(back)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._ends.discard(writer)
            self._tasks.discard(task)
            writer.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(1 << 16):
                await self._flows.wait()
                writer.write(data)
                await writer.drain()
                if self._last_words and self._last_words in data:
                    self._flows.clear()
                    self.stalled.set()
        writer.transport.abort()


@asynccontextmanager
async def line_to(url: str) -> AsyncIterator[Line]:
    """A line to the PostgreSQL at ``url``, which names a Unix socket's folder."""
    line = Line(url)
    await line.start()
    try:
        yield line
    finally:
        await line.stop()
