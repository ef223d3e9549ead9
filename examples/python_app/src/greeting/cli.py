"""The command `greet`."""

import argparse
import subprocess
import sys

import jinja2
from markupsafe import _speedups


def main() -> None:
    """Greets who is named on the command line."""
    parser = argparse.ArgumentParser(prog="greet", description=__doc__)
    parser.add_argument("name", help="who is greeted")
    arguments = parser.parse_args()
    pages = jinja2.Environment(loader=jinja2.PackageLoader("greeting", "."), autoescape=True)
    print(pages.get_template("page.html").render(name=arguments.name))
    print("escaped by", _speedups.__file__, flush=True)
    # Whatever this process starts with sys.executable runs on the same Python.
    code = "import sys; print('child process:', sys.prefix)"
    subprocess.run([sys.executable, "-c", code], check=True)
