"""Says how far something is: a bar on a terminal, now and then a line elsewhere."""

import shutil
import time
from typing import TextIO

_MB = 1_000_000
_BAR_SECONDS = 0.1
_LINE_SECONDS = 1.0
_MAX_BAR = 40


class Progress:
    """So many bytes of a total."""

    def __init__(self, stream: TextIO, total: int) -> None:
        """Starts at none of `total` bytes."""
        self._stream = stream
        self._total = total
        self._done = 0
        self._bar = stream.isatty()
        self._interval = _BAR_SECONDS if self._bar else _LINE_SECONDS
        self._last = time.monotonic()
        self._drawn = 0

    def add(self, count: int) -> None:
        """Counts further bytes, and shows them if it is time to."""
        self._done += count
        if time.monotonic() - self._last >= self._interval:
            self._show()

    def say(self, text: str) -> None:
        """Shows a line of its own, below which a bar starts anew."""
        self._write(text + "\n")
        self._drawn = 0

    def _show(self) -> None:
        numbers = f"{self._done / _MB:.0f} of {self._total / _MB:.0f} MB"
        if not self._bar:
            self._write(f"{numbers}\n")
            return
        width = min(_MAX_BAR, shutil.get_terminal_size().columns - len(numbers) - 4)
        full = width * self._done // max(self._total, 1) if width > 0 else 0
        bar = f"[{'#' * full}{' ' * (width - full)}] " if width > 0 else ""
        self._write(bar + numbers)
        self._drawn = len(bar + numbers)

    def _write(self, text: str) -> None:
        # What is longer on the line than this text would stay to be seen.
        before = f"\r{' ' * self._drawn}\r" if self._drawn else ""
        self._stream.write(before + text)
        self._stream.flush()
        self._last = time.monotonic()
