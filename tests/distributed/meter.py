"""Counts what comes down from a server."""

import contextlib
import socket
import threading

from distributed.servers import free_port

_PIECE = 1 << 16
"""Bytes."""


class Meter:
    """Passes connections on to a server of the loopback, until it is closed.

    Attributes:
        port: where it listens.
        down: how many bytes have come from the server.
    """

    def __init__(self, server: int) -> None:
        """Begins to listen for connections to the port `server`."""
        self.port = free_port()
        self.down = 0
        self._server = server
        self._count = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Takes no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # It is closed.
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._server))
                for way in ((client, server, False), (server, client, True)):
                    threading.Thread(target=self._pass, args=way, daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket, down: bool) -> None:
        with contextlib.suppress(OSError):  # Either has gone.
            while piece := source.recv(_PIECE):
                sink.sendall(piece)
                if down:
                    with self._count:
                        self.down += len(piece)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        source.close()
