"""Real server processes, and what a client needs to ask them."""

import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PATIENCE = 30.0
"""Seconds after which something that has not happened will not happen."""


@dataclass
class Answer:
    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def header(self, name: str) -> str:
        return next(value for key, value in self.headers if key.lower() == name.lower())


class Process:
    """A command that runs in *folder*; its output goes to files."""

    def __init__(self, command: list[str], folder: Path, name: str, env: Mapping[str, str]) -> None:
        self.folder = folder
        self._out, self._err = folder / f"{name}.out", folder / f"{name}.err"
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.popen = subprocess.Popen(
                command,
                cwd=folder,
                env=environment({"TMPDIR": str(folder), **env}),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )

    @property
    def out(self) -> str:
        return self._out.read_text(errors="replace")

    @property
    def err(self) -> str:
        return self._err.read_text(errors="replace")

    def says(self, pattern: str) -> re.Match[str]:
        """Wait until *pattern* is in the output."""

        def look() -> re.Match[str] | None:
            ended = self.popen.poll() is not None
            found = re.search(pattern, self.err) or re.search(pattern, self.out)
            assert found or not ended, f"It ended:\n{self.out}\n{self.err}"
            return found

        return until(look, lambda: f"{pattern!r} in:\n{self.out}\n{self.err}")

    def lines(self, count: int) -> list[str]:
        """Wait for *count* lines on standard output: one for each trace, once it is stored."""
        return until(
            lambda: len(self.out.splitlines()) >= count and self.out.splitlines(),
            lambda: f"{count} lines in:\n{self.out}\n{self.err}",
        )

    def stop(self, how: int = signal.SIGINT, *, whole_group: bool = False) -> int:
        """Send the signal, wait for the end and return the exit code."""
        if whole_group:
            os.killpg(self.popen.pid, how)
        else:
            self.popen.send_signal(how)
        return self.popen.wait(PATIENCE)

    def end(self) -> None:
        """Leave nothing behind, whatever has happened."""
        with suppress(ProcessLookupError):
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait(PATIENCE)


class Server(Process):
    """A process that answers HTTP at the address that it prints."""

    @property
    def port(self) -> int:
        return int(self.says(r"http://127\.0\.0\.1:(\d+)")[1])

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def link(self) -> str:
        """The login link of the dashboard."""
        return self.says(r"(http://\S+/login\?token=\S+)\s")[1]

    @property
    def token(self) -> str:
        return self.says(r"Token for programs: (\S+)\s")[1]

    def ask(
        self,
        path: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Make one request, follow nothing, decode nothing."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            content = response.read()
            return Answer(response.status, response.reason, response.getheaders(), content)
        finally:
            connection.close()

    def form(self, path: str, data: str, headers: Mapping[str, str] | None = None) -> Answer:
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.ask(path, "POST", data.encode(), kind | dict(headers or {}))

    def hang_up(self, path: str) -> None:
        """Begin to read an answer, then leave as a killed client does."""
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as client:
            client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            assert client.recv(64)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def api(self, path: str) -> Any:
        """Ask the dashboard's API as a program does."""
        answer = self.ask(f"/_trace{path}", headers={"Authorization": f"Bearer {self.token}"})
        assert answer.status == 200, answer.text
        return answer.json

    def traces(self, count: int) -> list[dict[str, Any]]:
        """Wait until there are *count* traces; return their summaries, the oldest first."""

        def look() -> list[dict[str, Any]] | None:
            found: list[dict[str, Any]] = self.api("/api/traces?limit=500")["traces"]
            return found if len(found) >= count else None

        return until(look, lambda: f"{count} traces, not {self.api('/api/traces')}")[::-1]


def until(
    look: Callable[[], Any], what: Callable[[], str] = str, patience: float = PATIENCE
) -> Any:
    """Return what *look* finds as soon as that is something; fail when it takes too long."""
    end = time.monotonic() + patience
    while not (found := look()):
        assert time.monotonic() < end, f"Waited in vain for {what()}"
        time.sleep(0.02)
    return found


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without settings, in which the flasktrace under test is found."""
    keep = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("FLASK", "WERKZEUG", "COLUMNS", "LINES", "PYTEST"))
    }
    return {**keep, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "NO_COLOR": "1", **more}


def free_port() -> int:
    """Return a port for a server that cannot choose, or does not tell, one of its own."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def python(*arguments: str) -> list[str]:
    return [sys.executable, *arguments]


def flasktrace(
    folder: Path, *arguments: str, env: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run a command of flasktrace to its end."""
    return subprocess.run(
        python("-m", "flasktrace", *arguments),
        cwd=folder,
        env=environment(env or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        timeout=PATIENCE,
        check=False,
    )
