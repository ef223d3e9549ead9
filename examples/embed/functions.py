"""What the calculator's user may call."""

from math import hypot, pi, sqrt

__all__ = ["hypotenuse", "pi", "sqrt"]


def hypotenuse(a: float, b: float) -> float:
    """The longest side of a right triangle."""
    return hypot(a, b)
