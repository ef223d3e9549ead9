"""Remote caches and a remote execution cluster on loopback: BuildGrid, buildbox, nginx, PostgreSQL.

What is started here is what people run; only the sizes are small. See `run` for where it is from.
"""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from distributed.database import postgresql
from distributed.servers import ROOT, STATE, Server, free_port, listens, wait_for

# The command `bgd` of the environment that this runs in.
_BUILDGRID = (sys.executable, "-c", "from buildgrid.server.app import cli; cli()")

# BuildGrid refuses calls beyond its threads, by default five for each core, and Bazel, which makes
# more at once, then leaves an action out of the cache.
_CACHE = """
description: what a team shares
thread-pool-size: 200
server:
  - !channel
    address: 127.0.0.1:{port}
    insecure-mode: true
storages:
  - !disk-storage &cas
    path: {state}/cas
caches:
  - !lru-action-cache &ac
    storage: *cas
    max-cached-refs: 100000
    allow-updates: true
    cache-failed-actions: false
"""
_STORED = """
      - !action-cache
        cache: *ac
      - !cas
        storage: *cas
      - !bytestream
        storage: *cas
"""
_INSTANCE = (
    """
instances:
  - name: ''
    services:"""
    + _STORED
)
_SCHEDULER = """
connections:
  - !sql-connection &sql
    connection-string: {database}
    pool-size: 20
    max-overflow: 40
schedulers:
  - !sql-scheduler &scheduler
    sql: *sql
    storage: *cas
    action-cache: *ac
    poll-interval: 0.1
    bot-poll-interval: 0.1
    bot-session-keepalive-timeout: 10
    session-expiry-timer-interval: 2
    assigners:
      - !priority-age-assigner
        count: 1
        interval: 0.05
        jitter-factor: 0.0
        failure-backoff: 0.2
    property-set: !dynamic-property-set
      match-property-keys: []
      wildcard-property-keys: [container-image]
"""
_EXECUTION = """
      - !execution
        scheduler: *scheduler
        operation-stream-keepalive-timeout: 60
"""
_NGINX = """
daemon off;
user root;
pid {state}/nginx.pid;
error_log {state}/error.log;
events {{ worker_connections 512; }}
http {{
  access_log off;
  client_body_temp_path {state}/body;
  proxy_temp_path {state}/temporary;
  fastcgi_temp_path {state}/temporary;
  uwsgi_temp_path {state}/temporary;
  scgi_temp_path {state}/temporary;
  server {{
    listen 127.0.0.1:{port};
    client_max_body_size 0;
    location /cache/ {{
      root {state}/data;
      dav_methods PUT;
      create_full_put_path on;
    }}
  }}
}}
"""
# All that a worker shows to an action, besides what the action says that it reads.
_MOUNTS = {
    "/usr": "/usr",
    "/usr/bin": "/bin",
    "/usr/lib": "/lib",
    "/usr/lib64": "/lib64",
    "/etc": "/etc",
}


def _buildgrid(state: Path, port: int, settings: str) -> Server:
    config = state / "buildgrid.yml"
    config.write_text(settings, encoding="utf-8")
    server = Server(
        [*_BUILDGRID, "server", "start", str(config)],
        state / "buildgrid.log",
        {"PATH": os.defpath, "HOME": str(state)},
    )
    wait_for(f"BuildGrid, {state}/buildgrid.log", lambda: listens(port))
    return server


@contextlib.contextmanager
def grpc_cache(state: Path) -> Iterator[int]:
    """A cache that speaks gRPC; gives its port."""
    state.mkdir()
    port = free_port()
    server = _buildgrid(state, port, (_CACHE + _INSTANCE).format(state=state, port=port))
    try:
        yield port
    finally:
        server.stop()


@contextlib.contextmanager
def http_cache(state: Path) -> Iterator[int]:
    """A cache that is a web server with PUT, below `/cache`; gives its port."""
    (state / "data/cache").mkdir(parents=True)
    port = free_port()
    settings = _NGINX.format(state=STATE, port=port)
    (state / "nginx.conf").write_text(settings, encoding="utf-8")
    command = ROOT.command(state, "nginx", "-c", f"{STATE}/nginx.conf")
    server = Server(command, state / "nginx.log", {})
    wait_for(f"nginx, {state}/nginx.log", lambda: listens(port))
    try:
        yield port
    finally:
        server.stop()


class Cluster:
    """Workers and what hands them actions.

    Attributes:
        port: where Bazel finds it, by gRPC.
        buildgrid: the server, which holds the cache and the queue.
        workers: each runs one action at a time, in a namespace with nothing but its inputs and the
            operating system.
    """

    def __init__(self, state: Path, workers: int) -> None:
        """Starts it, with the database that its queue is in."""
        state.mkdir()
        self._servers = contextlib.ExitStack()
        self.port = free_port()
        try:
            server, database = postgresql(state / "database")
            self._servers.callback(server.stop)
            subprocess.run([*_BUILDGRID, "migrate", "apply", database], check=True, cwd=state)
            settings = _CACHE + _SCHEDULER + _INSTANCE + _EXECUTION
            self.buildgrid = _buildgrid(
                state, self.port, settings.format(state=state, port=self.port, database=database)
            )
            self._servers.callback(self.buildgrid.stop)
            self.workers = [self._worker(state / f"worker{n}") for n in range(workers)]
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Stops all of it."""
        self._servers.close()

    def _worker(self, state: Path) -> Server:
        state.mkdir()
        mounts = [f"--runner-arg=--ro-bind-mount={a}:{b}" for a, b in _MOUNTS.items()]
        command = ROOT.command(
            state,
            "buildbox-worker",
            f"--remote=http://127.0.0.1:{self.port}",
            "--concurrent-jobs=1",
            "--buildbox-run=/usr/bin/buildbox-run-bubblewrap",
            "--runner-arg=--disable-localcas",
            f"--runner-arg=--workspace-path={STATE}",
            *mounts,
            *("--platform", "OSFamily=linux", "--platform", "ISA=x86-64"),
            "--max-wait-time=5",
            state.name,
        )
        worker = Server(command, state.parent / f"{state.name}.log", {})
        self._servers.callback(worker.stop)
        return worker
