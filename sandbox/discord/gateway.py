"""The gateway: sessions of a bot over WebSocket, what they are told and what they missed.

Source: Discord's reference, "Gateway" and "Gateway Events"; discord.py's gateway.py. Frames are JSON text, never
compressed, which discord.py accepts whatever it asked for.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from collections import deque
from enum import IntEnum, IntFlag
from typing import Any

from aiohttp import WSMsgType, web

from sandbox.discord.wire import bot_member_wire, event_wire, guild_create_wire, member_wire, user_wire
from sandbox.discord.world import DM, Guild, Message, Wire, World
from sandbox.faults import EVENT_FAULTS, FaultKind, Faults

HEARTBEAT_MS = 41_250
"""The interval that Discord is reported to ask for; the reference's examples have 45000."""
REPLAY_FRAMES = 10_000
"""How many events a session keeps for a RESUME; one that missed more is invalid."""
CHUNK = 1000
"""Members in one GUILD_MEMBERS_CHUNK (documented)."""
MAX_SESSIONS = 16
"""Sessions kept, the oldest disconnected one forgotten first."""
SENDS, SENDS_SECONDS = 120, 60.0
"""A client sends at most 120 frames in 60 seconds (documented)."""


class Op(IntEnum):
    """Gateway opcodes."""

    DISPATCH = 0
    HEARTBEAT = 1
    IDENTIFY = 2
    PRESENCE = 3
    VOICE_STATE = 4
    RESUME = 6
    RECONNECT = 7
    REQUEST_MEMBERS = 8
    INVALID_SESSION = 9
    HELLO = 10
    HEARTBEAT_ACK = 11


class Intent(IntFlag):
    """Gateway intents."""

    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    GUILD_PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    GUILD_REACTIONS = 1 << 10
    DIRECT_MESSAGES = 1 << 12
    DIRECT_REACTIONS = 1 << 13
    MESSAGE_CONTENT = 1 << 15


PRIVILEGED = Intent.GUILD_MEMBERS | Intent.GUILD_PRESENCES | Intent.MESSAGE_CONTENT
ALL_INTENTS = (1 << 26) - 1
NEEDS = {
    "GUILD_CREATE": Intent.GUILDS,
    "GUILD_UPDATE": Intent.GUILDS,
    "GUILD_DELETE": Intent.GUILDS,
    "CHANNEL_CREATE": Intent.GUILDS,
    "CHANNEL_DELETE": Intent.GUILDS,
    "THREAD_CREATE": Intent.GUILDS,
    "GUILD_MEMBER_ADD": Intent.GUILD_MEMBERS,
    "GUILD_MEMBER_REMOVE": Intent.GUILD_MEMBERS,
    "GUILD_MEMBER_UPDATE": Intent.GUILD_MEMBERS,
}
"""The intent without which an event in a server is not sent."""
HIDDEN_WITHOUT_CONTENT: dict[str, Any] = {"content": "", "embeds": [], "components": [], "attachments": []}
"""What a message shows of itself without the MESSAGE_CONTENT intent (documented)."""


class Close(IntEnum):
    """Close codes of the gateway."""

    UNKNOWN_OPCODE = 4001
    DECODE = 4002
    NOT_AUTHENTICATED = 4003
    AUTHENTICATION_FAILED = 4004
    ALREADY_AUTHENTICATED = 4005
    INVALID_SEQUENCE = 4007
    RATE_LIMITED = 4008
    INVALID_INTENTS = 4013
    DISALLOWED_INTENTS = 4014


def sees_content(world: World, message: Message) -> bool:
    """Whether a bot without the content intent sees a message: its own, one to it in private, one that pings it."""
    return message.author is world.bot or message.channel.type == DM or world.bot.id in message.mentions


class Session:
    """One bot process (or shard) that identified, connected or waiting to be resumed."""

    def __init__(self, intents: int, shard: tuple[int, int]) -> None:
        self.id = secrets.token_hex(16)
        self.intents = intents
        self.shard = shard
        self.sequence = 0
        self.sent: deque[tuple[int, str]] = deque(maxlen=REPLAY_FRAMES)
        self.socket: web.WebSocketResponse | None = None
        self._queue: deque[str] = deque()
        self._wake = asyncio.Event()  # Of this connection alone: an old pump must not eat the new one's signal.

    def hears(self, guild: int) -> bool:
        """Whether a server (0: private chats) belongs to this shard."""
        return (guild >> 22) % self.shard[1] == self.shard[0]

    def dispatch(self, event: str, data: str) -> None:
        """Send an event, or keep it for a RESUME."""
        self.sequence += 1
        frame = f'{{"op":0,"t":"{event}","s":{self.sequence},"d":{data}}}'
        self.sent.append((self.sequence, frame))
        if self.socket is not None:
            self.send(frame)

    def send(self, frame: str) -> None:
        """Queue a frame; :meth:`pump` writes them in order."""
        self._queue.append(frame)
        self._wake.set()

    def attach(self, socket: web.WebSocketResponse | None) -> None:
        """Talk over that connection from now on; what was not written yet is only replayed."""
        self.socket = socket
        self._queue = deque()
        self._wake = asyncio.Event()

    def replay(self, after: int) -> bool:
        """Queue all that was sent after a sequence number; False when some of it is no longer kept."""
        if self.sent and self.sent[0][0] > after + 1:
            return False
        for sequence, frame in self.sent:
            if sequence > after:
                self.send(frame)
        return True

    async def pump(self, socket: web.WebSocketResponse) -> None:
        """Write queued frames while that connection is the session's."""
        queue, wake = self._queue, self._wake
        while self.socket is socket and not socket.closed:
            await wake.wait()
            wake.clear()
            while queue and self.socket is socket:
                with contextlib.suppress(ConnectionError):
                    await socket.send_str(queue.popleft())


class Gateway:
    """All sessions, and who is told what."""

    def __init__(self, world: World, token: str, faults: Faults, *, privileged: bool) -> None:
        self._world = world
        self._token = token
        self._faults = faults
        self.privileged = privileged
        self.url = ""
        self.sessions: dict[str, Session] = {}
        self._held: tuple[str, Wire, int, Message | None] | None = None
        self._sockets: set[web.WebSocketResponse] = set()

    @property
    def connected(self) -> bool:
        """Whether any session is there and listening."""
        return any(session.socket is not None for session in self.sessions.values())

    # -- telling ---------------------------------------------------------------------------------------------
    def tell(self, event: str, data: Wire, guild: Guild | None, message: Message | None = None) -> None:
        """Dispatch an event of a server the bot is in, or of a private chat, to the sessions that may hear it.

        ``message`` is the message that ``data`` is, where its content depends on the session's intents.
        """
        if guild is not None and not guild.installed and event != "GUILD_DELETE":
            return
        number = 0 if guild is None else guild.id
        fault = self._faults.take(event, EVENT_FAULTS)
        if fault is not None and fault.kind is FaultKind.REORDER and self._held is None:
            self._held = (event, data, number, message)
            asyncio.get_running_loop().call_later(fault.seconds, self._release)
            return
        self._send(event, data, number, message)
        if fault is not None and fault.kind is FaultKind.DUPLICATE:
            self._send(event, data, number, message)
        self._release()

    def tell_message(self, event: str, message: Message) -> None:
        """MESSAGE_CREATE or MESSAGE_UPDATE, unless nobody but one member sees the message."""
        if not message.only_for:
            self.tell(event, event_wire(self._world, message), message.channel.guild, message)

    def _release(self) -> None:
        if self._held is not None:
            held, self._held = self._held, None
            self._send(*held)

    def _send(self, event: str, data: Wire, guild: int, message: Message | None) -> None:
        full = limited = ""
        for session in self.sessions.values():
            if not session.hears(guild) or not self._wants(session, event, guild):
                continue
            if message is None or session.intents & Intent.MESSAGE_CONTENT or sees_content(self._world, message):
                full = full or json.dumps(data)
                session.dispatch(event, full)
            else:
                limited = limited or json.dumps(data | HIDDEN_WITHOUT_CONTENT)
                session.dispatch(event, limited)

    @staticmethod
    def _wants(session: Session, event: str, guild: int) -> bool:
        if event.startswith("MESSAGE_REACTION"):
            needed = Intent.GUILD_REACTIONS if guild else Intent.DIRECT_REACTIONS
        elif event.startswith("MESSAGE_"):
            needed = Intent.GUILD_MESSAGES if guild else Intent.DIRECT_MESSAGES
        else:
            needed = NEEDS.get(event, Intent(0))
        return session.intents & needed == needed

    # -- connections -----------------------------------------------------------------------------------------
    async def disconnect(self, *, lose: bool = False) -> None:
        """Ask every session to reconnect (op 7); with ``lose`` they are forgotten, so a RESUME is refused (op 9)."""
        sessions = list(self.sessions.values())
        if lose:
            self.sessions.clear()
        for session in sessions:
            socket, session.socket = session.socket, None
            if socket is not None and not socket.closed:
                with contextlib.suppress(ConnectionError):
                    await socket.send_str(json.dumps({"op": Op.RECONNECT, "d": None, "s": None, "t": None}))

    async def close(self) -> None:
        """Close all connections."""
        for session in self.sessions.values():
            session.attach(None)
        for socket in list(self._sockets):
            await socket.close(code=1001, drain=False)

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """One connection, from HELLO to its close."""
        socket = web.WebSocketResponse(max_msg_size=1 << 20, compress=False)
        await socket.prepare(request)
        self._sockets.add(socket)
        connection = Connection(self, socket, self._world, self._token)
        try:
            await connection.run()
        finally:
            self._sockets.discard(socket)
        return socket


class Connection:
    """One WebSocket and the session that it speaks for, once it identified or resumed."""

    def __init__(self, gateway: Gateway, socket: web.WebSocketResponse, world: World, token: str) -> None:
        self._gateway = gateway
        self._socket = socket
        self._world = world
        self._token = token
        self._session: Session | None = None
        self._pump: asyncio.Task[None] | None = None
        self._received: deque[float] = deque()

    async def run(self) -> None:
        """Speak until the connection closes."""
        await self._send(Op.HELLO, {"heartbeat_interval": HEARTBEAT_MS})
        try:
            async for frame in self._socket:
                if frame.type is not WSMsgType.TEXT or not await self._received_frame(frame.data):
                    break
        finally:
            await self._end()

    async def _end(self) -> None:
        if self._pump is not None:
            self._pump.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._pump
        session = self._session
        if session is None:
            return
        if session.socket is self._socket:
            session.attach(None)
        if self._socket.close_code in {1000, 1001}:  # The client means it: such a session can't be resumed.
            self._gateway.sessions.pop(session.id, None)

    async def _send(self, op: Op, data: Any) -> None:
        with contextlib.suppress(ConnectionError):
            await self._socket.send_str(json.dumps({"op": op, "d": data, "s": None, "t": None}))

    async def _refuse(self, code: Close, reason: str) -> bool:
        await self._socket.close(code=code, message=reason.encode())
        return False

    async def _received_frame(self, text: str) -> bool:
        """Act on a frame; False when the connection is over."""
        now = asyncio.get_running_loop().time()
        self._received.append(now)
        while self._received[0] < now - SENDS_SECONDS:
            self._received.popleft()
        if len(self._received) > SENDS:
            return await self._refuse(Close.RATE_LIMITED, "Rate limited.")
        try:
            frame = json.loads(text)
            op, data = frame["op"], frame.get("d")
        except (ValueError, KeyError, TypeError):
            return await self._refuse(Close.DECODE, "Error while decoding payload.")
        if op == Op.HEARTBEAT:
            await self._send(Op.HEARTBEAT_ACK, None)
        elif op == Op.IDENTIFY:
            return await self._identify(data)
        elif op == Op.RESUME:
            return await self._resume(data)
        elif self._session is None:
            return await self._refuse(Close.NOT_AUTHENTICATED, "Not authenticated.")
        elif op == Op.REQUEST_MEMBERS:
            self._members(self._session, data)
        elif op not in {Op.PRESENCE, Op.VOICE_STATE}:
            return await self._refuse(Close.UNKNOWN_OPCODE, "Unknown opcode.")
        return True

    def _attach(self, session: Session) -> None:
        self._session = session
        session.attach(self._socket)
        self._pump = asyncio.get_running_loop().create_task(session.pump(self._socket))

    async def _identify(self, data: Wire) -> bool:
        if self._session is not None:
            return await self._refuse(Close.ALREADY_AUTHENTICATED, "Already authenticated.")
        if str(data.get("token", "")).removeprefix("Bot ") != self._token:
            return await self._refuse(Close.AUTHENTICATION_FAILED, "Authentication failed.")
        intents = data.get("intents")
        if not isinstance(intents, int) or intents & ~ALL_INTENTS:
            return await self._refuse(Close.INVALID_INTENTS, "Invalid intent(s).")
        if intents & PRIVILEGED and not self._gateway.privileged:
            return await self._refuse(Close.DISALLOWED_INTENTS, "Disallowed intent(s).")
        number, count = data.get("shard") or (0, 1)
        session = Session(intents, (number, count))
        sessions = self._gateway.sessions
        for old in [s.id for s in sessions.values() if s.socket is None][: max(0, len(sessions) - MAX_SESSIONS + 1)]:
            del sessions[old]
        sessions[session.id] = session
        self._attach(session)
        world = self._world
        guilds = [g for g in world.guilds.values() if g.installed and session.hears(g.id)]
        ready = {
            "v": 10,
            "user": user_wire(world.bot) | {"verified": True, "mfa_enabled": False, "email": None, "flags": 0},
            "guilds": [{"id": str(g.id), "unavailable": True} for g in guilds],
            "session_id": session.id,
            "session_type": "normal",
            "resume_gateway_url": self._gateway.url,
            "shard": [number, count],
            "application": {"id": str(world.application), "flags": application_flags(self._gateway.privileged)},
            "private_channels": [], "user_settings": {}, "relationships": [], "presences": [],
            "geo_ordered_rtc_regions": [], "_trace": [],
        }  # fmt: skip
        session.dispatch("READY", json.dumps(ready))
        if intents & Intent.GUILDS:
            for guild in guilds:
                available = guild_create_wire(world, guild) | {"unavailable": False}
                session.dispatch("GUILD_CREATE", json.dumps(available))
        return True

    async def _resume(self, data: Wire) -> bool:
        if self._session is not None:
            return await self._refuse(Close.ALREADY_AUTHENTICATED, "Already authenticated.")
        if str(data.get("token", "")).removeprefix("Bot ") != self._token:
            return await self._refuse(Close.AUTHENTICATION_FAILED, "Authentication failed.")
        session = self._gateway.sessions.get(str(data.get("session_id")))
        after = data.get("seq")
        if session is None:
            await self._send(Op.INVALID_SESSION, False)
            return True
        if not isinstance(after, int) or after > session.sequence:
            return await self._refuse(Close.INVALID_SEQUENCE, "Invalid seq.")
        self._attach(session)
        if not session.replay(after):
            del self._gateway.sessions[session.id]
            self._session = None
            session.attach(None)
            await self._send(Op.INVALID_SESSION, False)
            return True
        session.dispatch("RESUMED", json.dumps({"_trace": []}))
        return True

    def _members(self, session: Session, data: Wire) -> None:
        """Answer a request for members: all, by the start of a name, or by ids."""
        guild = self._world.guilds.get(int(data["guild_id"]))
        if guild is None or not guild.installed:
            return
        limit = int(data.get("limit") or 0)
        missing: list[str] = []
        if data.get("user_ids"):
            asked = data["user_ids"] if isinstance(data["user_ids"], list) else [data["user_ids"]]
            known = {str(user): self._member(guild, int(user)) for user in asked}
            wires = [wire for wire in known.values() if wire is not None]
            missing = [user for user, wire in known.items() if wire is None]
        else:
            query = str(data.get("query") or "").lower()
            if not query and not session.intents & Intent.GUILD_MEMBERS:
                return  # Documented: the whole list needs the intent.
            found = [m for m in guild.members.values() if m.present and m.user.name.lower().startswith(query)]
            wires = [member_wire(guild, m) for m in found]
            if self._world.bot.name.lower().startswith(query):
                wires.append(bot_member_wire(self._world, guild))
            wires = wires[:limit] if limit else wires
        chunks = [wires[start : start + CHUNK] for start in range(0, len(wires), CHUNK)] or [[]]
        for index, chunk in enumerate(chunks):
            answer: Wire = {
                "guild_id": str(guild.id), "members": chunk, "chunk_index": index, "chunk_count": len(chunks),
                "not_found": missing,
            }  # fmt: skip
            if data.get("nonce"):
                answer["nonce"] = data["nonce"]
            session.dispatch("GUILD_MEMBERS_CHUNK", json.dumps(answer))

    def _member(self, guild: Guild, user: int) -> Wire | None:
        if user == self._world.bot.id:
            return bot_member_wire(self._world, guild)
        membership = guild.members.get(user)
        return None if membership is None or not membership.present else member_wire(guild, membership)


def application_flags(privileged: bool) -> int:
    """The application's flags: the limited members (1 << 15) and message content (1 << 19) intents (documented)."""
    return (1 << 15) | (1 << 19) if privileged else 0
