"""Checks a whole tree."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from relocatable import foreign
from relocatable.closure.text import problem_lines
from relocatable.target import Target
from relocatable.tree import File, Link, Tree
from relocatable.verify.contract import Checks, Promise, Report
from relocatable.verify.elf_checks import ElfChecks
from relocatable.verify.files import is_launcher, launcher_problems, link_problems, text_problems
from relocatable.verify.macho_checks import MachoChecks
from relocatable.waivers import Check, Waivers


def verify(
    tree: Tree, target: Target, promise: Promise | None = None, waivers: Waivers | None = None
) -> Report:
    """Checks every path of `tree`; finds all problems rather than the first."""
    promise, waivers = promise or Promise(), waivers or Waivers()
    tree = Tree(dict(tree.nodes))
    foreign.set_aside(tree, target, waivers)
    report = Report()
    made = ElfChecks if target.is_elf else MachoChecks
    checks: Checks = made(tree, target, promise)
    for path, node in tree:
        if isinstance(node, Link):
            report.links += 1
            found = link_problems(tree, path, node)
            report.problems += _unless_meant(found, Check.DANGLING_LINK, path, waivers)
        elif isinstance(node, File):
            report.files += 1
            _check(tree, path, node, checks, report, waivers=waivers)
    closure = checks.closure()
    loaded = replace(closure, unread=())  # Which the checks of files have told of.
    report.problems += [text for text, fatal in problem_lines(loaded) if fatal]
    report.requires = {baseline.family: baseline.version for baseline in closure.baselines}
    report.unneeded = closure.unneeded
    report.problems += checks.others(closure)
    report.problems += waivers.unused()
    report.waived = waivers.used()
    report.problems.sort()
    return report


def _check(
    tree: Tree, path: str, file: File, checks: Checks, report: Report, *, waivers: Waivers
) -> None:
    is_object = checks.is_object(path)
    if not checks.is_loaded(path) and is_launcher(file):
        report.launchers += 1
        report.problems += launcher_problems(tree, path, file)
        if is_object:  # Not a script.
            report.problems += checks.problems(path, file)
    elif is_object:
        report.objects += 1
        report.problems += checks.problems(path, file)
    else:
        found = text_problems(path, file)
        report.problems += _unless_meant(found, Check.BUILD_PATH, path, waivers)


def _unless_meant(found: Iterable[str], check: Check, path: str, waivers: Waivers) -> Iterator[str]:
    for problem in found:
        if not waivers.cover(check, path):
            yield f"{problem}; if that is meant, waive {check.value}"
