"""The database that BuildGrid's queue is in."""

import os
import pwd
import subprocess
from pathlib import Path

from distributed.servers import ROOT, STATE, Server, free_port, listens, wait_for

_USER = "postgres"
_SETTINGS = (
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    # Nothing of it has to outlive the test, so nothing is waited for.
    "fsync=off",
    "dynamic_shared_memory_type=mmap",
)


def postgresql(state: Path) -> tuple[Server, str]:
    """Starts PostgreSQL with an empty database; returns it, and what SQLAlchemy calls that.

    Args:
        state: a directory that is not there yet.
    """
    state.mkdir()
    # It refuses to run as root.
    passwd = (ROOT.directory / "etc/passwd").read_text(encoding="utf-8")
    (entry,) = (line for line in passwd.splitlines() if line.startswith(f"{_USER}:"))
    user = pwd.struct_passwd(entry.split(":"))
    os.chown(state, int(user.pw_uid), int(user.pw_gid))
    (programs,) = (ROOT.directory / "usr/lib/postgresql").glob("*/bin")

    def command(program: str, *arguments: str) -> list[str]:
        become = (f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups")
        path = f"/{programs.relative_to(ROOT.directory)}/{program}"
        return ROOT.command(state, "setpriv", *become, path, *arguments)

    data, port = f"{STATE}/data", free_port()
    made = ("--username=bgd", "--auth=trust", "--no-sync", f"--pgdata={data}")
    subprocess.run(command("initdb", *made), stdout=subprocess.DEVNULL, check=True)
    options = [word for setting in (f"port={port}", *_SETTINGS) for word in ("-c", setting)]
    server = Server(command("postgres", "-D", data, *options), state / "postgres.log", {})
    try:
        wait_for(f"PostgreSQL, {state}/postgres.log", lambda: listens(port))
        create = command("createdb", "--host=127.0.0.1", f"--port={port}", "--username=bgd", "bgd")
        wait_for(
            "PostgreSQL to make a database",
            lambda: not subprocess.run(create, check=False, capture_output=True).returncode,
        )
    except BaseException:
        server.stop()
        raise
    return server, f"postgresql+psycopg2://bgd@127.0.0.1:{port}/bgd"
