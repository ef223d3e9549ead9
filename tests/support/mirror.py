"""A mirror of nothing: a loopback HTTP server that gives what a test puts into it."""

import dataclasses
import functools
import hashlib
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote


@dataclasses.dataclass(frozen=True)
class Fault:
    """What a server does with one request, instead of giving the file.

    Attributes:
        status: What it answers; with 200, the file's head and some of its bytes.
        sent: How many bytes of the file are sent before the connection ends.
        headers: What else the answer says.
        length: Whether the answer says how long the file is.
    """

    status: int = 200
    sent: int = 0
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    length: bool = True


class Mirror:
    """An HTTP server on a port of its own, until it is closed.

    Attributes:
        url: Its root, without a slash at the end.
        files: What it gives, by path (which starts with a slash, and is not escaped, as a name on
            a disk is not); a test changes it at will.
        asked: The paths that were asked for, in order, as the requests had them.
        ranges: What was asked for of the file instead of all of it, for each of `asked`.
        wanted: The Authorization header without which a path is refused, by path.
        faults: What happens first where a path is asked for, by path: one for each request.
        resumes: Whether it gives a part of a file, to who asks for one of the same state.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.ranges: list[str] = []
        self.wanted: dict[str, str] = {}
        self.faults: dict[str, list[Fault]] = {}
        self.resumes = False
        mirror = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = unquote(self.path.partition("?")[0].partition("#")[0])
                mirror.asked.append(self.path)
                mirror.ranges.append(self.headers["Range"] or "")
                if mirror.wanted.get(path) not in {None, self.headers["Authorization"]}:
                    self._answer(401, b"who are you?")
                elif mirror.faults.get(path):
                    self._fail(mirror.faults[path].pop(0), mirror.files.get(path, b"gone"))
                elif path in mirror.files:
                    self._give(mirror.files[path])
                else:
                    self._answer(404, b"gone")

            def _give(self, data: bytes) -> None:
                if not mirror.resumes:
                    self._answer(200, data)
                    return
                etag = f'"{hashlib.sha256(data).hexdigest()}"'
                start = int((self.headers["Range"] or "bytes=0-")[6:].partition("-")[0])
                if not start or self.headers["If-Range"] != etag:
                    self._answer(200, data, {"ETag": etag})
                    return
                part = f"bytes {start}-{len(data) - 1}/{len(data)}"
                self._answer(206, data[start:], {"ETag": etag, "Content-Range": part})

            def _fail(self, fault: Fault, data: bytes) -> None:
                if fault.status != 200:
                    self._answer(fault.status, b"not now", fault.headers)
                    return
                etag = {"ETag": f'"{hashlib.sha256(data).hexdigest()}"'} if mirror.resumes else {}
                length = len(data) if fault.length else None
                self._answer(200, data[: fault.sent], {**etag, **fault.headers}, length)

            def _answer(
                self,
                status: int,
                data: bytes,
                headers: Mapping[str, str] | None = None,
                length: int | None = -1,
            ) -> None:
                self.send_response(status)
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                if length is not None:
                    self.send_header("Content-Length", str(len(data) if length < 0 else length))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                """Keeps quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        # It looks this often whether it is to stop.
        serve = functools.partial(self._server.serve_forever, poll_interval=0.01)
        threading.Thread(target=serve, daemon=True).start()

    def close(self) -> None:
        """Stops it."""
        self._server.shutdown()
        self._server.server_close()
