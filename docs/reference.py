"""Writes docs/reference.md: rules, providers and tags as Bazel itself extracts them.

    bazel run //docs:update

The input is what `starlark_doc_extract` gives: a ModuleInfo message in protobuf's text format.
"""

import ast
import os
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from absl import flags

from relocatable import cli
from relocatable.errors import RelocatableError

_EXTRACTED = flags.DEFINE_multi_string("extracted", [], "A module's documentation, in text format.")
_OUT = flags.DEFINE_string("out", "docs/reference.md", "The file, from the workspace's root.")

_INTRODUCTION = """\
# Reference

<!-- Written by `bazel run //docs:update` from the documentation in rules/*.bzl: edit that. -->

Rules and providers are loaded from `@rules_relocatable//rules:defs.bzl`, the module extension from
`@rules_relocatable//rules:extensions.bzl`. All rules have a `name` and the other [attributes common
to all rules](https://bazel.build/reference/be/common-definitions#common-attributes).
"""
_TYPES = {
    "BOOLEAN": "bool",
    "INT": "int",
    "LABEL": "label",
    "LABEL_LIST": "list of labels",
    "LABEL_STRING_DICT": "dict of labels to strings",
    "NAME": "name",
    "STRING": "string",
    "STRING_DICT": "dict of strings",
    "STRING_LIST": "list of strings",
}


@dataclass(slots=True)
class Message:
    """A protobuf message: the values of its fields, of which any may be there several times."""

    scalars: dict[str, list[str]] = field(default_factory=dict)
    messages: dict[str, list["Message"]] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """The one value of a field, or "" if it is not there."""
        return self.scalars.get(name, [""])[0]

    def all(self, name: str) -> list["Message"]:
        """The messages in a field."""
        return self.messages.get(name, [])


def parse(text: str) -> Message:
    """Reads a message in text format, as Bazel prints it: one field, `{` or `}` a line."""
    stack = [Message()]
    for line in text.splitlines():
        name, _, value = line.strip().partition(" ")
        if value == "{":
            message = Message()
            stack[-1].messages.setdefault(name, []).append(message)
            stack.append(message)
        elif name == "}":
            stack.pop()
        else:
            # Escapes are those of C, of bytes in UTF-8: as in Python's literals of bytes.
            scalar = ast.literal_eval("b" + value).decode() if value.startswith('"') else value
            stack[-1].scalars.setdefault(name.removesuffix(":"), []).append(scalar)
    return stack[0]


def render(modules: Sequence[Message]) -> str:
    """Returns the reference of several modules, as Markdown."""
    text = [_INTRODUCTION]
    rules = {rule.text("rule_name") for module in modules for rule in module.all("rule_info")}
    for kind, heading, name, section in _KINDS:
        found = [message for module in modules for message in module.all(kind)]
        # A macro around a rule goes by the rule's name, and has nothing to add to what that says.
        if kind == "func_info":
            found = [message for message in found if message.text(name) not in rules]
        sections = [section(message) for message in sorted(found, key=lambda m: m.text(name))]
        text += [f"## {heading}\n", *sections]
    return "\n".join(text)


def _rule(rule: Message) -> str:
    gives = [name for group in rule.all("advertised_providers") for name in _providers(group)]
    return "\n".join(
        [
            f"### {rule.text('rule_name')}\n",
            rule.text("doc_string") + "\n",
            *([f"Provides {' and '.join(gives)}.\n"] if gives else []),
            *_attributes(rule),
        ]
    )


def _function(function: Message) -> str:
    lines = [f"### {function.text('function_name')}\n", function.text("doc_string").strip() + "\n"]
    for parameter in function.all("parameter"):
        name = parameter.text("name")
        # That it takes the rest, only Bazel 8 and later tell.
        rest = name == "kwargs"
        lines.append(
            _item(f"**{name}" if rest else name, "" if rest else _presence(parameter), parameter)
        )
    return "\n".join([*lines, ""])


def _provider(provider: Message) -> str:
    lines = [f"### {provider.text('provider_name')}\n", provider.text("doc_string") + "\n"]
    lines += [_item(info.text("name"), "", info) for info in provider.all("field_info")]
    return "\n".join([*lines, ""])


def _extension(extension: Message) -> str:
    name = extension.text("extension_name")
    lines = [f"### {name}\n", extension.text("doc_string") + "\n"]
    for tag in extension.all("tag_class"):
        lines += [f"#### {name}.{tag.text('tag_name')}\n", tag.text("doc_string") + "\n"]
        lines += [*_attributes(tag, with_name=True)]
    return "\n".join(lines)


_KINDS = (
    ("rule_info", "Rules", "rule_name", _rule),
    ("func_info", "Macros", "function_name", _function),
    ("provider_info", "Providers", "provider_name", _provider),
    ("module_extension_info", "Module extension", "extension_name", _extension),
)


def _attributes(owner: Message, *, with_name: bool = False) -> Iterator[str]:
    """A line for each attribute, those first that have to be given."""
    attributes = [a for a in owner.all("attribute") if with_name or a.text("name") != "name"]
    for attribute in sorted(attributes, key=lambda a: (not a.text("mandatory"), a.text("name"))):
        kind = _TYPES[attribute.text("type")]
        wanted = [" and ".join(_providers(g)) for g in attribute.all("provider_name_group")]
        of = f" of {' or '.join(wanted)}" if wanted else ""
        yield _item(attribute.text("name"), f"{kind}{of}, {_presence(attribute)}", attribute)
    yield ""


def _presence(parameter: Message) -> str:
    default = parameter.text("default_value")
    return "required" if parameter.text("mandatory") else f"default `{default or 'None'}`"


def _providers(group: Message) -> list[str]:
    return group.scalars.get("provider_name", [])


def _item(name: str, about: str, documented: Message) -> str:
    text = f"`{name}`{f' ({about})' if about else ''}: {documented.text('doc_string')}"
    return textwrap.fill(
        " ".join(text.split()),
        width=100,
        initial_indent="- ",
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def reference(extracted: Sequence[str]) -> str:
    """Returns the reference of the modules whose documentation is in the named files.

    Raises:
        RelocatableError: if none are named.
    """
    if not extracted:
        raise RelocatableError("--extracted is wanted; run: bazel run //docs:update")
    return render([parse(Path(path).read_text()) for path in extracted])


def _main() -> None:
    workspace = Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", ""))
    (workspace / _OUT.value).write_text(reference(_EXTRACTED.value))


if __name__ == "__main__":
    cli.run(_main)
