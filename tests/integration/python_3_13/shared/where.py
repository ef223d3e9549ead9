"""Says who runs it."""

import sys

TEXT = f"shared by {sys.version_info.major}.{sys.version_info.minor} of {sys.prefix}"
