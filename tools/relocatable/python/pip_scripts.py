"""pip inside a bundle: the commands that it installs there survive another move, too.

pip lets its copy of distlib begin each script with the interpreter's absolute path. For scripts
that go beside the bundle's own interpreter, the copy learns to begin them as ours begin.
"""

from relocatable import content
from relocatable.provenance import Edit
from relocatable.python import scripts
from relocatable.tree import File, Tree

_MODULE = "pip/_vendor/distlib/scripts.py"
_HOOK = b"def _build_shebang(self, executable, post_interp):"

_ADDED = """

# Added by rules_relocatable: what goes beside this Python's own interpreter finds it from there.
def _beside_the_interpreter(build_shebang):
    def build(self, executable, post_interp):
        directory, name = os.path.split(sys.executable)
        same = self.target_dir and os.path.realpath(self.target_dir) == os.path.realpath(directory)
        if sys.prefix != sys.base_prefix or not same:
            return build_shebang(self, executable, post_interp)
        return {header!r}.replace("{name}", name).encode()

    return build


ScriptMaker._build_shebang = _beside_the_interpreter(ScriptMaker._build_shebang)
"""
_NAME = "@INTERPRETER@"


def free(tree: Tree, packages: str) -> None:
    """Edits the pip in the directory `packages`, if there is one, and has the form that we know."""
    path = f"{packages}/{_MODULE}"
    file = tree.nodes.get(path)
    if not isinstance(file, File) or _HOOK not in (text := content.read(file.content)):
        return
    added = _ADDED.format(header=scripts.header(_NAME), name=_NAME).encode()
    tree.nodes[path] = file.edited(
        text + added, Edit("text", None, "scripts find their interpreter from their own place")
    )
