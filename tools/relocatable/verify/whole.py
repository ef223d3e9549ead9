"""Checks a whole tree."""

from dataclasses import replace

from relocatable.closure.text import problem_lines
from relocatable.target import Target
from relocatable.tree import File, Link, Tree
from relocatable.verify.contract import Checks, Promise, Report
from relocatable.verify.elf_checks import ElfChecks
from relocatable.verify.files import is_launcher, launcher_problems, link_problems, text_problems
from relocatable.verify.macho_checks import MachoChecks


def verify(tree: Tree, target: Target, promise: Promise | None = None) -> Report:
    """Checks every path of `tree`; finds all problems rather than the first."""
    promise = promise or Promise()
    report = Report()
    made = ElfChecks if target.is_elf else MachoChecks
    checks: Checks = made(tree, target, promise)
    for path, node in tree:
        if isinstance(node, Link):
            report.links += 1
            report.problems += link_problems(tree, path, node)
        elif isinstance(node, File):
            report.files += 1
            _check(tree, path, node, checks, report)
    found = checks.closure()
    loaded = replace(found, unread=())  # Which the checks of files have told of.
    report.problems += [text for text, fatal in problem_lines(loaded) if fatal]
    report.requires = {baseline.family: baseline.version for baseline in found.baselines}
    report.unneeded = found.unneeded
    report.problems += checks.others(found)
    report.problems.sort()
    return report


def _check(tree: Tree, path: str, file: File, checks: Checks, report: Report) -> None:
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
        report.problems += text_problems(path, file)
