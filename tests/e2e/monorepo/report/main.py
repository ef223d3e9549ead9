"""Reports on a text: `report TEXT` counts its words with the program beside it."""

import subprocess
import sys
from pathlib import Path

from report import page


def main() -> None:
    """Prints a paragraph, and what made it."""
    (text,) = sys.argv[1:]
    if text == "--version":
        print(f"report, on Python {sys.version.split()[0]} for {sys.platform}, {page.escaper()}")
        return
    count = Path(sys.prefix, "bin", "count")
    counted = subprocess.run([count, text], check=True, capture_output=True, text=True).stdout
    print(page.paragraph(f"{text}: {counted.strip()}"))


if __name__ == "__main__":
    main()
