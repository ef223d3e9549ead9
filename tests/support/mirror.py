"""A mirror of nothing: a loopback HTTP server that gives what a test puts into it."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Mirror:
    """An HTTP server on a port of its own, until it is closed.

    Attributes:
        url: Its root, without a slash at the end.
        files: What it gives, by path (which starts with a slash); a test changes it at will.
        asked: The paths that were asked for, in order.
        wanted: The Authorization header without which a path is refused, by path.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.wanted: dict[str, str] = {}
        files, asked, wanted = self.files, self.asked, self.wanted

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                data = files.get(self.path, b"gone")
                if wanted.get(self.path) not in {None, self.headers["Authorization"]}:
                    data = b"who are you?"
                    self.send_response(401)
                else:
                    self.send_response(200 if self.path in files else 404)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                """Keeps quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stops it."""
        self._server.shutdown()
        self._server.server_close()
