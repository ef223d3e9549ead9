"""Writes an image as the OCI image specification has it: blobs by digest, and an index."""

import argparse
import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

_TYPE = "application/vnd.oci.image."


def _blob(layout: Path, kind: str, data: bytes) -> dict[str, Any]:
    digest = hashlib.sha256(data).hexdigest()
    (layout / "blobs" / "sha256" / digest).write_bytes(data)
    return {"mediaType": _TYPE + kind, "digest": f"sha256:{digest}", "size": len(data)}


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, sort_keys=True).encode()


def _write(layout: Path, architecture: str, entrypoint: list[str], tars: list[Path]) -> None:
    (layout / "blobs" / "sha256").mkdir(parents=True)
    layers, diff_ids = [], []
    for tar in tars:
        data = tar.read_bytes()
        zipped = tar.suffix == ".gz"
        layers.append(_blob(layout, "layer.v1.tar" + "+gzip" * zipped, data))
        plain = gzip.decompress(data) if zipped else data
        diff_ids.append(f"sha256:{hashlib.sha256(plain).hexdigest()}")
    config = {
        "architecture": architecture,
        "config": {"Entrypoint": entrypoint},
        "os": "linux",
        "rootfs": {"diff_ids": diff_ids, "type": "layers"},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": _TYPE + "manifest.v1+json",
        "config": _blob(layout, "config.v1+json", _json(config)),
        "layers": layers,
    }
    described = _blob(layout, "manifest.v1+json", _json(manifest))
    index = {"schemaVersion": 2, "mediaType": _TYPE + "index.v1+json", "manifests": [described]}
    (layout / "index.json").write_bytes(_json(index))
    (layout / "oci-layout").write_bytes(_json({"imageLayoutVersion": "1.0.0"}))


def main() -> None:
    """Reads the arguments and writes the image."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--architecture", required=True)
    parser.add_argument("--entrypoint", action="append", required=True)
    parser.add_argument("tars", nargs="+", type=Path)
    flags = parser.parse_args()
    _write(flags.out, flags.architecture, flags.entrypoint, flags.tars)


if __name__ == "__main__":
    main()
