"""What a module imports, when, and whether it can do without: read from its text, never run.

The text is parsed by whatever Python runs the tools. What it can't parse is newer syntax, and then
its skeleton (`relocatable.python.skeleton`) is parsed instead, which has the same imports.
"""

import ast
import enum
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace

from relocatable.errors import RelocatableError
from relocatable.python import skeleton

PLATFORMS = ("linux", "darwin")
"""The values of `sys.platform` that a dist can be for."""
_OS_NAMES = ("posix",)
_IMPORT_ERRORS = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})
_CALLS = frozenset({"__import__", "import_module"})
_CALL = re.compile(rb"(?:%b)\s*\(\s*\w*[\"']" % "|".join(sorted(_CALLS)).encode())


class Kind(enum.Enum):
    """When an import happens, the surest first."""

    REQUIRED = "when it is imported"
    OPTIONAL = "when it is imported, but it can do without"
    FALLBACK = "when it is imported, if something else is missing"
    DEFERRED = "in a function"
    MAIN = "when it is run as a program"


@dataclass(frozen=True, slots=True)
class Import:
    """One name that a module imports.

    Attributes:
        name: Absolute.
        line: Where, counted from 1.
        kind: When.
        member: Whether `name` may be something else than a module: `from package import it`.
        instead_of: For a fallback, the names of which one has to be missing.
    """

    name: str
    line: int
    kind: Kind = Kind.REQUIRED
    member: bool = False
    instead_of: tuple[str, ...] = ()


def of_source(text: bytes, module: str, *, is_package: bool) -> list[Import]:
    """Returns the imports in a module's text, in its order.

    Args:
        text: The file's bytes.
        module: Its name, from which relative imports count.
        is_package: Whether it is an `__init__`.

    Raises:
        RelocatableError: if the text is no Python that any version knows.
    """
    package = module if is_package else module.rpartition(".")[0]
    tree = _parse(text)
    reader = _Reader(package)
    found = list(reader.block(tree.body, _Context()))
    if _CALL.search(text):  # Walking through all of a text takes longer than parsing it.
        found += reader.calls(tree)
    return found


def _parse(text: bytes) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Of the library's own odd escapes.
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError):
            pass
        try:
            return ast.parse(skeleton.of(text))
        except (SyntaxError, ValueError) as error:
            raise RelocatableError(f"can't be parsed: {error}") from error


@dataclass(frozen=True, slots=True)
class _Context:
    kind: Kind = Kind.REQUIRED
    instead_of: tuple[str, ...] = ()

    def weakened(self, kind: Kind, instead_of: tuple[str, ...] = ()) -> "_Context":
        """This context inside of something that makes imports less sure."""
        order = list(Kind)
        if order.index(kind) <= order.index(self.kind):
            return self
        return replace(self, kind=kind, instead_of=instead_of)


@dataclass(frozen=True, slots=True)
class _Reader:
    package: str

    def block(self, body: list[ast.stmt], context: _Context) -> Iterator[Import]:
        """The imports in a list of statements. Python limits how deep they nest."""
        for statement in body:
            yield from self._statement(statement, context)

    def calls(self, tree: ast.Module) -> Iterator[Import]:
        """Calls of `__import__` and `import_module` with a literal name, wherever they are."""
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            value = getattr(node.args[0], "value", None)
            if _last_name(node.func) in _CALLS and isinstance(value, str) and value[:1] != ".":
                yield Import(value, node.lineno, Kind.DEFERRED)

    def _statement(self, node: ast.stmt, context: _Context) -> Iterator[Import]:
        match node:
            case ast.Import(names=names):
                for alias in names:
                    yield self._import(alias.name, node, context)
            case ast.ImportFrom():
                yield from self._import_from(node, context)
            case ast.FunctionDef(body=body) | ast.AsyncFunctionDef(body=body):
                yield from self.block(body, context.weakened(Kind.DEFERRED))
            case ast.If():
                yield from self._if(node, context)
            case ast.Try() | ast.TryStar():
                yield from self._try(node, context)
            case ast.With(items=items, body=body):
                guarded = any(map(_suppresses, items))
                yield from self.block(body, context.weakened(Kind.OPTIONAL) if guarded else context)
            case ast.Match(cases=cases):
                for case in cases:
                    yield from self.block(case.body, context)
            case ast.For() | ast.While():
                yield from self.block([*node.body, *node.orelse], context)
            case ast.ClassDef(body=body):
                yield from self.block(body, context)

    def _import(self, name: str, node: ast.stmt, context: _Context, member: bool = False) -> Import:
        return Import(name, node.lineno, context.kind, member, context.instead_of)

    def _import_from(self, node: ast.ImportFrom, context: _Context) -> Iterator[Import]:
        base = node.module or ""
        if node.level:
            parts = self.package.split(".") if self.package else []
            if node.level > len(parts):
                return  # Beyond the top: it fails, whatever there is.
            base = ".".join([*parts[: len(parts) - node.level + 1], *filter(None, [base])])
        yield self._import(base, node, context)
        for alias in node.names:
            if alias.name != "*":
                yield self._import(f"{base}.{alias.name}", node, context, member=True)

    def _if(self, node: ast.If, context: _Context) -> Iterator[Import]:
        if _is_main(node.test):
            yield from self.block(node.body, context.weakened(Kind.MAIN))
            yield from self.block(node.orelse, context)
            return
        truth = _truth(node.test)
        # What only one of the platforms does can't be a failure: it may be another's.
        unsure = context.weakened(Kind.OPTIONAL) if truth == {True, False} else context
        if True in truth:
            yield from self.block(node.body, unsure)
        if False in truth:
            yield from self.block(node.orelse, unsure)
        if not truth:
            yield from self.block([*node.body, *node.orelse], context)

    def _try(self, node: ast.Try | ast.TryStar, context: _Context) -> Iterator[Import]:
        guarded = any(map(_forgives, node.handlers))
        inside = context.weakened(Kind.OPTIONAL) if guarded else context
        tried = list(self.block(node.body, inside))
        yield from tried
        names = tuple(found.name for found in tried if not found.member)
        for handler in node.handlers:
            fallback = _forgives(handler) and names
            rescue = context.weakened(Kind.FALLBACK, names) if fallback else context
            yield from self.block(handler.body, rescue)
        yield from self.block(node.orelse, inside)
        yield from self.block(node.finalbody, context)


def _forgives(handler: ast.ExceptHandler) -> bool:
    """Whether a missing module is no failure of the module that has this handler."""
    if handler.body and isinstance(handler.body[-1], ast.Raise):
        return False
    if handler.type is None:
        return True
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(_last_name(kind) in _IMPORT_ERRORS for kind in types)


def _suppresses(item: ast.withitem) -> bool:
    call = item.context_expr
    return (
        isinstance(call, ast.Call)
        and _last_name(call.func) == "suppress"
        and any(_last_name(kind) in _IMPORT_ERRORS for kind in call.args)
    )


def _last_name(node: ast.expr) -> str:
    return str(getattr(node, "id", getattr(node, "attr", "")))


def _is_main(test: ast.expr) -> bool:
    return (
        isinstance(test, ast.Compare)
        and isinstance(test.left, ast.Name)
        and test.left.id == "__name__"
    )


def _truth(test: ast.expr) -> set[bool]:
    """What a condition is on the platforms of dists; nothing if it depends on something else."""
    match test:
        case ast.Constant(value=value):
            return {bool(value)}
        case ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING"):
            return {False}
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return {not value for value in _truth(operand)}
        case ast.BoolOp(op=op, values=values):
            return _combined([_truth(value) for value in values], every=isinstance(op, ast.And))
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return _comparison(left, op, right)
        case ast.Call(
            func=ast.Attribute(attr="startswith", value=value),
            args=[ast.Constant(value=str(start))],
        ):
            return {known.startswith(start) for known in _known(value)}
    return set()


def _combined(parts: list[set[bool]], *, every: bool) -> set[bool]:
    """`and` (`every`) or `or` over truths; one part alone can decide, though others are unknown."""
    decisive = not every
    if {decisive} in parts:
        return {decisive}
    if set() in parts:
        return set()
    sure = {not decisive} if all((not decisive) in part for part in parts) else set()
    return sure | ({decisive} if any(decisive in part for part in parts) else set())


def _comparison(left: ast.expr, op: ast.cmpop, right: ast.expr) -> set[bool]:
    match left, op, right:
        # os.py asks this of sys.builtin_module_names.
        case ast.Constant(value="posix" | "nt" as name), ast.In(), ast.Name():
            return {name in _OS_NAMES}
        case _, ast.Eq() | ast.NotEq(), ast.Constant(value=str(value)):
            return {(known == value) == isinstance(op, ast.Eq) for known in _known(left)}
        case _, ast.In() | ast.NotIn(), ast.Tuple(elts=elements) | ast.Set(elts=elements):
            values = [getattr(element, "value", None) for element in elements]
            return {(known in values) == isinstance(op, ast.In) for known in _known(left)}
    return set()


def _known(node: ast.expr) -> tuple[str, ...]:
    """The values that `sys.platform` or `os.name` can have, also of `import os as _os`."""
    match node:
        case ast.Attribute(attr="platform", value=ast.Name(id="sys" | "_sys")):
            return PLATFORMS
        case ast.Name(id="platform" | "_platform"):
            return PLATFORMS  # `from sys import platform`, as re and webbrowser do.
        case ast.Attribute(attr="name", value=ast.Name(id="os" | "_os")):
            return _OS_NAMES
    return ()
