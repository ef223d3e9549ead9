"""Names of users, for messages."""

import os
import pwd


def owner_of(status: os.stat_result) -> str:
    """Who owns a file: a name, or a number if it has none."""
    try:
        return pwd.getpwuid(status.st_uid).pw_name
    except KeyError:
        return f"user {status.st_uid}"
