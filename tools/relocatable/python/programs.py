"""Python programs of a build (`py_binary`), for a runtime that is finished already.

What a program brings goes where a bundle would have put it, so that a package which the runtime has
as well is the same there.
"""

from collections.abc import Mapping, Sequence

from relocatable.errors import problems
from relocatable.python import stdlib
from relocatable.python.bundle import Parts, install
from relocatable.python.caches import Compiler
from relocatable.python.sources import Installed
from relocatable.python.tags import Python
from relocatable.python.verify import verify
from relocatable.tree import Directory, Tree


def layer(
    python: Python,
    runtime: Tree,
    sources: Sequence[Installed],
    compiler: Compiler | None,
    label: str,
) -> Tree:
    """Returns what has to be added to a runtime's prefix for programs to run in it.

    Args:
        python: Which Python the runtime is.
        runtime: A bundle.
        sources: All that the programs bring.
        compiler: What makes their bytecode; None for none.
        label: Who asks, for the provenance.

    Raises:
        RelocatableError: if the sources disagree with the runtime, or would not work in it.
    """
    packages = f"{stdlib.directory(python.version)}/site-packages/"
    kept = {path: node for path, node in runtime.nodes.items() if not path.startswith(packages)}
    tree = Tree(kept)
    install(tree, python, Parts(Tree(), (), sources=sources, compiler=compiler), label)
    whole = Tree(dict(runtime.nodes))
    whole.merge(tree)
    known = set(verify(runtime, python).problems)
    found = [each for each in verify(whole, python).problems if each not in known]
    problems(found, f"the programs would not run on {python}:")
    added = Tree()
    for path, node in tree:
        if not isinstance(node, Directory) and runtime.nodes.get(path) is not node:
            added.add(path, node)
    return added


def mains(
    python: Python, sources: Sequence[Installed], runfiles: Mapping[str, str]
) -> dict[str, str]:
    """Returns for each program the path of its main module in the prefix.

    Args:
        python: Which Python it is.
        sources: All that the programs bring.
        runfiles: For each program the path of its main module among the runfiles.

    Raises:
        RelocatableError: if a main module is not among the sources.
    """
    packages = f"{stdlib.directory(python.version)}/site-packages"
    paths = {file.record.origin.path: path for root in sources for path, file in root.files.items()}
    missing = [name for name, runfile in runfiles.items() if runfile not in paths]
    problems(missing, "no source is the main module of:")
    return {name: f"{packages}/{paths[runfile]}" for name, runfile in runfiles.items()}
