"""What differs between two dists, as far as it means something to those who use them.

A dist is read (`side`) and seen as aspects: mappings, such as package to version or soname to path
(`aspects`, from `modules` and `linking`). Two of them are compared aspect by aspect (`compare`);
the answer is put into words (`text`) or JSON (`as_json`).
"""

from relocatable.diff.as_json import document
from relocatable.diff.compare import Difference, compare
from relocatable.diff.side import Side, read
from relocatable.diff.text import summary

__all__ = ["Difference", "Side", "compare", "document", "read", "summary"]
