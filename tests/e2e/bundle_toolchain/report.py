"""Tells as JSON which Python it runs on, and what that has loaded."""

import json
import ssl
import sys
from pathlib import Path

maps = Path("/proc/self/maps").read_text("utf-8").splitlines()
report = {
    "version": sys.version.split()[0],
    "executable": sys.executable,
    "prefix": sys.base_prefix,
    "path": sys.path,
    "ssl": ssl.OPENSSL_VERSION,
    "loaded": sorted({line.split(maxsplit=5)[5] for line in maps if ".so" in line}),
}
print(json.dumps(report))
