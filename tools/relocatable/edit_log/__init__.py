"""Proves what a provenance says: that a file is its original but for the edits that are logged.

Nothing of the plans that were carried out is kept. They are made again, from the original's bytes
and the log alone; a byte that they don't name must be the original's, wherever it now is.
"""

from relocatable.edit_log.compare import Proof, first_difference
from relocatable.edit_log.verify import Report, prove, verify

__all__ = ["Proof", "Report", "first_difference", "prove", "verify"]
