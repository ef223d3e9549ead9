"""A dist on one page: where the megabytes are, what links to what and why, what changed.

The page holds all that it shows, asks nothing of any network, and says so to the browser, which
then refuses. Its style and script are files beside this one; what it shows is data, in JSON.
"""

import base64
import hashlib
import html
import json
from collections.abc import Mapping
from importlib import resources
from typing import Any

from relocatable import content as contents
from relocatable.errors import RelocatableError
from relocatable.provenance import Origin
from relocatable.tree import Directory, File, Link, Tree

# In the order of the bytes that a browser reads; data comes last, so that the rest is there.
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src '{style_hash}'; \
script-src '{script_hash}'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
{body}
<script type="application/json" id="data">{data}</script>
<script>{script}</script>
</body>
</html>
"""


def page(
    tree: Tree,
    metadata: Mapping[str, Any],
    linkage: Mapping[str, Any],
    kept: Mapping[Origin, str],
    changes: Mapping[str, Any] | None,
) -> bytes:
    """Returns the page.

    Args:
        tree: the dist.
        metadata: as `relocatable.metadata` writes it.
        linkage: as `report.linkage` gives it.
        kept: as `report.linkage` takes it.
        changes: as `relocatable.diff` writes them, against a former dist; None if there is none.
    """
    style, script, body = (_own(f"page.{ending}") for ending in ("css", "js", "html"))
    data = {
        "metadata": metadata,
        "linkage": linkage,
        "changes": changes,
        "tree": _entries(tree, kept),
    }
    text = _PAGE.format(
        title=html.escape(f"{metadata['name']}: what is in it"),
        style=style,
        style_hash=_hash(style),
        script=script,
        script_hash=_hash(script),
        body=body.strip(),
        data=_json(data),
    )
    return text.encode()


def _entries(tree: Tree, kept: Mapping[Origin, str]) -> dict[str, Any]:
    """The files and links of a tree; sources and layers by number, because they repeat."""
    sources: dict[str, int] = {}
    layers: dict[str | None, int] = {None: 0}
    files: list[list[Any]] = []
    links: list[list[Any]] = []
    for path, node in tree:
        if isinstance(node, Directory):
            continue
        origin = node.record.origin
        source = sources.setdefault(str(origin.source), len(sources))
        match node:
            case File():
                layer = layers.setdefault(kept.get(origin), len(layers))
                edits = [edit.what for edit in node.record.edits]
                size = contents.size(node.content)
                files.append([path, size, source, layer, *([edits] if edits else [])])
            case Link():
                links.append([path, node.target, _real(tree, path)])
    return {"sources": list(sources), "layers": list(layers), "files": files, "links": links}


def _real(tree: Tree, path: str) -> str | None:
    """What a link leads to in the end; None for one that leads nowhere."""
    try:
        return tree.follow(path)
    except RelocatableError:
        return None


def _json(data: object) -> str:
    """JSON that can stand between script tags: no text in it ends the element, or is markup.

    It is ASCII, also if a path is no UTF-8: a script can hold what no page can.
    """
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _own(name: str) -> str:
    return resources.files("relocatable.report").joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
