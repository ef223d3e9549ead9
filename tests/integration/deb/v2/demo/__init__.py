"""A package of the second version."""

VERSION = 2
